//! What a connection gives its user (RFC 6455 §6.2).

use super::CloseFrame;
use alloc::borrow::Cow;

/// What arrived: a message or a piece of one, or a control frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// A whole text message: borrowed where it lay whole in the input, owned where it was assembled.
    Text(Cow<'a, str>),
    /// A whole binary message, likewise.
    Binary(Cow<'a, [u8]>),
    /// The next piece of a text message, cut between code points, under [`Delivery::Chunks`](super::Delivery::Chunks).
    TextChunk {
        /// The piece; only the last may be empty.
        text: Cow<'a, str>,
        /// Whether the message ends with it.
        last: bool,
    },
    /// The next piece of a binary message, likewise.
    BinaryChunk {
        /// The piece; only the last may be empty.
        data: Cow<'a, [u8]>,
        /// Whether the message ends with it.
        last: bool,
    },
    /// A Ping; its Pong is already in `output` (or owed, see [`Config::max_unsent`](super::Config::max_unsent)).
    Ping(&'a [u8]),
    /// A Pong, asked for or not (§5.5.3).
    Pong(&'a [u8]),
    /// The peer closes, and says why or not. The answer, if one was due, is already in `output`; nothing follows.
    Close(Option<CloseFrame<'a>>),
}

impl Event<'_> {
    /// Bytes of payload.
    #[must_use]
    pub fn payload_len(&self) -> usize {
        match self {
            Self::Text(text) | Self::TextChunk { text, .. } => text.len(),
            Self::Binary(data) | Self::BinaryChunk { data, .. } => data.len(),
            Self::Ping(data) | Self::Pong(data) => data.len(),
            Self::Close(close) => close.map_or(0, |close| 2 + close.reason.len()),
        }
    }
}

/// How the TCP stream ended: what [`Connection::receive_eof`](super::Connection::receive_eof) says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// After Close frames in both directions (§7.1.4).
    Clean,
    /// Without them: what the field calls close code 1006. Messages may have been lost.
    Abnormal,
}

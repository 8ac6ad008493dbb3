//! How much of a stream the decoder is willing to hold, and the error for more.

use core::error::Error;
use core::fmt;

/// Upper bounds for what a [`Decoder`](super::Decoder) holds of an event that is not complete yet. A limit passes, one
/// byte more is an error.
///
/// Only these three need memory: comments and unknown fields are skipped as they arrive, and a `retry` is a number.
/// Lengths are in bytes as they arrive; each byte that is not UTF-8 becomes three (U+FFFD) in the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecoderLimits {
    /// The data of one event, its lines joined. Default 16 MiB: an event is text that somebody handles as a whole, and
    /// a thousand hostile servers at once must not take a machine's memory.
    pub data: usize,
    /// An event's type. Default 4 KiB: it is a name in a program's source.
    pub event: usize,
    /// An event's ID. Default 4 KiB: it must fit into a request head again, as `Last-Event-ID`, and servers allow
    /// 8 or 16 KiB for all of that.
    pub id: usize,
}

impl Default for DecoderLimits {
    fn default() -> Self {
        Self { data: 16 << 20, event: 4 << 10, id: 4 << 10 }
    }
}

/// A field went over its limit in [`DecoderLimits`]. Final: the rest of the stream cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The data of one event.
    DataTooLong,
    /// An event's type.
    EventTooLong,
    /// An event's ID.
    IdTooLong,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DataTooLong => "the data of an event is longer than the decoder's limit",
            Self::EventTooLong => "the type of an event is longer than the decoder's limit",
            Self::IdTooLong => "the ID of an event is longer than the decoder's limit",
        })
    }
}

impl Error for DecodeError {}

//! The JSON that goes between server and client: one message, bookmark, reset or drain on a stream or WebSocket, the
//! answer to a poll, and what is submitted and answered when a message is published.
//!
//! ```text
//!   stream, WebSocket   {"type":"message","id":C,"event"?:E,"data":D}
//!                       {"type":"bookmark","id":C}            the cursor moves without a message
//!                       {"type":"reset","reason":R,"oldest":C,"newest":C}
//!                       {"type":"drain"}                      the server goes away, come back
//!   poll: 200           {"events":[{"id":C,"event"?:E,"data":D},…],"next":C,"more":bool}
//!   poll: 410, SSE      {"reset":R,"oldest":C,"newest":C}
//!   WebSocket, up       {"event"?:E,"data":D}
//!   publish: 201        {"id":C}
//! ```
//!
//! `C` is a cursor's text, `R` the word of a [`ResetReason`](crate::topic::ResetReason). Encoding appends straight to
//! the caller's buffer and cannot fail. Parsing takes no field of another type than its own and no field twice, but
//! passes over fields that it does not know, so that a later version can add some; an `event` of `null` is none. What
//! has no escapes is borrowed.
//!
//! ```
//! use bytes::BytesMut;
//! use tidings::envelope::Envelope;
//! use tidings::topic::Cursor;
//!
//! let sent = Envelope::Message { id: Cursor::new(17, 4), event: None, data: "say \"hi\"".into() };
//! let mut output = BytesMut::new();
//! sent.encode(&mut output);
//! assert_eq!(&output[..], br#"{"type":"message","id":"17-4","data":"say \"hi\""}"#);
//! assert_eq!(Envelope::parse(std::str::from_utf8(&output)?)?, sent);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod poll;
mod publish;
mod stream;
mod wire;

pub use poll::{Batch, Entry, encode_batch, encode_reset, parse_reset};
pub use publish::{Submission, encode_published, encode_submission, parse_published};
pub use stream::Envelope;

#[doc(no_inline)]
pub use crate::topic::RESET_EVENT;

use core::fmt;

/// The subprotocol of a WebSocket whose messages are envelopes.
pub const SUBPROTOCOL: &str = "tidings.v1";

/// Why a text is not the JSON that was expected: the peer's fault.
#[derive(Debug)]
pub enum EnvelopeError {
    /// It is no JSON object, or a field in it is missing, there twice or of the wrong type.
    Json(serde_json::Error),
    /// An envelope of this type lacks this field.
    Missing(&'static str),
    /// An envelope of a type that is not known.
    UnknownType,
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => error.fmt(f),
            Self::Missing(field) => write!(f, "the envelope has no field `{field}`"),
            Self::UnknownType => f.write_str("the envelope's type is not known"),
        }
    }
}

impl core::error::Error for EnvelopeError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Json(error) => Some(error),
            Self::Missing(_) | Self::UnknownType => None,
        }
    }
}

impl From<serde_json::Error> for EnvelopeError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

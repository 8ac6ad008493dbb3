//! A message that does not lie whole in one input: fragments and large frames, put together as they arrive
//! (RFC 6455 §5.4).

use super::utf8::Validator;
use super::{Event, ProtocolError};
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

/// The open message. Its memory grows with what arrived, never with what a header announced.
#[derive(Debug)]
pub(super) struct Assembly {
    payload: Payload,
    /// Frames so far, this one included.
    pub(super) fragments: usize,
}

#[derive(Debug)]
enum Payload {
    Text { text: String, utf8: Validator },
    Binary(Vec<u8>),
}

impl Assembly {
    pub(super) fn text() -> Self {
        Self { payload: Payload::Text { text: String::new(), utf8: Validator::default() }, fragments: 0 }
    }

    pub(super) fn binary() -> Self {
        Self { payload: Payload::Binary(Vec::new()), fragments: 0 }
    }

    /// Bytes so far.
    pub(super) fn len(&self) -> usize {
        match &self.payload {
            Payload::Text { text, utf8 } => text.len() + utf8.pending(),
            Payload::Binary(bytes) => bytes.len(),
        }
    }

    /// Appends unmasked payload. Text is checked as it arrives, so that a bad byte fails at once (§8.1).
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), ProtocolError> {
        match &mut self.payload {
            Payload::Text { text, utf8 } => {
                utf8.push(piece, |valid| text.push_str(valid)).map_err(|_| ProtocolError::InvalidUtf8)
            }
            Payload::Binary(bytes) => {
                bytes.extend_from_slice(piece);
                Ok(())
            }
        }
    }

    /// Where the check of text stands; `None` for binary.
    pub(super) fn validator(&self) -> Option<Validator> {
        match &self.payload {
            Payload::Text { utf8, .. } => Some(*utf8),
            Payload::Binary(_) => None,
        }
    }

    /// The whole message.
    pub(super) fn finish<'a>(self) -> Result<Event<'a>, ProtocolError> {
        match self.payload {
            // §8.1: a text that ends within a code point is not UTF-8.
            Payload::Text { utf8, .. } if !utf8.is_complete() => Err(ProtocolError::InvalidUtf8),
            Payload::Text { text, .. } => Ok(Event::Text(Cow::Owned(text))),
            Payload::Binary(bytes) => Ok(Event::Binary(Cow::Owned(bytes))),
        }
    }
}

//! A message that does not lie whole in one input: fragments and large frames, put together or passed on as they arrive
//! (RFC 6455 §5.4).

use super::utf8::{self, Validator};
use super::{Codec, Event, ProtocolError};
use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

/// The open message. Its memory grows with what arrived, never with what a header announced.
#[derive(Debug)]
pub(super) struct Assembly {
    payload: Payload,
    /// Bytes that were already handed out as chunks.
    delivered: usize,
    /// Frames so far, the one that is arriving included.
    pub(super) fragments: usize,
}

#[derive(Debug)]
enum Payload {
    Text {
        text: String,
        utf8: Validator,
    },
    Binary(Vec<u8>),
    /// A compressed message, as far as it is inflated. `utf8`: where the check of text chunks stands.
    Inflated {
        bytes: Vec<u8>,
        is_text: bool,
        utf8: Validator,
    },
}

/// What inflating needs.
pub(super) struct Inflating<'c> {
    pub(super) codec: Option<&'c mut Codec>,
    /// The most bytes that the message may have.
    pub(super) limit: usize,
}

impl Assembly {
    pub(super) fn new(is_text: bool, is_compressed: bool) -> Self {
        let payload = match (is_compressed, is_text) {
            (true, _) => Payload::Inflated { bytes: Vec::new(), is_text, utf8: Validator::default() },
            (false, true) => Payload::Text { text: String::new(), utf8: Validator::default() },
            (false, false) => Payload::Binary(Vec::new()),
        };
        Self { payload, delivered: 0, fragments: 0 }
    }

    /// Bytes so far. Of a compressed message nobody asks: it is held to its limit where it is inflated.
    pub(super) fn len(&self) -> usize {
        self.delivered
            + match &self.payload {
                Payload::Text { text, utf8 } => text.len() + utf8.pending(),
                Payload::Binary(bytes) | Payload::Inflated { bytes, .. } => bytes.len(),
            }
    }

    /// Bytes of memory that it takes.
    pub(super) fn memory(&self) -> usize {
        match &self.payload {
            Payload::Text { text, .. } => text.capacity(),
            Payload::Binary(bytes) | Payload::Inflated { bytes, .. } => bytes.capacity(),
        }
    }

    pub(super) fn is_compressed(&self) -> bool {
        matches!(self.payload, Payload::Inflated { .. })
    }

    /// Where the check of uncompressed text stands; `None` for anything else.
    pub(super) fn validator(&self) -> Option<Validator> {
        match &self.payload {
            Payload::Text { utf8, .. } => Some(*utf8),
            _ => None,
        }
    }

    /// Makes room for a piece, and when that takes new memory, for some of the `to_come` that its frame has announced:
    /// at most three times what has arrived, so that a lie gains nothing and an honest frame is copied seldom.
    pub(super) fn reserve(&mut self, piece: usize, to_come: u64) {
        let arrived = self.len() + piece;
        let ahead = usize::try_from(to_come).unwrap_or(usize::MAX).min(arrived.saturating_mul(3));
        match &mut self.payload {
            Payload::Text { text, .. } if text.capacity() - text.len() < piece => text.reserve(piece + ahead),
            Payload::Binary(bytes) if bytes.capacity() - bytes.len() < piece => bytes.reserve(piece + ahead),
            _ => {}
        }
    }

    /// Appends unmasked payload. Uncompressed text is checked as it arrives, so that a bad byte fails at once (§8.1).
    pub(super) fn push(&mut self, piece: &[u8], inflating: &mut Inflating<'_>) -> Result<(), ProtocolError> {
        match &mut self.payload {
            Payload::Text { text, utf8 } => push_text(utf8, piece, text),
            Payload::Binary(bytes) => {
                bytes.extend_from_slice(piece);
                Ok(())
            }
            Payload::Inflated { bytes, .. } => inflate_piece(piece, false, bytes, inflating),
        }
    }

    /// The whole message.
    pub(super) fn finish<'a>(self, inflating: &mut Inflating<'_>) -> Result<Event<'a>, ProtocolError> {
        match self.payload {
            // §5.6, §8.1: a text that ends within a code point is not UTF-8.
            Payload::Text { utf8, .. } if !utf8.is_complete() => Err(ProtocolError::InvalidUtf8),
            Payload::Text { text, .. } => Ok(Event::Text(Cow::Owned(text))),
            Payload::Binary(bytes) => Ok(Event::Binary(Cow::Owned(bytes))),
            Payload::Inflated { mut bytes, is_text, .. } => {
                inflate_piece(&[], true, &mut bytes, inflating)?;
                if is_text {
                    // Checked by the fast validator and copied: cheaper than the standard library's own check.
                    let text = utf8::whole(&bytes).map_err(|_| ProtocolError::InvalidUtf8)?;
                    return Ok(Event::Text(Cow::Owned(text.to_owned())));
                }
                Ok(Event::Binary(Cow::Owned(bytes)))
            }
        }
    }

    /// Passes a piece on instead of keeping it: borrowed where it needs no work. An incomplete code point at its end is
    /// kept back for the next.
    pub(super) fn chunk<'a>(
        &mut self,
        piece: &'a [u8],
        last: bool,
        inflating: &mut Inflating<'_>,
    ) -> Result<Option<Event<'a>>, ProtocolError> {
        let event = match &mut self.payload {
            Payload::Binary(_) => Event::BinaryChunk { data: Cow::Borrowed(piece), last },
            Payload::Text { utf8, .. } => Event::TextChunk { text: text_chunk(utf8, piece, last)?, last },
            Payload::Inflated { bytes, is_text, utf8 } => {
                inflating.limit = inflating.limit.saturating_sub(self.delivered + utf8.pending());
                let inflated = inflate_piece(piece, last, bytes, inflating);
                let bytes = mem::take(bytes);
                if *is_text {
                    // What stands first in the message is what is wrong with it, however the input was cut.
                    let text = text_chunk(utf8, &bytes, last && inflated.is_ok())?.into_owned();
                    inflated?;
                    Event::TextChunk { text: Cow::Owned(text), last }
                } else {
                    inflated?;
                    Event::BinaryChunk { data: Cow::Owned(bytes), last }
                }
            }
        };
        let len = event.payload_len();
        self.delivered += len;
        Ok((len > 0 || last).then_some(event))
    }
}

fn push_text(utf8: &mut Validator, piece: &[u8], text: &mut String) -> Result<(), ProtocolError> {
    utf8.push(piece, |valid| text.push_str(valid)).map_err(|_| ProtocolError::InvalidUtf8)
}

/// The text of a piece, with what was kept back before it and without what must be kept back behind it.
fn text_chunk<'a>(utf8: &mut Validator, piece: &'a [u8], last: bool) -> Result<Cow<'a, str>, ProtocolError> {
    let text = if utf8.is_complete() {
        Cow::Borrowed(utf8.push_borrowed(piece).map_err(|_| ProtocolError::InvalidUtf8)?)
    } else {
        let mut text = String::with_capacity(piece.len() + utf8.pending());
        push_text(utf8, piece, &mut text)?;
        Cow::Owned(text)
    };
    if last && !utf8.is_complete() { Err(ProtocolError::InvalidUtf8) } else { Ok(text) }
}

fn inflate_piece(
    piece: &[u8],
    last: bool,
    bytes: &mut Vec<u8>,
    inflating: &mut Inflating<'_>,
) -> Result<(), ProtocolError> {
    // Without a codec no compressed message is admitted.
    let Some(codec) = &mut inflating.codec else { return Err(ProtocolError::ReservedBits) };
    codec.inflate(piece, bytes, inflating.limit)?;
    if last { codec.finish_inflating(bytes, inflating.limit) } else { Ok(()) }
}

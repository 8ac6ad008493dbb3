//! Bytes of the wire to text: what is not UTF-8 becomes U+FFFD and the stream lives on (parsing an event stream: it is
//! *decoded*, which never fails).
//!
//! Line ends and colons are found before decoding. That gives the same result, because a malformed sequence never
//! swallows an ASCII byte.

use crate::utf8::valid;
use alloc::string::String;
use alloc::vec::Vec;

/// Shorter pieces wait to be validated together.
const LONG_PIECE: usize = 256;

/// [`valid`] for a field that may be missing, which is valid.
#[inline]
#[expect(clippy::option_option, reason = "the outer one is for the question mark")]
pub(super) fn valid_if_any(bytes: Option<&[u8]>) -> Option<Option<&str>> {
    match bytes {
        Some(bytes) => valid(bytes).map(Some),
        None => Some(None),
    }
}

/// Decodes bytes that were assembled, in place if they are UTF-8.
pub(super) fn decode_owned(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Text put together from pieces, which may split a character.
///
/// ```text
///   long piece  ──▶ text, decoded while it is still in the cache
///   short piece ──▶ tail ──▶ text, before the next long piece; or at the end, in place
/// ```
#[derive(Debug, Clone, Default)]
pub(super) struct Pieces {
    text: String,
    /// Bytes behind `text`, not decoded yet.
    tail: Vec<u8>,
    /// How many bytes came, which is not how long the text is if some were not UTF-8.
    len: usize,
    /// Room to take at the first piece.
    expected: usize,
}

impl Pieces {
    /// For about so many bytes.
    pub(super) fn expecting(expected: usize) -> Self {
        Self { expected, ..Self::default() }
    }

    /// How many bytes came.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.len += piece.len();
        if piece.len() >= LONG_PIECE {
            self.push_long(piece);
        } else {
            if self.tail.capacity() == 0 {
                self.tail.reserve(self.expected);
            }
            self.tail.extend_from_slice(piece);
        }
    }

    #[inline(never)]
    fn push_long(&mut self, mut piece: &[u8]) {
        if self.text.capacity() == 0 {
            self.text.reserve(self.expected.max(self.len));
        }
        self.decode_tail();
        // The rest of a character that the tail has the beginning of.
        while let ([_, ..], Some((&byte, after))) = (&self.tail[..], piece.split_first()) {
            self.tail.push(byte);
            self.decode_tail();
            piece = after;
        }
        let (whole, begun) = split_before_begun(piece);
        if let Some(text) = valid(whole) {
            self.text.push_str(text);
        } else {
            self.tail.extend_from_slice(whole);
            self.decode_tail();
        }
        self.tail.extend_from_slice(begun);
    }

    /// Moves what is complete from the tail to the text, and leaves at most the beginning of a character.
    fn decode_tail(&mut self) {
        let mut rest = &self.tail[..];
        while let Err(error) = core::str::from_utf8(rest) {
            let (good, bad) = rest.split_at_checked(error.valid_up_to()).unwrap_or_default();
            self.text.push_str(valid(good).unwrap_or_default());
            let Some((_, after)) = error.error_len().and_then(|len| bad.split_at_checked(len)) else {
                let complete = self.tail.len() - bad.len();
                self.tail.drain(..complete);
                return;
            };
            self.text.push(char::REPLACEMENT_CHARACTER);
            rest = after;
        }
        self.text.push_str(valid(rest).unwrap_or_default());
        self.tail.clear();
    }

    /// All of it.
    pub(super) fn into_text(mut self) -> String {
        if self.text.is_empty() {
            return decode_owned(self.tail);
        }
        self.decode_tail();
        if !self.tail.is_empty() {
            self.text.push(char::REPLACEMENT_CHARACTER);
        }
        self.text
    }
}

/// Splits off the character at the end that the next piece may complete, if there is one: the byte that says how long
/// it is stands among the last three, and says more than are there. What it says wrongly is found out by decoding.
fn split_before_begun(piece: &[u8]) -> (&[u8], &[u8]) {
    for begun in 1..=3 {
        let Some((whole, character @ [first, ..])) = piece.len().checked_sub(begun).map(|at| piece.split_at(at)) else {
            break;
        };
        let len = match first {
            0x80..0xc0 => continue,
            0xc0..0xe0 => 2,
            0xe0..0xf0 => 3,
            0xf0.. => 4,
            _ => 1,
        };
        if len > begun {
            return (whole, character);
        }
        break;
    }
    (piece, &[])
}

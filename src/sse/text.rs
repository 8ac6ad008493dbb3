//! Bytes of the wire to text: what is not UTF-8 becomes U+FFFD and the stream lives on (parsing an event stream: it is
//! *decoded*, which never fails).
//!
//! Line ends and colons are found before decoding. That gives the same result, because a malformed sequence never
//! swallows an ASCII byte.

use crate::utf8::{split_unfinished, valid};
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

/// How much text is gathered before it is decoded. As much as most events have, and nothing for the first-level cache.
const TAIL_MAX: usize = 2048;
/// What [`Pieces::push_short`] takes.
const SHORT_PIECE: usize = 64;

/// [`valid`] for a field that may be missing, which is valid.
#[inline]
#[expect(clippy::option_option, reason = "the outer one is for the question mark")]
pub(super) fn valid_if_any(bytes: Option<&[u8]>) -> Option<Option<&str>> {
    match bytes {
        Some(bytes) => valid(bytes).map(Some),
        None => Some(None),
    }
}

/// Decodes bytes that are there as a whole.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    valid(bytes).map_or_else(|| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// Text put together from pieces, which may split a character.
///
/// ```text
///   little ──▶ tail, a buffer that is kept ──▶ text, when there is no room in it; or at the end, decoded at once
///   much ───────────────────────────────────▶ text, decoded while it is still in the cache
/// ```
#[derive(Debug, Clone, Default)]
pub(super) struct Pieces {
    text: String,
    /// Bytes behind `text`, not decoded yet; [`TAIL_MAX`] at the most.
    tail: Vec<u8>,
    /// How many bytes came, which is not how long the text is if some were not UTF-8.
    len: usize,
}

impl Pieces {
    /// How many bytes came.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether [`push_short`](Self::push_short) may be called.
    #[inline]
    pub(super) fn has_room_for(&self, piece: &[u8]) -> bool {
        piece.len() <= SHORT_PIECE && self.tail.len() <= TAIL_MAX - SHORT_PIECE
    }

    #[inline]
    pub(super) fn push_short(&mut self, piece: &[u8]) {
        self.len += piece.len();
        self.tail.extend_from_slice(piece);
    }

    #[inline]
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.len += piece.len();
        if self.tail.len() + piece.len() <= TAIL_MAX {
            self.tail.extend_from_slice(piece);
        } else {
            self.push_decoded(piece);
        }
    }

    #[inline(never)]
    fn push_decoded(&mut self, mut piece: &[u8]) {
        if self.text.capacity() == 0 {
            self.text.reserve(self.len);
        }
        self.decode_tail();
        // The rest of a character that the tail has the beginning of.
        while let ([_, ..], Some((&byte, after))) = (&self.tail[..], piece.split_first()) {
            self.tail.push(byte);
            self.decode_tail();
            piece = after;
        }
        // The last character may be one that the next piece completes. If it is none, decoding finds that out.
        let (whole, begun) = split_unfinished(piece);
        let left = decode_onto(&mut self.text, whole);
        self.tail.extend_from_slice(left);
        self.tail.extend_from_slice(begun);
    }

    /// Moves what is complete from the tail to the text, and leaves at most the beginning of a character.
    fn decode_tail(&mut self) {
        let left = decode_onto(&mut self.text, &self.tail).len();
        self.tail.drain(..self.tail.len() - left);
    }

    /// All of it; what comes next begins anew.
    pub(super) fn take(&mut self) -> String {
        self.len = 0;
        if self.text.is_empty() {
            let text = decode(&self.tail).into_owned();
            self.tail.clear();
            return text;
        }
        self.decode_tail();
        if !self.tail.is_empty() {
            self.tail.clear();
            self.text.push(char::REPLACEMENT_CHARACTER);
        }
        core::mem::take(&mut self.text)
    }
}

/// Decodes what is complete and gives back the character at the end that is only begun.
fn decode_onto<'a>(text: &mut String, bytes: &'a [u8]) -> &'a [u8] {
    if let Some(all) = valid(bytes) {
        text.push_str(all);
        return &[];
    }
    let mut rest = bytes;
    while let Err(error) = core::str::from_utf8(rest) {
        let (good, bad) = rest.split_at_checked(error.valid_up_to()).unwrap_or_default();
        text.push_str(valid(good).unwrap_or_default());
        let Some((_, after)) = error.error_len().and_then(|len| bad.split_at_checked(len)) else { return bad };
        text.push(char::REPLACEMENT_CHARACTER);
        rest = after;
    }
    text.push_str(valid(rest).unwrap_or_default());
    &[]
}

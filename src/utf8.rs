//! The UTF-8 check that every protocol here needs, as fast as the machine allows, and what it needs of a text in pieces.

/// From so many bytes on, the vector code saves more than its set-up costs.
#[cfg(feature = "std")]
const WORTH_VECTORS: usize = 64;

/// The bytes as they are, if they are UTF-8.
#[inline]
pub(crate) fn valid(bytes: &[u8]) -> Option<&str> {
    #[cfg(feature = "std")]
    if bytes.len() >= WORTH_VECTORS {
        return simdutf8::basic::from_utf8(bytes).ok();
    }
    core::str::from_utf8(bytes).ok()
}

/// Splits off the bytes at the end that look like the beginning of a code point that goes on behind them: 0 to 3.
#[inline]
pub(crate) fn split_unfinished(piece: &[u8]) -> (&[u8], &[u8]) {
    piece.split_at(piece.len() - unfinished_tail(piece))
}

/// How many they are.
#[inline]
fn unfinished_tail(piece: &[u8]) -> usize {
    for (back, &byte) in piece.iter().rev().take(3).enumerate() {
        let code_point_len = match byte {
            0x80..=0xbf => continue, // a continuation byte: its lead byte stands before it
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xff => 4,
            _ => 1,
        };
        return if back + 1 < code_point_len { back + 1 } else { 0 };
    }
    0
}

//! Bytes of the wire to text: what is not UTF-8 becomes U+FFFD and the stream lives on (parsing an event stream: it is
//! *decoded*, which never fails).
//!
//! Line ends and colons are found before decoding. That gives the same result, because a malformed sequence never
//! swallows an ASCII byte.

use alloc::string::String;
use alloc::vec::Vec;

/// The bytes as they are, if they are UTF-8.
#[inline]
pub(super) fn valid(bytes: &[u8]) -> Option<&str> {
    #[cfg(feature = "std")]
    return simdutf8::basic::from_utf8(bytes).ok();
    #[cfg(not(feature = "std"))]
    return core::str::from_utf8(bytes).ok();
}

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

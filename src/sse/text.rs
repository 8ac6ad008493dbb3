//! Bytes of the wire to text: what is not UTF-8 becomes U+FFFD and the stream lives on (parsing an event stream: it is
//! *decoded*, which never fails).
//!
//! Line ends and colons are found before decoding. That gives the same result, because a malformed sequence never
//! swallows an ASCII byte.

use alloc::borrow::Cow;
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

/// Decodes bytes that lie in the input.
#[inline]
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match valid(bytes) {
        Some(text) => Cow::Borrowed(text),
        None => String::from_utf8_lossy(bytes),
    }
}

/// Decodes bytes that were assembled, in place if they are UTF-8.
pub(super) fn decode_owned(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

//! The UTF-8 check that every protocol here needs, as fast as the machine allows.

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

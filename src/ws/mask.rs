//! Masking: the XOR of payload and masking key (RFC 6455 §5.3), in safe code at the speed of memory.

/// From so many bytes on, asking which vector instructions this machine has costs less than they save.
#[cfg(feature = "std")]
const WORTH_DISPATCHING: usize = 256;
/// From so many on, it pays to begin at a cache line: each vector then touches one line, not two.
#[cfg(feature = "std")]
const WORTH_ALIGNING: usize = 8 * 1024;
#[cfg(feature = "std")]
const CACHE_LINE: usize = 64;

/// Masks or unmasks `data`, whose first byte stands at position 0 of the payload.
///
/// ```
/// let mut data = *b"Hello";
/// tidings::ws::mask::apply([0x37, 0xfa, 0x21, 0x3d], &mut data); // the example of §5.7
/// assert_eq!(data, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
/// ```
#[inline]
pub fn apply(key: [u8; 4], data: &mut [u8]) {
    #[cfg(feature = "std")]
    if data.len() >= WORTH_DISPATCHING {
        return apply_dispatched(key, data);
    }
    apply_here(key, data);
}

/// The same code, compiled for the best vector instructions that this machine turns out to have.
#[cfg(feature = "std")]
fn apply_dispatched(key: [u8; 4], data: &mut [u8]) {
    use crate::vector::{LEVEL, NARROW};
    let (level, before) = if data.len() < WORTH_ALIGNING {
        (*NARROW, 0)
    } else {
        (*LEVEL, data.as_ptr().align_offset(CACHE_LINE).min(data.len()))
    };
    let (before, lines) = data.split_at_mut(before);
    apply_here(key, before);
    let key = rotated(key, before.len() as u64);
    fearless_simd::dispatch!(level, _simd => apply_here(key, lines));
}

#[inline(always)]
#[allow(clippy::inline_always)] // else it is not compiled anew for other instructions
fn apply_here(key: [u8; 4], data: &mut [u8]) {
    // As plain as this, compilers turn it into vector instructions; blocks by hand were slower.
    let (words, rest) = data.as_chunks_mut::<4>();
    for word in words {
        *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(key)).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key) {
        *byte ^= key;
    }
}

/// The key for payload that begins at `position`: byte *i* of a payload is masked with byte *i* mod 4 of the key.
#[inline]
#[must_use]
pub fn rotated(mut key: [u8; 4], position: u64) -> [u8; 4] {
    key.rotate_left((position % 4) as usize);
    key
}

//! The default source of random bytes.

use std::hash::{BuildHasher, RandomState};

/// Fills `bytes` from the operating system's random number generator: what the core's machines take as
/// `fn(&mut [u8])` where they need masking keys, nonces or jitter.
pub fn system_random(bytes: &mut [u8]) {
    if getrandom::fill(bytes).is_err() {
        // The system call does not fail on a machine that has finished booting. The standard library's hash keys come
        // from the same generator, drawn earlier.
        for (n, chunk) in bytes.chunks_mut(8).enumerate() {
            let hash = RandomState::new().hash_one(n).to_ne_bytes();
            chunk.copy_from_slice(&hash[..chunk.len()]);
        }
    }
}

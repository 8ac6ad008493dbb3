//! The default source of random bytes.

use chacha20::ChaCha12Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use std::hash::{BuildHasher, RandomState};

/// What the system is asked for when more is wanted: a key of the stream cipher.
const SEED: usize = 32;

/// Fills `bytes` with what nobody can predict: what the core's machines take as `fn(&mut [u8])` where they need masking
/// keys, nonces or jitter. Feature `std`; without it pass a `fn(&mut [u8])` of your own, over the generator that the
/// machine has.
///
/// The operating system's random number generator gives the first 32 bytes. It takes about two nanoseconds a byte, so
/// where more is wanted, these 32 are the key of a stream cipher, a new one for each call, which fills `bytes`.
pub fn system_random(bytes: &mut [u8]) {
    if bytes.len() <= SEED {
        return ask_system(bytes);
    }
    let mut seed = [0; SEED];
    ask_system(&mut seed);
    ChaCha12Rng::from_seed(seed).fill_bytes(bytes);
}

fn ask_system(bytes: &mut [u8]) {
    if getrandom::fill(bytes).is_err() {
        // The system call does not fail on a machine that has finished booting. The standard library's hash keys come
        // from the same generator, drawn earlier.
        for (n, chunk) in bytes.chunks_mut(8).enumerate() {
            let hash = RandomState::new().hash_one(n).to_ne_bytes();
            chunk.copy_from_slice(&hash[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SEED, system_random};
    use std::collections::HashSet;
    use std::vec::Vec;

    /// That it is unpredictable no test can show; that it is not constant, repeated or left out in part, this one does.
    #[test]
    fn it_fills_all_of_it_and_never_as_before() {
        for len in [SEED - 1, SEED, SEED + 1, 1024] {
            let draws: Vec<Vec<u8>> = (0..64)
                .map(|_| {
                    let mut bytes = std::vec![0; len];
                    system_random(&mut bytes);
                    bytes
                })
                .collect();
            assert_eq!(draws.iter().collect::<HashSet<_>>().len(), draws.len());
            // That a place has the same byte in all of them happens once in 2⁵⁰⁴ times.
            assert!((0..len).all(|at| draws.iter().any(|draw| draw[at] != draws[0][at])), "{len} bytes");
        }
    }
}

//! Numbers that a seed determines.

use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A small generator (SplitMix64): the same numbers for the same seed on every machine.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// One for each purpose of a run, so that threads do not take numbers from each other.
    pub fn new(seed: u64, purpose: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        (seed, purpose).hash(&mut hasher);
        Self(hasher.finish())
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// Mostly small and now and then large, `mean` on average: lengths that leave no place untouched.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn about(&mut self, mean: u64) -> u64 {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        (-(1.0 - unit).ln() * mean as f64) as u64
    }
}

thread_local! {
    static OF_CLIENT: RefCell<Random> = const { RefCell::new(Random(0)) };
}

/// What [`for_client`] gives in this thread from now on.
pub fn seed_client(random: Random) {
    OF_CLIENT.set(random);
}

/// Where a client takes its random numbers from. Those of four bytes, which the length of a wait is one of, begin with
/// a zero: no wait is longer than a 256th of what it could be.
pub fn for_client(bytes: &mut [u8]) {
    OF_CLIENT.with_borrow_mut(|random| bytes.fill_with(|| random.next().to_le_bytes()[0]));
    if let [first, _, _, _] = bytes {
        *first = 0;
    }
}

//! How much of the machine's memory all together may have.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A number of bytes that several share, up to a limit. Each change is one step, so that two at once cannot both take
/// the last of it.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    taken: Arc<AtomicUsize>,
    limit: usize,
}

impl Memory {
    pub(super) fn new(limit: usize) -> Self {
        Self { taken: Arc::default(), limit }
    }

    /// How much of it is taken.
    pub(super) fn taken(&self) -> usize {
        self.taken.load(Relaxed)
    }

    /// Nothing is taken yet.
    pub(super) fn share(&self) -> Share {
        Share { memory: self.clone(), bytes: 0 }
    }
}

/// What one of them has taken; given back when it goes.
#[derive(Debug)]
pub(super) struct Share {
    memory: Memory,
    bytes: usize,
}

impl Share {
    /// Takes so much more, if it is there.
    pub(super) fn grow(&mut self, more: usize) -> bool {
        let raise = |taken: usize| taken.checked_add(more).filter(|taken| *taken <= self.memory.limit);
        let is_there = self.memory.taken.fetch_update(Relaxed, Relaxed, raise).is_ok();
        if is_there {
            self.bytes += more;
        }
        is_there
    }

    /// Has so much from now on; if that is more, and more than is there, as much as before.
    pub(super) fn resize(&mut self, bytes: usize) -> bool {
        if bytes > self.bytes {
            return self.grow(bytes - self.bytes);
        }
        self.shrink_to(bytes);
        true
    }

    /// Has beside its own what the other has.
    #[cfg(feature = "redis")]
    pub(super) fn join(&mut self, mut other: Self) {
        self.bytes += std::mem::take(&mut other.bytes);
    }

    /// What it has taken.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Gives back what is more than this.
    pub(super) fn shrink_to(&mut self, bytes: usize) {
        let surplus = self.bytes.saturating_sub(bytes);
        if surplus == 0 {
            return;
        }
        self.memory.taken.fetch_sub(surplus, Relaxed);
        self.bytes -= surplus;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

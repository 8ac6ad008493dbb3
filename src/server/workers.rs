//! How many threads may answer requests at once, and who waits for one.

use super::Limits;
use super::shared::Shared;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Those that answer one now. Those that rest are not counted.
#[derive(Debug, Default)]
pub(super) struct Workers {
    count: AtomicUsize,
    /// The loop has a request for the next one that is free.
    is_wanted: AtomicBool,
}

impl Workers {
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Whether half of them are taken: then none waits for a request that may come.
    pub(super) fn are_scarce(&self, limits: &Limits) -> bool {
        self.count() > limits.request_threads / 2
    }
}

/// The right to a thread, of those that there may be.
#[derive(Debug)]
pub(super) struct Worker(Arc<Shared>);

impl Worker {
    /// `None`: all of them are taken, and the loop will be woken when one is given back.
    ///
    /// No wake-up is lost, all orders being sequential: either the flag is up before the number is lowered, and who
    /// lowers it sees the flag; or the number is lowered before, and is read here afterwards.
    pub(super) fn enter(shared: &Arc<Shared>) -> Option<Self> {
        let workers = &shared.workers;
        let limit = shared.limits.request_threads;
        let raise = |now: usize| (now < limit).then_some(now + 1);
        let enter = || workers.count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, raise).is_ok();
        workers.is_wanted.store(false, Ordering::SeqCst);
        if !enter() {
            workers.is_wanted.store(true, Ordering::SeqCst);
            if !enter() {
                return None;
            }
            workers.is_wanted.store(false, Ordering::SeqCst);
        }
        Some(Self(Arc::clone(shared)))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.workers.count.fetch_sub(1, Ordering::SeqCst);
        if self.0.workers.is_wanted.load(Ordering::SeqCst) {
            self.0.signal.wake();
        }
    }
}

//! Whether Redis is there, and how far its reader is.

use super::lock;
use crate::server::metrics::Counter;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug)]
pub(super) struct Status {
    is_there: AtomicBool,
    is_over: AtomicBool,
    /// Held for a moment when anything has changed, so that nobody who looks and then waits misses it.
    turn: Mutex<()>,
    changed: Condvar,
    /// When something was told last.
    told: Mutex<Option<Instant>>,
    pub(super) returns: Counter,
    pub(super) refused: Counter,
    pub(super) gaps: Counter,
}

impl Default for Status {
    fn default() -> Self {
        Self {
            is_there: AtomicBool::new(true),
            is_over: AtomicBool::new(false),
            turn: Mutex::default(),
            changed: Condvar::new(),
            told: Mutex::default(),
            returns: Counter::default(),
            refused: Counter::default(),
            gaps: Counter::default(),
        }
    }
}

impl Status {
    pub(super) fn is_there(&self) -> bool {
        self.is_there.load(Ordering::Acquire)
    }

    /// Gives what it was.
    pub(super) fn set(&self, is_there: bool) -> bool {
        let was_there = self.is_there.swap(is_there, Ordering::AcqRel);
        self.step();
        was_there
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// Whether a line may be told: one a second.
    pub(super) fn may_tell(&self, now: Instant) -> bool {
        let mut told = lock(&self.told);
        let may = told.is_none_or(|told| now.saturating_duration_since(told) >= Duration::from_secs(1));
        if may {
            *told = Some(now);
        }
        may
    }

    /// The server has ended.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Release);
        self.step();
    }

    /// Something has changed that somebody may wait for.
    pub(super) fn step(&self) {
        drop(lock(&self.turn));
        self.changed.notify_all();
    }

    /// Waits until that is so; whether it is. At the server's end nobody waits.
    pub(super) fn wait(&self, until: Instant, is_so: impl Fn() -> bool) -> bool {
        let mut turn = lock(&self.turn);
        while !is_so() && !self.is_over() {
            let Some(left) = until.checked_duration_since(Instant::now()) else { return false };
            turn = self.changed.wait_timeout(turn, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        is_so()
    }
}

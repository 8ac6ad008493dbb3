//! The time in Redis, on this server's clock: every server reckons a message's age from when Redis numbered it.

use super::lock;
use super::scripts::millis;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What time it was there, in milliseconds since 1970, at a moment here.
#[derive(Debug)]
pub(super) struct Clock(Mutex<(Instant, u64)>);

impl Clock {
    pub(super) fn new(now: Instant, there: u64) -> Self {
        Self(Mutex::new((now, there)))
    }

    pub(super) fn set(&self, now: Instant, there: u64) {
        *lock(&self.0) = (now, there);
    }

    /// What time it is there at a moment here that is not before the last one.
    pub(super) fn there(&self, at: Instant) -> u64 {
        let (moment, then) = *lock(&self.0);
        then.saturating_add(millis(at.saturating_duration_since(moment)))
    }

    /// When it was that time there; not later than `now`.
    pub(super) fn instant(&self, there: u64, now: Instant) -> Instant {
        let (moment, then) = *lock(&self.0);
        let later = moment.checked_add(Duration::from_millis(there.saturating_sub(then)));
        let earlier = later.and_then(|later| later.checked_sub(Duration::from_millis(then.saturating_sub(there))));
        earlier.unwrap_or(now).min(now)
    }
}

//! A number of places, for who may have to stand and wait.

use super::lock;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// For so long a place is waited for: where things go well, places are free again in much less.
const PATIENCE: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(super) struct Places {
    limit: usize,
    taken: Mutex<usize>,
    freed: Condvar,
}

/// A place that is taken.
#[derive(Debug)]
pub(super) struct Place<'a>(&'a Places);

impl Places {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, taken: Mutex::default(), freed: Condvar::new() }
    }

    /// `None`: all are taken, and none becomes free in a moment.
    pub(super) fn enter(&self) -> Option<Place<'_>> {
        let until = Instant::now() + PATIENCE;
        let mut taken = lock(&self.taken);
        while *taken >= self.limit {
            let left = until.checked_duration_since(Instant::now())?;
            taken = self.freed.wait_timeout(taken, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        *taken += 1;
        Some(Place(self))
    }

    pub(super) fn taken(&self) -> usize {
        *lock(&self.taken)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *lock(&self.0.taken) -= 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::Places;

    #[test]
    fn there_are_no_more_than_those() {
        let places = Places::new(2);
        let (one, _other) = (places.enter(), places.enter());
        assert!(one.is_some() && places.enter().is_none());
        drop(one);
        assert!(places.enter().is_some());
        assert_eq!(places.taken(), 1);
    }
}

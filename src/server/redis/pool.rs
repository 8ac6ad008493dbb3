//! The connections over which is published and asked: each does one thing at a time, and there are no more than a bound.

use super::link::{Flaw, Link};
use super::{RedisUrl, lock};
use std::fmt;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;
use std::vec::Vec;

/// More would not make Redis faster, which does one thing after the other. With a way of a millisecond to it and back, so
/// many publish 32,000 messages a second.
const MOST: usize = 32;

#[derive(Debug)]
pub(super) struct Pool {
    url: RedisUrl,
    inside: Mutex<Inside>,
    /// One is back, or is gone.
    freed: Condvar,
}

#[derive(Debug, Default)]
struct Inside {
    idle: Vec<Link>,
    /// Those that are lent, too.
    count: usize,
    /// How often all were thrown away.
    generation: u64,
}

/// A connection that is lent, and goes back unless something was wrong with it.
#[derive(Debug)]
pub(super) struct Loan<'a> {
    pool: &'a Pool,
    pub(super) link: Option<Link>,
    generation: u64,
}

impl Pool {
    pub(super) fn new(url: RedisUrl, first: Link) -> Self {
        let inside = Inside { idle: Vec::from([first]), count: 1, generation: 0 };
        Self { url, inside: Mutex::new(inside), freed: Condvar::new() }
    }

    /// Does something over a connection. `None`: all are busy, and are until then.
    pub(super) fn with<T>(
        &self,
        until: Instant,
        act: impl FnOnce(&mut Link) -> redis::RedisResult<T>,
    ) -> Option<Result<T, Trouble>> {
        let mut loan = match self.lend(until)? {
            Ok(loan) => loan,
            Err(flaw) => return Some(Err(Trouble::Unsent(flaw))),
        };
        let link = loan.link.as_mut()?;
        Some(act(link).map_err(|error| {
            if super::link::is_refusal(&error) {
                return Trouble::Unsent(Flaw::Redis(error));
            }
            // What comes over it next may be the answer to this.
            loan.link = None;
            Trouble::Unknown(error)
        }))
    }

    fn lend(&self, until: Instant) -> Option<Result<Loan<'_>, Flaw>> {
        let mut inside = lock(&self.inside);
        loop {
            let generation = inside.generation;
            if let Some(link) = inside.idle.pop() {
                return Some(Ok(Loan { pool: self, link: Some(link), generation }));
            }
            if inside.count < MOST {
                inside.count += 1;
                drop(inside);
                // It gives its place back, whatever comes.
                let mut loan = Loan { pool: self, link: None, generation };
                return Some(Link::open(&self.url).map(|link| {
                    loan.link = Some(link);
                    loan
                }));
            }
            let left = until.checked_duration_since(Instant::now())?;
            inside = self.freed.wait_timeout(inside, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The Redis at their other ends is gone: they are of no use any more, and those that are lent will not be.
    pub(super) fn clear(&self) {
        let mut inside = lock(&self.inside);
        inside.generation += 1;
        inside.count -= inside.idle.len();
        inside.idle.clear();
        drop(inside);
        self.freed.notify_all();
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        let mut inside = lock(&self.pool.inside);
        match self.link.take() {
            Some(link) if inside.generation == self.generation => inside.idle.push(link),
            _ => inside.count -= 1,
        }
        drop(inside);
        self.pool.freed.notify_one();
    }
}

/// Why something was not done over a connection.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It was not done, for certain: Redis was not reached, or has said no.
    Unsent(Flaw),
    /// It was sent, and not answered.
    Unknown(redis::RedisError),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsent(flaw) => flaw.fmt(f),
            Self::Unknown(error) => error.fmt(f),
        }
    }
}

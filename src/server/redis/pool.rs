//! The connections over which is published and asked: each does one thing at a time, and there are no more than a bound.

use super::link::{Flaw, Link};
use super::{RedisUrl, lock};
use std::fmt;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::vec::Vec;

/// More would not make Redis faster, which does one thing after the other. With a way of a millisecond to it and back, so
/// many publish 32,000 messages a second.
const MOST: usize = 32;

/// A connection that was idle for longer is not used again: Redis may have closed it, by its `timeout`, or something on the
/// way forgotten it, and then what is sent over it is lost without a word. Where there is more to do than one thing in so
/// long, the same few are used again and again.
const MOST_IDLE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Pool {
    url: RedisUrl,
    inside: Mutex<Inside>,
    /// One is back, or is gone.
    freed: Condvar,
}

#[derive(Debug, Default)]
struct Inside {
    /// Since when, the latest last.
    idle: Vec<(Link, Instant)>,
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
    /// It was used before.
    is_used: bool,
}

impl Pool {
    pub(super) fn new(url: RedisUrl, first: Link) -> Self {
        let inside = Inside { idle: Vec::from([(first, Instant::now())]), count: 1, generation: 0 };
        Self { url, inside: Mutex::new(inside), freed: Condvar::new() }
    }

    /// Does something over a connection. `None`: all are busy, and are until then.
    pub(super) fn with<T>(
        &self,
        until: Instant,
        act: impl FnOnce(&mut Link) -> redis::RedisResult<T>,
    ) -> Option<Result<T, Trouble>> {
        self.with_loan(until, |loan| loan.act(act))
    }

    fn with_loan<T>(
        &self,
        until: Instant,
        act: impl FnOnce(&mut Loan<'_>) -> Result<T, Trouble>,
    ) -> Option<Result<T, Trouble>> {
        Some(match self.lend(until)? {
            Ok(mut loan) => act(&mut loan),
            Err(flaw) => Err(Trouble::Unsent(flaw)),
        })
    }

    /// The same for what may be done twice: if a connection turns out to have been closed meanwhile, over another one.
    pub(super) fn repeat<T>(
        &self,
        until: Instant,
        act: impl Fn(&mut Link) -> redis::RedisResult<T>,
    ) -> Option<Result<T, Trouble>> {
        let mut was_used = false;
        let tried = self.with_loan(until, |loan| {
            was_used = loan.is_used;
            loan.act(&act)
        })?;
        match tried {
            Err(Trouble::Unknown(error)) if was_used && error.is_io_error() && !error.is_timeout() => {}
            done => return Some(done),
        }
        // The others have been idle for as long, or longer.
        self.drop_idle();
        self.with(until, act)
    }

    fn lend(&self, until: Instant) -> Option<Result<Loan<'_>, Flaw>> {
        let mut inside = lock(&self.inside);
        loop {
            let generation = inside.generation;
            inside.drop_idle_since(Instant::now().checked_sub(MOST_IDLE));
            if let Some((link, _)) = inside.idle.pop() {
                return Some(Ok(Loan { pool: self, link: Some(link), generation, is_used: true }));
            }
            if inside.count < MOST {
                inside.count += 1;
                drop(inside);
                // It gives its place back, whatever comes.
                let mut loan = Loan { pool: self, link: None, generation, is_used: false };
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
        inside.drop_idle_since(Some(Instant::now()));
        drop(inside);
        self.freed.notify_all();
    }

    fn drop_idle(&self) {
        lock(&self.inside).drop_idle_since(Some(Instant::now()));
        self.freed.notify_all();
    }
}

impl Inside {
    /// Drops those that have been idle since then. `None`: the machine has not run for so long.
    fn drop_idle_since(&mut self, then: Option<Instant>) {
        let count = self.idle.partition_point(|(_, since)| then.is_some_and(|then| *since <= then));
        self.idle.drain(..count);
        self.count -= count;
    }
}

impl Loan<'_> {
    fn act<T>(&mut self, act: impl FnOnce(&mut Link) -> redis::RedisResult<T>) -> Result<T, Trouble> {
        let Some(link) = &mut self.link else { return Err(Trouble::Unsent(Flaw::Unfit("it is gone"))) };
        act(link).map_err(|error| {
            if super::link::is_refusal(&error) {
                return Trouble::Unsent(Flaw::Redis(error));
            }
            // What comes over it next may be the answer to this.
            self.link = None;
            Trouble::Unknown(error)
        })
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        let mut inside = lock(&self.pool.inside);
        match self.link.take() {
            Some(link) if inside.generation == self.generation => inside.idle.push((link, Instant::now())),
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

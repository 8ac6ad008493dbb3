//! What a client learns while it polls: how long it may ask to be held, and how often it is worth asking.

use super::PollerOptions;
use crate::reconnect::Backoff;
use core::time::Duration;

/// How long a long poll asks to be held: less than somebody on the way allows, once that has shown (RFC 6202 §5.5).
///
/// ```text
///   wait  most ┤━━━━━╸cut          ┏━━╸cut (a trial: the next one comes after twice as many)
///              │     ┗━━━━━┓       ┃  ┃
///              │           ┗━━━━━━━┛  ┗━━━━━━━━━━━━━━
///              └ three quarters of what was cut, and after some holds in peace a little more
/// ```
#[derive(Debug, Clone)]
pub(super) struct Hold {
    most: Duration,
    wait: Duration,
    /// Holds in a row that lasted as long as they were asked to.
    peaceful: u32,
    /// So many of them, and a longer one is tried.
    enough: u32,
    /// The wait was lengthened, and has not stood the test.
    is_trial: bool,
}

impl Hold {
    /// It never learns to ask for less.
    const MIN: Duration = Duration::from_secs(2);
    /// What is cut sooner was not cut by impatience.
    const IMPATIENCE: Duration = Duration::from_secs(1);
    /// Five minutes and more of polls that last 20 s: often enough to recover within the hour from one server that was
    /// killed, seldom enough that a trial that fails is nothing beside the polls between two of them.
    const ENOUGH: u32 = 16;
    /// Half a day, at the least: a proxy may have been configured anew.
    const ENOUGH_MAX: u32 = 2048;

    pub(super) fn new(most: Duration) -> Self {
        let most = whole_seconds(most);
        Self { most, wait: most, peaceful: 0, enough: Self::ENOUGH, is_trial: false }
    }

    /// What to ask for: whole seconds.
    pub(super) const fn wait(&self) -> Duration {
        self.wait
    }

    /// A poll that asked for this wait was cut by somebody after `held`, and not answered.
    pub(super) fn handle_cut(&mut self, held: Duration) {
        if held < Self::IMPATIENCE || self.wait < Self::MIN {
            return;
        }
        // Even at the very end of the wait: a proxy as patient as that cuts the answer off.
        self.wait = whole_seconds(held.min(self.wait).saturating_mul(3) / 4).max(Self::MIN);
        if core::mem::take(&mut self.is_trial) {
            self.enough = self.enough.saturating_mul(2).min(Self::ENOUGH_MAX);
        }
        self.peaceful = 0;
    }

    /// A poll was held for as long as it had asked for, and then answered.
    pub(super) fn handle_held(&mut self) {
        self.is_trial = false;
        self.peaceful = self.peaceful.saturating_add(1);
        if self.wait < self.most && self.peaceful >= self.enough {
            let longer = (self.wait / 4).max(Duration::from_secs(1));
            self.wait = whole_seconds(self.wait.saturating_add(longer)).min(self.most);
            (self.is_trial, self.peaceful) = (true, 0);
        }
    }
}

fn whole_seconds(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs())
}

/// How long a short poll waits for the next: it follows the news.
#[derive(Debug, Clone)]
pub(super) struct Interval {
    min: Duration,
    max: Duration,
    current: Duration,
}

impl Interval {
    /// No interval is shorter, whatever is asked for: a client that never pauses is a busy loop.
    const MIN: Duration = Duration::from_millis(1);

    pub(super) fn new(options: &PollerOptions) -> Self {
        let min = options.interval.max(Self::MIN);
        Self { min, max: options.interval_max.max(min), current: min }
    }

    /// The pause where there is nothing to adapt to.
    pub(super) const fn min(&self) -> Duration {
        self.min
    }

    /// After an answer with or without news: half of the interval before, or half as much again. Up to a quarter of it is
    /// taken off at random, so that clients that began together do not stay together.
    pub(super) fn next(&mut self, is_news: bool, random: &Backoff) -> Duration {
        let next = if is_news { self.current / 2 } else { self.current.saturating_mul(3) / 2 };
        self.current = next.clamp(self.min, self.max);
        self.current.saturating_sub(random.draw(self.current / 4)).max(self.min)
    }
}

//! The life of a connection that is made again.

use super::Backoff;
use crate::Instant;
use crate::step::later;
use core::time::Duration;

/// When to connect, when to give a connection up, and how long to wait in between.
///
/// Connect while it is [`Connecting`](State::Connecting), tell it what happens, and call
/// [`handle_timeout`](Self::handle_timeout) when [`poll_timeout`](Self::poll_timeout) says so.
///
/// The waits grow with each failure in a row, until a connection has proven itself: it brought progress, or stood for
/// [`STABLE`](Self::STABLE). Merely to be accepted, or greeted, proves nothing, so that a server that accepts and closes
/// at once is asked less and less often.
///
/// ```
/// use std::time::Duration;
/// use tidings::reconnect::{Backoff, Due, Reconnect, State};
///
/// let seconds = Duration::from_secs; // a clock that begins at zero
/// let backoff = Backoff::new(seconds(1), seconds(30), tidings::system_random);
/// let mut reconnect = Reconnect::new(backoff);
/// assert_eq!(reconnect.state(), State::Connecting);
/// // … the server accepts …
/// reconnect.handle_connected(seconds(0));
/// // … it sends what moves the cursor, and then the connection breaks …
/// reconnect.handle_progress();
/// let wait = reconnect.handle_cut(None, seconds(5)).expect("it was not closed");
/// assert_eq!(reconnect.state(), State::Waiting);
/// assert_eq!(reconnect.poll_timeout(), Some(seconds(5) + wait));
/// assert_eq!(reconnect.handle_timeout(seconds(5) + wait), Some(Due::Connect));
/// assert_eq!(reconnect.state(), State::Connecting);
/// ```
#[derive(Debug, Clone)]
pub struct Reconnect<I> {
    backoff: Backoff,
    silence: Option<Duration>,
    phase: Phase<I>,
}

#[derive(Debug, Clone, Copy)]
enum Phase<I> {
    Connecting,
    Open { since: I, heard: I },
    Waiting { until: I },
    Closed,
}

/// Where a [`Reconnect`] stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// A connection is to be made, or being made.
    Connecting,
    /// There is one.
    Open,
    /// There is none, and none shall be made before [`Reconnect::poll_timeout`].
    Waiting,
    /// For good.
    Closed,
}

/// What is due, as [`Reconnect::handle_timeout`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// The wait is over: connect.
    Connect,
    /// The connection is dead: let go of it, and say so by `handle_cut`.
    Silent,
}

impl<I: Instant> Reconnect<I> {
    /// A connection that stood so long has proven itself.
    pub const STABLE: Duration = Duration::from_secs(10);

    /// To be connected at once.
    #[must_use]
    pub const fn new(backoff: Backoff) -> Self {
        Self { backoff, silence: None, phase: Phase::Connecting }
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> State {
        match self.phase {
            Phase::Connecting => State::Connecting,
            Phase::Open { .. } => State::Open,
            Phase::Waiting { .. } => State::Waiting,
            Phase::Closed => State::Closed,
        }
    }

    /// From now on a connection on which nothing comes for so long is dead.
    pub fn expect_keepalives(&mut self, silence: Duration) {
        self.silence = Some(silence);
    }

    /// The server accepted.
    pub fn handle_connected(&mut self, now: I) {
        if self.state() != State::Closed {
            self.phase = Phase::Open { since: now, heard: now };
        }
    }

    /// Bytes came.
    pub fn handle_bytes(&mut self, now: I) {
        if let Phase::Open { heard, .. } = &mut self.phase {
            *heard = now;
        }
    }

    /// Something came that gets the client on: the next connection has more to begin with than this one had.
    pub fn handle_progress(&mut self) {
        self.backoff.reset();
    }

    /// The server said how long to wait before connecting again, now and ever after.
    pub fn handle_retry(&mut self, retry: Duration) {
        self.backoff.set_retry(retry);
    }

    /// The connection is gone, or was not made: how long to wait. `None` if it is closed for good.
    pub fn handle_cut(&mut self, retry_after: Option<Duration>, now: I) -> Option<Duration> {
        match self.phase {
            Phase::Closed => return None,
            Phase::Open { since, .. } if later(since, Self::STABLE) <= now => self.backoff.reset(),
            _ => {}
        }
        let wait = self.backoff.next_wait(retry_after);
        self.phase = Phase::Waiting { until: later(now, wait) };
        Some(wait)
    }

    /// No further connection.
    pub fn close(&mut self) {
        self.phase = Phase::Closed;
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to say: the wait is over, or the silence too long.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<I> {
        match self.phase {
            Phase::Connecting | Phase::Closed => None,
            Phase::Open { heard, .. } => Some(later(heard, self.silence?)),
            Phase::Waiting { until } => Some(until),
        }
    }

    /// What is due; nothing before [`poll_timeout`](Self::poll_timeout).
    pub fn handle_timeout(&mut self, now: I) -> Option<Due> {
        if self.poll_timeout().is_none_or(|due| now < due) {
            return None;
        }
        if self.state() == State::Open {
            return Some(Due::Silent);
        }
        self.phase = Phase::Connecting;
        Some(Due::Connect)
    }
}

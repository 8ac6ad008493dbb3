//! The timers of a connection: is the peer still there, and does it answer a Close (RFC 6455 §5.5.2, §7.1.1).
//!
//! ```text
//!            ┌──────── anything arrives: received(now) ───────┐
//!            ▼                                                │
//!   quiet ── interval over: Ping ──▶ asked ── pong_within over: Gone
//!
//!   closing(now) ──▶ close_within over: Gone
//! ```

use crate::{Instant, step};
use core::time::Duration;

/// How long to wait for what. A zero duration is taken as one of a millisecond, so that no timer can spin; from a
/// hundred years on it means "never".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepaliveOptions {
    /// After so long without a byte from the peer it is sent a Ping. Default 15 s: below the time-outs of the usual
    /// proxies and address translators, of which 30 s are the shortest in wide use.
    pub interval: Duration,
    /// So long after the Ping something must have arrived, or the peer counts as gone. Default 20 s.
    pub pong_within: Duration,
    /// So long after a Close was sent the stream must have ended. Default 5 s: the peer has nothing to do but to answer.
    pub close_within: Duration,
}

impl Default for KeepaliveOptions {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(15),
            pong_within: Duration::from_secs(20),
            close_within: Duration::from_secs(5),
        }
    }
}

/// What is due, as [`Keepalive::handle_timeout`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepaliveEvent {
    /// Send a Ping.
    Ping,
    /// The peer did not answer: drop the connection.
    Gone,
}

/// The timers beside a [`Connection`](super::Connection), on the caller's clock.
///
/// ```
/// use core::time::Duration;
/// use tidings::ws::{Keepalive, KeepaliveEvent, KeepaliveOptions};
///
/// let seconds = Duration::from_secs; // a clock that begins at zero
/// let mut keepalive = Keepalive::new(KeepaliveOptions::default(), seconds(0));
/// keepalive.received(seconds(5));
/// assert_eq!(keepalive.poll_timeout(), Some(seconds(20)));
/// assert_eq!(keepalive.handle_timeout(seconds(20)), Some(KeepaliveEvent::Ping));
/// assert_eq!(keepalive.handle_timeout(seconds(40)), Some(KeepaliveEvent::Gone));
/// assert_eq!(keepalive.poll_timeout(), None);
/// ```
#[derive(Debug, Clone)]
pub struct Keepalive<I> {
    options: KeepaliveOptions,
    state: State,
    due: I,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Quiet,
    Asked,
    Closing,
    Gone,
}

impl<I: Instant> Keepalive<I> {
    /// Timers of a connection that opens now.
    #[must_use]
    pub fn new(options: KeepaliveOptions, now: I) -> Self {
        Self { options, state: State::Quiet, due: later(now, options.interval) }
    }

    /// Bytes arrived: the peer is there.
    pub fn received(&mut self, now: I) {
        if matches!(self.state, State::Quiet | State::Asked) {
            self.state = State::Quiet;
            self.due = later(now, self.options.interval);
        }
    }

    /// A Close was sent, or the connection failed: from now on only the end of the stream counts.
    ///
    /// Call it once [`Connection::is_open`](super::Connection::is_open) is false, whoever began: after
    /// [`close`](super::Connection::close), after a [`receive`](super::Connection::receive) that has answered a Close, and
    /// after its error. To call it again does no harm and does not move the deadline, so that a loop may ask each time.
    pub fn closing(&mut self, now: I) {
        if matches!(self.state, State::Quiet | State::Asked) {
            self.state = State::Closing;
            self.due = later(now, self.options.close_within);
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout); `None` once the peer is gone.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<I> {
        (self.state != State::Gone).then_some(self.due)
    }

    /// What is due by `now`, if anything is.
    pub fn handle_timeout(&mut self, now: I) -> Option<KeepaliveEvent> {
        if now < self.poll_timeout()? {
            return None;
        }
        if self.state == State::Quiet {
            self.state = State::Asked;
            self.due = later(now, self.options.pong_within);
            return Some(KeepaliveEvent::Ping);
        }
        self.state = State::Gone;
        Some(KeepaliveEvent::Gone)
    }
}

fn later<I: Instant>(now: I, wait: Duration) -> I {
    step::later(now, wait.max(Duration::from_millis(1)))
}

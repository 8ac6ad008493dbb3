//! The decisions of a client that reconnects, without sockets and without a clock.
//!
//! ```text
//!               connected                       cut: wait drawn between 0 and the cap
//!   Connecting ───────────▶ Connected ────────────────────────────▶ Waiting
//!       ▲          │                                                   │
//!       │          └ cut: the cap doubles, up to the ceiling ────────▶ │
//!       └────────────────── the wait is over ──────────────────────────┘
//! ```
//!
//! The cap falls back to its base when a connection has proven itself: a message came over it, or it stood for
//! [`Session::STABLE`]. Merely being accepted proves nothing, so that a server that accepts and closes at once is asked
//! less and less often.

use crate::Instant;
use crate::reconnect::Backoff;
use crate::step::later;
use crate::topic::Reset;
use alloc::string::{String, ToString};
use core::time::Duration;

/// One subscription: where it stands in the log, and when to do what about its connection.
#[derive(Debug, Clone)]
pub struct Session<I> {
    resume: Option<String>,
    backoff: Backoff,
    silence: Option<Duration>,
    state: State<I>,
}

#[derive(Debug, Clone, Copy)]
enum State<I> {
    Connecting,
    Connected { since: I, heard: I },
    Waiting { until: I },
}

impl<I: Instant> Session<I> {
    /// A connection that stood so long has proven itself.
    pub const STABLE: Duration = Duration::from_secs(10);

    /// A session that begins after `resume`.
    #[must_use]
    pub const fn new(resume: Option<String>, backoff: Backoff) -> Self {
        Self { resume, backoff, silence: None, state: State::Connecting }
    }

    /// What to resume after: the id of the last message, the last bookmark, where a reset said that reading goes on.
    #[must_use]
    pub fn resume(&self) -> Option<&str> {
        self.resume.as_deref()
    }

    /// From now on a connection on which nothing comes for so long is dead.
    pub fn expect_keepalives(&mut self, silence: Duration) {
        self.silence = Some(silence);
    }

    /// The server accepted.
    pub fn handle_connected(&mut self, now: I) {
        self.state = State::Connected { since: now, heard: now };
    }

    /// Bytes came.
    pub fn handle_bytes(&mut self, now: I) {
        if let State::Connected { heard, .. } = &mut self.state {
            *heard = now;
        }
    }

    /// A message came. An empty id takes the one before back, as in an event stream.
    pub fn handle_message(&mut self, id: Option<&str>) {
        self.backoff.reset();
        if let Some(id) = id {
            self.move_to(id);
        }
    }

    /// A bookmark came; whether it moves the cursor. It proves nothing about the connection.
    pub fn handle_bookmark(&mut self, id: &str) -> bool {
        let moved = self.resume() != Some(id);
        if moved {
            self.move_to(id);
        }
        moved
    }

    /// Messages were lost, and reading goes on at the oldest.
    pub fn handle_reset(&mut self, reset: &Reset) {
        self.resume = Some(reset.oldest.to_string());
    }

    /// The server would like reconnections to wait about so long.
    pub fn handle_retry(&mut self, base: Duration) {
        self.backoff.set_retry(base);
    }

    /// The connection is gone, or was not made: how long to wait.
    pub fn handle_cut(&mut self, retry_after: Option<Duration>, now: I) -> Duration {
        if let State::Connected { since, .. } = self.state
            && since + Self::STABLE <= now
        {
            self.backoff.reset();
        }
        let wait = self.backoff.next_wait(retry_after);
        self.state = State::Waiting { until: now + wait };
        wait
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to say: the wait is over, or the silence too long.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<I> {
        match self.state {
            State::Connecting => None,
            State::Connected { heard, .. } => Some(later(heard, self.silence?)),
            State::Waiting { until } => Some(until),
        }
    }

    /// What is due; nothing before [`poll_timeout`](Self::poll_timeout).
    pub fn handle_timeout(&mut self, now: I) -> Option<Due> {
        if self.poll_timeout().is_none_or(|due| now < due) {
            return None;
        }
        match self.state {
            State::Connecting => None,
            State::Connected { .. } => Some(Due::Silent),
            State::Waiting { .. } => {
                self.state = State::Connecting;
                Some(Due::Connect)
            }
        }
    }

    fn move_to(&mut self, id: &str) {
        match &mut self.resume {
            _ if id.is_empty() => self.resume = None,
            Some(resume) => {
                resume.clear();
                resume.push_str(id);
            }
            None => self.resume = Some(id.to_string()),
        }
    }
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Connect now.
    Connect,
    /// The connection is dead: drop it and call [`Session::handle_cut`].
    Silent,
}

/// How long a long poll asks to be held: less than somebody on the way allows, once that has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    wait: Duration,
}

impl Hold {
    /// It never learns to ask for less.
    pub const MIN: Duration = Duration::from_secs(2);

    /// Begins with this wait.
    #[must_use]
    pub const fn new(wait: Duration) -> Self {
        Self { wait }
    }

    /// What to ask for, in whole seconds.
    #[must_use]
    pub const fn seconds(&self) -> u64 {
        self.wait.as_secs()
    }

    /// A held poll was cut by somebody after this time, and not answered: it asks for three quarters of it from now on.
    /// A cut within a second says nothing about patience.
    pub fn handle_cut(&mut self, held: Duration) {
        if held >= Duration::from_secs(1) && held < self.wait {
            self.wait = (held.saturating_mul(3) / 4).max(Self::MIN).min(self.wait);
        }
    }
}

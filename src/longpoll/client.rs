//! The client's side of polling: what to ask, and when.
//!
//! | what happened | the next poll |
//! |---|---|
//! | 200 with news, or with more behind it | at once |
//! | 200 without, held as it was asked to be | at once |
//! | 200 without, not held, or to a short poll | after the interval |
//! | 410 | at the oldest, at once; after a second one without news in between after the interval |
//! | no connection, a cut, a truncated body, a time-out | the same cursor, after a backoff |
//! | 408, 425, 429, 5xx but 501 and 505 | the same cursor, after `Retry-After`, else after a backoff |
//! | anything else | none |

use super::pace::{Hold, Interval};
use crate::Instant;
use crate::http::Status;
use crate::reconnect::{Backoff, Verdict};
use crate::step::{elapsed, later};
use crate::topic::{After, Cursor, Reset};
use core::time::Duration;

/// How a client polls: how long it lets itself be held, how often it asks, when it gives an answer up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollerOptions {
    /// How long a long poll asks to be held, in whole seconds. Default 25 s: below the 30 s after which many proxies give
    /// up.
    pub wait: Duration,
    /// The shortest pause between two short polls, and the one behind a long poll that was not held. Default 1 s.
    pub interval: Duration,
    /// The longest pause between two short polls, while there is no news. Default 5 s: what somebody who watches still
    /// takes for live.
    pub interval_max: Duration,
    /// How long an answer may take beside the hold. Default 15 s.
    pub patience: Duration,
}

impl Default for PollerOptions {
    fn default() -> Self {
        Self {
            wait: Duration::from_secs(25),
            interval: Duration::from_secs(1),
            interval_max: Duration::from_secs(5),
            patience: Duration::from_secs(15),
        }
    }
}

/// Polls a topic, long or short: decides what to ask and when, and keeps the cursor.
///
/// Whenever [`poll_timeout`](Self::poll_timeout) is due call [`handle_timeout`](Self::handle_timeout), ask as it says, and
/// tell what came of it: the status to [`handle_response`](Self::handle_response), then what the body says to
/// [`handle_events`](Self::handle_events) or [`handle_reset`](Self::handle_reset), or that there is none to
/// [`handle_cut`](Self::handle_cut). Reads take nothing away, so that a lost answer, asked for again, comes as it was (RFC
/// 6202 §2.2).
///
/// The first poll, and each after a failure, is not held: it shows whether the server is there, and where "now" is.
///
/// The bodies are JSON, which the core does not read. `envelope::Batch::parse` and `envelope::parse_reset` do (feature
/// `client` or `server`), or any JSON library: `{"events":[…],"next":CURSOR,"more":BOOL}` at 200, and at 410
/// `{"reset":REASON,"oldest":CURSOR,"newest":CURSOR}`.
///
/// ```
/// use std::time::Duration;
/// use tidings::http::Status;
/// use tidings::longpoll::{PollDue, PollResponse, Poller, PollerOptions};
/// use tidings::reconnect::Backoff;
/// use tidings::topic::{After, Cursor, Reset};
///
/// /// What your JSON library makes of a body.
/// enum Body {
///     Batch { events: Vec<String>, next: Cursor, more: bool },
///     Reset(Reset),
///     Other,
/// }
/// # use tidings::topic::ResetReason::Trimmed;
/// # let at = |n| Cursor::new(1, n);
/// # let batch = |events, n| Body::Batch { events, next: at(n), more: false };
/// # let reset = Reset { reason: Trimmed, oldest: at(9), newest: at(12) };
/// # let mut answers = vec![
/// #     (Status::OK, batch(vec![], 3)), (Status::OK, batch(vec!["news".into()], 4)),
/// #     (Status::GONE, Body::Reset(reset)), (Status::NOT_FOUND, Body::Other),
/// # ].into_iter();
/// # let mut asked = Vec::new();
/// # let mut get = |query: &str| -> Option<(Status, Body)> { asked.push(query.to_string()); answers.next() };
///
/// let mut now = Duration::ZERO; // your clock
/// let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30), tidings::system_random);
/// let mut poller = Poller::long(After::Now, PollerOptions::default(), backoff, now);
/// while let Some(due) = poller.poll_timeout() {
///     now = now.max(due); // sleep, until then at the most if a poll is out
///     let Some(PollDue::Ask(poll)) = poller.handle_timeout(now) else { continue };
///     let mut query = format!("after={}", poll.after);
///     if !poll.wait.is_zero() {
///         query += &format!("&wait={}", poll.wait.as_secs());
///     }
///     let Some((status, body)) = get(&query) else {
///         poller.handle_unreachable(now);
///         continue;
///     };
///     match (poller.handle_response(status, None, now), body) {
///         (PollResponse::Events, Body::Batch { events, next, more }) => {
///             poller.handle_events(events.len(), next, more, now);
///         }
///         (PollResponse::Events, _) => { poller.handle_cut(now); } // the body is not whole
///         (PollResponse::Reset, Body::Reset(reset)) => poller.handle_reset(&reset, now), // messages were lost
///         (PollResponse::Reset, _) => poller.stop(), // somebody else's 410
///         (refused, _) => println!("{refused:?}"),
///     }
/// }
/// assert_eq!(poller.after(), After::Cursor(Cursor::new(1, 9)));
/// # assert_eq!(asked, ["after=now", "after=1-3&wait=25", "after=1-4&wait=25", "after=1-9&wait=25"]);
/// ```
#[derive(Debug, Clone)]
pub struct Poller<I> {
    after: After,
    /// For long polls.
    hold: Option<Hold>,
    interval: Interval,
    patience: Duration,
    backoff: Backoff,
    /// An answer has come since the last failure.
    is_connected: bool,
    /// There was a reset, and no news since that led on: neither repetition nor failure makes up for it.
    is_reset: bool,
    state: State<I>,
}

#[derive(Debug, Clone, Copy)]
enum State<I> {
    Pause { until: I },
    Asked { since: I, wait: Duration },
    Stopped,
}

/// A poll to make: a GET with these in its query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// Where to read on.
    pub after: After,
    /// How long to be held, in whole seconds, which is how a query says it ([`as_secs`](Duration::as_secs)); zero is left
    /// out.
    pub wait: Duration,
}

/// What is due, as [`Poller::handle_timeout`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PollDue {
    /// Ask this now.
    Ask(Ask),
    /// The answer to the poll that is out has not come in time: let go of the connection. The next poll is due after so
    /// long. This is the cut itself: unlike the silence of the other machines it needs no
    /// [`handle_cut`](Poller::handle_cut) behind it.
    Silent(Duration),
}

/// What an answer leads to, as [`Poller::handle_response`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PollResponse {
    /// 200: read the body, and tell [`Poller::handle_events`].
    Events,
    /// 410: read the body, and tell [`Poller::handle_reset`]; if it is no reset, [`stop`](Poller::stop).
    Reset,
    /// Ask the same at its `Location`, without the caller's credentials if that is another origin
    /// ([`Redirects`](crate::reconnect::Redirects)).
    Redirect,
    /// Not now: the next poll is due after so long.
    Later(Duration),
    /// The server will not have it, now or later: no further poll. (Or none was out.)
    Refused,
}

impl<I: Instant> Poller<I> {
    /// Long polling: each poll asks to be held for [`PollerOptions::wait`], or less once somebody on the way has shown to be
    /// less patient. Then it carefully asks for more again.
    #[must_use]
    pub fn long(after: After, options: PollerOptions, backoff: Backoff, now: I) -> Self {
        let hold = Some(Hold::new(options.wait));
        Self { hold, ..Self::short(after, options, backoff, now) }
    }

    /// Short polling: more often while there is news, less often while it is quiet, between
    /// [`PollerOptions::interval`] and [`PollerOptions::interval_max`].
    #[must_use]
    pub fn short(after: After, options: PollerOptions, backoff: Backoff, now: I) -> Self {
        Self {
            after,
            hold: None,
            interval: Interval::new(&options),
            patience: options.patience,
            backoff,
            is_connected: false,
            is_reset: false,
            state: State::Pause { until: now },
        }
    }

    /// What it reads after.
    #[must_use]
    pub const fn after(&self) -> After {
        self.after
    }

    /// Whether the server has answered since the last failure.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        self.is_connected
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to say: the next poll is due, or the one that is out
    /// is late. `None` once it has stopped.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<I> {
        match self.state {
            State::Pause { until } => Some(until),
            State::Asked { since, wait } => Some(later(since, wait.saturating_add(self.patience))),
            State::Stopped => None,
        }
    }

    /// What is due; nothing before [`poll_timeout`](Self::poll_timeout).
    pub fn handle_timeout(&mut self, now: I) -> Option<PollDue> {
        if now < self.poll_timeout()? {
            return None;
        }
        if let State::Pause { .. } = self.state {
            let hold = self.hold.as_ref().filter(|_| self.is_connected);
            let wait = hold.map_or(Duration::ZERO, Hold::wait);
            self.state = State::Asked { since: now, wait };
            return Some(PollDue::Ask(Ask { after: self.after, wait }));
        }
        // Nobody is that late for lack of news: it may be that who forgets silent connections has forgotten this one.
        self.handle_cut(now).map(PollDue::Silent)
    }

    /// The answer to the poll has come, with this time to wait if its `Retry-After` says one. The core does not read that
    /// header, which may be a date: `client::retry_after` does (feature `client`), or give `None`.
    pub fn handle_response(&mut self, status: Status, retry_after: Option<Duration>, now: I) -> PollResponse {
        match Verdict::of(status) {
            Verdict::Accepted => PollResponse::Events,
            Verdict::Reset => PollResponse::Reset,
            Verdict::Redirected => PollResponse::Redirect,
            Verdict::Later => {
                // These are what a proxy says for a server that keeps it waiting.
                if matches!(status.as_u16(), 408 | 502 | 504) {
                    self.learn(now);
                }
                self.back_off(retry_after, now).map_or(PollResponse::Refused, PollResponse::Later)
            }
            Verdict::Never => {
                self.stop();
                PollResponse::Refused
            }
        }
    }

    /// A 200 is whole: it has so many messages, and these words about where to read on and whether there is more already.
    pub fn handle_events(&mut self, messages: usize, next: Cursor, more: bool, now: I) {
        let State::Asked { since, wait } = self.state else { return };
        let is_news = messages > 0;
        let is_ahead = is_ahead(self.after, next);
        self.after = After::Cursor(next);
        let is_first = !core::mem::replace(&mut self.is_connected, true);
        self.is_reset &= !(is_news && is_ahead);
        // What proves the server is that it holds and answers; that it is there at all proves nothing.
        if !is_first || (is_news && is_ahead) {
            self.backoff.reset();
        }
        let pause = later(since, self.interval.min()).max(now);
        let until = match &mut self.hold {
            _ if more && is_ahead => now,
            None => later(now, self.interval.next(is_news, &self.backoff)),
            Some(_) if is_first => now,
            Some(hold) => {
                if !is_news && later(since, wait) <= now {
                    hold.handle_held();
                }
                // One who does not hold, or leads nowhere, must not be asked without a pause.
                if is_news && is_ahead { now } else { pause }
            }
        };
        self.state = State::Pause { until };
    }

    /// A 410 is whole, and is a reset: polling goes on at [`Reset::oldest`].
    pub fn handle_reset(&mut self, reset: &Reset, now: I) {
        let State::Asked { since, .. } = self.state else { return };
        let oldest = After::Cursor(reset.oldest);
        let has_moved = core::mem::replace(&mut self.after, oldest) != oldest;
        self.is_connected = true;
        let is_again = core::mem::replace(&mut self.is_reset, true);
        let is_getting_on = has_moved && !is_again;
        let until = if is_getting_on { now } else { later(since, self.interval.min()).max(now) };
        self.state = State::Pause { until };
    }

    /// No connection could be made for the poll. How long to wait for the next; `None` unless a poll is out.
    pub fn handle_unreachable(&mut self, now: I) -> Option<Duration> {
        self.back_off(None, now)
    }

    /// The connection broke before the answer was whole; what came of it is thrown away. How long to wait for the next
    /// poll, with the same cursor; `None` unless a poll is out.
    pub fn handle_cut(&mut self, now: I) -> Option<Duration> {
        self.learn(now);
        self.back_off(None, now)
    }

    /// No further poll: nothing is due any more.
    pub fn stop(&mut self) {
        self.state = State::Stopped;
    }

    /// The poll that is out was not answered by the server itself: somebody may have been impatient.
    fn learn(&mut self, now: I) {
        if let (State::Asked { since, wait }, Some(hold)) = (self.state, &mut self.hold)
            && !wait.is_zero()
        {
            hold.handle_cut(elapsed(since, now, wait));
        }
    }

    fn back_off(&mut self, retry_after: Option<Duration>, now: I) -> Option<Duration> {
        let State::Asked { .. } = self.state else { return None };
        self.is_connected = false;
        let wait = self.backoff.next_wait(retry_after);
        self.state = State::Pause { until: later(now, wait) };
        Some(wait)
    }
}

/// Whether the log goes on there, so that who asks again at once gets on.
fn is_ahead(after: After, next: Cursor) -> bool {
    match after {
        After::Cursor(cursor) => cursor.epoch() == next.epoch() && cursor.n() < next.n(),
        After::Oldest | After::Now => true,
    }
}

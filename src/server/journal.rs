//! What the server tells whoever runs it, through the facade `log` (feature `log`): every word of it. The table of lines
//! is in the documentation of [`server`](super).
//!
//! Requests are told on `debug`: there is one for each poll, and what happens to the server would be lost among them. By
//! its target the access log can be had without the rest, and the rest without it.
//!
//! Never told: headers, queries, data, tokens, what a panic said. A level that nobody wants costs one atomic load, and
//! without the feature nothing at all is left of these functions.

use super::refusals::Reason;
use super::routes::TOPICS;
use crate::http::Status;
use crate::topic::TopicName;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// A line: its level and target, its fields, its words. The fields are only looked at if somebody wants the line.
#[cfg(feature = "log")]
macro_rules! line {
    ($level:ident, $target:ident, $($fields_and_words:tt)*) => {
        log::log!(target: $target, log::Level::$level, $($fields_and_words)*)
    };
}
#[cfg(not(feature = "log"))]
macro_rules! line {
    ($level:ident, $target:ident, $words:literal) => {
        let _ = $target;
    };
    ($level:ident, $target:ident, $($field:ident $(: $how:tt)? = $value:expr),*; $words:literal) => {
        // Never run, and gone when it is compiled; but what it names counts as used.
        if false {
            let _ = ($target, $(&$value),*);
        }
    };
}

/// Whether somebody wants refusals: what is counted for nobody would be told later as if it had just happened.
#[cfg(feature = "log")]
fn wants_refusals() -> bool {
    log::log_enabled!(target: SERVER, log::Level::Warn)
}
#[cfg(not(feature = "log"))]
const fn wants_refusals() -> bool {
    false
}

const SERVER: &str = "tidings::server";
const ACCESS: &str = "tidings::access";

/// Clients can connect.
pub(super) fn listening(addr: SocketAddr) {
    line!(Info, SERVER, addr:% = addr; "listening");
}

/// Nobody is let in any more.
pub(super) fn draining(connections: u64) {
    line!(Info, SERVER, connections = connections; "draining");
}

/// Everybody was told.
pub(super) fn drained() {
    line!(Info, SERVER, "drained");
}

/// [`Limits::drain_time`](super::Limits::drain_time) is over.
pub(super) fn cut_off(connections: u64) {
    line!(Info, SERVER, connections = connections; "drain_time is over, the rest is cut off");
}

/// What keeps the topics is not there any more: once, until it is back.
#[cfg(feature = "redis")]
pub(super) fn redis_gone(redis: &impl std::fmt::Display, why: &impl std::fmt::Display) {
    line!(Warn, SERVER, redis:% = redis, why:% = why; "Redis is gone");
}

/// It is there, and does not do what it shall.
#[cfg(feature = "redis")]
pub(super) fn redis_fails(redis: &impl std::fmt::Display, why: &impl std::fmt::Display) {
    line!(Warn, SERVER, redis:% = redis, why:% = why; "Redis fails");
}

#[cfg(feature = "redis")]
pub(super) fn redis_is_back(redis: &impl std::fmt::Display) {
    line!(Info, SERVER, redis:% = redis; "Redis is back");
}

/// A hook or a handler of the embedder's panicked.
pub(super) fn panicked(what: &'static str, path: &str) {
    line!(Error, SERVER, what = what, path = path; "panicked");
}

/// A request that can be told of.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) method: &'a str,
    /// Without the query: tokens are there.
    pub(super) path: &'a str,
}

/// It is answered.
pub(super) fn answered(asked: Asked<'_>, client: impl FnOnce() -> IpAddr, status: Status) {
    let Asked { method, path } = asked;
    line!(Debug, ACCESS, client:% = client(), method = method, path = path, status = status.as_u16(); "answered");
}

/// It is answered, and nobody could make out what was asked for.
pub(super) fn turned_away(peer: SocketAddr, status: Status) {
    line!(Debug, ACCESS, client:% = peer.ip().to_canonical(), status = status.as_u16(); "answered");
}

/// It is held until there is news.
pub(super) fn held(asked: Asked<'_>, client: IpAddr) {
    let Asked { method, path } = asked;
    line!(Debug, ACCESS, client:% = client, method = method, path = path; "held");
}

/// It was held, and is answered.
pub(super) fn poll_answered(topic: &TopicName, client: IpAddr, status: Status) {
    line!(
        Debug, ACCESS,
        client:% = client, method = "GET", path:% = format_args!("{TOPICS}{topic}"), status = status.as_u16();
        "answered"
    );
}

/// Its answer begins, and goes on for as long as the client stays.
pub(super) fn begun(asked: Asked<'_>, client: impl FnOnce() -> IpAddr, status: Status, via: &'static str) {
    let Asked { method, path } = asked;
    line!(
        Debug, ACCESS,
        client:% = client(), method = method, path = path, status = status.as_u16(), via = via;
        "begun"
    );
}

/// When refusals for one reason are told: at once, but no more than one line in [`AT_MOST_EVERY`], which says how many
/// it stands for. A flood of them does not become a flood of lines.
#[derive(Debug)]
pub(super) struct Refused {
    begun: Instant,
    /// Not told yet.
    untold: AtomicU64,
    /// From when on the next line may come, in milliseconds since the beginning.
    next: AtomicU64,
}

const AT_MOST_EVERY: Duration = Duration::from_secs(1);

impl Default for Refused {
    fn default() -> Self {
        Self { begun: Instant::now(), untold: AtomicU64::default(), next: AtomicU64::default() }
    }
}

impl Refused {
    /// One more. `peer`: whose it was, where one address alone is over its limit.
    pub(super) fn one_more(&self, reason: Reason, peer: Option<SocketAddr>) {
        if wants_refusals() {
            self.untold.fetch_add(1, Relaxed);
            self.tell_if_due(reason, peer);
        }
    }

    /// Tells those that were held back, if it is time.
    pub(super) fn tell_if_due(&self, reason: Reason, peer: Option<SocketAddr>) {
        if self.untold.load(Relaxed) == 0 {
            return;
        }
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let (now, due) = (millis(self.begun.elapsed()), self.next.load(Relaxed));
        let then = now.saturating_add(millis(AT_MOST_EVERY));
        // One of those that come at once tells it.
        if due <= now && self.next.compare_exchange(due, then, Relaxed, Relaxed).is_ok() {
            self.tell(reason, peer);
        }
    }

    /// Tells those that were held back.
    pub(super) fn tell(&self, reason: Reason, peer: Option<SocketAddr>) {
        let (reason, count) = (reason.as_str(), self.untold.swap(0, Relaxed));
        if count == 0 {
            return;
        }
        match peer.map(|peer| peer.ip().to_canonical()) {
            None => line!(Warn, SERVER, reason = reason, count = count; "refused"),
            Some(peer) => line!(Warn, SERVER, reason = reason, count = count, client:% = peer; "refused"),
        }
    }
}

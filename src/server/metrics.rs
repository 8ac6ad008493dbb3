//! What the server counts, and how `/metrics` shows it: the Prometheus text format.

use super::lag::Lag;
use super::refusals::Refusals;
use super::shared::Shared;
use crate::http::Status;
use std::fmt::{self, Write};
use std::string::String;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::SystemTime;

/// The ways in which a message reaches a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Via {
    WebSocket,
    Sse,
    Stream,
    LongPoll,
    ShortPoll,
}

impl Via {
    pub(super) const ALL: [Self; 5] = [Self::WebSocket, Self::Sse, Self::Stream, Self::LongPoll, Self::ShortPoll];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::Sse => "sse",
            Self::Stream => "stream",
            Self::LongPoll => "long-poll",
            Self::ShortPoll => "short-poll",
        }
    }
}

/// A number that goes up and down. Numbers are only shown, never decided by, unless said otherwise: relaxed order does.
#[derive(Debug, Default)]
pub(super) struct Gauge(Arc<AtomicU64>);

impl Gauge {
    /// Counts one more until the guard goes.
    pub(super) fn enter(&self) -> Present {
        self.0.fetch_add(1, Relaxed);
        Present(Arc::clone(&self.0))
    }

    /// The same, unless there are `limit` of them. The number is read and raised in one step, so that two at once
    /// cannot both be the last one.
    pub(super) fn enter_below(&self, limit: usize) -> Option<Present> {
        let raise = |now: u64| (now < limit as u64).then_some(now + 1);
        self.0.fetch_update(Relaxed, Relaxed, raise).ok().map(|_| Present(Arc::clone(&self.0)))
    }

    pub(super) fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Stands for one of what a [`Gauge`] counts.
#[derive(Debug)]
pub(super) struct Present(Arc<AtomicU64>);

impl Drop for Present {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// A number that only goes up.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, n: u64) {
        self.0.fetch_add(n, Relaxed);
    }

    pub(super) fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// What is counted for each transport.
#[derive(Debug, Default)]
pub(super) struct ByTransport {
    pub(super) subscribers: Gauge,
    pub(super) messages: Counter,
    pub(super) bytes: Counter,
    pub(super) resets: Counter,
}

#[derive(Debug)]
pub(super) struct Metrics {
    /// When the server was set up.
    begun: SystemTime,
    pub(super) connections: Gauge,
    /// All that ever came, the refused ones, too.
    pub(super) accepted: Counter,
    /// Requests whose head is not whole yet, or that wait for a thread.
    pub(super) waiting: Gauge,
    pub(super) handlers: Gauge,
    /// Requests that wait for their body, in a thread.
    pub(super) bodies: Gauge,
    pub(super) refusals: Refusals,
    pub(super) lag: Lag,
    pub(super) publishes: Counter,
    pub(super) panics: Counter,
    /// How often the loop has looked for something to do: on an idle server this number stands still.
    pub(super) turns: Counter,
    deliveries: [ByTransport; Via::ALL.len()],
    /// Answers by status, 100 to 599.
    answers: [Counter; STATUSES],
}

const FIRST_STATUS: usize = 100;
const STATUSES: usize = 500;

impl Default for Metrics {
    fn default() -> Self {
        Self {
            begun: SystemTime::now(),
            connections: Gauge::default(),
            accepted: Counter::default(),
            waiting: Gauge::default(),
            handlers: Gauge::default(),
            bodies: Gauge::default(),
            refusals: Refusals::default(),
            lag: Lag::default(),
            publishes: Counter::default(),
            panics: Counter::default(),
            turns: Counter::default(),
            deliveries: Default::default(),
            answers: std::array::from_fn(|_| Counter::default()),
        }
    }
}

impl Metrics {
    pub(super) fn delivery(&self, via: Via) -> &ByTransport {
        let [websocket, sse, stream, long_poll, short_poll] = &self.deliveries;
        match via {
            Via::WebSocket => websocket,
            Via::Sse => sse,
            Via::Stream => stream,
            Via::LongPoll => long_poll,
            Via::ShortPoll => short_poll,
        }
    }

    pub(super) fn answered(&self, status: Status) {
        if let Some(counter) = self.answers.get(usize::from(status.as_u16()) - FIRST_STATUS) {
            counter.add(1);
        }
    }

    /// The page `/metrics`.
    pub(super) fn render(&self, shared: &Shared) -> String {
        let mut text = String::new();
        // A String takes everything.
        let _ = self.write(shared, &mut text);
        text
    }

    fn write(&self, shared: &Shared, out: &mut String) -> fmt::Result {
        let (topics, workers, limits) = (&shared.topics, &shared.workers, &shared.limits);
        title(out, "build_info", "gauge", "The version of the server.")?;
        writeln!(out, "tidings_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"))?;
        title(out, "start_time_seconds", "gauge", "When the server was set up, in seconds since 1970.")?;
        let begun = self.begun.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        writeln!(out, "tidings_start_time_seconds {}.{:03}", begun.as_secs(), begun.subsec_millis())?;
        single(out, "draining", "gauge", "Whether the server is going away: 1 or 0.", shared.is_draining().into())?;
        single(out, "connections", "gauge", "Connections that are open.", self.connections.value())?;
        single(out, "max_connections", "gauge", "How many may be.", limits.connections as u64)?;
        let accepted = self.accepted.value();
        single(out, "connections_accepted_total", "counter", "All that ever came, refused ones too.", accepted)?;
        single(out, "request_threads", "gauge", "Threads that read or answer a request.", workers.count() as u64)?;
        single(out, "handler_threads", "gauge", "Threads that run a handler.", self.handlers.value())?;
        single(
            out,
            "slow_bodies",
            "gauge",
            "Of the request threads: those that wait for a body.",
            self.bodies.value(),
        )?;
        single(
            out,
            "store_waits",
            "gauge",
            "Of the request threads: those that wait for what keeps the topics.",
            shared.waits.taken() as u64,
        )?;
        single(out, "requests_waiting", "gauge", "Requests without a thread yet.", self.waiting.value())?;
        single(out, "topics", "gauge", "Topics that exist.", topics.len() as u64)?;
        single(out, "topics_bytes", "gauge", "What their messages count, all together.", topics.bytes() as u64)?;
        single(out, "max_topics_bytes", "gauge", "What they may count.", limits.all_topics_bytes as u64)?;
        let unfinished = shared.unfinished.taken() as u64;
        single(
            out,
            "unfinished_bytes",
            "gauge",
            "What has come of WebSocket messages that are not whole, or not taken by Redis yet.",
            unfinished,
        )?;
        single(out, "publishes_total", "counter", "Messages published.", self.publishes.value())?;
        single(out, "panics_total", "counter", "Panics in hooks and handlers.", self.panics.value())?;
        single(out, "loop_turns_total", "counter", "Turns of the delivery loop.", self.turns.value())?;
        self.by_transport(out, "subscribers", "gauge", "Clients that are subscribed.", |d| d.subscribers.value())?;
        self.by_transport(out, "messages_total", "counter", "Messages delivered.", |d| d.messages.value())?;
        self.by_transport(out, "bytes_total", "counter", "Bytes that carried them.", |d| d.bytes.value())?;
        self.by_transport(out, "resets_total", "counter", "Resets delivered.", |d| d.resets.value())?;
        self.lag.write(out)?;
        shared.store.write_metrics(out)?;
        title(out, "refusals_total", "counter", "What was refused or cut off, by the limit that was met.")?;
        for (reason, count) in self.refusals.all() {
            writeln!(out, "tidings_refusals_total{{reason=\"{}\"}} {count}", reason.as_str())?;
        }
        title(out, "requests_total", "counter", "Requests by the status of their answer.")?;
        for (status, counter) in (FIRST_STATUS..).zip(&self.answers).filter(|(_, counter)| counter.value() > 0) {
            writeln!(out, "tidings_requests_total{{status=\"{status}\"}} {}", counter.value())?;
        }
        Ok(())
    }

    fn by_transport(
        &self,
        out: &mut String,
        name: &str,
        kind: &str,
        help: &str,
        value: impl Fn(&ByTransport) -> u64,
    ) -> fmt::Result {
        title(out, name, kind, help)?;
        for via in Via::ALL {
            writeln!(out, "tidings_{name}{{transport=\"{}\"}} {}", via.as_str(), value(self.delivery(via)))?;
        }
        Ok(())
    }
}

pub(super) fn title(out: &mut String, name: &str, kind: &str, help: &str) -> fmt::Result {
    writeln!(out, "# HELP tidings_{name} {help}\n# TYPE tidings_{name} {kind}")
}

fn single(out: &mut String, name: &str, kind: &str, help: &str, value: u64) -> fmt::Result {
    title(out, name, kind, help)?;
    writeln!(out, "tidings_{name} {value}")
}

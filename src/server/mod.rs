//! The topic server: every topic over every transport, by blocking threads and one loop, without an async runtime.
//!
//! ```text
//!             ┌───────────────────── Server::run: one loop ──────────────────────┐
//!  accept ───▶│ idle connections · held polls · event streams · JSON streams ·   │
//!             │ WebSockets of topics: each a socket, a cursor, a shared batch    │
//!             └──▲ woken ────────────── hands over ▼ who begins a request ───────┘
//!       publish  │ hands back  ┌───────────────────────────────────────────────┐
//!       ─────────┴──────────── │ request threads: head, body, authorize, reply │
//!                              └───────────────────────────────────────────────┘
//! ```
//!
//! [`Server::builder`] sets it up, [`Server::run`] serves, and a [`Handle`] publishes from other threads and ends it:
//!
//! ```
//! use tidings::server::Server;
//!
//! let server = Server::builder().bind("127.0.0.1:0")?;
//! let handle = server.handle();
//! let thread = std::thread::spawn(|| server.run());
//!
//! let id = handle.publish(&"news".parse()?, None, "it runs")?;
//! assert_eq!(id.n(), 1);
//! handle.drain();
//! thread.join().unwrap()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What it takes from whom is in [`Limits`], who may do what in [`Builder::authorize`] and [`Tokens`]; handlers of your own
//! get a [`WebSocket`] or an [`EventStream`].
//!
//! # What it serves
//!
//! | request | is served as |
//! |---|---|
//! | `GET /topics/{topic}`, `Upgrade: websocket` | WebSocket; envelopes with subprotocol `tidings.v1`, else bare data |
//! | `GET /topics/{topic}`, `Accept: text/event-stream` | event stream |
//! | `GET /topics/{topic}`, `Accept: application/x-ndjson` | a line of JSON for each message |
//! | `GET /topics/{topic}?wait=N`, or `Prefer: wait=N` | long poll |
//! | `GET /topics/{topic}` | short poll |
//! | `POST /topics/{topic}?event=E` | publishes the body |
//! | `GET /` | the live page |
//! | `GET /wire/{topic}/{id}` | one message as each transport sends it, explained |
//! | `GET /healthz`, `GET /metrics` | whether it is there, and counts for Prometheus |
//! | what was mounted: [`Builder::websocket`], [`event_stream`](Builder::event_stream), [`page`](Builder::page) | that |
//!
//! # Where reading begins
//!
//! `?after=` a cursor, `oldest` or `now` says where to begin, whatever the transport; an event stream's `Last-Event-ID`
//! outdoes it. Polls begin at `oldest` and the others `now`. A subscriber of bare data that lost messages is closed with
//! code 4410, for nothing in its stream could tell it.
//!
//! # Some events only
//!
//! `?event=` on a GET, also more than once, asks for messages of these events only: see
//! [`Filter`](crate::topic::Filter). A name that could not be published is answered with 400, and so are more than 32.
//! What is left out moves the cursor all the same: a poll's `next`, and the bookmark that a stream gets with each
//! keepalive, and before what it was told last is dropped from the log.
//!
//! # Publishing once
//!
//! A POST with an `Idempotency-Key` publishes once, however often it is sent: while the topic keeps the message, each time
//! is answered as the first, with 201 and the id, and the same key with another message with 422. A malformed key is
//! answered with 400: see [`IdempotencyKey`](crate::topic::IdempotencyKey). A key is known to its topic, whoever sends
//! it.
//!
//! # Several servers
//!
//! A server keeps its topics in its own memory. With the feature `redis`, `Builder::redis` keeps them in a Redis, where any
//! number of servers share them: each takes a publish and serves any cursor.
//!
//! # What it logs
//!
//! With the feature `log` the server tells what happens to it through the crate of that name, in lines with fields:
//!
//! | level | target | what | fields |
//! |---|---|---|---|
//! | error | `tidings::server` | a hook or a handler panicked | `what`, `path` |
//! | warn | `tidings::server` | something was refused or cut off, by the limit that was met | `reason`, `count`, `client` |
//! | warn | `tidings::server` | Redis is gone, or does not do what it shall (feature `redis`) | `redis`, `why` |
//! | info | `tidings::server` | it listens, begins to drain, has drained or cut off who was left | `addr`, `connections` |
//! | info | `tidings::server` | Redis is back | `redis` |
//! | debug | `tidings::access` | a request is answered, held, or begins a stream or a WebSocket | `client`, `method`, `path`, `status`, `via` |
//!
//! Of refusals there is one line a second at the most for each reason, which says how many it stands for. `client` is the
//! [`client_addr`](AccessRequest::client_addr) of a request, and the peer's own address where none could be read. Headers,
//! queries, data and tokens are never told.
//!
//! Lines are made where things happen, some of them in the loop that serves all subscribers: a logger must not block for
//! long. One that writes to what may be slow, such as a pipe, does so in a thread of its own and drops what is too much.
//! A level that is not wanted costs one atomic load. And it must show the fields, which are key-values of the crate `log`:
//! `env_logger`, for one, does so with its feature `kv` only.

mod access;
mod answer;
mod assets;
mod builder;
#[cfg(feature = "tls")]
mod certificate;
mod compression;
mod delivery;
mod event_stream;
mod forwarded;
mod halves;
mod handle;
mod journal;
mod lag;
mod limits;
mod memory;
mod metrics;
mod opening;
mod places;
mod publishers;
#[cfg(feature = "redis")]
mod redis;
mod refusals;
mod request;
mod response;
mod routes;
mod seat;
mod shared;
mod signal;
mod store;
mod tokens;
mod topics;
mod websocket;
mod wire;
mod workers;

pub use crate::blocking::{Message, TimedRead};
pub use access::{Access, AccessRequest, Action};
pub use builder::Builder;
#[cfg(feature = "tls")]
pub use certificate::{Certificate, CertificateError};
pub use event_stream::{EventStream, Waited};
pub use forwarded::ProxyHeader;
pub use halves::{WebSocketReader, WebSocketWriter};
pub use handle::Handle;
/// Addresses that begin alike, as [`Builder::trust_proxy`] takes them.
pub use ipnet::IpNet;
pub use limits::Limits;
#[cfg(feature = "redis")]
pub use redis::{RedisUrl, RedisUrlError};
pub use routes::WebSocketOptions;
pub use tokens::Tokens;
pub use websocket::WebSocket;

use crate::topic;
use delivery::Delivery;
use shared::{Shared, lock};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

/// A server that listens; it serves once it [runs](Self::run).
pub struct Server {
    shared: Arc<Shared>,
    delivery: Delivery,
    local_addr: SocketAddr,
}

impl Server {
    /// Where setting up begins.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where it listens; with the real port if it was bound to port 0.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// A way in for other threads.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle(Arc::clone(&self.shared))
    }

    /// Serves, in this thread and those that it starts, until [`Handle::drain`] and everybody is told, or
    /// [`Limits::drain_time`] is over.
    ///
    /// A handler is waited for as long, and not any longer: one that does not return goes on in its thread, on a
    /// connection that nobody looks after any more, until the process ends. [`WebSocket::read`] and [`EventStream::wait`]
    /// return when draining begins; one that does other things for long asks
    /// [`is_draining`](EventStream::is_draining).
    ///
    /// # Errors
    /// Only where the system's readiness notification itself fails.
    pub fn run(mut self) -> io::Result<()> {
        self.delivery.run()
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("local_addr", &self.local_addr).finish_non_exhaustive()
    }
}

/// Why a message could not be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublishError {
    /// Its data is larger than [`Limits::message_bytes`].
    TooLarge {
        /// Bytes of data.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// There are [`Limits::topics`] already.
    TooManyTopics,
    /// All topics together keep [`Limits::all_topics_bytes`] already, and this one too little to drop
    /// for it: there is room again when messages have grown too old.
    Full,
    /// The server goes away: nobody would hear it any more.
    Draining,
    /// It was not taken: what keeps the topics, elsewhere, is not there. It may be in a moment.
    Unavailable,
    /// It was given to what keeps the topics, elsewhere, and that has not answered: it may have been taken. With an
    /// idempotency key it can be published again and is taken once.
    Unknown,
    /// The topic does not take it.
    Topic(topic::PublishError),
}

impl fmt::Display for PublishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { bytes, limit } => write!(f, "the message has {bytes} bytes, the limit is {limit}"),
            Self::TooManyTopics => f.write_str("there are too many topics"),
            Self::Full => f.write_str("the topics keep as much as they may, all together"),
            Self::Draining => f.write_str("the server is draining"),
            Self::Unavailable => f.write_str("what keeps the topics is not there"),
            Self::Unknown => f.write_str("what keeps the topics has not answered: the message may have been taken"),
            Self::Topic(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for PublishError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Topic(error) => Some(error),
            Self::TooLarge { .. }
            | Self::TooManyTopics
            | Self::Full
            | Self::Draining
            | Self::Unavailable
            | Self::Unknown => None,
        }
    }
}

impl From<topic::PublishError> for PublishError {
    fn from(error: topic::PublishError) -> Self {
        Self::Topic(error)
    }
}

//! Every bound of the server, with its reason beside it.

use crate::http::HeadLimits;
use crate::longpoll;
use crate::topic::Bounds;
use std::time::Duration;

/// What the server grants its clients. Whoever passes a limit gets the HTTP status or Close code that names it, and the
/// server goes on. Times are a millisecond at the least.
///
/// `/metrics` counts what was refused or cut off in `tidings_refusals_total`, by the limit's name. What somebody may try,
/// and what stops it:
///
/// | attack | limits | answer |
/// |---|---|---|
/// | many connections; from one address | `connections`, `idle_time`; `connections_per_address` | 503 |
/// | file descriptors used up (`no_descriptor`) | the system's | new clients wait; looked again every 100 ms |
/// | large or malformed heads (`head`) | `head` | 431, 414, 400 |
/// | slow heads | `head_time`; they cost no thread | 408 |
/// | failing handshakes of TLS (`handshake`); slow ones | a hello is 16 KiB at the most; `head_time` from it to the end | an alert, 400 in the clear; the connection ends |
/// | floods of handshakes | `request_threads`, as they are answered in those threads | they wait, an alert |
/// | slow bodies | `body_time`, half of `request_threads` | 408, 503 |
/// | large bodies, tiny chunks | `body_bytes`, `body_time`; extensions and trailers are counted, too | 413, 400 |
/// | a Redis that is slow or stands still | half of `request_threads` | 503 |
/// | many requests at once | `request_threads`, waiting for `head_time` | 503 |
/// | no thread from the system (`no_thread`) | the system's | 503 |
/// | many clients of handlers | `handlers` | 503 |
/// | many polls, topics, messages | `held_polls`; `topics`; `topic`, `all_topics_bytes` | 429; 503; the oldest go, 503 |
/// | large messages, inflated ones too | `message_bytes`: no more is inflated | 413, Close 1009 |
/// | messages that never end, empty fragments | `unfinished_bytes`; [`Config::max_fragments`](crate::ws::Config::max_fragments) | Close 1013; 1009 |
/// | floods of Pings | [`Config::max_unsent`](crate::ws::Config::max_unsent): only the newest is answered | none |
/// | slow readers | `write_time`, `answer_time` | the connection ends |
/// | peers that are gone | `pong_time` for WebSockets, `write_time` for keepalives of streams | the connection ends |
/// | guesses at tokens (`access`) | the `authorize` hook | 401, 403 |
/// | panics in hooks; in handlers | – (`tidings_panics_total`) | 500; Close 1011, or the stream is cut |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of a request's head; over it: 431 (or 414 where the target alone is too long). Default 16 KiB and 100
    /// headers.
    pub head: HeadLimits,
    /// From the first byte of a head to its last; over it: 408. Default 10 s: a head is one packet, and one that takes
    /// longer is a slow client's or an attacker's. A whole one waits as long for a thread.
    pub head_time: Duration,
    /// Threads that answer requests; a request waits for one for `head_time`, and then: 503. A head is read without one.
    /// At most half of them wait for the rest of a body, so that slow bodies stop nothing else, and at most half for what
    /// keeps the topics, where that is a Redis; over either: 503. Default
    /// 256: an answer takes microseconds, so that this is for hooks that ask a database. At least 1.
    pub request_threads: usize,
    /// Handlers of the embedder's that run at once, each in a thread; over it: 503. Default 4,096: with the requests'
    /// threads a little less than what systemd grants a service.
    pub handlers: usize,
    /// The body of a request, in bytes; over it: 413. Default 1 MiB, as for a message.
    pub body_bytes: usize,
    /// From the end of a head to the end of its body; over it: 408. Default 30 s: 1 MiB at 35 KiB a second.
    pub body_time: Duration,
    /// The data of one message, in bytes; over it: 413, or Close 1009. Default 1 MiB: each subscriber gets a message in
    /// one piece, and what is larger belongs behind a link.
    pub message_bytes: usize,
    /// What the WebSocket clients of topics have sent of messages that are not whole yet, or that wait for a Redis to take
    /// them, all together, in bytes; over it: Close 1013. Default 256 MiB: an honest client's message is whole at once, or soon.
    pub unfinished_bytes: usize,
    /// Connections of all kinds; over it: 503. Default 10,000: what file descriptors allow on a tuned machine.
    pub connections: usize,
    /// Connections of one address, and of IPv6 of one /64, which a client may have whole; over it: 503. Those of
    /// [trusted proxies](super::Builder::trust_proxy) are not counted. Default: no bound but that of all, for what looks
    /// like one client may be a proxy that nobody has named, or many behind one router. At least 1.
    pub connections_per_address: usize,
    /// Polls that are held at once; over it: 429. Default 10,000, as connections: a held poll costs no more than one.
    pub held_polls: usize,
    /// How polls are held and their answers batched: 30 s by default, 60 s at most.
    pub poll: longpoll::Options,
    /// How much a topic keeps. Default 10,000 messages, 16 MiB, one hour.
    pub topic: Bounds,
    /// Topics; over it those that nobody uses and nothing was published to go, and if there are none: 503. Default
    /// 10,000.
    pub topics: usize,
    /// What all topics keep together, in bytes, counted as for one; over it: 503, until messages have grown too old. A
    /// topic that keeps enough goes on, and drops its own oldest messages for the new ones. What is kept in a Redis, too, and
    /// used by nobody here goes first. Default 1 GiB: 64 topics that are full, and what a small
    /// machine can spare.
    pub all_topics_bytes: usize,
    /// An idle keep-alive connection is closed after so long. Default 60 s: longer than the pauses of a client that
    /// polls, shorter than the patience of most proxies.
    pub idle_time: Duration,
    /// How long the thread that has answered a request waits for the next one before the connection goes back to the
    /// loop. Default 1 s: a busy client keeps its thread, an idle one costs none.
    pub next_request_time: Duration,
    /// A stream that was silent for so long gets a keepalive, a WebSocket client a Ping. Default 15 s: proxies cut what
    /// is silent for 30 s or more.
    pub keepalive: Duration,
    /// After a Ping something must arrive within so long, or the WebSocket is closed. Default 20 s: more than any
    /// network that is of use takes.
    pub pong_time: Duration,
    /// A client that takes not one byte of what waits for it for so long is disconnected. Default 30 s.
    pub write_time: Duration,
    /// A client that has not taken a whole answer or batch within so long is disconnected, however it goes about it: one
    /// that takes a byte now and then keeps it in memory. Default 60 s: 1 MiB at 17 KiB a second. What a handler sends over a
    /// WebSocket may be large: each MiB of it has so long.
    pub answer_time: Duration,
    /// How long the last bytes sent may take, and the peer's Close or end of stream after them. Default 2 s.
    pub close_time: Duration,
    /// How long draining may take before [`Server::run`](super::Server::run) returns all the same. What is still being
    /// published is waited for for half of it before subscribers are told. Default 5 s: what service managers allow at the
    /// least.
    pub drain_time: Duration,
    /// What of the log is encoded and handed to a socket in one piece, in bytes, unless one message alone is more.
    /// Default 64 KiB: much more than a packet, and no more than a slow reader's share of memory.
    pub batch_bytes: usize,
}

impl Limits {
    /// The limits as the server can keep them: a time of nothing would make it go round and round, and an endless one
    /// cannot be added to the clock's.
    pub(super) fn sane(mut self) -> Self {
        const SHORTEST: Duration = Duration::from_millis(1);
        const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
        self.request_threads = self.request_threads.max(1);
        self.connections_per_address = self.connections_per_address.max(1);
        for time in [
            &mut self.head_time,
            &mut self.body_time,
            &mut self.idle_time,
            &mut self.next_request_time,
            &mut self.keepalive,
            &mut self.pong_time,
            &mut self.write_time,
            &mut self.answer_time,
            &mut self.close_time,
            &mut self.drain_time,
        ] {
            *time = (*time).clamp(SHORTEST, LONGEST);
        }
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: HeadLimits::default(),
            head_time: Duration::from_secs(10),
            request_threads: 256,
            handlers: 4096,
            body_bytes: 1 << 20,
            body_time: Duration::from_secs(30),
            message_bytes: 1 << 20,
            unfinished_bytes: 256 << 20,
            connections: 10_000,
            connections_per_address: usize::MAX,
            held_polls: 10_000,
            poll: longpoll::Options::default(),
            topic: Bounds::default(),
            topics: 10_000,
            all_topics_bytes: 1 << 30,
            idle_time: Duration::from_secs(60),
            next_request_time: Duration::from_secs(1),
            keepalive: Duration::from_secs(15),
            pong_time: Duration::from_secs(20),
            write_time: Duration::from_secs(30),
            answer_time: Duration::from_secs(60),
            close_time: Duration::from_secs(2),
            drain_time: Duration::from_secs(5),
            batch_bytes: 64 << 10,
        }
    }
}

//! Topics on Redis Streams: every server takes a publish, and every server serves any cursor.
//!
//! ```text
//!   publish ──▶ a script, one step: epoch, number, key ──▶ ┌───────────────┐
//!                                                          │ stream a topic│  <epoch>-<n>: a cursor as it is
//!   reader ◀── XREAD of all topics, one connection ◀────── └───────────────┘
//!      │
//!      ▼ in order, without a gap
//!   the topic in the registry, a mirror ──▶ its subscribers, as ever
//! ```
//!
//! # Numbers
//!
//! A stream's id has two numbers, and so has a cursor. `XADD key <epoch>-*` counts up by one, which XADD with a time of its
//! own would not. The epoch is made by the script that finds no stream, and is greater than any that Redis or the caller
//! knows of. Reading past what was trimmed gives what is left without a word: so each entry that is read must be the next
//! one, or the mirror begins anew behind the gap, and its readers are told.
//!
//! # What Redis loses
//!
//! A stream that is gone begins again in a new epoch. Redis may also come back with older data, and would give numbers
//! twice. No connection outlives a restart, so each script is told by whom it runs, and for [`SETTLING`] after a restart was
//! seen nothing is numbered. In that time each server asks for the heads of all topics that it has read or published
//! to and tells what it knows: one that is ahead of the stream makes a new epoch. Publishing tells it, too.
//!
//! What is not noticed: a message that Redis has confirmed and lost, of which no server that is connected again in time
//! knows.

mod clock;
mod entries;
mod heads;
mod keys;
mod link;
mod loading;
mod pool;
mod publishing;
mod reader;
mod scripts;
mod status;
mod url;

pub use url::{RedisUrl, RedisUrlError};

use super::metrics::title;
use super::signal::Signal;
use super::store::{NewMessage, OpenError, Store};
use super::topics::mirror::is_ahead;
use super::topics::{TopicCell, Topics};
use super::{Limits, PublishError, journal, lock};
use crate::topic::{After, Bounds, Cursor, Published, TopicName};
use clock::Clock;
use heads::Heads;
use link::{Flaw, Link};
use loading::Loads;
use pool::{Pool, Trouble};
use redis::Cmd;
use scripts::Head;
use status::Status;
use std::fmt::{self, Write};
use std::io;
use std::string::String;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use std::vec::Vec;

/// For so long nothing is numbered after a restart of Redis: several times what a server takes to connect again.
const SETTLING: Duration = Duration::from_secs(1);

/// For so long somebody who opens a topic is kept waiting for Redis, or for this server's own reader.
const OPENING: Duration = Duration::from_secs(2);

/// The store.
#[derive(Debug)]
pub(super) struct Redis(Arc<Node>);

/// What publishers, openers and the reader of one server share.
#[derive(Debug)]
struct Node {
    url: RedisUrl,
    topics: Arc<Topics>,
    signal: Arc<Signal>,
    bounds: Bounds,
    pool: Pool,
    loads: Loads,
    heads: Heads,
    clock: Clock,
    status: Status,
    /// Topics that the reader shall look at, and read from now on if it does not yet. Each was opened here.
    attention: Mutex<Vec<TopicName>>,
    /// The stream that wakes the reader.
    wake: String,
    /// What the keys of this server's have in common, and how many there were.
    nonce: [u8; 16],
    made: AtomicU64,
}

impl Redis {
    /// Connects, and begins to read.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotConnected`] if there is no Redis that will do; it says why.
    pub(super) fn open(url: RedisUrl, topics: &Arc<Topics>, signal: &Arc<Signal>, limits: &Limits) -> io::Result<Self> {
        let unreachable =
            |flaw: Flaw| io::Error::new(io::ErrorKind::NotConnected, std::format!("Redis at {url}: {flaw}"));
        let mut first = Link::open(&url).map_err(unreachable)?;
        let time = first.time().map_err(|error| unreachable(Flaw::Redis(error)))?;
        let mut nonce = [0; 16];
        crate::system_random(&mut nonce);
        let node = Arc::new(Node {
            topics: Arc::clone(topics),
            signal: Arc::clone(signal),
            bounds: limits.topic,
            pool: Pool::new(url.clone(), first),
            loads: Loads::default(),
            heads: Heads::new(limits.topics),
            clock: Clock::new(Instant::now(), time),
            status: Status::default(),
            attention: Mutex::default(),
            wake: keys::wake(nonce),
            nonce,
            made: AtomicU64::new(0),
            url,
        });
        let reading = Arc::clone(&node);
        thread::Builder::new().name("tidings-redis".into()).spawn(move || reader::run(&reading))?;
        Ok(Self(node))
    }
}

impl Store for Redis {
    fn open(&self, name: &TopicName, after: After, now: Instant) -> Result<Arc<TopicCell>, OpenError> {
        let cell = match self.0.topics.find(name) {
            Some(cell) => cell,
            None => self.0.load(name, now)?,
        };
        if let After::Cursor(cursor) = after
            && is_ahead(cursor, cell.newest())
        {
            self.0.catch_up(&cell)?;
        }
        Ok(cell)
    }

    fn publish(
        &self,
        name: &TopicName,
        cell: Option<&Arc<TopicCell>>,
        message: NewMessage,
        now: Instant,
    ) -> Result<Published, PublishError> {
        self.0.publish(name, cell, message, now)
    }

    fn may_block(&self) -> bool {
        true
    }

    fn is_at_hand(&self, name: &TopicName, after: After) -> bool {
        let cell = self.0.topics.find(name);
        cell.is_some_and(|cell| !matches!(after, After::Cursor(cursor) if is_ahead(cursor, cell.newest())))
    }

    fn write_metrics(&self, out: &mut String) -> fmt::Result {
        let status = &self.0.status;
        let mut single = |name, kind, help, value: u64| {
            title(out, name, kind, help)?;
            writeln!(out, "tidings_{name} {value}")
        };
        single("redis_connected", "gauge", "Whether Redis is there: 1 or 0.", status.is_there().into())?;
        single("redis_reconnections_total", "counter", "How often it was back.", status.returns.value())?;
        single(
            "redis_refused_publishes_total",
            "counter",
            "Messages not taken, or not known to be, for want of it.",
            status.refused.value(),
        )?;
        single(
            "redis_gaps_total",
            "counter",
            "How often messages were gone before they were read.",
            status.gaps.value(),
        )
    }

    fn close(&self) {
        self.0.status.end();
    }
}

impl Node {
    /// Waits until the mirror is as far as the topic is: somebody comes with a cursor of another server's, or one that is
    /// none.
    fn catch_up(&self, cell: &TopicCell) -> Result<(), OpenError> {
        let until = Instant::now() + OPENING;
        if !self.status.is_there() {
            return Err(OpenError::Unavailable);
        }
        let name = cell.name();
        let asked = self.pool.repeat(until, |link| self.ask(link, name));
        let Head { at, .. } = self.opened(asked)?;
        let is_there = || !is_ahead(at, cell.newest());
        if is_there() {
            return Ok(());
        }
        self.attend(name);
        // To judge the cursor by less than is known would be a reset for who has lost nothing.
        self.status.wait(until, is_there).then_some(()).ok_or(OpenError::Unavailable)
    }

    /// Asks where a topic's head is, and tells what is known of it; it is made if there is none.
    fn ask(&self, link: &mut Link, name: &TopicName) -> redis::RedisResult<Head> {
        let call = self.head_call(&link.run, name, self.heads.get(name));
        let answer = link.run(&scripts::HEAD, &call)?;
        let head = Head::parse(&answer).ok_or_else(unexpected)?;
        self.note(name, head);
        Ok(head)
    }

    fn head_call(&self, run: &str, name: &TopicName, known: Cursor) -> Cmd {
        let mut call = scripts::HEAD.call();
        let keys = keys::TopicKeys::new(name);
        call.arg(2).arg(keys.stream).arg(keys.known);
        self.add_common(&mut call, run, known);
        call
    }

    /// The arguments that all scripts have.
    fn add_common(&self, call: &mut Cmd, run: &str, known: Cursor) {
        let (lifetime, interval) = scripts::lifetime(self.bounds.age);
        call.arg(run).arg(known.epoch()).arg(known.n()).arg(lifetime).arg(interval);
    }

    fn note(&self, name: &TopicName, head: Head) {
        let now = Instant::now();
        self.clock.set(now, head.time);
        self.heads.heard(name, head.at, now);
    }

    /// Lets the reader look at the topic, and at once.
    fn attend(&self, name: &TopicName) {
        let is_first = {
            let mut names = lock(&self.attention);
            names.push(name.clone());
            names.len() == 1
        };
        if is_first {
            // If that fails the reader looks when its read is over, within a second.
            let _ = self.pool.repeat(Instant::now() + OPENING, |link| link.wake(&self.wake));
        }
    }

    /// What is of use to an opener.
    fn opened<T>(&self, asked: Option<Result<T, Trouble>>) -> Result<T, OpenError> {
        let asked = asked.ok_or(OpenError::Unavailable)?;
        asked.inspect_err(|trouble| self.tell(trouble)).map_err(|_| OpenError::Unavailable)
    }

    /// Tells that Redis does not do what it shall, though it is there: a line a second at the most.
    fn tell(&self, trouble: &Trouble) {
        if self.status.is_there() && self.status.may_tell(Instant::now()) {
            journal::redis_fails(&self.url, trouble);
        }
    }

    fn has_gone(&self, flaw: &Flaw) {
        self.pool.clear();
        if self.status.set(false) {
            journal::redis_gone(&self.url, flaw);
        }
    }

    fn is_back(&self) {
        if !self.status.set(true) {
            self.status.returns.add(1);
            journal::redis_is_back(&self.url);
        }
    }
}

/// An answer that no script of ours gives.
fn unexpected() -> redis::RedisError {
    (redis::ErrorKind::UnexpectedReturnType, "an answer that is none").into()
}

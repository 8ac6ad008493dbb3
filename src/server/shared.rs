//! What the loop, the request threads and the handles share.

use super::access::{Gate, Origins};
use super::forwarded::Proxies;
use super::memory::{Memory, Share};
use super::metrics::Metrics;
use super::places::Places;
use super::publishers::{Job, Publishers};
use super::refusals::Reason;
use super::routes::{Pages, Routes};
use super::signal::Signal;
use super::store::{NewMessage, OpenError, Store};
use super::topics::{TopicCell, Topics};
use super::workers::Workers;
use super::{Builder, Limits, PublishError};
pub(super) use crate::lock::lock;
use crate::socket::{self, Socket};
use crate::topic::{After, EventName, IdempotencyKey, Published, TopicName};
use crate::ws::deflate::Options;
use mio::Token;
use std::boxed::Box;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// The server, but for its sockets.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) limits: Limits,
    pub(super) topics: Arc<Topics>,
    /// Where the messages of those topics are kept.
    pub(super) store: Box<dyn Store>,
    pub(super) metrics: Metrics,
    pub(super) signal: Arc<Signal>,
    pub(super) gate: Gate,
    pub(super) origins: Origins,
    pub(super) proxies: Proxies,
    pub(super) routes: Routes,
    pub(super) pages: Pages,
    /// How messages of topics are compressed for WebSocket clients that offer it.
    pub(super) deflate: Option<Options>,
    /// How TLS is spoken, if it is.
    pub(super) tls: Option<Arc<socket::Server>>,
    pub(super) workers: Workers,
    publishers: Publishers,
    /// What the messages of WebSocket clients take that are unfinished, or wait to be published elsewhere.
    pub(super) unfinished: Memory,
    /// For request threads that may have to wait for the store.
    pub(super) waits: Places,
    /// Threads that are in the midst of a request: draining waits for them.
    busy: AtomicUsize,
    /// Publishes that are under way.
    publishing: AtomicUsize,
    draining: AtomicBool,
    handlers: Handlers,
}

impl Shared {
    pub(super) fn new(builder: Builder, topics: Arc<Topics>, store: Box<dyn Store>, signal: Arc<Signal>) -> Self {
        let Builder { limits, gate, origins, proxies, routes, pages, deflate, tls, .. } = builder;
        Self {
            topics,
            store,
            metrics: Metrics::default(),
            workers: Workers::default(),
            publishers: Publishers::default(),
            unfinished: Memory::new(limits.unfinished_bytes),
            // Where it stands still, they must not all stand with it.
            waits: Places::new(limits.request_threads.div_ceil(2)),
            busy: AtomicUsize::new(0),
            publishing: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            handlers: Handlers::default(),
            limits,
            signal,
            gate,
            origins,
            proxies,
            routes,
            pages,
            deflate,
            tls,
        }
    }

    /// Opens a topic for one who reads after `after`.
    pub(super) fn open(&self, name: &TopicName, after: After) -> Result<Arc<TopicCell>, OpenError> {
        self.store.open(name, after, Instant::now()).inspect_err(|error| {
            if *error == OpenError::TooManyTopics {
                self.metrics.refusals.count(Reason::Topics);
            }
        })
    }

    /// Publishes under a name; the topic is made if there is none.
    pub(super) fn publish(
        &self,
        name: &TopicName,
        key: Option<IdempotencyKey>,
        event: Option<EventName>,
        data: impl Into<Box<str>>,
    ) -> Result<Published, PublishError> {
        self.submit(name, None, NewMessage { key, event, data: data.into() }, Instant::now())
    }

    /// Publishes to a topic that is open.
    pub(super) fn publish_to(
        &self,
        cell: &Arc<TopicCell>,
        event: Option<EventName>,
        data: impl Into<Box<str>>,
        now: Instant,
    ) -> Result<Published, PublishError> {
        self.submit(cell.name(), Some(cell), NewMessage { key: None, event, data: data.into() }, now)
    }

    fn submit(
        &self,
        name: &TopicName,
        cell: Option<&Arc<TopicCell>>,
        message: NewMessage,
        now: Instant,
    ) -> Result<Published, PublishError> {
        self.check_size(&message.data)?;
        Publishing::enter(self)?.put_at(name, cell, message, now)
    }

    /// Publishes to a topic that is open, in another thread; the loop is told what has become of it, for this connection.
    /// `share`: what the message takes meanwhile.
    pub(super) fn publish_later(
        self: &Arc<Self>,
        token: Token,
        cell: &Arc<TopicCell>,
        event: Option<EventName>,
        data: Box<str>,
        share: Share,
    ) -> Result<(), PublishError> {
        self.check_size(&data)?;
        let publishing = Publishing::enter(Arc::clone(self))?;
        let message = NewMessage { key: None, event, data };
        self.publishers.give(Job { publishing, token, cell: Arc::clone(cell), message, share })
    }

    fn check_size(&self, data: &str) -> Result<(), PublishError> {
        let limit = self.limits.message_bytes;
        if data.len() <= limit {
            return Ok(());
        }
        self.metrics.refusals.count(Reason::MessageBytes);
        Err(PublishError::TooLarge { bytes: data.len(), limit })
    }

    /// From now on nothing new is taken on. The loop does the rest.
    pub(super) fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
        self.handlers.interrupt();
        self.signal.wake();
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Whether draining has begun, and every message that was still taken is in its log and in the inbox.
    ///
    /// All orders are sequential: a publisher counts itself and then looks at the flag, and this looks at the flag and then
    /// at the number. So whoever is not counted here finds the flag up; and who is counted wakes the loop when it is done.
    pub(super) fn is_drained_of_publishers(&self) -> bool {
        self.is_draining() && self.publishing.load(Ordering::SeqCst) == 0
    }

    /// Counts a thread as busy until the guard goes.
    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::SeqCst);
        Busy(Arc::clone(self))
    }

    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::SeqCst) > 0
    }

    /// Lets draining wake a thread that an embedder's handler keeps in a read of that socket.
    pub(super) fn interruptible(self: &Arc<Self>, socket: &Arc<Socket>) -> Interruptible {
        let id = self.handlers.enter(socket);
        // Draining sets its flag first and then goes through the list: whoever enters too late to be found in it sees
        // the flag here.
        if self.is_draining() {
            socket.end_reading();
        }
        Interruptible { shared: Arc::clone(self), id }
    }
}

/// A publish that is under way, or is to be.
pub(super) struct Publishing<S: Deref<Target = Shared>>(S);

impl<S: Deref<Target = Shared>> Publishing<S> {
    fn enter(shared: S) -> Result<Self, PublishError> {
        // Counted first: see `is_drained_of_publishers`.
        shared.publishing.fetch_add(1, Ordering::SeqCst);
        let publishing = Self(shared);
        if publishing.0.is_draining() { Err(PublishError::Draining) } else { Ok(publishing) }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.0
    }

    /// Publishes.
    pub(super) fn put(
        &self,
        name: &TopicName,
        cell: Option<&Arc<TopicCell>>,
        message: NewMessage,
    ) -> Result<Published, PublishError> {
        self.put_at(name, cell, message, Instant::now())
    }

    fn put_at(
        &self,
        name: &TopicName,
        cell: Option<&Arc<TopicCell>>,
        message: NewMessage,
        now: Instant,
    ) -> Result<Published, PublishError> {
        let metrics = &self.0.metrics;
        let published = self.0.store.publish(name, cell, message, now).inspect_err(|error| match error {
            PublishError::TooManyTopics => metrics.refusals.count(Reason::Topics),
            PublishError::Full => metrics.refusals.count(Reason::AllTopicsBytes),
            _ => {}
        })?;
        if published.is_new {
            metrics.publishes.add(1);
        }
        Ok(published)
    }
}

impl<S: Deref<Target = Shared>> Drop for Publishing<S> {
    fn drop(&mut self) {
        self.0.publishing.fetch_sub(1, Ordering::SeqCst);
        if self.0.is_draining() {
            self.0.signal.wake();
        }
    }
}

/// A thread in the midst of a request.
#[derive(Debug)]
pub(super) struct Busy(Arc<Shared>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::SeqCst);
        // The loop that drains looks at the number when it is woken. Both orders are sequential: either it reads the
        // lowered number, or the flag was up before the number was lowered and is seen here.
        if self.0.is_draining() {
            self.0.signal.wake();
        }
    }
}

/// The sockets on which handlers of the embedder's may be blocked in a read.
#[derive(Debug, Default)]
struct Handlers {
    sockets: Mutex<HashMap<u64, Arc<Socket>>>,
    next: AtomicU64,
}

impl Handlers {
    fn enter(&self, socket: &Arc<Socket>) -> u64 {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.sockets).insert(id, Arc::clone(socket));
        id
    }

    /// Ends every read that waits; what is written still goes out.
    fn interrupt(&self) {
        for socket in lock(&self.sockets).values() {
            socket.end_reading();
        }
    }
}

/// A socket in the list of those that draining wakes.
#[derive(Debug)]
pub(super) struct Interruptible {
    shared: Arc<Shared>,
    id: u64,
}

impl Drop for Interruptible {
    fn drop(&mut self) {
        lock(&self.shared.handlers.sockets).remove(&self.id);
    }
}

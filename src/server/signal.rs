//! How other threads reach the loop: an inbox and a waker.

use super::PublishError;
use super::delivery::Handed;
use super::lock;
use super::topics::TopicCell;
use mio::Token;
use std::boxed::Box;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use std::vec::Vec;

/// What the loop is told.
#[derive(Debug)]
pub(super) struct Signal {
    waker: mio::Waker,
    /// `None` once the loop has ended.
    inbox: Mutex<Option<Inbox>>,
}

/// A topic with news.
#[derive(Debug)]
pub(super) struct News {
    pub(super) cell: Arc<TopicCell>,
    /// When the first of it was published.
    pub(super) since: Instant,
}

#[derive(Debug, Default)]
pub(super) struct Inbox {
    /// The loop sleeps, or is about to: who puts something in wakes it.
    asleep: bool,
    /// Connections for the loop to take over. Bounded by the number of connections.
    pub(super) handed: Vec<Handed>,
    /// Topics with news, each once: its flag says whether it is in here. Bounded by the number of topics.
    pub(super) dirty: Vec<News>,
    /// What has become of messages of these connections. Each has one under way at the most.
    pub(super) published: Vec<(Token, Result<(), PublishError>)>,
}

impl Inbox {
    fn is_empty(&self) -> bool {
        self.handed.is_empty() && self.dirty.is_empty() && self.published.is_empty()
    }
}

impl Signal {
    pub(super) fn new(waker: mio::Waker) -> Self {
        Self { waker, inbox: Mutex::new(Some(Inbox::default())) }
    }

    /// Gives a connection to the loop; gives it back if that has ended.
    pub(super) fn hand_over(&self, handed: Handed) -> Result<(), Box<Handed>> {
        self.put(handed, |inbox, handed| inbox.handed.push(handed)).map_err(Box::new)
    }

    /// There is news in the topic.
    pub(super) fn news(&self, cell: &Arc<TopicCell>, since: Instant) {
        if cell.set_dirty() {
            // A loop that has ended has nobody to tell.
            let news = News { cell: Arc::clone(cell), since };
            let _ = self.put(news, |inbox, news| inbox.dirty.push(news));
        }
    }

    /// What this connection has sent is published, or is not.
    pub(super) fn published(&self, token: Token, result: Result<(), PublishError>) {
        // A loop that has ended has no connections.
        let _ = self.put((token, result), |inbox, published| inbox.published.push(published));
    }

    /// Makes the loop take a turn. A waker does not fail while its poll lives.
    pub(super) fn wake(&self) {
        let _: io::Result<()> = self.waker.wake();
    }

    /// The loop is about to sleep. If not it must look into the inbox first.
    ///
    /// No wake-up is lost: this and [`put`](Self::put) happen under one lock. What was put before is seen here; what is
    /// put after finds the loop asleep and wakes it, if need be out of a sleep that it has not begun yet. While the loop
    /// is awake nobody spends a system call on waking it, least of all the loop itself.
    pub(super) fn may_sleep(&self) -> bool {
        let mut guard = lock(&self.inbox);
        let Some(inbox) = guard.as_mut() else { return true };
        inbox.asleep = inbox.is_empty();
        inbox.asleep
    }

    /// Everything that came in since the last time. The loop is awake.
    pub(super) fn take(&self) -> Inbox {
        lock(&self.inbox).as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The loop ends, unless a connection was handed over to it: in one step, so that each is either taken or given back.
    pub(super) fn close_if_empty(&self) -> bool {
        let mut inbox = lock(&self.inbox);
        let is_empty = inbox.as_ref().is_none_or(|inbox| inbox.handed.is_empty());
        if is_empty {
            inbox.take();
        }
        is_empty
    }

    /// The loop ends: what comes now is dropped.
    pub(super) fn close(&self) {
        lock(&self.inbox).take();
    }

    fn put<T>(&self, what: T, put: impl FnOnce(&mut Inbox, T)) -> Result<(), T> {
        let mut guard = lock(&self.inbox);
        let Some(inbox) = guard.as_mut() else { return Err(what) };
        put(inbox, what);
        let was_asleep = std::mem::take(&mut inbox.asleep);
        drop(guard);
        if was_asleep {
            self.wake();
        }
        Ok(())
    }
}

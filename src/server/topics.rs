//! The registry of topics: what this process has of each, which its subscribers read.
//!
//! Two kinds of locks, and never one inside the other: the registry's, held to look up a name, and each topic's, held to
//! append or to read and encode one batch. Neither is held while a socket is written.

#[cfg(feature = "redis")]
pub(super) mod mirror;

use super::memory::{Memory, Share};
use super::store::NewMessage;
use super::{PublishError, lock};
use crate::topic::{Bounds, IdempotencyKey, Message, Published, Topic, TopicName};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};

/// All topics of the server.
#[derive(Debug)]
pub(super) struct Topics {
    registry: Arc<Mutex<Registry>>,
    bounds: Bounds,
    limit: usize,
    memory: Memory,
}

#[derive(Debug, Default)]
struct Registry {
    by_name: HashMap<TopicName, Arc<TopicCell>>,
    /// Until then no topic is looked for that can be forgotten: not long ago there was none.
    full_until: Option<Instant>,
    /// The same for mirrors that nobody uses.
    #[cfg(feature = "redis")]
    used_until: Option<Instant>,
}

/// One topic and what belongs to it.
#[derive(Debug)]
pub(super) struct TopicCell {
    id: u64,
    name: TopicName,
    /// Whether it shows what is kept elsewhere: it can go at any time, and be had again.
    is_mirror: bool,
    /// Where a mirror finds more room.
    #[cfg(feature = "redis")]
    surroundings: Option<mirror::Surroundings>,
    log: Mutex<Log>,
    /// Whether the loop has been told of news that it has not looked at yet.
    dirty: AtomicBool,
}

#[derive(Debug)]
struct Log {
    topic: Topic<Instant>,
    /// What it keeps, of what all may.
    share: Share,
    /// When the topic was last seen with messages or users.
    used: Instant,
}

impl Log {
    /// Drops what is too old, and gives back what that leaves free.
    fn expire(&mut self, now: Instant) {
        self.topic.handle_timeout(now);
        self.share.shrink_to(self.topic.bytes());
    }

    /// Takes room for a message of that cost. Where all topics together keep as much as they may, it is this topic's
    /// oldest messages that go for it, if they are enough: who fills many topics keeps others from making new ones, and
    /// not from going on with theirs.
    fn make_room(&mut self, cost: usize) -> bool {
        // Room may have been taken for it before.
        if self.share.bytes().saturating_sub(self.topic.bytes()) >= cost || self.share.grow(cost) {
            return true;
        }
        let is_enough = self.topic.bytes() >= cost;
        while is_enough && self.share.bytes() - self.topic.bytes() < cost {
            self.topic.drop_first();
        }
        is_enough
    }
}

/// The server has as many topics as it may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct TooManyTopics;

impl Topics {
    pub(super) fn new(bounds: Bounds, limit: usize, bytes: usize) -> Self {
        Self { registry: Arc::default(), bounds, limit, memory: Memory::new(bytes) }
    }

    /// The topic of that name, made if there is none: by its first publish or subscription.
    pub(super) fn open(&self, name: &TopicName, now: Instant) -> Result<Arc<TopicCell>, TooManyTopics> {
        self.open_or(name, now, || {
            let log = Log { topic: Topic::new(next_epoch(), self.bounds), share: self.memory.share(), used: now };
            TopicCell::new(name, false, log)
        })
    }

    fn open_or(
        &self,
        name: &TopicName,
        now: Instant,
        make: impl FnOnce() -> TopicCell,
    ) -> Result<Arc<TopicCell>, TooManyTopics> {
        let mut registry = lock(&self.registry);
        if let Some(cell) = registry.by_name.get(name) {
            return Ok(Arc::clone(cell));
        }
        if !registry.has_room(self.limit, now) {
            return Err(TooManyTopics);
        }
        let cell = Arc::new(make());
        registry.by_name.insert(name.clone(), Arc::clone(&cell));
        Ok(cell)
    }

    /// The topic of that name, if there is one.
    pub(super) fn find(&self, name: &TopicName) -> Option<Arc<TopicCell>> {
        lock(&self.registry).by_name.get(name).cloned()
    }

    /// What all of them keep, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.memory.taken()
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.registry).by_name.len()
    }

    /// Drops what is too old from every topic, and every topic that has been empty and unused for its age. To be called
    /// every [`sweep_interval`](Self::sweep_interval).
    pub(super) fn sweep(&self, now: Instant) {
        // Each topic is locked by itself, and without the registry: a large one would hold up everybody.
        let cells: std::vec::Vec<_> = lock(&self.registry).by_name.values().cloned().collect();
        for cell in cells {
            cell.expire(now);
        }
        let age = self.bounds.age;
        lock(&self.registry).by_name.retain(|_, cell| !is_over(cell, age, now));
    }

    /// How often old messages are looked for. Readers do not see them in between: this is about memory, and about
    /// topics that nobody reads.
    pub(super) fn sweep_interval(&self) -> Duration {
        (self.bounds.age / 4).clamp(Duration::from_millis(10), Duration::from_secs(60))
    }
}

/// Between two looks at all topics for those that can go: one at 10,000 takes some 50 microseconds.
const PAUSE: Duration = Duration::from_millis(10);

impl Registry {
    /// Whether there is room for one more. Whoever asks for many names must not keep others from making a topic: those
    /// that can be forgotten go. But for that all are looked at, and who goes on asking in vain must not keep the server
    /// busy with it.
    fn has_room(&mut self, limit: usize, now: Instant) -> bool {
        if self.by_name.len() >= limit && self.full_until.is_none_or(|until| until <= now) {
            self.by_name.retain(|_, cell| !is_forgettable(cell));
            self.full_until = (self.by_name.len() >= limit).then(|| now + PAUSE);
        }
        self.by_name.len() < limit
    }
}

/// Milliseconds since 1970, but greater than every epoch that this process has given, by whichever server: two topics
/// made within one millisecond, or after the clock was set back, must not have the same.
fn next_epoch() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX);
    let next = |last: u64| now.max(last.saturating_add(1));
    // It always gives one. Only the number itself matters, and each gets another.
    let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last)));
    next(last.unwrap_or_default())
}

/// Whether nothing was ever published and nobody uses it: whoever comes back to it is told of a reset, and has lost
/// nothing. Of what is kept elsewhere nothing is lost in any case.
fn is_forgettable(cell: &mut Arc<TopicCell>) -> bool {
    // `get_mut` gives nothing while anybody else holds the cell. Under the registry's lock nobody can come to hold it,
    // so that no publish can go to a topic that is being dropped.
    Arc::get_mut(cell).is_some_and(|cell| cell.is_mirror || cell.log_mut().topic.newest().n() == 0)
}

/// Whether it has been empty and unused for `age`; what is kept elsewhere need not be empty, nor wait for so long.
fn is_over(cell: &mut Arc<TopicCell>, age: Duration, now: Instant) -> bool {
    /// Longer than clients take to come back, and polls to come again.
    const REST_OF_MIRROR: Duration = Duration::from_secs(60);
    // As above. Who holds the cell is a request that is just being answered, or a subscriber.
    let Some(cell) = Arc::get_mut(cell) else {
        return false;
    };
    let is_mirror = cell.is_mirror;
    let rest = if is_mirror { age.min(REST_OF_MIRROR) } else { age };
    let log = cell.log_mut();
    (is_mirror || log.topic.is_empty()) && now.saturating_duration_since(log.used) >= rest
}

impl TopicCell {
    fn new(name: &TopicName, is_mirror: bool, log: Log) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Only the number itself matters, and each gets another.
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            id,
            name: name.clone(),
            is_mirror,
            #[cfg(feature = "redis")]
            surroundings: None,
            log: Mutex::new(log),
            dirty: AtomicBool::new(false),
        }
    }

    /// Which topic it is: no two of a process have the same number. Its epoch may change if it is kept elsewhere.
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn name(&self) -> &TopicName {
        &self.name
    }

    /// Locks the topic for reading, rid of what is too old by now.
    pub(super) fn read(&self, now: Instant) -> ReadGuard<'_> {
        let mut log = lock(&self.log);
        log.used = log.used.max(now);
        log.expire(now);
        ReadGuard(log)
    }

    /// Drops what is too old by now. As long as something is left the topic counts as used, if it is left nowhere else.
    fn expire(&self, now: Instant) {
        let mut log = lock(&self.log);
        log.expire(now);
        if !log.topic.is_empty() && !self.is_mirror {
            log.used = log.used.max(now);
        }
    }

    /// Marks the topic as used: its last subscriber goes.
    pub(super) fn touch(&self, now: Instant) {
        let mut log = lock(&self.log);
        log.used = log.used.max(now);
    }

    /// Appends a message, or finds that it has been. If it is new the loop must be told afterwards: see
    /// [`set_dirty`](Self::set_dirty). Of those who come with one key at the same time the lock makes one the first.
    pub(super) fn append(&self, message: NewMessage, now: Instant) -> Result<Published, PublishError> {
        let NewMessage { key, event, data } = message;
        let mut log = lock(&self.log);
        log.used = log.used.max(now);
        log.expire(now);
        // What was published before needs no room, and its publisher must learn that it was.
        let is_known = key.as_ref().is_some_and(|key| log.topic.knows(key, now));
        let of_key = key.as_ref().map_or(0, IdempotencyKey::cost);
        let cost = Message::cost_of(event.as_ref(), &data).saturating_add(of_key);
        // What is too large by itself the topic says.
        let is_settled = is_known || cost > log.topic.bounds().bytes;
        if !is_settled && !log.make_room(cost) {
            return Err(PublishError::Full);
        }
        let published = match key {
            Some(key) => log.topic.publish_once(key, event, data, now),
            None => log.topic.publish(event, data, now).map(|id| Published { id, is_new: true }),
        };
        let bytes = log.topic.bytes();
        log.share.shrink_to(bytes);
        published.map_err(PublishError::Topic)
    }

    /// There is news. Whether the loop must be told: not if it was and has not looked yet.
    ///
    /// No wake-up is lost: the loop calls [`clear_dirty`](Self::clear_dirty) *before* it reads. A message appended
    /// before that is read; one appended after it finds the flag down and tells the loop again. (The topic's lock, taken
    /// to append before and to read after, makes the message visible.)
    pub(super) fn set_dirty(&self) -> bool {
        !self.dirty.swap(true, Ordering::AcqRel)
    }

    /// The loop is about to read.
    pub(super) fn clear_dirty(&self) {
        self.dirty.swap(false, Ordering::AcqRel);
    }

    fn log_mut(&mut self) -> &mut Log {
        self.log.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A locked topic, to read from.
pub(super) struct ReadGuard<'a>(MutexGuard<'a, Log>);

impl std::ops::Deref for ReadGuard<'_> {
    type Target = Topic<Instant>;

    fn deref(&self) -> &Topic<Instant> {
        &self.0.topic
    }
}

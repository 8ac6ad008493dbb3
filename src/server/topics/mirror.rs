//! Topics that show what is kept and numbered elsewhere.

use super::super::lock;
use super::{Log, PAUSE, Registry, TooManyTopics, TopicCell, Topics};
use crate::server::memory::{Memory, Share};
use crate::topic::{Cursor, Message, Topic, TopicName};
use std::sync::{Arc, Mutex, Weak};
use std::time::Instant;
use std::vec::Vec;

/// What is known of one number of a log elsewhere.
#[derive(Debug)]
pub(in super::super) struct Numbered {
    pub(in super::super) id: Cursor,
    /// The message and when it was published; `None`: what is there is none.
    pub(in super::super) message: Option<(Message, Instant)>,
}

impl Topics {
    /// The mirror of that name; if there is none, one that begins at `floor` and has those messages.
    pub(in super::super) fn open_mirror(
        &self,
        name: &TopicName,
        floor: Cursor,
        messages: Vec<Numbered>,
        now: Instant,
    ) -> Result<Arc<TopicCell>, TooManyTopics> {
        let surroundings = Surroundings { memory: self.memory.clone(), registry: Arc::downgrade(&self.registry) };
        // Filled before the registry is locked: there may be many.
        let share = surroundings.room_for(cost(&messages), now);
        let mut log = Log { topic: Topic::resume(floor, self.bounds), share, used: now };
        for numbered in messages {
            log.take(numbered);
        }
        log.expire(now);
        self.open_or(name, now, || {
            let cell = TopicCell::new(name, true, log);
            TopicCell { surroundings: Some(surroundings), ..cell }
        })
    }

    /// Whether that one is there, or there is room for it.
    pub(in super::super) fn may_open(&self, name: &TopicName, now: Instant) -> bool {
        let mut registry = lock(&self.registry);
        registry.by_name.contains_key(name) || registry.has_room(self.limit, now)
    }

    /// The topics that are mirrored now.
    pub(in super::super) fn names(&self) -> Vec<TopicName> {
        lock(&self.registry).by_name.keys().cloned().collect()
    }
}

/// The other topics, and what all may take together. They do not live on for the mirror's sake.
#[derive(Debug)]
pub(super) struct Surroundings {
    memory: Memory,
    registry: Weak<Mutex<Registry>>,
}

impl Surroundings {
    /// Takes that much if it is there, or is when mirrors have gone that nobody uses: nothing is lost with them, and a
    /// message that finds no room is to those who listen. Nothing otherwise. No topic's lock is held for it.
    fn room_for(&self, cost: usize, now: Instant) -> Share {
        let mut share = self.memory.share();
        if !share.grow(cost)
            && let Some(registry) = self.registry.upgrade()
            && lock(&registry).forget_unused(cost, now)
        {
            share.grow(cost);
        }
        share
    }
}

impl Registry {
    /// Drops mirrors that nobody uses, those first that were not used for the longest, until so much is free; whether it
    /// is.
    fn forget_unused(&mut self, bytes: usize, now: Instant) -> bool {
        if self.used_until.is_some_and(|until| now < until) {
            return false;
        }
        // As in `is_forgettable`: who is not held by anybody else cannot come to be.
        let unused = self.by_name.iter_mut().filter_map(|(name, cell)| {
            let cell = Arc::get_mut(cell).filter(|cell| cell.is_mirror)?;
            let log = cell.log_mut();
            Some((log.used, log.share.bytes(), name.clone()))
        });
        let mut unused: Vec<_> = unused.filter(|(_, bytes, _)| *bytes > 0).collect();
        unused.sort_unstable_by_key(|(used, ..)| *used);
        let mut freed = 0;
        for (_, share, name) in unused {
            if freed >= bytes {
                break;
            }
            freed += share;
            self.by_name.remove(&name);
        }
        if freed < bytes {
            self.used_until = Some(now + PAUSE);
        }
        freed >= bytes
    }
}

/// What they count together.
fn cost(messages: &[Numbered]) -> usize {
    messages.iter().map(Numbered::cost).sum()
}

impl Numbered {
    fn cost(&self) -> usize {
        self.message.as_ref().map_or(0, |(message, _)| message.cost())
    }
}

impl Log {
    /// Takes it in if it is news; otherwise it is known already. Where it is not the next one, the log begins anew with
    /// it: the messages in between are lost, and those before them cannot be read without them. What room is left over the
    /// caller gives back.
    fn take(&mut self, numbered: Numbered) -> bool {
        let Numbered { id, message } = numbered;
        let head = self.topic.newest();
        if !is_ahead(id, head) {
            return false;
        }
        if id.epoch() != head.epoch() || id.n() - head.n() > 1 {
            self.begin_at(Cursor::new(id.epoch(), id.n().saturating_sub(1)));
        }
        let Some((message, published)) = message else {
            self.begin_at(id);
            return true;
        };
        // Where all topics together keep as much as they may, this one goes without.
        if !self.make_room(message.cost()) || self.topic.mirror(message, published).is_err() {
            self.begin_at(id);
        }
        true
    }

    fn begin_at(&mut self, head: Cursor) {
        self.topic = Topic::resume(head, self.topic.bounds());
    }
}

impl TopicCell {
    /// Where its head is.
    pub(in super::super) fn newest(&self) -> Cursor {
        lock(&self.log).topic.newest()
    }

    /// Takes in what was read elsewhere, in order. If any of it is news, the loop must be told: the time that the first
    /// of it was published.
    pub(in super::super) fn take(&self, read: impl IntoIterator<Item = Numbered>, now: Instant) -> Option<Instant> {
        let read: Vec<Numbered> = read.into_iter().collect();
        let room = self.room_for(cost(&read), now);
        let mut log = lock(&self.log);
        if let Some(room) = room {
            log.share.join(room);
        }
        let mut news = None;
        for numbered in read {
            let published = numbered.message.as_ref().map_or(now, |(_, published)| *published);
            if log.take(numbered) {
                news.get_or_insert(published);
            }
        }
        log.expire(now);
        news
    }

    /// Takes in a message if it is the next one; whether it was.
    pub(in super::super) fn take_next(&self, message: Message, published: Instant) -> bool {
        let numbered = Numbered { id: message.id, message: Some((message, published)) };
        let room = self.room_for(numbered.cost(), Instant::now());
        let mut log = lock(&self.log);
        if let Some(room) = room {
            log.share.join(room);
        }
        let (id, head) = (numbered.id, log.topic.newest());
        let is_next = id.epoch() == head.epoch() && Some(id.n()) == head.n().checked_add(1);
        let is_news = is_next && log.take(numbered);
        let bytes = log.topic.bytes();
        log.share.shrink_to(bytes);
        is_news
    }

    /// Room for what is to come, which only a mirror is to be read into.
    fn room_for(&self, cost: usize, now: Instant) -> Option<Share> {
        self.surroundings.as_ref().map(|surroundings| surroundings.room_for(cost, now))
    }

    /// Nothing is left of what it had, and the next message is the one behind `head`, if that is ahead of its own.
    pub(in super::super) fn begin_at(&self, head: Cursor) -> bool {
        let mut log = lock(&self.log);
        let is_news = is_ahead(head, log.topic.newest());
        if is_news {
            log.begin_at(head);
            log.share.shrink_to(0);
        }
        is_news
    }
}

/// Epochs grow.
pub(in super::super) fn is_ahead(one: Cursor, other: Cursor) -> bool {
    (one.epoch(), one.n()) > (other.epoch(), other.n())
}

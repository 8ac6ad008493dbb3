//! Topics that show what is kept and numbered elsewhere.

use super::super::lock;
use super::{Log, TooManyTopics, TopicCell, Topics};
use crate::topic::{Cursor, Message, Topic, TopicName};
use std::sync::Arc;
use std::time::Instant;

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
        messages: impl IntoIterator<Item = Numbered>,
        now: Instant,
    ) -> Result<Arc<TopicCell>, TooManyTopics> {
        // Filled before the registry is locked: there may be many.
        let mut log = Log { topic: Topic::resume(floor, self.bounds), share: self.memory.share(), used: now };
        for numbered in messages {
            log.take(numbered);
        }
        log.expire(now);
        self.open_or(name, now, || TopicCell::new(name, true, log))
    }

    /// The topics that are mirrored now.
    pub(in super::super) fn names(&self) -> std::vec::Vec<TopicName> {
        lock(&self.registry).by_name.keys().cloned().collect()
    }
}

impl Log {
    /// Takes it in if it is news; otherwise it is known already. Where it is not the next one, the log begins anew with
    /// it: the messages in between are lost, and those before them cannot be read without them.
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
        let bytes = self.topic.bytes();
        self.share.shrink_to(bytes);
        true
    }

    fn begin_at(&mut self, head: Cursor) {
        self.topic = Topic::resume(head, self.topic.bounds());
        self.share.shrink_to(0);
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
        let mut log = lock(&self.log);
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
        let mut log = lock(&self.log);
        let (id, head) = (message.id, log.topic.newest());
        let is_next = id.epoch() == head.epoch() && Some(id.n()) == head.n().checked_add(1);
        is_next && log.take(Numbered { id, message: Some((message, published)) })
    }

    /// Nothing is left of what it had, and the next message is the one behind `head`, if that is ahead of its own.
    pub(in super::super) fn begin_at(&self, head: Cursor) -> bool {
        let mut log = lock(&self.log);
        let is_news = is_ahead(head, log.topic.newest());
        if is_news {
            log.begin_at(head);
        }
        is_news
    }
}

/// Epochs grow.
pub(in super::super) fn is_ahead(one: Cursor, other: Cursor) -> bool {
    (one.epoch(), one.n()) > (other.epoch(), other.n())
}

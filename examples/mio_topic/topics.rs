//! The logs, and who follows them.

use mio::Token;
use std::collections::{BTreeSet, HashMap};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tidings::topic::{Bounds, Cursor, EventName, PublishError, Topic, TopicName};

/// Each may keep 16 MiB, and none goes.
const MAX_TOPICS: usize = 100;

pub(super) struct Topics {
    pub(super) logs: HashMap<TopicName, Log>,
    /// Where something was published that the followers have not heard of.
    pub(super) fresh: BTreeSet<TopicName>,
    bounds: Bounds,
}

pub(super) struct Log {
    pub(super) topic: Topic<Instant>,
    pub(super) followers: BTreeSet<Token>,
}

impl Topics {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { logs: HashMap::new(), fresh: BTreeSet::new(), bounds }
    }

    /// Whether there is no place for another one.
    pub(super) fn is_full_for(&self, name: &TopicName) -> bool {
        self.logs.len() >= MAX_TOPICS && !self.logs.contains_key(name)
    }

    /// Made if there is none.
    pub(super) fn log(&mut self, name: &TopicName) -> &mut Log {
        self.logs.entry(name.clone()).or_insert_with(|| {
            // Another one than that of an earlier run, whose cursors mean nothing here.
            let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
            let topic = Topic::new(u64::try_from(epoch).unwrap_or(u64::MAX), self.bounds);
            Log { topic, followers: BTreeSet::new() }
        })
    }

    pub(super) fn publish(
        &mut self,
        name: &TopicName,
        event: Option<EventName>,
        data: String,
        now: Instant,
    ) -> Result<Cursor, PublishError> {
        let published = self.log(name).topic.publish(event, data, now)?;
        self.fresh.insert(name.clone());
        Ok(published)
    }
}

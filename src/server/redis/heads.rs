//! The latest head of each topic that this server knows of: what it has read, and what it was told when it published. By
//! this a Redis that came back with less is found out.

use super::lock;
use crate::server::topics::mirror::is_ahead;
use crate::topic::{Cursor, TopicName};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use std::vec::Vec;

/// A topic that was not heard of for so long is forgotten. Longer than a Redis takes to restart with much data.
const REMEMBERED: Duration = Duration::from_secs(600);

#[derive(Debug)]
pub(super) struct Heads {
    /// Bounded as the topics of the server are: where there are more, the others go without.
    limit: usize,
    by_name: Mutex<HashMap<TopicName, (Cursor, Instant)>>,
}

impl Heads {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, by_name: Mutex::default() }
    }

    /// The topic was seen to have come this far.
    pub(super) fn seen(&self, name: &TopicName, head: Cursor, now: Instant) {
        let mut by_name = lock(&self.by_name);
        if let Some((known, seen)) = by_name.get_mut(name) {
            if is_ahead(head, *known) {
                *known = head;
            }
            *seen = now;
        } else if by_name.len() < self.limit {
            by_name.insert(name.clone(), (head, now));
        }
    }

    /// What is known of the topic; of nothing the beginning.
    pub(super) fn get(&self, name: &TopicName) -> Cursor {
        lock(&self.by_name).get(name).map_or(Cursor::new(0, 0), |(head, _)| *head)
    }

    /// All that is known.
    pub(super) fn all(&self) -> Vec<TopicName> {
        lock(&self.by_name).keys().cloned().collect()
    }

    pub(super) fn forget_old(&self, now: Instant) {
        lock(&self.by_name).retain(|_, (_, seen)| now.saturating_duration_since(*seen) < REMEMBERED);
    }
}

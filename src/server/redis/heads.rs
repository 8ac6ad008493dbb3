//! The latest head of each topic that this server reads or has published to. By this a Redis that came back with less is
//! found out.

use super::lock;
use crate::server::topics::mirror::is_ahead;
use crate::topic::{Cursor, TopicName};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use std::vec::Vec;

/// A topic that was not heard of for so long is forgotten. Longer than a Redis takes to restart with much data.
const REMEMBERED: Duration = Duration::from_secs(600);

/// Where there are too many, one of so many gives way, and not one alone: so it costs little each time.
const SHARE: usize = 8;

#[derive(Debug)]
pub(super) struct Heads {
    /// Bounded as the topics of the server are: where there are more, those not heard of for longest go without.
    limit: usize,
    by_name: Mutex<HashMap<TopicName, Known>>,
}

#[derive(Debug)]
struct Known {
    head: Cursor,
    /// When it was heard of.
    heard: Instant,
}

impl Heads {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit: limit.max(1), by_name: Mutex::default() }
    }

    /// The topic, which is read or was published to, has come this far.
    pub(super) fn seen(&self, name: &TopicName, head: Cursor, now: Instant) {
        let mut by_name = lock(&self.by_name);
        if !update(&mut by_name, name, head, now) {
            if by_name.len() >= self.limit {
                forget_oldest(&mut by_name);
            }
            by_name.insert(name.clone(), Known { head, heard: now });
        }
    }

    /// So it is with one that was only asked for: of no use if nothing was known of it.
    pub(super) fn heard(&self, name: &TopicName, head: Cursor, now: Instant) {
        update(&mut lock(&self.by_name), name, head, now);
    }

    /// What is known of the topic; of nothing the beginning.
    pub(super) fn get(&self, name: &TopicName) -> Cursor {
        lock(&self.by_name).get(name).map_or(Cursor::new(0, 0), |known| known.head)
    }

    /// All that is known.
    pub(super) fn all(&self) -> Vec<TopicName> {
        lock(&self.by_name).keys().cloned().collect()
    }

    pub(super) fn forget_old(&self, now: Instant) {
        lock(&self.by_name).retain(|_, known| now.saturating_duration_since(known.heard) < REMEMBERED);
    }
}

/// Whether it is among them.
fn update(by_name: &mut HashMap<TopicName, Known>, name: &TopicName, head: Cursor, now: Instant) -> bool {
    let Some(known) = by_name.get_mut(name) else { return false };
    if is_ahead(head, known.head) {
        known.head = head;
    }
    known.heard = now;
    true
}

/// There is one at the least.
fn forget_oldest(by_name: &mut HashMap<TopicName, Known>) {
    let mut times: Vec<Instant> = by_name.values().map(|known| known.heard).collect();
    let (_, last, _) = times.select_nth_unstable(by_name.len() / SHARE);
    by_name.retain(|_, known| known.heard > *last);
}

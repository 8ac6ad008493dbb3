//! A topic that this server does not have yet: as much of it as a topic keeps.

use super::entries::{self, Entry};
use super::link::Link;
use super::scripts::Head;
use super::{Node, OPENING, keys, lock, unexpected};
use crate::server::store::OpenError;
use crate::server::topics::TopicCell;
use crate::server::topics::mirror::Numbered;
use crate::topic::{Cursor, TopicName};
use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;
use std::vec::Vec;

/// So much is read at once, about.
const PAGE: usize = 4 << 20;

/// So many messages are read before it is known how large they are: few enough for those of a mebibyte.
const FIRST_PAGE: usize = 10;

impl Node {
    /// Reads what there is, back from the head, and lets the reader go on behind it.
    pub(super) fn load(&self, name: &TopicName, now: Instant) -> Result<Arc<TopicCell>, OpenError> {
        if !self.status.is_there() {
            return Err(OpenError::Unavailable);
        }
        // Who asks for many names shall not fill Redis with them.
        if !self.topics.may_open(name, now) {
            return Err(OpenError::TooManyTopics);
        }
        let until = now + OPENING;
        let _turn = self.loads.enter(name, until).ok_or(OpenError::Unavailable)?;
        // Somebody else had the turn before, for the same.
        if let Some(cell) = self.topics.find(name) {
            return Ok(cell);
        }
        let loaded = self.pool.repeat(until, |link| self.read_back(link, name));
        let (head, mut entries) = self.opened(loaded)?;
        entries.reverse();
        let floor = Cursor::new(head.epoch(), head.n() - entries.len() as u64);
        let now = Instant::now();
        let numbered: Vec<Numbered> = entries.into_iter().map(|entry| self.numbered(entry, now)).collect();
        let cell = self.topics.open_mirror(name, floor, numbered, now)?;
        self.attend(name);
        Ok(cell)
    }

    /// The topic's head and what is kept, newest first, without a gap. Should the topic be made anew meanwhile, that is
    /// what it was: the reader finds out.
    fn read_back(&self, link: &mut Link, name: &TopicName) -> redis::RedisResult<(Cursor, Vec<Entry>)> {
        let Head { at: head, .. } = self.ask(link, name)?;
        let stream = keys::TopicKeys::new(name).stream;
        let (mut kept, mut bytes, mut page) = (Vec::new(), 0, FIRST_PAGE);
        'pages: while (kept.len() as u64) < head.n() {
            let next = |kept: &Vec<Entry>| Cursor::new(head.epoch(), head.n() - kept.len() as u64);
            let mut read = redis::cmd("XREVRANGE");
            let first = std::format!("{}-1", head.epoch());
            read.arg(&stream).arg(std::format!("{}", next(&kept))).arg(first).arg("COUNT").arg(page);
            let found = entries::entries(link.query(&read)?).ok_or_else(unexpected)?;
            let is_last = found.len() < page;
            for entry in found {
                let is_too_much = kept.len() >= self.bounds.messages || bytes + entry.cost() > self.bounds.bytes;
                if is_too_much || kept.len() as u64 == head.n() || entry.id != next(&kept) {
                    break 'pages;
                }
                bytes += entry.cost();
                kept.push(entry);
            }
            if is_last {
                break;
            }
            page = (PAGE / (bytes / kept.len() + 1)).clamp(FIRST_PAGE, 1000);
        }
        Ok((head, kept))
    }

    /// An entry, with its time on this server's clock.
    pub(super) fn numbered(&self, entry: Entry, now: Instant) -> Numbered {
        let Entry { id, message } = entry;
        Numbered { id, message: message.map(|(message, time)| (message, self.clock.instant(time, now))) }
    }
}

/// The topics that are being loaded, each by one thread: a load may be large, and many come for the same at once.
#[derive(Debug, Default)]
pub(super) struct Loads {
    names: Mutex<HashSet<TopicName>>,
    ended: Condvar,
}

/// The right to load that one.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    loads: &'a Loads,
    name: &'a TopicName,
}

impl Loads {
    /// `None`: somebody else does, and is not done until then.
    fn enter<'a>(&'a self, name: &'a TopicName, until: Instant) -> Option<Turn<'a>> {
        let mut names = lock(&self.names);
        while names.contains(name) {
            let left = until.checked_duration_since(Instant::now())?;
            names = self.ended.wait_timeout(names, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        names.insert(name.clone());
        Some(Turn { loads: self, name })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        lock(&self.loads.names).remove(self.name);
        self.loads.ended.notify_all();
    }
}

//! The reader: one thread and one connection, which brings what is published anywhere into the mirrors here.
//!
//! ```text
//!   connect ▸ look at all ▸ ┌─▶ look at a few ▸ read, for a second at the most ▸ take in ─┐
//!      ▲                    └─────────────────────────────────────────────────────────────┘
//!      └────────────────────────────── Redis is gone ◀──┘
//! ```
//!
//! A blocked read is woken by no loss: not by a stream that is gone, nor by one that has come back with less. So it has an
//! end, and then it is looked: the script that tells a topic's head is told what is known of it.

use super::entries::{self, Entry};
use super::link::{ANSWER, Flaw, Link, is_refusal};
use super::pool::Trouble;
use super::scripts::{self, Head, millis};
use super::{Node, keys, unexpected};
use crate::server::lock;
use crate::server::topics::mirror::is_ahead;
use crate::topic::{Cursor, TopicName};
use redis::{ErrorKind, RedisError, ServerErrorKind, Value};
use std::collections::HashMap;
use std::mem;
use std::string::String;
use std::thread;
use std::time::{Duration, Instant};
use std::vec::Vec;

/// The longest read without news, and the time between two looks.
const BLOCK: Duration = Duration::from_secs(1);

/// From one read to the next, and so much more for each topic: on a busy one each would bring one message, and Redis would
/// have as much to do for each server as for a publish. A read takes it 2 µs for each topic, so that a server with many
/// has a tenth of it at the most. No message is later than that for it, and where there are few of them none is.
const PACE: Duration = Duration::from_millis(1);
const PACE_OF_TOPIC: Duration = Duration::from_micros(20);

/// Until it is tried to connect again. Each server must be back well within [`SETTLING`](super::SETTLING).
const RETRY: Duration = Duration::from_millis(100);

/// So many topics are looked at in one go, and at least so many each second: all of 10,000 within ten.
const LOOKS: usize = 250;

/// Of each stream no more messages are read at once, and fewer where they are large: an answer is in memory as a whole.
const MOST_ENTRIES: usize = 1000;
const LEAST_ENTRIES: usize = 10;
const LARGE: usize = 4 << 20;

/// Reads until the server ends.
pub(super) fn run(node: &Node) {
    let mut reader = Reader { node, followed: HashMap::new(), woken: Cursor::new(0, 0), entries: LEAST_ENTRIES };
    while !node.status.is_over() {
        if let Err(flaw) = reader.session() {
            node.has_gone(&flaw);
        }
        node.status.wait(Instant::now() + RETRY, || false);
    }
}

struct Reader<'a> {
    node: &'a Node,
    /// The topics that are read, by the keys of their streams.
    followed: HashMap<String, Followed>,
    /// How far the stream was read that wakes.
    woken: Cursor,
    /// How many entries of each stream are read at once.
    entries: usize,
}

struct Followed {
    name: TopicName,
    /// Which of the process's topics: another of that name has read other things.
    id: u64,
    /// How far it was read.
    at: Cursor,
    /// Where its head was seen to be: if the next read does not go on from where it is, what lies between is gone.
    seen: Option<Cursor>,
    /// What is in its place is none of ours: it is only looked at until that is over.
    is_foreign: bool,
}

impl Followed {
    fn new(name: &TopicName, id: u64, at: Cursor) -> Self {
        Self { name: name.clone(), id, at, seen: None, is_foreign: false }
    }
}

impl Reader<'_> {
    /// Until Redis is gone, or the server ends.
    fn session(&mut self) -> Result<(), Flaw> {
        let mut link = Link::open(&self.node.url)?;
        link.be_patient(BLOCK + ANSWER)?;
        // Those that are read, and those that were only published to: somebody else may read them.
        let mut names = self.node.topics.names();
        for name in &names {
            self.follow(name);
        }
        names.extend(self.node.heads.all());
        names.sort_unstable();
        names.dedup();
        self.look(&mut link, &names)?;
        // What lets nobody read is not back.
        self.read(&mut link, Duration::ZERO)?;
        self.node.is_back();
        let (mut unseen, mut next_look) = (Vec::new(), Instant::now() + BLOCK);
        let mut next_read = Instant::now();
        while !self.node.status.is_over() {
            let wanted = mem::take(&mut *lock(&self.node.attention));
            for name in &wanted {
                self.follow(name);
            }
            self.look(&mut link, &wanted)?;
            let now = Instant::now();
            if next_look <= now {
                next_look = now + BLOCK;
                self.look_at_some(&mut link, &mut unseen)?;
            }
            thread::sleep(next_read.saturating_duration_since(Instant::now()));
            let topics = u32::try_from(self.followed.len()).unwrap_or(u32::MAX);
            next_read = Instant::now() + PACE + PACE_OF_TOPIC.saturating_mul(topics);
            self.read(&mut link, BLOCK)?;
        }
        Ok(())
    }

    /// Reads the topic from now on, from where it is.
    fn follow(&mut self, name: &TopicName) {
        let Some(cell) = self.node.topics.find(name) else { return };
        let (id, at) = (cell.id(), cell.newest());
        let key = keys::TopicKeys::new(name).stream;
        let followed = self.followed.entry(key).or_insert_with(|| Followed::new(name, id, at));
        if followed.id != id {
            *followed = Followed::new(name, id, at);
        }
    }

    /// The next few of all in turn. Those that this server has no more are not read any more.
    fn look_at_some(&mut self, link: &mut Link, unseen: &mut Vec<TopicName>) -> Result<(), Flaw> {
        if unseen.is_empty() {
            let topics = &self.node.topics;
            self.followed.retain(|_, followed| topics.find(&followed.name).is_some());
            unseen.extend(self.followed.values().map(|followed| followed.name.clone()));
            self.node.heads.forget_old(Instant::now());
        }
        let share = (self.followed.len() / 10).max(LOOKS);
        let names = unseen.split_off(unseen.len().saturating_sub(share));
        self.look(link, &names)
    }

    /// Asks for the heads of topics, and tells what is known of them.
    fn look(&mut self, link: &mut Link, names: &[TopicName]) -> Result<(), Flaw> {
        for names in names.chunks(LOOKS) {
            let call = |name| self.node.head_call(&link.run, name, self.known(name));
            let calls: Vec<_> = names.iter().map(call).collect();
            let answers = link.run_all(&scripts::HEAD, &calls)?;
            for (name, answer) in names.iter().zip(answers) {
                self.see(name, answer)?;
            }
        }
        Ok(())
    }

    /// How far the topic is for all that this server knows.
    fn known(&self, name: &TopicName) -> Cursor {
        let told = self.node.heads.get(name);
        let read = self.followed.get(&keys::TopicKeys::new(name).stream).map_or(told, |followed| followed.at);
        if is_ahead(read, told) { read } else { told }
    }

    fn see(&mut self, name: &TopicName, answer: Result<Value, RedisError>) -> Result<(), Flaw> {
        let key = keys::TopicKeys::new(name).stream;
        let head = match answer {
            Ok(answer) => Head::parse(&answer),
            // Somebody has put something else in its place. That must not stop the others.
            Err(error) if is_of_the_topic(&error) => None,
            // It is full, say: who reads goes on, and publishers are told.
            Err(error) if is_refusal(&error) && !is_unfit(&error) => {
                self.node.tell(&Trouble::Unsent(Flaw::Redis(error)));
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(head) = head {
            self.node.note(name, head);
        }
        if let Some(followed) = self.followed.get_mut(&key) {
            followed.is_foreign = head.is_none();
            followed.seen = head.map(|head| head.at).filter(|at| is_ahead(*at, followed.at));
            self.node.heads.seen(name, followed.seen.unwrap_or(followed.at), Instant::now());
        }
        Ok(())
    }

    /// Those that are read.
    fn own(&self) -> impl Iterator<Item = (&String, &Followed)> {
        self.followed.iter().filter(|(_, followed)| !followed.is_foreign)
    }

    /// Reads what is new in any topic, or waits for it as long as that.
    fn read(&mut self, link: &mut Link, wait: Duration) -> Result<(), Flaw> {
        let mut read = redis::cmd("XREAD");
        read.arg("COUNT").arg(self.entries);
        // What was seen is there to be read, or is gone.
        if !wait.is_zero() && self.own().all(|(_, followed)| followed.seen.is_none()) {
            read.arg("BLOCK").arg(millis(wait));
        }
        read.arg("STREAMS").arg(&self.node.wake);
        for (key, _) in self.own() {
            read.arg(key);
        }
        read.arg(std::format!("{}", self.woken));
        for (_, followed) in self.own() {
            read.arg(std::format!("{}", followed.at));
        }
        let answer = match link.query(&read) {
            Err(error) if is_of_the_topic(&error) => return self.find_foreign(link, error),
            answer => answer?,
        };
        let streams = entries::streams(answer).ok_or_else(unexpected)?;
        let now = Instant::now();
        let mut bytes = 0;
        for (key, entries) in streams {
            if key == self.node.wake {
                self.woken = entries.last().map_or(self.woken, |entry| entry.id);
                continue;
            }
            bytes += entries.iter().map(Entry::cost).sum::<usize>();
            self.take(&key, entries, now);
        }
        self.settle(now);
        if bytes > LARGE {
            self.entries = (self.entries / 2).max(LEAST_ENTRIES);
        } else if bytes < LARGE / 4 {
            self.entries = (self.entries * 2).min(MOST_ENTRIES);
        }
        self.node.status.step();
        Ok(())
    }

    /// Redis does not say in which topic's place there is something else.
    fn find_foreign(&mut self, link: &mut Link, error: RedisError) -> Result<(), Flaw> {
        let names: Vec<_> = self.own().map(|(_, followed)| followed.name.clone()).collect();
        self.look(link, &names)?;
        // Else it would be read again at once, and without end.
        if self.own().count() < names.len() { Ok(()) } else { Err(error.into()) }
    }

    /// Takes in what was read of a stream.
    fn take(&mut self, key: &str, entries: Vec<Entry>, now: Instant) {
        let Some(followed) = self.followed.get_mut(key) else { return };
        let Some(cell) = self.node.topics.find(&followed.name) else {
            self.followed.remove(key);
            return;
        };
        let Some(last) = entries.last().map(|entry| entry.id) else { return };
        if cell.id() != followed.id {
            // It was dropped and opened again: read on from where that one is.
            (followed.id, followed.at, followed.seen) = (cell.id(), cell.newest(), None);
            return;
        }
        if !scripts::is_ours(last) {
            // The look makes the topic anew.
            (followed.is_foreign, followed.seen) = (true, None);
            lock(&self.node.attention).push(followed.name.clone());
            return;
        }
        if entries.first().is_some_and(|first| !follows(followed.at, first.id)) {
            self.node.status.gaps.add(1);
        }
        // Whether more of it is there, the next read tells.
        (followed.at, followed.seen) = (last, None);
        self.node.heads.seen(&followed.name, last, now);
        if let Some(since) = cell.take(entries.into_iter().map(|entry| self.node.numbered(entry, now)), now) {
            self.node.signal.news(&cell, since);
        }
    }

    /// Where a head was seen and nothing came, what lies between is gone.
    fn settle(&mut self, now: Instant) {
        for followed in self.followed.values_mut() {
            let Some(seen) = followed.seen.take() else { continue };
            followed.at = seen;
            if let Some(cell) = self.node.topics.find(&followed.name)
                && cell.id() == followed.id
                && cell.begin_at(seen)
            {
                self.node.status.gaps.add(1);
                self.node.signal.news(&cell, now);
            }
        }
    }
}

/// Whether nothing can lie between.
fn follows(before: Cursor, id: Cursor) -> bool {
    let from = if id.epoch() == before.epoch() { before.n() } else { 0 };
    id.n().checked_sub(1) == Some(from)
}

/// Whether it is not there for this yet, or at all: it loads its data, or is the copy of another.
fn is_unfit(error: &RedisError) -> bool {
    use ServerErrorKind::{BusyLoading, MasterDown, NoPerm, ReadOnly};
    matches!(error.kind(), ErrorKind::Server(BusyLoading | MasterDown | NoPerm | ReadOnly))
}

/// Whether Redis has refused what it was asked because of what is kept under the topic's keys.
fn is_of_the_topic(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Extension && error.code() == Some("WRONGTYPE")
        || error.detail().is_some_and(|detail| detail.contains("WRONGTYPE"))
}

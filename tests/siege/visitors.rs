//! Those who use the server during the soak: they publish, come, stay for a while, go, and come back another way.

use crate::check::{Check, data};
use crate::feed::{Via, open_with};
use crate::process::{Process, Sample};
use crate::random::Random;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use tidings::client::{Options, PublishError, Publisher, Stop};
use tidings::topic::Cursor;

/// How long a subscriber may take for what was published before, over the slowest transport and on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Of a topic that is used once.
const MESSAGES: u64 = 5;

/// Who publishes and who listens, and what all of them share.
#[derive(Default)]
pub struct Load {
    /// Where the server is, with a slash at the end; it comes back there.
    url: String,
    /// How long messages are kept.
    keep: Duration,
    /// Nothing more is published: who is there reads to the end.
    is_late: AtomicBool,
    bell: (Mutex<()>, Condvar),
    /// Visits under way, by visitor.
    visits: Mutex<HashMap<usize, Visit>>,
    people: AtomicU64,
    pub servers: AtomicU64,
    published: AtomicU64,
    pub totals: Mutex<Totals>,
}

struct Visit {
    stop: Stop,
    until: Instant,
    /// Goes on when it is late.
    is_last: bool,
}

#[derive(Debug, Default, Clone)]
pub struct Totals {
    pub visits: u64,
    pub messages: u64,
    pub resets: u64,
    pub trimmed: u64,
    pub cuts: u64,
    /// Topics that were used once.
    pub topics: u64,
}

/// A topic that has a publisher, and where that ended.
#[derive(Debug)]
pub struct Published {
    pub name: &'static str,
    pub last: Mutex<Option<Cursor>>,
}

impl Published {
    pub fn new(name: &'static str) -> Self {
        Self { name, last: Mutex::default() }
    }
}

impl Load {
    pub fn new(url: String, keep: Duration) -> Self {
        Self { url, keep, ..Self::default() }
    }

    fn is_late(&self) -> bool {
        self.is_late.load(Relaxed)
    }

    /// Waits for so long, or until it is late; whether it is not.
    pub fn rest(&self, time: Duration) -> bool {
        let guard = self.bell.0.lock().unwrap();
        drop(self.bell.1.wait_timeout_while(guard, time, |()| !self.is_late()).unwrap());
        !self.is_late()
    }

    /// It is late, also if a test fails: or those in other threads would never end.
    fn ring(&self) {
        let guard = self.bell.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.is_late.store(true, Relaxed);
        self.bell.1.notify_all();
        drop(guard);
    }

    /// Sends away whose time is over, until it is late and everybody has gone.
    pub fn look_after(&self) {
        while !self.is_late() || self.people.load(Relaxed) > 0 {
            let now = Instant::now();
            for Visit { stop, until, is_last } in self.visits.lock().unwrap().values() {
                if *until <= now || (self.is_late() && !is_last) {
                    stop.stop();
                }
            }
            thread::sleep(Duration::from_millis(50)); // visits take seconds
        }
    }

    fn enter(&self) -> Present<'_> {
        self.people.fetch_add(1, Relaxed);
        Present(self)
    }

    fn url(&self, topic: &str) -> String {
        format!("{}topics/{topic}", self.url)
    }

    /// Stays until `enough`, or for that time.
    fn visit(
        &self,
        who: usize,
        topic: &str,
        via: Via,
        time: Duration,
        check: &mut Check,
        enough: impl Fn(&Check) -> bool,
    ) {
        let after = check.position.at.map_or_else(|| "oldest".into(), |at| at.to_string());
        let options = Options {
            after: Some(after),
            // A new server is found soon, without all of them at its door at the same time.
            retry: Duration::from_millis(500),
            retry_max: Duration::from_secs(2),
            wait: Duration::from_secs(10),
            interval: Duration::from_millis(200),
            interval_max: Duration::from_secs(1),
            ..Options::default()
        };
        let before = (check.position.messages, check.position.resets, check.position.trimmed, check.cuts);
        let (feed, stop) = open_with(via, &self.url(topic), options);
        let visit = Visit { stop, until: Instant::now() + time, is_last: time == PATIENCE };
        self.visits.lock().unwrap().insert(who, visit);
        if !enough(check) {
            for received in feed {
                check.take(&received.expect("nothing is wrong for good"));
                if enough(check) {
                    break;
                }
            }
        }
        self.visits.lock().unwrap().remove(&who);
        let mut totals = self.totals.lock().unwrap();
        totals.visits += 1;
        totals.messages += check.position.messages - before.0;
        totals.resets += check.position.resets - before.1;
        totals.trimmed += check.position.trimmed - before.2;
        totals.cuts += check.cuts - before.3;
    }

    fn publisher(&self, topic: &str) -> Publisher {
        Publisher::new(&self.url(topic), Options { retry_max: Duration::from_secs(1), ..Options::default() }).unwrap()
    }

    /// Publishes `burst` messages, waits, and so on.
    pub fn publish(&self, topic: &Published, burst: u64, pause: Duration) {
        let _guest = self.enter();
        let mut publisher = self.publisher(topic.name);
        let (mut number, mut last) = (0, None);
        while self.rest(pause) {
            for _ in 0..burst {
                number += 1;
                last = publisher
                    .publish(None, &data(number, 0))
                    .expect("a restart takes less than a publisher's patience");
                self.published.fetch_add(1, Relaxed);
            }
        }
        *topic.last.lock().unwrap() = last;
    }

    /// Comes and goes until it is late, with one cursor, and then reads to the end.
    pub fn come_and_go(&self, who: usize, topic: &Published, mut random: Random) {
        let _guest = self.enter();
        let mut check = Check::default();
        while !self.is_late() {
            let via = Via::ALL[usize::try_from(random.below(5)).unwrap()];
            let (count, stay) =
                (check.position.messages + 1 + random.about(2_000), Duration::from_millis(1 + random.about(5_000)));
            self.visit(who, topic.name, via, stay, &mut check, |check| {
                check.position.messages >= count || self.is_late()
            });
            self.rest(Duration::from_millis(random.about(1_000)));
        }
        // The publisher says it when it has ended.
        let until = Instant::now() + PATIENCE;
        let last = loop {
            if let Some(last) = *topic.last.lock().unwrap() {
                break last;
            }
            assert!(Instant::now() < until, "the publisher of {} does not end", topic.name);
            thread::sleep(Duration::from_millis(10)); // it is in the midst of a burst
        };
        let has_all =
            |check: &Check| check.position.at.is_some_and(|at| (at.epoch(), at.n()) >= (last.epoch(), last.n()));
        self.visit(who, topic.name, Via::ALL[who % 5], PATIENCE, &mut check, has_all);
        assert!(
            has_all(&check),
            "visitor {who} got stuck at {:?}, before {last}, on {}",
            check.position.at,
            topic.name
        );
    }

    /// Listens where nothing happens.
    pub fn idle(&self, who: usize, mut random: Random) {
        let _guest = self.enter();
        let mut check = Check::default();
        for via in Via::ALL.into_iter().cycle().skip(who % Via::ALL.len()) {
            if self.is_late() {
                break;
            }
            let stay = Duration::from_secs(5 + random.about(60));
            self.visit(who, "quiet", via, stay, &mut check, |_| self.is_late());
        }
        assert_eq!(check.position.messages, 0, "nobody publishes there");
    }

    /// Uses topics of its own, each once.
    pub fn pass_by(&self, who: usize, pause: Duration, mut random: Random) {
        let _guest = self.enter();
        let mut topics = 0;
        while self.rest(pause) {
            topics += 1;
            let topic = format!("passing-{who}-{topics}");
            let (server, mut publisher) = (self.servers.load(Relaxed), self.publisher(&topic));
            let begun = Instant::now();
            let sent = (1..=MESSAGES).try_for_each(|n| publisher.publish(None, &data(n, 0)).map(|_| ()));
            match sent {
                Ok(()) => {}
                // One that has never reached the server does not wait for it.
                Err(PublishError::Unavailable(_)) => continue,
                Err(error) => panic!("{error}"),
            }
            self.published.fetch_add(MESSAGES, Relaxed);
            let mut check = Check::default();
            let via = Via::ALL[usize::try_from(random.below(5)).unwrap()];
            self.visit(who, &topic, via, Duration::from_secs(5), &mut check, |check| {
                check.position.messages == MESSAGES || self.is_late()
            });
            let is_gone = self.servers.load(Relaxed) != server || begun.elapsed() >= self.keep;
            let is_cut_short = self.is_late() || is_gone;
            assert!(
                check.position.messages == MESSAGES || is_cut_short,
                "{} of {topic} over {via:?}",
                check.position.messages
            );
            self.totals.lock().unwrap().topics += 1;
        }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let totals = self.totals.lock().unwrap();
        let Totals { visits, messages, resets, trimmed, cuts, topics } = &*totals;
        let published = self.published.load(Relaxed);
        write!(f, "{published} published, {messages} read in {visits} visits, {cuts} cuts, {resets} resets ")?;
        write!(f, "({trimmed} trimmed), {topics} topics used once")
    }
}

/// Somebody who listens or publishes; counted while there.
struct Present<'a>(&'a Load);

impl Drop for Present<'_> {
    fn drop(&mut self) {
        // Who fails ends the test.
        if thread::panicking() {
            self.0.ring();
        }
        self.0.people.fetch_sub(1, Relaxed);
    }
}

/// Rings when the test is over, also by a panic.
pub struct Ending<'a>(pub &'a Load);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.ring();
    }
}

/// A server's samples, and the clients' memory beside each.
#[derive(Debug, Default)]
pub struct Samples(Vec<(Sample, u64)>);

impl Samples {
    pub fn take(&mut self, server: Process) -> Sample {
        let sample = server.sample();
        self.0.push((sample, Process::own().sample().memory));
        sample
    }

    /// The second fifth of them, behind what warming up takes, and the last.
    pub fn windows(&self) -> [&[(Sample, u64)]; 2] {
        let fifth = self.0.len() / 5;
        [&self.0[fifth..2 * fifth], &self.0[4 * fifth..]]
    }
}

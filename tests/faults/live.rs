//! The clients of the crate, through the proxy.

use crate::check::Check;
use crate::fault::Plans;
use crate::feed::{self, Via};
use crate::position::Position;
use crate::proxy::Proxy;
use crate::random::seed_client;
use crate::run::{Fragile, Published, Run, TOPIC};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::Duration;
use tidings::client::Stop;
use tidings::topic::{Bounds, Cursor};

/// Over all five transports at once, each with everything of its own: most of the time is spent waiting.
pub fn over_each_transport(test: fn(Via)) {
    thread::scope(|scope| {
        for via in Via::ALL {
            thread::Builder::new().name(via.name().into()).spawn_scoped(scope, move || test(via)).unwrap();
        }
    });
}

#[test]
fn each_message_arrives_once() {
    over_each_transport(|via| {
        let run = Run::new("each_message_arrives_once", via, 1);
        let scenario = Scenario { bounds: Bounds::default(), losses: 0, lag: 300 };
        through_faults(&run, &scenario, |check, published| {
            assert!(published.messages >= run.messages);
            assert_eq!((check.position.messages, check.position.resets), (published.messages, 0));
        });
    });
}

#[test]
fn a_log_that_is_lost_is_told() {
    over_each_transport(|via| {
        let run = Run::new("a_log_that_is_lost_is_told", via, 2);
        let scenario = Scenario { bounds: Bounds::default(), losses: run.messages / 250, lag: 100 };
        through_faults(&run, &scenario, |check, published| {
            assert_eq!((check.position.resets, check.position.trimmed), (scenario.losses, 0));
            // What a client has not got when the log is lost is at most what it may be behind.
            let lost = published.messages - check.position.messages;
            assert!(lost <= scenario.losses * scenario.lag, "{lost} messages were lost");
        });
    });
}

#[test]
fn what_was_trimmed_is_told() {
    over_each_transport(|via| {
        let run = Run::new("what_was_trimmed_is_told", via, 2);
        let bounds = Bounds { messages: 20, ..Bounds::default() };
        through_faults(&run, &Scenario { bounds, losses: 0, lag: 60 }, |check, published| {
            assert_eq!(check.position.messages + check.position.trimmed, published.messages);
            assert!(check.position.resets >= 5, "{} resets", check.position.resets);
            assert!(check.position.messages > run.messages / 10, "{} messages", check.position.messages);
        });
    });
}

/// How far the client is, for a publisher that waits for it.
#[derive(Default)]
pub struct Progress(Mutex<(Option<Cursor>, bool)>, Condvar);

/// Without progress for so long, the test has failed: more than any fault takes, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

impl Progress {
    pub fn reached(&self, at: Option<Cursor>) {
        self.0.lock().unwrap().0 = at;
        self.1.notify_all();
    }

    /// Nothing more will arrive.
    fn end(&self) {
        self.0.lock().unwrap().1 = true;
        self.1.notify_all();
    }

    /// Waits until the client is there, or beyond; whether that came to be.
    pub fn wait_for(&self, cursor: Cursor) -> bool {
        let mut state = self.0.lock().unwrap();
        while state.0.is_none_or(|at| (at.epoch(), at.n()) < (cursor.epoch(), cursor.n())) {
            if state.1 {
                return false;
            }
            let (next, waited) = self.1.wait_timeout(state, PATIENCE).unwrap();
            if waited.timed_out() {
                return false;
            }
            state = next;
        }
        true
    }
}

/// Ends the publisher when the checking is over, also by a panic.
pub struct EndsWith<'a>(pub &'a Progress);

impl Drop for EndsWith<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// What is different from one test to the next.
struct Scenario {
    bounds: Bounds,
    /// How often the server loses its log.
    losses: u64,
    /// How many messages the client may be behind when more are published.
    lag: u64,
}

/// Publishes in bursts, and waits in between until the client has nearly caught up; goes on until there were faults
/// enough. Ends the client when it has everything, or gets nothing any more.
fn publish(run: &Run, server: &mut Fragile<'_>, scenario: &Scenario, way: &Way<'_>) {
    let mut random = run.random("publisher");
    let per_log = run.messages / (scenario.losses + 1);
    for log in 0..=scenario.losses {
        // The first comes alone, that the client may have a place in this log.
        let mut last = server.publish(run.seed);
        let mut is_there = way.progress.wait_for(last);
        let enough = || log < scenario.losses || way.proxy.counts().are_enough(run.faults()).is_ok();
        while is_there && (last.n() < per_log || !enough() && last.n() < MOST * per_log) {
            for _ in 0..=random.about(60) {
                last = server.publish(run.seed);
            }
            let behind = random.below(scenario.lag);
            is_there = way.progress.wait_for(Cursor::new(last.epoch(), last.n().saturating_sub(behind)));
        }
        if log < scenario.losses {
            server.lose();
        } else {
            way.progress.wait_for(last);
        }
    }
    way.stop.stop();
}

/// So many times as many messages are published while there are not faults enough.
const MOST: u64 = 20;

/// What lies between publisher and client.
struct Way<'a> {
    proxy: &'a Proxy,
    progress: &'a Progress,
    stop: Stop,
}

/// One test: `judge` sees what came of it, once everything is there.
fn through_faults(run: &Run, scenario: &Scenario, judge: impl FnOnce(&Check<'_>, &Published)) {
    let plans = Plans::new(run.random("faults"), run.gap());
    let (proxy, published, progress) = (Proxy::start(plans), Mutex::default(), Progress::default());
    let mut server = Fragile::start(&proxy, scenario.bounds, &published);
    let (feed, stop) = feed::open(run.via, &proxy.url(TOPIC));
    let way = Way { proxy: &proxy, progress: &progress, stop };
    let check = thread::scope(|scope| {
        let _end = EndsWith(&progress);
        scope.spawn(|| publish(run, &mut server, scenario, &way));
        seed_client(run.random("client"));
        let mut check = Check::new(run.seed, &published);
        for received in feed {
            check.take(&received.expect("no fault is for good"));
            progress.reached(check.position.at);
        }
        check
    });
    let published = published.lock().unwrap();
    assert_eq!(check.position.at, published.last, "it got stuck after {} messages", check.position.messages);
    proxy.counts().are_enough(run.faults()).unwrap();
    assert!(check.cuts >= run.faults() / 2, "the client noticed only {} faults", check.cuts);
    let Check { position: Position { messages, trimmed, resets, .. }, cuts, .. } = check;
    println!(
        "{}: {messages} messages, {trimmed} trimmed, {resets} resets, {cuts} cuts: {}",
        run.via.name(),
        proxy.counts()
    );
    judge(&check, &published);
}

//! For an hour, or shortened: nothing is lost or doubled, and nothing grows.

use crate::feed::Via;
use crate::process::{Process, Sample, median};
use crate::random::Random;
use crate::run::{Running, Server, command};
use crate::visitors::{Ending, Load, Published, Samples};
use crate::{ALLOCATOR, Length, alone, client::Client};
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

/// Of an early window's median, in percent; and that many KiB, threads and descriptors more, for what comes and goes by
/// chance: a visitor has a connection or not when it is looked.
const MORE_MEMORY: (u64, u64) = (10, 1024);
/// Of the clients' memory likewise: their allocator is as it comes.
const MORE_OWN: (u64, u64) = (10, 4 * 1024);
const MORE_THREADS: u64 = 6;
const MORE_DESCRIPTORS: u64 = 10;

/// Who comes when and stays for how long; what becomes of it depends on the scheduler, too.
const SEED: u64 = 1;

/// Visitors of each topic; one more listens where nothing happens, over each transport.
const VISITORS: usize = 10;

/// The number of the first one: every visitor has one.
const IDLERS: usize = 100;
const PASSERS: usize = 200;

#[test]
fn soak() {
    let _alone = alone();
    let length = Length::of("TIDINGS_SOAK_SECONDS", Duration::from_secs(6));
    // Old messages and unused topics go within the test, many times over in a long one; and soon enough for a server that
    // runs for a sixth of it to keep as much in the second fifth of that as it ever will.
    let keep = (length.time / 60).clamp(Duration::from_secs(3), Duration::from_secs(30));
    let servers = Servers::open("127.0.0.1:0", keep, length);
    let load = Load::new(servers.server.url.clone(), keep);
    let topics = ["steady", "bursts", "slow"].map(Published::new);
    let [steady, bursts, slow] = &topics;

    let (servers, samples) = thread::scope(|scope| {
        let ending = Ending(&load);
        let load = &load;
        scope.spawn(|| load.look_after());
        scope.spawn(|| load.publish(steady, 1, Duration::from_millis(5)));
        scope.spawn(|| load.publish(bursts, 1000, Duration::from_secs(3)));
        scope.spawn(|| load.publish(slow, 1, Duration::from_secs(1)));
        for who in 0..topics.len() * VISITORS {
            let (topic, random) = (&topics[who % topics.len()], Random::new(SEED, who));
            scope.spawn(move || load.come_and_go(who, topic, random));
        }
        for who in 0..Via::ALL.len() {
            let random = Random::new(SEED, ("idle", who));
            scope.spawn(move || load.idle(IDLERS + who, random));
        }
        for who in 0..2 {
            let random = Random::new(SEED, ("passing", who));
            scope.spawn(move || load.pass_by(PASSERS + who, Duration::from_millis(500), random));
        }
        let watched = servers.watch(load);
        drop(ending);
        watched
    });

    servers.judge(&samples);
    length.say(&format!("in the end: {load}"));
    let totals = load.totals.lock().unwrap().clone();
    assert!(totals.messages > 0 && totals.visits > 20 && totals.topics > 0, "{totals:?}");
    assert!(totals.resets > 0, "nobody has noticed that there was a new server");
    // Everybody has gone: so does what they used.
    servers.await_metric("tidings_connections", 1, Duration::from_secs(10));
    for transport in ["websocket", "sse", "stream", "long-poll"] {
        servers.await_metric(&format!("tidings_subscribers{{transport=\"{transport}\"}}"), 0, Duration::from_secs(10));
    }
    // A message's age, the topic's when it is empty, and up to a quarter until either is looked for.
    servers.await_metric("tidings_topics", 0, keep * 3 + Duration::from_secs(5));
    assert_eq!(servers.client().metric("tidings_topics_bytes"), 0);
    assert_eq!(servers.client().metric("tidings_panics_total"), 0);
    servers.close();
}

/// The server, or one after the other.
struct Servers {
    server: Server,
    process: Process,
    keep: Duration,
    length: Length,
}

impl Servers {
    fn open(addr: &str, keep: Duration, length: Length) -> Self {
        let seconds = keep.as_secs().to_string();
        let mut serve = command(&["serve", "--addr", addr, "--keep-messages", "5000", "--keep-seconds", &seconds]);
        let server = Server::listening(Running::start(serve.envs(ALLOCATOR)));
        Self { process: Process(server.running.id()), server, keep, length }
    }

    fn client(&self) -> Client {
        Client::connect(self.server.addr().parse().unwrap())
    }

    fn await_metric(&self, name: &str, value: u64, time: Duration) {
        let until = Instant::now() + time;
        while self.client().metric(name) != value {
            assert!(Instant::now() < until, "{name} is {} and not {value}", self.client().metric(name));
            thread::sleep(Duration::from_millis(100)); // so as not to be a load
        }
    }

    /// Samples until the time is over, tells what it sees each minute, and restarts the server at a sixth and a third of
    /// the time: the last one runs for long.
    fn watch(mut self, load: &Load) -> (Self, Samples) {
        let (begun, time) = (Instant::now(), self.length.time);
        let period = (time / 100).min(Duration::from_secs(1));
        let mut samples = Samples::default();
        let (mut restarts, mut minute) = (vec![time / 3, time / 6], Minute::begin(self.process));
        while begun.elapsed() < time {
            let more = load.rest(period);
            assert!(more, "somebody has failed");
            let sample = samples.take(self.process);
            if restarts.last().is_some_and(|due| *due <= begun.elapsed()) {
                restarts.pop();
                self.judge(&samples);
                self = self.restart();
                load.servers.fetch_add(1, Relaxed);
                (samples, minute) = (Samples::default(), Minute::begin(self.process));
            }
            if minute.since.elapsed() >= Duration::from_secs(60) {
                let topics = self.client().metric("tidings_topics");
                let (seconds, cpu) = (begun.elapsed().as_secs(), minute.cpu(self.process));
                let own = Process::own().sample().memory;
                self.length.say(&format!("{seconds} s: {sample:?}, clients {own}, {cpu}, {topics} topics, {load}"));
                minute = Minute::begin(self.process);
            }
        }
        (self, samples)
    }

    /// The same address, and no memory of what was before.
    fn restart(self) -> Self {
        let (addr, keep, length) = (self.server.addr().to_owned(), self.keep, self.length);
        self.close();
        Self::open(&addr, keep, length)
    }

    fn close(self) {
        self.server.running.terminate();
        self.server.running.end().assert_code(0);
    }

    /// Whether anything has grown.
    fn judge(&self, samples: &Samples) {
        let [early, late] = samples.windows();
        let pair = |of: fn(&(Sample, u64)) -> u64| (median(early.iter().map(of)), median(late.iter().map(of)));
        let (memory, own) = (pair(|(sample, _)| sample.memory), pair(|(_, own)| *own));
        let (threads, descriptors) = (pair(|(sample, _)| sample.threads), pair(|(sample, _)| sample.descriptors));
        self.length.say(&format!(
            "early and late: memory {memory:?} KiB, threads {threads:?}, descriptors {descriptors:?}; memory of the clients {own:?} KiB"
        ));
        // A server of a second is still warming up.
        let more_memory = if self.length.time < Duration::from_secs(60) { MORE_OWN } else { MORE_MEMORY };
        for (what, (early, late), (part, more)) in
            [("the server", memory, more_memory), ("this process", own, MORE_OWN)]
        {
            assert!(
                late <= early + early * part / 100 + more,
                "the memory of {what} has grown from {early} to {late} KiB"
            );
        }
        assert!(threads.1 <= threads.0 + MORE_THREADS, "threads: {threads:?}");
        assert!(descriptors.1 <= descriptors.0 + MORE_DESCRIPTORS, "descriptors: {descriptors:?}");
    }
}

/// What the CPUs have done since then.
struct Minute {
    since: Instant,
    server: Duration,
    own: Duration,
}

impl Minute {
    fn begin(server: Process) -> Self {
        Self { since: Instant::now(), server: server.cpu(), own: Process::own().cpu() }
    }

    fn cpu(&self, server: Process) -> String {
        let share =
            |now: Duration, before| now.saturating_sub(before).as_secs_f64() / self.since.elapsed().as_secs_f64();
        let (server, own) = (share(server.cpu(), self.server), share(Process::own().cpu(), self.own));
        format!("{:.1} % of a CPU and {:.1} % the clients", server * 100.0, own * 100.0)
    }
}

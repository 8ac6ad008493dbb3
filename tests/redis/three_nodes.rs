//! Three nodes and one Redis, each of which is killed, and Redis in more ways than one, while one publisher and subscribers
//! over all five transports go from node to node. Each message arrives once and in order, or a reset covers it.

use crate::check::{Check, data};
use crate::feed::{Via, open_with};
use crate::random::Random;
use crate::run::{Server, serve_on};
use crate::server::Redis;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tidings::client::{Options, Received, Stop};

const NODES: usize = 3;
/// For each transport.
const SUBSCRIBERS: usize = 2;

/// So long nothing may arrive at a subscriber while there is something to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

/// What happens, one after the other, each after the same number of messages; and whether messages are lost by it.
const FAULTS: [(&str, bool); 9] = [
    ("a node is killed", false),
    ("Redis is killed", false),
    ("the next node is killed", false),
    ("Redis is killed and comes back empty", true),
    ("Redis stands still for four seconds", false),
    ("Redis is killed and comes back with older data", true),
    ("the third node is killed, and Redis with it", false),
    ("a node stands still for three seconds", false),
    ("everything in Redis is deleted", true),
];

#[test]
fn each_message_arrives_once_and_in_order_or_a_reset_covers_it() {
    let messages = std::env::var("TIDINGS_REDIS_MESSAGES").map_or(10_000, |text| text.parse().expect("a number"));
    let seed = std::env::var("TIDINGS_REDIS_SEED").map_or(1, |text| text.parse().expect("a number"));
    let begun = Instant::now();
    let run = Run::start(messages);
    let checks: Vec<(Via, Check)> = thread::scope(|scope| {
        let _ending = Ending(&run);
        let run = &run;
        let subscribers: Vec<_> = (0..SUBSCRIBERS * Via::ALL.len())
            .map(|who| {
                let via = Via::ALL[who % Via::ALL.len()];
                (via, scope.spawn(move || run.subscribe(who, via, Random::new(seed, who))))
            })
            .collect();
        scope.spawn(|| run.publish(Random::new(seed, "publisher")));
        scope.spawn(|| run.make_faults());
        run.watch();
        subscribers.into_iter().map(|(via, subscriber)| (via, subscriber.join().unwrap())).collect()
    });
    let losses = FAULTS.iter().filter(|(_, is_loss)| *is_loss).count() as u64;
    for (via, check) in &checks {
        let position = &check.position;
        println!(
            "{}: {} messages, {} resets, {} trimmed, {} cuts",
            via.name(),
            position.messages,
            position.resets,
            position.trimmed,
            check.cuts
        );
        assert_eq!(check.number, messages);
        // Who is slow may come from an epoch to the next but one; and what is told is told because something was lost.
        assert!(position.resets >= 1 && (position.resets <= losses || position.trimmed > 0), "{position:?}");
    }
    assert!(checks.iter().map(|(_, check)| check.cuts).sum::<u64>() > 0, "nobody was cut off");
    println!("seed {seed}, {messages} messages in {:?}", begun.elapsed());
}

struct Run {
    messages: u64,
    redis: Mutex<Redis>,
    addrs: Vec<SocketAddr>,
    nodes: Vec<Mutex<Option<Server>>>,
    published: AtomicU64,
    /// The number of the last message that each subscriber has.
    arrived: Vec<AtomicU64>,
    stops: Vec<Mutex<Option<Stop>>>,
    is_over: AtomicBool,
}

/// Ends it also if the test fails: or those in other threads would never end.
struct Ending<'a>(&'a Run);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, SeqCst);
        for stop in &self.0.stops {
            stop.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(Stop::stop);
        }
    }
}

impl Run {
    fn start(messages: u64) -> Self {
        let subscribers = SUBSCRIBERS * Via::ALL.len();
        let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let run = Self {
            messages,
            redis: Mutex::new(Redis::start("three-nodes")),
            addrs: (0..NODES).map(|_| free()).collect(),
            nodes: (0..NODES).map(|_| Mutex::new(None)).collect(),
            published: AtomicU64::new(0),
            arrived: (0..subscribers).map(|_| AtomicU64::new(0)).collect(),
            stops: (0..subscribers).map(|_| Mutex::new(None)).collect(),
            is_over: AtomicBool::new(false),
        };
        (0..NODES).for_each(|n| run.start_node(n));
        run
    }

    fn start_node(&self, n: usize) {
        let url = self.redis.lock().unwrap().url();
        let server = serve_on(&self.addrs[n].to_string(), &["--redis", &url, "--keep-messages", "20000"]);
        *self.nodes[n].lock().unwrap() = Some(server);
    }

    fn kill_node(&self, n: usize) {
        self.nodes[n].lock().unwrap().take().unwrap().running.kill();
    }

    /// Publishes one message after the other, each with its key, to a node that takes it.
    fn publish(&self, mut random: Random) {
        let (mut node, mut wire) = (0, None);
        for number in 1..=self.messages {
            let (key, data) = (format!("key-{number}"), data(number, 0));
            while post(self.addrs[node], &mut wire, &key, &data) != Some(201) {
                if self.is_over.load(SeqCst) {
                    return;
                }
                (node, wire) = ((node + 1) % NODES, None);
                thread::sleep(Duration::from_millis(20)); // a Retry-After would be a second
            }
            self.published.store(number, SeqCst);
            if random.one_in(200) {
                (node, wire) = ((node + 1) % NODES, None);
            }
        }
    }

    /// Subscribes, now here and now there, always behind what has come, until everything has.
    fn subscribe(&self, who: usize, via: Via, mut random: Random) -> Check {
        let mut check = Check::default();
        for node in who.. {
            let url = format!("http://{}/topics/t", self.addrs[node % NODES]);
            let options = Options {
                after: Some(check.position.at.map_or_else(|| "oldest".into(), |at| at.to_string())),
                silence: Duration::from_secs(20),
                interval: Duration::from_millis(1),
                ..Options::default()
            };
            let (feed, stop) = open_with(via, &url, options);
            *self.stops[who].lock().unwrap() = Some(stop);
            let mut left = 1 + random.about(self.messages / 20);
            for received in feed {
                // A node that is not there is for the next one to make up for.
                let Ok(received) = received else { break };
                let is_message = check.take(&received);
                left -= u64::from(is_message);
                if is_message {
                    self.arrived[who].store(check.number, SeqCst);
                }
                if left == 0 || check.number == self.messages || matches!(received, Received::Reconnecting { .. }) {
                    break;
                }
            }
            if check.number == self.messages || self.is_over.load(SeqCst) {
                break;
            }
            thread::sleep(Duration::from_millis(random.below(20))); // away, for a moment
        }
        check
    }

    fn make_faults(&self) {
        for (n, (what, _)) in (1_u64..).zip(FAULTS) {
            let due = self.messages * n / (FAULTS.len() as u64 + 1);
            // What is put back later.
            if what.contains("older") {
                self.redis.lock().unwrap().copy_data();
            }
            while self.published.load(SeqCst) < due {
                if self.is_over.load(SeqCst) {
                    return;
                }
                thread::sleep(Duration::from_millis(1)); // the publisher tells nobody
            }
            println!("{what}");
            self.make(what);
        }
    }

    fn make(&self, what: &str) {
        let moment = || thread::sleep(Duration::from_millis(300)); // a fault takes its time
        let redis = || self.redis.lock().unwrap();
        match what {
            "a node is killed" => {
                self.kill_node(0);
                moment();
                self.start_node(0);
            }
            "the next node is killed" => {
                self.kill_node(1);
                moment();
                self.start_node(1);
            }
            "Redis is killed" => {
                redis().kill();
                moment();
                redis().run();
            }
            "Redis is killed and comes back empty" => {
                redis().kill();
                redis().drop_data();
                redis().run();
            }
            "Redis is killed and comes back with older data" => {
                redis().kill();
                redis().put_older_data_back();
                redis().run();
            }
            "Redis stands still for four seconds" => {
                redis().signal("STOP");
                thread::sleep(Duration::from_secs(4)); // the fault itself
                redis().signal("CONT");
            }
            "the third node is killed, and Redis with it" => {
                self.kill_node(2);
                redis().kill();
                moment();
                redis().run();
                self.start_node(2);
            }
            "a node stands still for three seconds" => {
                let pid = self.nodes[0].lock().unwrap().as_ref().unwrap().running.id();
                for (signal, time) in [("-STOP", 3), ("-CONT", 0)] {
                    let sent = std::process::Command::new("kill").args([signal, &pid.to_string()]).status();
                    assert!(sent.unwrap().success());
                    thread::sleep(Duration::from_secs(time)); // the fault itself
                }
            }
            "everything in Redis is deleted" => redis().ask("FLUSHALL"),
            other => panic!("{other}"),
        }
    }

    /// Looks whether it goes on, until everybody has everything.
    fn watch(&self) {
        let state = || {
            let arrived: Vec<u64> = self.arrived.iter().map(|arrived| arrived.load(SeqCst)).collect();
            (self.published.load(SeqCst), arrived)
        };
        let (mut last, mut since) = (state(), Instant::now());
        while last.1.iter().any(|arrived| *arrived < self.messages) {
            thread::sleep(Duration::from_millis(20)); // nobody tells
            let now = state();
            let has_moved = |n: usize| now.1[n] > last.1[n] || now.1[n] == self.messages;
            if now.0 > last.0 || (0..now.1.len()).all(has_moved) {
                (last, since) = (now, Instant::now());
            } else {
                assert!(since.elapsed() < PATIENCE, "it got stuck: published and arrived {now:?}");
            }
        }
    }
}

/// Publishes over a connection that is kept: the status, if there is an answer.
fn post(addr: SocketAddr, wire: &mut Option<TcpStream>, key: &str, data: &str) -> Option<u16> {
    let mut socket = match wire.take() {
        Some(socket) => socket,
        None => TcpStream::connect(addr).ok()?,
    };
    socket.set_read_timeout(Some(Duration::from_secs(8))).ok()?;
    let length = data.len();
    let head =
        format!("POST /topics/t HTTP/1.1\r\nHost: t\r\nIdempotency-Key: {key}\r\nContent-Length: {length}\r\n\r\n");
    socket.write_all(&[head.as_bytes(), data.as_bytes()].concat()).ok()?;
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let len = socket.read(&mut buffer).ok().filter(|len| *len > 0)?;
        answer.extend_from_slice(&buffer[..len]);
        if answer.ends_with(b"}") || answer.ends_with(b"\n") && !answer.ends_with(b"\r\n") {
            break;
        }
    }
    *wire = Some(socket);
    std::str::from_utf8(answer.get(9..12)?).ok()?.parse().ok()
}

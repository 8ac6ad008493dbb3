//! Servers that share a Redis: how many messages a second, how late they are at each, and what one costs Redis. All of it
//! runs on this machine, the publishers and subscribers too.
//!
//! `cargo bench --features redis --bench redis` takes half a minute and needs a `redis-server`, the one in
//! `TIDINGS_REDIS_SERVER` or in the path.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};
use tidings::server::{Builder, Handle, Limits, Server};
use tidings::topic::{Bounds, TopicName};
use tidings_benches::opening::open;
use tidings_benches::served::Served;

/// How much data a message has: the time it was made at, and blanks.
const DATA: usize = 100;
/// In all, so that more nodes do not mean more of them.
const PUBLISHERS: usize = 6;
const NODES: [usize; 3] = [1, 2, 3];

fn main() {
    let is_measured = !std::env::args().any(|argument| argument == "--test");
    let time = if is_measured { Duration::from_secs(4) } else { Duration::from_millis(200) };
    println!("servers | messages a second | processor time of Redis a message");
    let embedded = vec![Served::start(builder())];
    println!("1, without Redis | {:.0} |", flood(&embedded, time));
    drop(embedded);
    for count in NODES {
        let redis = Redis::start();
        let nodes = redis.nodes(count);
        let before = redis.cpu();
        let rate = flood(&nodes, time);
        let cpu = (redis.cpu() - before) * 1e6 / (rate * time.as_secs_f64());
        println!("{count} | {rate:.0} | {cpu:.1} µs");
    }
    println!("\nservers, 500 messages a second | at the one that takes them: half within, 99 % within | at the others");
    for count in NODES {
        let redis = Redis::start();
        let nodes = redis.nodes(count);
        let mut times = pace(&nodes, time);
        let mut others = times.split_off(1).concat();
        println!("{count} | {} | {}", quantiles(&mut times[0]), quantiles(&mut others));
    }
    println!("\nmessages of {DATA} bytes | bytes of one in its stream | beside it");
    let redis = Redis::start();
    let nodes = redis.nodes(1);
    println!("without a key, 15 s | {}", redis.bytes_of(|n| publish(&nodes[0].handle, None, n)));
    println!("with one, 1 h | {}", redis.bytes_of(|n| publish(&nodes[0].handle, Some(n), n)));
}

/// Nobody is to be too late for a message: without Redis there are more than a subscriber takes.
fn builder() -> Builder {
    let topic = Bounds { messages: 10_000_000, bytes: 2 << 30, ..Bounds::default() };
    Server::builder().limits(Limits { topic, all_topics_bytes: 2 << 30, ..Limits::default() })
}

fn topic() -> TopicName {
    "t".parse().expect("a name")
}

fn data(made: u128) -> String {
    format!("{:<DATA$}", format!("<{made}>"))
}

fn publish(handle: &Handle, key: Option<u64>, n: u64) {
    let data = data(u128::from(n));
    match key {
        Some(key) => {
            let key = format!("some-key-of-a-publisher-{key:012}").parse().expect("a key");
            handle.publish_once(&topic(), key, None, data).expect("it is taken");
        }
        None => drop(handle.publish(&topic(), None, data).expect("it is taken")),
    }
}

/// As many messages as go: how many a second. Each server has a subscriber, which has to keep up.
fn flood(nodes: &[Served], time: Duration) -> f64 {
    let (count, is_over, start) = (AtomicU64::new(0), AtomicBool::new(false), Instant::now());
    thread::scope(|scope| {
        let subscribers: Vec<_> = nodes.iter().map(|node| subscribe(scope, node, start, &is_over)).collect();
        let publishers: Vec<_> = (0..PUBLISHERS)
            .map(|who| {
                let (handle, count) = (&nodes[who % nodes.len()].handle, &count);
                scope.spawn(move || {
                    while start.elapsed() < time {
                        handle.publish(&topic(), None, data(start.elapsed().as_nanos())).expect("it is taken");
                        count.fetch_add(1, Relaxed);
                    }
                })
            })
            .collect();
        for publisher in publishers {
            publisher.join().expect("a publisher has failed");
        }
        let rate = count.load(Relaxed) as f64 / start.elapsed().as_secs_f64();
        finish(nodes, start, &is_over);
        for subscriber in subscribers {
            let heard = subscriber.join().expect("a subscriber has failed").len() as u64;
            assert_eq!(heard, count.load(Relaxed), "a subscriber has not heard everything");
        }
        rate
    })
}

/// So many a second: how late they are at each server.
fn pace(nodes: &[Served], time: Duration) -> Vec<Vec<Duration>> {
    const GAP: Duration = Duration::from_millis(2);
    let (is_over, start) = (AtomicBool::new(false), Instant::now());
    thread::scope(|scope| {
        let subscribers: Vec<_> = nodes.iter().map(|node| subscribe(scope, node, start, &is_over)).collect();
        let mut due = Instant::now();
        while start.elapsed() < time {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let made = data(start.elapsed().as_nanos());
            nodes[0].handle.publish(&topic(), None, made).expect("it is taken");
            due += GAP;
        }
        finish(nodes, start, &is_over);
        subscribers.into_iter().map(|subscriber| subscriber.join().expect("a subscriber has failed")).collect()
    })
}

/// One more message, which tells the subscribers that it is over.
fn finish(nodes: &[Served], start: Instant, is_over: &AtomicBool) {
    is_over.store(true, Relaxed);
    nodes[0]
        .handle
        .publish(&topic(), Some("end".parse().expect("a name")), data(start.elapsed().as_nanos()))
        .expect("it is taken");
}

/// Hears all messages, and how late each is.
fn subscribe<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    node: &Served,
    start: Instant,
    is_over: &'scope AtomicBool,
) -> thread::ScopedJoinHandle<'scope, Vec<Duration>> {
    let mut lines = BufReader::new(open(node.addr, "/topics/t?after=now", "Accept: application/x-ndjson\r\n"));
    scope.spawn(move || {
        let (mut times, mut line) = (Vec::new(), String::new());
        loop {
            line.clear();
            assert_ne!(lines.read_line(&mut line).expect("it is served"), 0, "it ended");
            let now = start.elapsed();
            assert!(!line.contains("\"reset\""), "it has lost messages: {line}");
            if line.contains("\"event\":\"end\"") && is_over.load(Relaxed) {
                return times;
            }
            if let Some((_, rest)) = line.split_once('<') {
                let made = rest.split('>').next().and_then(|made| made.parse().ok()).expect("a number");
                times.push(now.saturating_sub(Duration::from_nanos(made)));
            }
        }
    })
}

fn quantiles(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).map_or(0, Duration::as_micros);
    if times.is_empty() { String::new() } else { format!("{} µs, {} µs", at(50), at(99)) }
}

/// A Redis of the bench's own, which keeps nothing on disk.
struct Redis {
    child: Child,
    url: String,
}

impl Redis {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let program = std::env::var("TIDINGS_REDIS_SERVER").unwrap_or_else(|_| "redis-server".into());
        let mut command = Command::new(program);
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("there is a redis-server");
        let redis = Self { child, url: format!("redis://127.0.0.1:{port}/") };
        let begun = Instant::now();
        while redis.connect().is_err() {
            assert!(begun.elapsed() < Duration::from_secs(10), "Redis does not answer");
            thread::sleep(Duration::from_millis(10));
        }
        redis
    }

    fn connect(&self) -> redis::RedisResult<redis::Connection> {
        redis::Client::open(self.url.as_str())?.get_connection()
    }

    fn nodes(&self, count: usize) -> Vec<Served> {
        let node = |_| Served::start(builder().redis(self.url.parse().expect("a URL")));
        (0..count).map(node).collect()
    }

    fn info(&self, section: &str, field: &str) -> f64 {
        let mut connection = self.connect().expect("Redis is there");
        let info: String = redis::cmd("INFO").arg(section).query(&mut connection).expect("it tells");
        let line = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        line.and_then(|value| value.parse().ok()).expect("the field is there")
    }

    /// What it has had of the processor, in seconds.
    fn cpu(&self) -> f64 {
        self.info("cpu", "used_cpu_user") + self.info("cpu", "used_cpu_sys")
    }

    /// What one of some thousand messages adds to its memory, in the stream and beside it.
    fn bytes_of(&self, publish: impl Fn(u64)) -> String {
        const MESSAGES: u64 = 8_000;
        let mut connection = self.connect().expect("Redis is there");
        redis::cmd("FLUSHALL").exec(&mut connection).expect("it forgets");
        // The nodes begin the topic anew, and their own keys go.
        publish(0);
        let before = self.info("memory", "used_memory");
        (1..=MESSAGES).for_each(publish);
        let all = (self.info("memory", "used_memory") - before) / MESSAGES as f64;
        let stream: u64 = redis::cmd("MEMORY")
            .arg(&["USAGE", "tidings:{t}", "SAMPLES", "0"])
            .query(&mut connection)
            .expect("the stream is there");
        let of_stream = stream as f64 / MESSAGES as f64;
        format!("{of_stream:.0} | {:.0}", all - of_stream)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

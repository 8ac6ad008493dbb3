//! Subscribers that want nothing but their messages, and how late those come.

use crate::check::{Check, data, parse};
use crate::feed::{Via, open_with};
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};
use tidings::client::{self, Options, Publisher, Stop};

pub const TOPIC: &str = "news";

/// For each of five ways: the transports that resume, and the WebSocket of bare data.
pub const EACH: usize = 40;
pub const SUBSCRIBERS: usize = 5 * EACH;

/// Between two messages. All of them make 4,000 deliveries a second.
const PACE: Duration = Duration::from_millis(50);

/// Microseconds on the clock that publisher and subscribers share.
fn clock() -> u64 {
    static ZERO: OnceLock<Instant> = OnceLock::new();
    u64::try_from(ZERO.get_or_init(Instant::now).elapsed().as_micros()).unwrap()
}

/// Publisher and subscribers, as seen from outside.
#[derive(Default)]
pub struct Crowd {
    is_over: AtomicBool,
    /// The number of the last message.
    published: AtomicU64,
    /// What each subscriber has got.
    arrived: Vec<AtomicU64>,
    stops: Mutex<Vec<Stop>>,
    pub cuts: AtomicU64,
    /// The number of each message and how many microseconds it took to one of the subscribers.
    arrivals: Mutex<Vec<(u64, u64)>>,
}

impl Crowd {
    pub fn new() -> Self {
        Self { arrived: (0..SUBSCRIBERS).map(|_| AtomicU64::new(0)).collect(), ..Self::default() }
    }

    /// Publishes until it is over.
    pub fn publish(&self, url: &str) {
        let mut publisher = Publisher::new(url, Options::default()).unwrap();
        for number in 1.. {
            thread::sleep(PACE);
            if self.is_over.load(Relaxed) {
                return;
            }
            publisher.publish(None, &data(number, clock())).unwrap();
            self.published.store(number, Relaxed);
        }
    }

    /// Subscribes and checks, until it is over.
    pub fn listen(&self, who: usize, url: &str) {
        let mut arrivals = Vec::new();
        let arrive = |number, sent| {
            arrivals.push((number, clock() - sent));
            self.arrived[who].store(number, Relaxed);
        };
        match [Some(Via::Ws), Some(Via::Sse), Some(Via::Stream), Some(Via::Long), None][who % 5] {
            Some(via) => self.listen_via(via, url, arrive),
            None => self.listen_to_bare_data(url, arrive),
        }
        self.arrivals.lock().unwrap().append(&mut arrivals);
    }

    fn listen_via(&self, via: Via, url: &str, mut arrive: impl FnMut(u64, u64)) {
        let options = Options { after: Some("oldest".into()), ..Options::default() };
        let (feed, stop) = open_with(via, url, options);
        self.stops.lock().unwrap().push(stop);
        let mut check = Check::default();
        for received in feed {
            let received = received.expect("nothing is wrong for good");
            if check.take(&received) {
                arrive(check.number, check.note);
            }
            assert_eq!(check.position.resets, 0, "{via:?} has lost messages: {received:?}");
        }
        self.cuts.fetch_add(check.cuts, Relaxed);
    }

    fn listen_to_bare_data(&self, url: &str, mut arrive: impl FnMut(u64, u64)) {
        let mut socket = client::WebSocket::connect(url, &client::WebSocketOptions::default()).unwrap();
        self.stops.lock().unwrap().push(socket.stop_handle());
        let mut before = 0;
        // Stopped, it ends with an error.
        while let Ok(Some(client::Message::Text(text))) = socket.read() {
            let (number, sent) = parse(&text);
            assert_eq!(number, before + 1, "over a bare WebSocket");
            before = number;
            arrive(number, sent);
        }
        assert!(self.is_over.load(Relaxed), "a bare WebSocket has ended: {:?}", socket.close_frame());
    }

    /// The number of the message that was published last.
    pub fn published(&self) -> u64 {
        self.published.load(Relaxed)
    }

    /// Waits until everybody has everything that is published by now; gives the number of the last message.
    pub fn await_everybody(&self) -> u64 {
        let number = self.published();
        let until = Instant::now() + Duration::from_secs(60);
        let is_behind = |arrived: &AtomicU64| arrived.load(Relaxed) < number;
        while let Some(who) = self.arrived.iter().position(is_behind) {
            let at = self.arrived[who].load(Relaxed);
            assert!(Instant::now() < until, "subscriber {who} got stuck at {at} before {number}");
            assert!(!self.is_over.load(Relaxed), "somebody has failed");
            thread::sleep(PACE);
        }
        number
    }

    /// Nothing more is published, and everybody goes.
    pub fn end(&self) {
        self.is_over.store(true, Relaxed);
        for stop in self.stops.lock().unwrap_or_else(std::sync::PoisonError::into_inner).iter() {
            stop.stop();
        }
    }

    /// How late the messages of these numbers were. To be asked when everybody has gone.
    pub fn latency(&self, numbers: RangeInclusive<u64>) -> Latency {
        let arrivals = self.arrivals.lock().unwrap();
        let of_these = arrivals.iter().filter(|(number, _)| numbers.contains(number));
        let mut micros: Vec<u64> = of_these.map(|(_, micros)| *micros).collect();
        micros.sort_unstable();
        let at = |part: usize| Duration::from_micros(micros[(micros.len() - 1) * part / 100]);
        Latency { count: micros.len(), p50: at(50), p99: at(99), max: at(100) }
    }
}

/// Ends it also if the test fails: or those in other threads would never end.
pub struct Ending<'a>(pub &'a Crowd);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// From before a message is published until one of the subscribers has it.
#[derive(Debug)]
pub struct Latency {
    count: usize,
    p50: Duration,
    pub p99: Duration,
    max: Duration,
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, p50, p99, max } = self;
        write!(f, "p50 {p50:?}, p99 {p99:?}, max {max:?} of {count}")
    }
}

//! What a run is made of: a seed, how much there is to do, and a server that can be lost.

use crate::feed::Via;
use crate::proxy::Proxy;
use crate::random::Random;
use std::io;
use std::sync::Mutex;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tidings::longpoll;
use tidings::server::{Handle, Limits, Server};
use tidings::topic::{Bounds, Cursor};

/// How much, and which faults. Printed if the test fails.
pub struct Run {
    name: &'static str,
    pub via: Via,
    pub seed: u64,
    /// How many messages there are to be.
    pub messages: u64,
    /// How many were asked for.
    asked: u64,
}

impl Run {
    /// A run with this part of the messages that were asked for.
    pub fn new(name: &'static str, via: Via, part: u64) -> Self {
        let number = |variable: &str| {
            let text = std::env::var(variable).ok()?;
            Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number")))
        };
        let seed = number("TIDINGS_FAULTS_SEED").unwrap_or(1);
        let asked = number("TIDINGS_FAULTS_MESSAGES").unwrap_or(2_000);
        Self { name, via, seed, messages: asked / part, asked }
    }

    pub fn random(&self, purpose: &str) -> Random {
        Random::new(self.seed, (self.name, self.via, purpose))
    }

    /// The faults that are to happen at the least: many in a short run, and hundreds in a long one.
    pub fn faults(&self) -> u64 {
        (self.messages / 250).clamp(40, 1_000)
    }

    /// Bytes between two of them, so that it is about half as many again.
    pub fn gap(&self) -> u64 {
        // What a message takes on the wire. A poll has a head for a few of them.
        let bytes = if matches!(self.via, Via::Long | Via::Short) { 200 } else { 160 };
        self.messages * bytes / (self.faults() * 3 / 2)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if thread::panicking() {
            let Self { name, via, seed, asked, .. } = self;
            eprintln!(
                "{via:?}. The same again: TIDINGS_FAULTS_SEED={seed} TIDINGS_FAULTS_MESSAGES={asked} cargo test --test faults {name}"
            );
        }
    }
}

/// What a message of a log says: now and then nothing, or much, or several lines.
pub fn data(seed: u64, log: usize, n: u64) -> String {
    let mut random = Random::new(seed, (log, n));
    let word = ["tick ", "Größe ", "日本 ", "🚀 ", "\"\\", "data: ", ": ", "a\nb ", "{} "];
    let words = match random.below(200) {
        0 => return String::new(),
        1 => 500,
        _ => random.below(10),
    };
    let mut text = format!("{log}.{n} ");
    for _ in 0..words {
        text.push_str(word[usize::try_from(random.below(word.len() as u64)).unwrap()]);
    }
    text
}

/// The topic of all tests; each has a server of its own.
pub const TOPIC: &str = "t";

/// A server behind the proxy, that can be lost with everything it knew.
pub struct Fragile<'a> {
    proxy: &'a Proxy,
    bounds: Bounds,
    running: Option<(Handle, JoinHandle<io::Result<()>>)>,
    published: &'a Mutex<Published>,
    /// Which server this is, and how many messages it has.
    log: usize,
    n: u64,
}

/// What has been published, over all servers.
#[derive(Debug, Default)]
pub struct Published {
    /// The epoch of each server, known with its first message.
    pub epochs: Vec<u64>,
    pub messages: u64,
    pub last: Option<Cursor>,
}

impl<'a> Fragile<'a> {
    pub fn start(proxy: &'a Proxy, bounds: Bounds, published: &'a Mutex<Published>) -> Self {
        let mut fragile = Self { proxy, bounds, running: None, published, log: 0, n: 0 };
        fragile.begin();
        fragile
    }

    fn begin(&mut self) {
        // Small answers, for a lost one is lost whole; and keepalives in time for clients without patience.
        let poll = longpoll::Options { batch_messages: 20, ..longpoll::Options::default() };
        let limits = Limits { topic: self.bounds, poll, keepalive: Duration::from_millis(100), ..Limits::default() };
        let server = Server::builder().limits(limits).bind("127.0.0.1:0").unwrap();
        let (addr, handle) = (server.local_addr(), server.handle());
        self.running = Some((handle, thread::spawn(|| server.run())));
        self.proxy.lead_to(Some(addr));
    }

    /// Publishes the next message.
    pub fn publish(&mut self, seed: u64) -> Cursor {
        self.n += 1;
        let (handle, _) = self.running.as_ref().unwrap();
        let id = handle.publish(&TOPIC.parse().unwrap(), None, data(seed, self.log, self.n)).unwrap();
        let mut published = self.published.lock().unwrap();
        if self.n == 1 {
            published.epochs.push(id.epoch());
        }
        published.messages += 1;
        published.last = Some(id);
        id
    }

    /// It is gone between one byte and the next, and another one comes that knows of nothing.
    pub fn lose(&mut self) {
        self.end();
        (self.log, self.n) = (self.log + 1, 0);
        self.begin();
    }

    fn end(&mut self) {
        self.proxy.lead_to(None);
        if let Some((handle, thread)) = self.running.take() {
            handle.drain();
            let ended = thread.join();
            assert!(thread::panicking() || matches!(ended, Ok(Ok(()))), "the server failed: {ended:?}");
        }
    }
}

impl Drop for Fragile<'_> {
    fn drop(&mut self) {
        self.end();
    }
}

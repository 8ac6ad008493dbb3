//! Topics on the core and mio, all in one thread: `cargo run --example mio_topic -- --addr 127.0.0.1:9006`, and then
//! `cargo run -- subscribe http://127.0.0.1:9006/topics/news --via ws` (or `sse`, or `long`) and
//! `cargo run -- publish http://127.0.0.1:9006/topics/news hello`.
//!
//! `GET /topics/{name}` is a WebSocket, an event stream or a poll, whichever is asked for, and `POST` publishes. They all
//! serve one log by one cursor, so that a client may change its transport in mid-stream and loses nothing. `mio_echo.rs`
//! shows how sockets are driven; new here is what is said to whom, and when:
//!
//! ```text
//!                           the topic's log
//!   POST, WebSocket ──▶ │ 4 │ 5 │ 6 │ 7 │ 8 │ ──▶ fresh: those who have all until here are told in the same round
//!                           ▲               ▲
//!            cursor of a client             cursors of those who wait:
//!            whose socket is full           streams in silence, polls that are held
//! ```
//!
//! A subscriber is a cursor into the log and has no queue: [`Client::say`] takes the next batch from there once the one
//! before is with the socket. So one that does not read costs a batch, waits for its own socket alone and holds up nobody;
//! and should the log move on past it, a reset tells it so.
//!
//! * this file: the loop, its timers, and who hears of what;
//! * `client.rs`: one client's turn;
//! * `request.rs`: what a client asks for;
//! * `topics.rs`: the logs.
//!
//! The crate's own server does the same, and besides encodes a batch once for all who stand at the same place.

mod client;
mod request;
mod topics;

use client::{Client, Turn};
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use std::collections::{BTreeSet, HashMap};
use std::io::{self, ErrorKind};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tidings::topic::Bounds;
use tidings::ws::KeepaliveOptions;
use topics::Topics;

/// The buffer of all: what a client keeps of a head (16 KiB) or of a frame
/// ([`Config::input_buffer`](tidings::ws::Config::input_buffer)), and a read behind it.
const BUFFER: usize = 32 << 10;
/// More are shown the door.
const MAX_CLIENTS: usize = 10_000;
/// When there was no file descriptor for who wants to come in.
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);
const LISTENER: Token = Token(usize::MAX);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let addr = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => "127.0.0.1:9006",
        ["--addr", addr] => addr,
        _ => {
            eprintln!("usage: mio_topic [--addr HOST:PORT]");
            return ExitCode::from(2);
        }
    };
    let served = std::net::TcpListener::bind(addr).and_then(|listener| {
        println!("listening on http://{}/topics/", listener.local_addr()?);
        serve(listener, KeepaliveOptions::default(), Bounds::default())
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mio_topic: {addr}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves, until the system's readiness notification fails.
pub fn serve(listener: std::net::TcpListener, keepalive: KeepaliveOptions, bounds: Bounds) -> io::Result<()> {
    let mut events = Events::with_capacity(1024);
    let mut server = Server::new(listener, keepalive, bounds)?;
    loop {
        match server.poll.poll(&mut events, server.timeout()) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        let now = Instant::now();
        if server.is_accept_due || events.iter().any(|event| event.token() == LISTENER) {
            server.accept(now)?;
        }
        for event in &events {
            server.turn(event.token(), now);
        }
        server.time_out(now);
        server.tell(now);
    }
}

struct Server {
    poll: Poll,
    listener: TcpListener,
    keepalive: KeepaliveOptions,
    topics: Topics,
    clients: HashMap<Token, Client>,
    /// One for each client, never later than what is due, as in `mio_echo.rs`.
    timers: BTreeSet<(Instant, Token)>,
    next: usize,
    is_accept_due: bool,
    buffer: Vec<u8>,
}

impl Server {
    fn new(listener: std::net::TcpListener, keepalive: KeepaliveOptions, bounds: Bounds) -> io::Result<Self> {
        let poll = Poll::new()?;
        listener.set_nonblocking(true)?;
        let mut listener = TcpListener::from_std(listener);
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let (topics, clients) = (Topics::new(bounds), HashMap::new());
        let (timers, buffer) = (BTreeSet::new(), vec![0; BUFFER]);
        Ok(Self { poll, listener, keepalive, topics, clients, timers, next: 0, is_accept_due: false, buffer })
    }

    /// How long nothing is due.
    fn timeout(&self) -> Option<Duration> {
        if !self.topics.fresh.is_empty() {
            return Some(Duration::ZERO);
        }
        let timer = self.timers.first().map(|(due, _)| *due).into_iter();
        let trim = self.topics.logs.values().filter_map(|log| log.topic.poll_timeout());
        let due = timer.chain(trim).min().map(|due| due.saturating_duration_since(Instant::now()));
        if self.is_accept_due { Some(due.map_or(ACCEPT_AGAIN, |due| due.min(ACCEPT_AGAIN))) } else { due }
    }

    /// Everybody who waits: mio tells of them only once.
    fn accept(&mut self, now: Instant) -> io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok(_) if self.clients.len() >= MAX_CLIENTS => {}
                Ok((mut socket, _)) => {
                    let token = Token(self.next);
                    self.next += 1;
                    self.poll.registry().register(&mut socket, token, Interest::READABLE)?;
                    let client = Client::new(socket, now);
                    self.timers.insert((client.timer, token));
                    self.clients.insert(token, client);
                }
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => {}
                Err(error) => {
                    self.is_accept_due = error.kind() != ErrorKind::WouldBlock;
                    return Ok(());
                }
            }
        }
    }

    /// A client is ready for what it waits for, or there is something to be said to it.
    fn turn(&mut self, token: Token, now: Instant) {
        let Some(client) = self.clients.get_mut(&token) else { return };
        let (registry, keepalive, topics) = (self.poll.registry(), self.keepalive, &mut self.topics);
        let turned = client.turn(&mut Turn { token, registry, keepalive, topics, now }, &mut self.buffer);
        if !matches!(turned, Ok(true)) {
            return self.remove(token);
        }
        if client.due() < client.timer {
            self.timers.remove(&(client.timer, token));
            client.timer = client.due();
            self.timers.insert((client.timer, token));
        }
        if client.followed.as_ref() != client.follows() {
            let follows = client.follows().cloned();
            if let Some(name) = &follows {
                self.topics.log(name).followers.insert(token);
            }
            if let Some(name) = std::mem::replace(&mut client.followed, follows) {
                self.topics.log(&name).followers.remove(&token);
            }
        }
    }

    /// Whatever rings.
    fn time_out(&mut self, now: Instant) {
        self.topics.logs.values_mut().for_each(|log| log.topic.handle_timeout(now));
        while let Some(&(timer, token)) = self.timers.first()
            && timer <= now
        {
            self.timers.remove(&(timer, token));
            let Some(client) = self.clients.get_mut(&token) else { continue };
            if client.time_out(&mut self.topics, now) {
                client.timer = client.due();
                self.timers.insert((client.timer, token));
                self.turn(token, now); // there may be a Ping to write, or the answer to a poll
            } else {
                self.remove(token);
            }
        }
    }

    /// The followers of what was published hear of it, but for those who have not even taken what was before: their
    /// sockets tell when they have.
    fn tell(&mut self, now: Instant) {
        for name in std::mem::take(&mut self.topics.fresh) {
            for token in self.topics.log(&name).followers.clone() {
                if self.clients.get(&token).is_some_and(|client| client.output.is_empty()) {
                    self.turn(token, now);
                }
            }
        }
    }

    fn remove(&mut self, token: Token) {
        let Some(client) = self.clients.remove(&token) else { return };
        self.timers.remove(&(client.timer, token));
        if let Some(name) = client.followed {
            self.topics.log(&name).followers.remove(&token);
        }
    }
}

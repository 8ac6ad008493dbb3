//! The loop: one thread that owns every connection that waits.
//!
//! ```text
//!              ┌──────────────────────── one turn ────────────────────────┐
//!   sleep ───▶ │ sockets that can be read or written ▸ inbox (connections │ ───▶ sleep, if nothing is left to do
//!     ▲        │ handed over, topics with news) ▸ timers ▸ deliver        │      and the inbox is empty
//!     └────────┴──────────────────────────────────────────────────────────┘
//! ```
//!
//! Subscribers that listen and polls that are held cost no thread, no queue and no lock: a connection here is a socket, a
//! cursor and at most one batch of the log that it shares with others. What wakes the loop is a socket, a publish, a
//! connection handed over or a timer, and nothing else: on an idle server it does not run.
//!
//! A request gets a thread once its head is here, and waits in line where there is none: however many are slow to say
//! what they want, they keep nobody from being answered.
//!
//! Fair: of each connection a buffer full is read, of a WebSocket no more messages than fit its share, and a few batches
//! are written in a turn; what is left waits for the next one, before which the loop does not sleep.

mod accept;
mod addresses;
mod batches;
mod connection;
mod format;
mod held;
mod incoming;
mod members;
mod news;
mod outgoing;
mod reading;
mod socket;
mod subscriber;
mod timers;

pub(super) use format::{Encoding, Format};
pub(super) use held::HeldPoll;
pub(super) use socket::TopicSocket;
pub(super) use subscriber::Subscriber;

use super::journal;
use super::request::Threads;
use super::seat::Seat;
use super::shared::Shared;
use super::topics::TopicCell;
use crate::socket::Socket;
use accept::Acceptor;
use batches::Batches;
use bytes::BytesMut;
use connection::{Connection, Fate, Turn};
use incoming::Incoming;
use mio::{Events, Poll, Token};
use std::boxed::Box;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::vec::Vec;
use timers::Timers;

/// A connection that is given to the loop.
#[derive(Debug)]
pub(super) struct Handed {
    /// In non-blocking mode.
    pub(super) socket: Socket,
    /// What was read of it and not used.
    pub(super) input: BytesMut,
    /// What is to be written first.
    pub(super) output: BytesMut,
    pub(super) role: Role,
    pub(super) seat: Seat,
}

/// What a connection waits for.
#[derive(Debug)]
pub(super) enum Role {
    /// A request.
    Idle,
    /// The rest of a request's head, or a thread.
    Incoming(Box<Incoming>),
    /// News, to answer a poll with.
    Held(Box<HeldPoll>),
    /// News, for a client that only listens.
    Stream(Subscriber),
    /// News, or frames.
    WebSocket(Box<TopicSocket>),
    /// The answer's way out; then another request, or the end.
    Answered { keep_alive: bool },
    /// The peer's end of stream.
    Closing,
}

const LISTENER: Token = Token(0);
pub(super) const WAKER: Token = Token(1);
/// A timer only.
const SWEEP: Token = Token(2);
const FIRST_CONNECTION: usize = 3;

/// What is read at once, and at most, from a connection in a turn.
const BUFFER: usize = 64 * 1024;

/// The loop's state.
#[derive(Debug)]
pub(super) struct Delivery {
    shared: Arc<Shared>,
    poll: Poll,
    acceptor: Option<Acceptor>,
    connections: HashMap<Token, Connection>,
    /// Who hears of a topic, by its number. Held here the topic cannot go.
    audiences: HashMap<u64, Audience>,
    timers: Timers,
    sweep: Option<Instant>,
    /// Connections that had their share of reading, for the next turn.
    unread: Vec<Token>,
    /// Requests that want a thread, in the order in which they came. Bounded as connections are: those that have given up
    /// are in front.
    ready: VecDeque<Token>,
    /// Connections that may want a batch.
    hungry: Vec<Token>,
    buffer: Vec<u8>,
    batches: Batches,
    threads: Threads,
    next: usize,
    /// Since then nobody is let in.
    draining_since: Option<Instant>,
    /// Everybody was told.
    is_draining: bool,
}

#[derive(Debug)]
struct Audience {
    cell: Arc<TopicCell>,
    members: BTreeSet<Token>,
}

impl Delivery {
    pub(super) fn new(shared: Arc<Shared>, poll: Poll, listener: mio::net::TcpListener) -> io::Result<Self> {
        let encoding = Encoding::new(shared.deflate.as_ref());
        Ok(Self {
            acceptor: Some(Acceptor::new(listener, &poll)?),
            shared,
            poll,
            connections: HashMap::new(),
            audiences: HashMap::new(),
            timers: Timers::default(),
            sweep: None,
            unread: Vec::new(),
            ready: VecDeque::new(),
            hungry: Vec::new(),
            buffer: std::vec![0; BUFFER],
            batches: Batches::new(encoding),
            threads: Threads::default(),
            next: FIRST_CONNECTION,
            draining_since: None,
            is_draining: false,
        })
    }

    /// Turns until the server has drained.
    pub(super) fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        self.arm_sweep(Instant::now());
        loop {
            let timeout = self.timeout();
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            self.shared.metrics.turns.add(1);
            let now = Instant::now();
            // A thread hands its connection over before it stops being busy. So what those that are done now have handed
            // over is taken in this turn.
            let was_busy = self.shared.is_busy();
            self.turn(&events, now);
            if let Some(since) = self.draining_since {
                // In this turn a request may have been given to a thread, too.
                let is_done = self.is_draining
                    && self.connections.is_empty()
                    && !was_busy
                    && !self.shared.is_busy()
                    && self.shared.signal.close_if_empty();
                if is_done || since + self.shared.limits.drain_time <= now {
                    self.shared.metrics.refusals.tell(true);
                    if is_done {
                        journal::drained();
                    } else {
                        journal::cut_off(self.shared.metrics.connections.value());
                    }
                    return Ok(());
                }
            }
        }
    }

    /// How long to sleep: not at all while something is left to do, else until the next timer.
    fn timeout(&self) -> Option<Duration> {
        let has_work = !self.unread.is_empty() || !self.hungry.is_empty();
        if has_work || !self.shared.signal.may_sleep() {
            return Some(Duration::ZERO);
        }
        let time = self.shared.limits.drain_time;
        let time = if self.is_draining { time } else { time / 2 };
        let deadline = self.draining_since.map(|since| since + time);
        let next = self.timers.next().into_iter().chain(deadline).min()?;
        // What is due within the millisecond is slept for: mio rounds up.
        Some(next.saturating_duration_since(Instant::now()))
    }

    fn turn(&mut self, events: &Events, now: Instant) {
        // Taken out, so that it can be lent beside the rest.
        let mut batches = mem::take(&mut self.batches);
        batches.renew();
        let mut is_called_at = false;
        for token in mem::take(&mut self.unread) {
            match token {
                LISTENER => is_called_at = true,
                _ => self.step(token, now, Connection::readable),
            }
        }
        for event in events {
            match event.token() {
                LISTENER => is_called_at = true,
                WAKER => {}
                token => {
                    if event.is_writable() {
                        self.step(token, now, Connection::flush);
                    }
                    if event.is_readable() || event.is_read_closed() || event.is_error() {
                        self.step(token, now, Connection::readable);
                    }
                }
            }
        }
        // Behind those who go, whose places are free then.
        if is_called_at {
            self.accept(now);
        }
        // Behind the frames, which publish. Looked at before the inbox is: what was published before draining began is in
        // there, and delivered.
        let begins_to_drain = !self.is_draining && self.may_drain(now);
        let mut inbox = self.shared.signal.take();
        for (token, result) in inbox.published {
            self.step(token, now, |connection, turn| connection.published(result, turn));
        }
        if begins_to_drain {
            self.deliver(mem::take(&mut inbox.dirty), &mut batches, now);
            self.drain(&mut batches, now);
        }
        for handed in inbox.handed {
            self.adopt(handed, &mut batches, now);
        }
        while let Some(token) = self.timers.expired(now) {
            self.time_out(token, &mut batches, now);
        }
        self.deliver(inbox.dirty, &mut batches, now);
        self.start_requests(now);
        self.batches = batches;
    }

    /// Lets a connection do something, and sees to what becomes of it.
    fn step(&mut self, token: Token, now: Instant, act: impl FnOnce(&mut Connection, &mut Turn<'_>) -> Fate) {
        // An event may be about a connection that has gone earlier in this turn. Tokens are not used again.
        let Some(connection) = self.connections.get_mut(&token) else { return };
        let was_subscribed = connection.subscribed().map(|cell| cell.id());
        let mut turn = Turn { shared: &self.shared, buffer: &mut self.buffer, token, now };
        let fate = act(connection, &mut turn);
        if fate != Fate::Gone {
            let due = connection.due(&self.shared);
            self.timers.arm(token, &mut connection.armed, due);
        }
        if let Some(topic) = was_subscribed
            && (connection.subscribed().is_none() || fate == Fate::Gone)
        {
            self.leave(topic, token, now);
        }
        match fate {
            Fate::Stay => {}
            Fate::ReadMore => self.unread.push(token),
            Fate::Deliver => self.hungry.push(token),
            Fate::Gone => {
                if let Some(connection) = self.remove(token) {
                    connection.socket.say_end();
                }
            }
            Fate::Request => self.ready.push_back(token),
        }
    }

    fn time_out(&mut self, token: Token, batches: &mut Batches, now: Instant) {
        match token {
            LISTENER => self.end_pause(now),
            SWEEP => {
                self.sweep = None;
                self.shared.topics.sweep(now);
                self.shared.metrics.refusals.tell(false);
                self.arm_sweep(now);
            }
            _ => {
                if let Some(connection) = self.connections.get_mut(&token) {
                    connection.armed = None;
                }
                self.step(token, now, |connection, turn| connection.timed_out(batches, turn));
            }
        }
    }

    fn arm_sweep(&mut self, now: Instant) {
        let due = now + self.shared.topics.sweep_interval();
        self.timers.arm(SWEEP, &mut self.sweep, due);
    }

    /// From the beginning on nobody is let in. Whether it is time to tell everybody: what is still being published shall
    /// come first, but whoever listens is not kept from going elsewhere until it is too late.
    fn may_drain(&mut self, now: Instant) -> bool {
        let is_drained_of_publishers = self.shared.is_drained_of_publishers();
        if self.draining_since.is_none() && self.shared.is_draining() {
            self.draining_since = Some(now);
            // Whoever has come already is told, too.
            self.accept_all(now);
            self.acceptor = None;
            journal::draining(self.shared.metrics.connections.value());
        }
        let is_late = |since| since + self.shared.limits.drain_time / 2 <= now;
        is_drained_of_publishers || self.draining_since.is_some_and(is_late)
    }

    /// Everybody is told.
    fn drain(&mut self, batches: &mut Batches, now: Instant) {
        self.is_draining = true;
        let tokens: Vec<Token> = self.connections.keys().copied().collect();
        for token in tokens {
            self.step(token, now, |connection, turn| connection.drain(batches, turn));
        }
    }
}

impl Drop for Delivery {
    /// What is handed over from now on is dropped.
    fn drop(&mut self) {
        self.shared.signal.close();
        self.shared.store.close();
    }
}

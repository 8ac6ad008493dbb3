//! One connection of the loop's: a socket, what waits to be written to it, and what it waits for.

use super::Role;
use super::batches::Batches;
use super::outgoing::Outgoing;
use crate::server::refusals::Reason;
use crate::server::seat::Seat;
use crate::server::shared::Shared;
use crate::socket::Socket;
use bytes::BytesMut;
use mio::Token;
use mio::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the loop lends a connection for a moment.
pub(super) struct Turn<'a> {
    pub(super) shared: &'a Arc<Shared>,
    /// What the loop reads into; one for all.
    pub(super) buffer: &'a mut [u8],
    /// Which connection it is.
    pub(super) token: Token,
    pub(super) now: Instant,
}

/// What becomes of a connection after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It waits.
    Stay,
    /// It has had its share of this turn and there may be more to read.
    ReadMore,
    /// Everything went out: look whether there is more for it.
    Deliver,
    /// A request's head is whole: a thread's.
    Request,
    /// It is over.
    Gone,
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) socket: Socket<TcpStream>,
    pub(super) out: Outgoing,
    /// Read and not used yet: the beginning of a frame, or of the next request.
    pub(super) input: BytesMut,
    pub(super) role: Role,
    pub(super) seat: Seat,
    /// What its timer is set to.
    pub(super) armed: Option<Instant>,
    /// When it came, or was last idle from.
    begun: Instant,
    /// The sending side is shut down.
    is_shut: bool,
}

impl Connection {
    pub(super) fn new(
        socket: Socket<TcpStream>,
        input: BytesMut,
        output: BytesMut,
        role: Role,
        seat: Seat,
        now: Instant,
    ) -> Self {
        Self { socket, out: Outgoing::new(output, now), input, role, seat, armed: None, begun: now, is_shut: false }
    }

    /// The topic that it hears of.
    pub(super) fn subscribed(&self) -> Option<&Arc<crate::server::topics::TopicCell>> {
        match &self.role {
            Role::Held(held) => Some(&held.cell),
            Role::Stream(subscriber) => Some(&subscriber.cell),
            Role::WebSocket(socket) => Some(&socket.subscriber.cell),
            Role::Idle | Role::Incoming(_) | Role::Answered { .. } | Role::Closing => None,
        }
    }

    /// When the timer must go off.
    pub(super) fn due(&self, shared: &Shared) -> Instant {
        let limits = &shared.limits;
        let write = self.out.due(limits);
        match &self.role {
            // Who is not done with a handshake has not said yet that it wants anything.
            Role::Idle => match self.socket.shaking_hands_since() {
                Some(since) => since + limits.head_time,
                None => self.begun + limits.idle_time,
            },
            Role::Incoming(incoming) => incoming.due(shared),
            Role::Held(held) => held.due().unwrap_or(self.begun),
            Role::Stream(_) => write.unwrap_or(self.out.since() + limits.keepalive),
            Role::WebSocket(socket) => write.into_iter().chain(socket.due()).min().unwrap_or(self.begun),
            Role::Answered { .. } => write.unwrap_or(self.begun),
            Role::Closing => write.unwrap_or(self.out.since() + limits.close_time),
        }
    }

    /// The timer went off, maybe early.
    pub(super) fn timed_out(&mut self, batches: &mut Batches, turn: &mut Turn<'_>) -> Fate {
        if self.due(turn.shared) > turn.now {
            return Fate::Stay;
        }
        if let Some(reason) = self.out.overdue(&turn.shared.limits, turn.now) {
            turn.shared.metrics.refusals.count(reason);
            return Fate::Gone;
        }
        match &mut self.role {
            Role::Idle | Role::Answered { .. } | Role::Closing => {
                if self.socket.shaking_hands_since().is_some() {
                    turn.shared.metrics.refusals.count(Reason::HeadTime);
                }
                Fate::Gone
            }
            Role::Incoming(_) => self.give_up_request(turn),
            Role::Stream(subscriber) => {
                // A bookmark rather than a comment: it says what is still true, and costs the same.
                subscriber.bookmark(self.out.own(turn.now));
                self.flush(turn)
            }
            Role::WebSocket(socket) => {
                if socket.keep_alive(self.out.own(turn.now), turn.now) {
                    self.flush(turn)
                } else {
                    if socket.is_open() {
                        turn.shared.metrics.refusals.count(Reason::PongTime);
                    }
                    self.close(turn)
                }
            }
            Role::Held(held) => {
                let Some(answered) = held.time_over(&mut self.out, batches, turn) else { return Fate::Stay };
                self.role = answered;
                self.flush(turn)
            }
        }
    }

    /// There may be something for it in the log.
    pub(super) fn deliver(&mut self, batches: &mut Batches, turn: &mut Turn<'_>) -> Fate {
        /// So many batches a turn: one that catches up must not hold up the others.
        const BATCHES: usize = 4;
        for _ in 0..BATCHES {
            // What does not read does not get more. It is heard of when it has read.
            if !self.out.is_empty() {
                return self.flush(turn);
            }
            let has_more = match &mut self.role {
                Role::Stream(subscriber) => subscriber.next(&mut self.out, batches, turn),
                Role::WebSocket(socket) => socket.next(&mut self.out, batches, turn),
                Role::Held(held) => {
                    let Some(answered) = held.news(&mut self.out, batches, turn) else { return Fate::Stay };
                    self.role = answered;
                    false
                }
                Role::Idle | Role::Incoming(_) | Role::Answered { .. } | Role::Closing => return Fate::Stay,
            };
            let fate = self.flush(turn);
            if !has_more || fate != Fate::Deliver {
                return if fate == Fate::Deliver { Fate::Stay } else { fate };
            }
        }
        Fate::Deliver
    }

    /// The server goes away.
    pub(super) fn drain(&mut self, batches: &mut Batches, turn: &mut Turn<'_>) -> Fate {
        if matches!(self.role, Role::Incoming(_)) && self.socket.awaits_hello() && !self.is_ready() {
            self.socket.refuse_hello();
            return Fate::Gone;
        }
        match &mut self.role {
            Role::Idle if self.socket.shaking_hands_since().is_some() => Fate::Gone,
            // A request that is there already gets its answer, which says that the server goes away.
            Role::Idle => match self.read_head(turn) {
                Fate::Stay if matches!(self.role, Role::Idle) => Fate::Gone,
                fate => fate,
            },
            Role::Held(held) => {
                self.role = held.drain(&mut self.out, batches, turn);
                self.flush(turn)
            }
            Role::Stream(subscriber) => {
                subscriber.format.drain(retry(), self.out.own(turn.now));
                self.close(turn)
            }
            Role::WebSocket(socket) => {
                socket.go_away(self.out.own(turn.now), turn.now);
                self.flush(turn)
            }
            Role::Answered { keep_alive } => {
                *keep_alive = false;
                self.flush(turn)
            }
            Role::Incoming(_) | Role::Closing => Fate::Stay,
        }
    }

    /// Nothing more is said: once everything is written the sending side is shut down, and what the peer still sends is
    /// thrown away for a while. A socket that is closed over unread input is reset, and the peer could lose the last
    /// words (RFC 9112 §9.6, RFC 6455 §7.1.1).
    pub(super) fn close(&mut self, turn: &mut Turn<'_>) -> Fate {
        self.role = Role::Closing;
        self.flush(turn)
    }

    /// Writes what waits, as far as the socket takes it.
    pub(super) fn flush(&mut self, turn: &mut Turn<'_>) -> Fate {
        if self.socket.flush_own().is_err() {
            return Fate::Gone;
        }
        loop {
            match self.out.flush(&self.socket, turn.now) {
                Err(_) => return Fate::Gone,
                Ok(false) => return Fate::Stay,
                Ok(true) => {}
            }
            if let Role::WebSocket(socket) = &mut self.role {
                socket.pay_debts(self.out.own(turn.now));
            }
            if self.out.is_empty() {
                return self.flushed(turn);
            }
        }
    }

    /// Everything is written.
    fn flushed(&mut self, turn: &mut Turn<'_>) -> Fate {
        match &self.role {
            Role::WebSocket(socket) if socket.is_over() => self.close(turn),
            Role::Stream(_) | Role::WebSocket(_) => Fate::Deliver,
            Role::Answered { keep_alive: true } => {
                self.role = Role::Idle;
                self.begun = turn.now;
                // The next request may be here already.
                if self.input.is_empty() { Fate::Stay } else { self.read_head(turn) }
            }
            Role::Answered { keep_alive: false } => self.close(turn),
            Role::Closing => {
                // Once: the system tells of each time that the socket is ready, as of a change, and the loop would come
                // here again, round and round.
                if !std::mem::replace(&mut self.is_shut, true) {
                    self.socket.end_writing();
                }
                Fate::Stay
            }
            Role::Idle | Role::Incoming(_) | Role::Held(_) => Fate::Stay,
        }
    }
}

/// When the clients of an event stream shall come back: 1 to 4 seconds, so that they do not all come at once.
fn retry() -> Duration {
    let mut random = [0; 2];
    crate::system_random(&mut random);
    Duration::from_millis(1000 + u64::from(u16::from_ne_bytes(random)) * 3000 / u64::from(u16::MAX))
}

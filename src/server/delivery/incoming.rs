//! A request on its way in. The loop reads its head, however slowly that comes, so that a client which takes its time
//! costs no thread; the thread that answers gets it whole.

use super::Role;
use super::connection::{Connection, Fate, Turn};
use super::reading::{READS, is_for_later};
use crate::http::{RequestReader, Status};
use crate::server::journal;
use crate::server::metrics::Present;
use crate::server::refusals::Reason;
use crate::server::response::Response;
use crate::server::shared::Shared;
use crate::socket::Greeting;
use bytes::{Buf, BytesMut};
use std::boxed::Box;
use std::io::ErrorKind;
use std::time::Instant;

#[derive(Debug)]
pub(in super::super) struct Incoming {
    reader: RequestReader,
    /// When its first byte was seen, or when it was whole.
    since: Instant,
    /// It waits for a thread.
    is_whole: bool,
    _present: Present,
}

impl Incoming {
    fn new(turn: &Turn<'_>) -> Self {
        let reader = RequestReader::new(turn.shared.limits.head);
        let present = turn.shared.metrics.waiting.enter();
        Self { reader, since: turn.now, is_whole: false, _present: present }
    }

    /// It is here: a thread's from now on.
    fn is_whole_at(&mut self, now: Instant) -> Fate {
        (self.is_whole, self.since) = (true, now);
        Fate::Request
    }

    /// A thread may be waited for as long as a head.
    pub(super) fn due(&self, shared: &Shared) -> Instant {
        self.since + shared.limits.head_time
    }
}

impl Connection {
    /// Reads what there is of the head of a request; nothing behind it, but for what comes in the same piece.
    pub(super) fn read_head(&mut self, turn: &mut Turn<'_>) -> Fate {
        if self.socket.awaits_hello() {
            return self.read_hello(turn);
        }
        if self.socket.shaking_hands_since().is_some() {
            return self.is_whole(turn);
        }
        for _ in 0..READS {
            if let Some(fate) = self.look_at_head(turn) {
                return fate;
            }
            // One byte over the limit, and the reader refuses the head.
            let room = turn.shared.limits.head.bytes.saturating_sub(self.input.len()).max(1);
            if let Some(fate) = self.read_more(room, turn) {
                return fate;
            }
        }
        Fate::ReadMore
    }

    /// Reads the first message of a client under TLS. What there is to calculate is a thread's, as if it were a request, and
    /// so is all that follows until both have shaken hands: however many come at once, they hold up nobody here.
    fn read_hello(&mut self, turn: &mut Turn<'_>) -> Fate {
        loop {
            match self.socket.read_hello(&mut self.input) {
                Ok(Greeting::Incomplete) => drop(self.incoming(turn)),
                Ok(Greeting::Whole) => return self.is_whole(turn),
                Ok(Greeting::NotTls) => {
                    let response = Response::fault(Status::BAD_REQUEST, "TLS is spoken here: use https or wss");
                    return self.refuse(&response, Reason::Handshake, turn);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_for_later(&error) => return Fate::Stay,
                // It was told so.
                Err(error) => {
                    if error.kind() == ErrorKind::InvalidData {
                        turn.shared.metrics.refusals.count(Reason::Handshake);
                    }
                    return Fate::Gone;
                }
            }
        }
    }

    /// What came is for a thread, which is told once.
    fn is_whole(&mut self, turn: &Turn<'_>) -> Fate {
        match self.incoming(turn) {
            Some(incoming) if !incoming.is_whole => incoming.is_whole_at(turn.now),
            _ => Fate::Stay,
        }
    }

    /// What there is of a request: it begins now, if it has not.
    fn incoming(&mut self, turn: &Turn<'_>) -> Option<&mut Incoming> {
        if matches!(self.role, Role::Idle) {
            self.role = Role::Incoming(Box::new(Incoming::new(turn)));
        }
        match &mut self.role {
            Role::Incoming(incoming) => Some(incoming),
            _ => None,
        }
    }

    /// `None`: more must be read.
    fn look_at_head(&mut self, turn: &mut Turn<'_>) -> Option<Fate> {
        if self.input.is_empty() {
            return None;
        }
        self.incoming(turn);
        let Role::Incoming(incoming) = &mut self.role else { return Some(Fate::Stay) };
        if incoming.is_whole {
            // What it sends now is the thread's to read, and so is its end.
            return Some(Fate::Stay);
        }
        // The reader's own answer knows no date.
        let consumed = match incoming.reader.receive(&self.input, &mut BytesMut::new()) {
            Err(error) => {
                let response = Response::fault(error.status(), std::format!("{error}"));
                return Some(self.refuse(&response, Reason::Head, turn));
            }
            Ok(step) if step.event.is_some() => {
                return Some(incoming.is_whole_at(turn.now));
            }
            Ok(step) => step.consumed,
        };
        self.input.advance(consumed);
        None
    }

    /// Whether it waits for a thread.
    pub(super) fn is_ready(&self) -> bool {
        matches!(&self.role, Role::Incoming(incoming) if incoming.is_whole)
    }

    /// The time for the head is over, or the one for a thread.
    pub(super) fn give_up_request(&mut self, turn: &mut Turn<'_>) -> Fate {
        if self.is_ready() {
            return self.refuse_busy(Reason::RequestThreads, turn);
        }
        // RFC 9110 §15.5.9
        let response = Response::fault(Status::REQUEST_TIMEOUT, "the request took too long");
        self.refuse(&response, Reason::HeadTime, turn)
    }

    /// No thread for it.
    pub(super) fn refuse_busy(&mut self, reason: Reason, turn: &mut Turn<'_>) -> Fate {
        let response = Response::busy(Status::SERVICE_UNAVAILABLE, "there are too many requests at once");
        self.refuse(&response, reason, turn)
    }

    /// The connection ends with this answer.
    fn refuse(&mut self, response: &Response, reason: Reason, turn: &mut Turn<'_>) -> Fate {
        turn.shared.metrics.refusals.count(reason);
        if self.socket.awaits_hello() {
            self.socket.refuse_hello();
            return Fate::Gone;
        }
        if self.socket.shaking_hands_since().is_some() {
            return Fate::Gone;
        }
        turn.shared.metrics.answered(response.status);
        journal::turned_away(self.seat.peer_addr, response.status);
        self.input = BytesMut::new();
        response.encode_last(self.out.own(turn.now));
        match self.close(turn) {
            Fate::Gone => Fate::Gone,
            // What it has sent is thrown away: closing over it would be a reset.
            _ => Fate::ReadMore,
        }
    }
}

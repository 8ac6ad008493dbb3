//! The reader's own part of a connection.

use super::duplex::End;
use super::{Access, Duplex, Failure, Input, Message, SHORTEST, TimedRead, Traffic};
use crate::Step;
use crate::socket;
use crate::ws::{CloseCode, Event, ProtocolError};
use alloc::string::{String, ToString};
use std::io::{self, ErrorKind};
use std::time::Instant;

/// What was read, and how it ended.
#[derive(Debug)]
pub(crate) struct Reading {
    input: Input,
    closed: bool,
    close_frame: Option<(CloseCode, String)>,
}

/// How long to wait for a message.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wait {
    /// Take only what was read already.
    No,
    Until(Instant),
    Forever,
}

impl Reading {
    pub(crate) fn new(input: Input) -> Self {
        Self { input, closed: false, close_frame: None }
    }

    /// Whether the peer's Close was read.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// What it said.
    pub(crate) fn close_frame(&self) -> Option<(CloseCode, &str)> {
        self.close_frame.as_ref().map(|(code, reason)| (*code, reason.as_str()))
    }

    /// The next message. The answers to what was read (Pongs, a Close) go out when the next read has to wait.
    #[inline]
    pub(crate) fn read(&mut self, access: &mut Access<'_>, wait: Wait) -> Result<TimedRead, Failure> {
        let mut has_looked = false;
        loop {
            if self.closed {
                return Ok(TimedRead::Closed);
            }
            if let Some(read) = self.take(access)? {
                return Ok(read);
            }
            let (until, is_over) = match wait {
                Wait::No => (None, true),
                // What comes and is no message yet does not put the end of the time off.
                Wait::Until(until) => {
                    (Some(until), std::mem::replace(&mut has_looked, true) && until <= Instant::now())
                }
                Wait::Forever => (None, false),
            };
            if is_over {
                access.duplex().write_at_once(&mut access.duplex().lock());
                return Ok(TimedRead::TimedOut);
            }
            if !self.fill(access, until)? {
                return Ok(TimedRead::TimedOut);
            }
        }
    }

    /// What was read already: a message, or the peer's Close.
    #[inline]
    fn take(&mut self, access: &mut Access<'_>) -> Result<Option<TimedRead>, ProtocolError> {
        loop {
            let mut held = access.hold();
            let shared = &mut *held;
            let (consumed, read) = match shared.connection.receive(self.input.unread_mut(), &mut shared.output) {
                Ok(Step { consumed, event: Some(Event::Text(text)) }) => (consumed, Message::Text(text.into_owned())),
                Ok(Step { consumed, event: Some(Event::Binary(data)) }) => {
                    (consumed, Message::Binary(data.into_owned()))
                }
                Ok(Step { consumed, event: Some(Event::Close(close)) }) => {
                    shared.keepalive.closing(Instant::now());
                    self.closed = true;
                    shared.end.get_or_insert(End::Peer(close.as_ref().map(|close| close.code)));
                    self.close_frame = close.map(|close| (close.code, close.reason.to_string()));
                    self.input.consume(consumed);
                    return Ok(Some(TimedRead::Closed));
                }
                // Pieces are not asked for.
                Ok(Step { consumed, event: Some(_) }) => {
                    self.input.consume(consumed);
                    continue;
                }
                Ok(Step { consumed, event: None }) => {
                    self.input.consume(consumed);
                    return Ok(None);
                }
                Err(error) => {
                    shared.end.get_or_insert(End::Own);
                    shared.keepalive.closing(Instant::now());
                    return Err(error);
                }
            };
            drop(held);
            self.input.consume(consumed);
            return Ok(Some(TimedRead::Message(read)));
        }
    }

    /// Waits for bytes, and pings if they do not come; whether they came in time.
    fn fill(&mut self, access: &Access<'_>, until: Option<Instant>) -> Result<bool, Failure> {
        let duplex = access.duplex();
        loop {
            let (due, has_unwritten) = duplex.before_waiting()?;
            let now = Instant::now();
            let mut next = until.map_or(due, |until| until.min(due));
            if let Access::Shared(_) = access {
                // The deadline of a Close that is sent during this wait ends behind it, and so is not missed.
                next = next.min(now + duplex.close_within);
            }
            // Who was away for long finds the time over, and the bytes maybe there.
            let next = next.max(now + SHORTEST);
            match self.read_socket(duplex, next, has_unwritten) {
                Ok(None) => continue,
                Ok(Some(0)) => return Err(duplex.ended()),
                Ok(Some(_)) => {
                    duplex.lock().keepalive.received(Instant::now());
                    return Ok(true);
                }
                Err(error) if error.kind() == ErrorKind::TimedOut => {}
                Err(error) => return Err(error.into()),
            }
            let now = Instant::now();
            let is_idle = duplex.timed_out(now)?;
            if is_idle {
                self.input.rest();
            } else if until.is_some_and(|until| until <= now) {
                return Ok(false);
            }
        }
    }

    /// How much was read; `None`: something can be written now.
    fn read_socket(&mut self, duplex: &Duplex, until: Instant, has_unwritten: bool) -> io::Result<Option<usize>> {
        let got = if has_unwritten {
            if !socket::wait(&duplex.socket, until)? {
                return Ok(None);
            }
            // Once: what came may be no data yet, and while more is waited for there may be room to write.
            match self.input.fill_once(&duplex.socket) {
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {
                    return Ok(None);
                }
                read => read?,
            }
        } else {
            self.input.fill(&duplex.socket, Some(until))?
        };
        if let (Some(tap), 1..) = (&duplex.tap, got) {
            tap.tell(Traffic::Received(self.input.last(got)));
        }
        Ok(Some(got))
    }

    /// Writes the last words and reads until the peer's end, or as long as is decent: closing over unread input would
    /// reset the connection.
    pub(crate) fn drain(&mut self, access: &Access<'_>) {
        loop {
            self.input.clear();
            if self.fill(access, None).is_err() {
                return access.duplex().end();
            }
        }
    }
}

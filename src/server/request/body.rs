//! The body of a request.

use super::super::metrics::Present;
use super::super::refusals::Reason;
use super::super::response::Response;
use super::super::shared::Shared;
use super::super::wire;
use super::{BodyReader, Framing, RequestHead, Status, Version};
use crate::http::BodyEvent;
use crate::socket::Socket;
use bytes::{Buf, BytesMut};
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};
use std::vec::Vec;

/// A body that is read on demand, and what was read behind it.
pub(super) struct Body<'a> {
    reader: BodyReader,
    socket: &'a Socket,
    shared: &'a Shared,
    /// Read, and not taken yet.
    input: BytesMut,
    is_empty: bool,
    /// The client waits for a word before it sends the body.
    waits_for_continue: bool,
    /// It has not come at once: one of those that may be waited for.
    is_slow: Option<Present>,
}

/// A body that takes no longer is not a slow one: many clients send it behind the head, in a packet of its own.
const AT_ONCE: Duration = Duration::from_millis(100);

/// Why there is no body.
pub(super) enum Failure {
    /// Answer this.
    Refused(Response),
    /// The client is gone.
    Gone,
}

impl<'a> Body<'a> {
    pub(super) fn new(
        head: &RequestHead<'_>,
        framing: Framing,
        shared: &'a Shared,
        socket: &'a Socket,
        rest: &[u8],
    ) -> Self {
        // RFC 9110 §10.1.1: not from HTTP/1.0, which could not understand the answer.
        let waits_for_continue = head.version == Version::Http11 && head.headers.has_token("expect", "100-continue");
        Self {
            reader: BodyReader::new(framing, shared.limits.body_bytes as u64),
            socket,
            shared,
            input: BytesMut::from(rest),
            is_empty: matches!(framing, Framing::Empty | Framing::Length(0)),
            waits_for_continue,
            is_slow: None,
        }
    }

    /// Whether nothing of it is left to be read.
    pub(super) fn is_done(&self) -> bool {
        self.is_empty || self.reader.is_done()
    }

    /// What was read behind it.
    pub(super) fn into_rest(self) -> BytesMut {
        self.input
    }

    /// Reads all of it.
    pub(super) fn read(&mut self) -> Result<Vec<u8>, Failure> {
        let begun = Instant::now();
        let mut data = Vec::new();
        loop {
            let step = self.reader.receive(&self.input).map_err(|error| {
                if error.status() == Status::CONTENT_TOO_LARGE {
                    self.shared.metrics.refusals.count(Reason::BodyBytes);
                }
                Failure::Refused(Response::fault(error.status(), std::format!("{error}")))
            })?;
            match step.event {
                Some(BodyEvent::Data(piece)) => data.extend_from_slice(piece),
                Some(BodyEvent::End) => {
                    self.input.advance(step.consumed);
                    return Ok(data);
                }
                None => {}
            }
            let is_hungry = step.event.is_none();
            self.input.advance(step.consumed);
            if is_hungry {
                self.fill(begun)?;
            }
        }
    }

    fn fill(&mut self, begun: Instant) -> Result<(), Failure> {
        // RFC 9110 §10.1.1: the head was found good and a declared length within the limit. Who has sent some of the body
        // already does not wait.
        if std::mem::take(&mut self.waits_for_continue) && self.input.is_empty() {
            let word = b"HTTP/1.1 100 Continue\r\n\r\n";
            wire::write_all(self.socket, word, &self.shared.limits).map_err(|_| Failure::Gone)?;
        }
        match self.fill_until(begun) {
            Ok(0) => Err(Failure::Gone),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::TimedOut && self.is_slow.is_none() => {
                // Slow ones keep their threads for long: they must not have them all.
                let limit = self.shared.limits.request_threads.div_ceil(2);
                self.is_slow = self.shared.metrics.bodies.enter_below(limit);
                match self.is_slow {
                    Some(_) => self.fill(begun),
                    None => Err(self.refused(
                        Reason::RequestThreads,
                        Response::busy(Status::SERVICE_UNAVAILABLE, "there are too many slow requests"),
                    )),
                }
            }
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                Err(self.refused(Reason::BodyTime, Response::fault(Status::REQUEST_TIMEOUT, "the body took too long")))
            }
            Err(_) => Err(Failure::Gone),
        }
    }

    fn fill_until(&mut self, begun: Instant) -> io::Result<usize> {
        let time = self.shared.limits.body_time;
        let time = if self.is_slow.is_some() { time } else { time.min(AT_ONCE) };
        wire::read(self.socket, &mut self.input, usize::MAX, begun + time)
    }

    fn refused(&self, reason: Reason, response: Response) -> Failure {
        self.shared.metrics.refusals.count(reason);
        Failure::Refused(response)
    }
}

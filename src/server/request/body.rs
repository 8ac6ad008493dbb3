//! The body of a request.

use super::super::response::Response;
use super::super::{Limits, wire};
use super::{BodyReader, Framing, RequestHead, Status, Version};
use crate::http::BodyEvent;
use bytes::{Buf, BytesMut};
use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::Instant;
use std::vec::Vec;

/// A body that is read on demand, and what was read behind it.
pub(super) struct Body<'a> {
    reader: BodyReader,
    socket: &'a TcpStream,
    limits: &'a Limits,
    /// Read, and not taken yet.
    input: BytesMut,
    is_empty: bool,
    /// The client waits for a word before it sends the body.
    waits_for_continue: bool,
}

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
        limits: &'a Limits,
        socket: &'a TcpStream,
        rest: &[u8],
    ) -> Self {
        // RFC 9110 §10.1.1: not from HTTP/1.0, which could not understand the answer.
        let waits_for_continue = head.version == Version::Http11 && head.headers.has_token("expect", "100-continue");
        Self {
            reader: BodyReader::new(framing, limits.body_bytes as u64),
            socket,
            limits,
            input: BytesMut::from(rest),
            is_empty: matches!(framing, Framing::Empty | Framing::Length(0)),
            waits_for_continue,
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
        let until = Instant::now() + self.limits.body_time;
        let mut data = Vec::new();
        loop {
            let step = self
                .reader
                .receive(&self.input)
                .map_err(|error| Failure::Refused(Response::fault(error.status(), std::format!("{error}"))))?;
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
                self.fill(until)?;
            }
        }
    }

    fn fill(&mut self, until: Instant) -> Result<(), Failure> {
        // RFC 9110 §10.1.1: the head was found good and a declared length within the limit. Who has sent some of the body
        // already does not wait.
        if std::mem::take(&mut self.waits_for_continue) && self.input.is_empty() {
            let word = b"HTTP/1.1 100 Continue\r\n\r\n";
            wire::write_all(self.socket, word, self.limits.write_time).map_err(|_| Failure::Gone)?;
        }
        match wire::read(self.socket, &mut self.input, usize::MAX, until) {
            Ok(0) => Err(Failure::Gone),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                Err(Failure::Refused(Response::fault(Status::REQUEST_TIMEOUT, "the body took too long")))
            }
            Err(_) => Err(Failure::Gone),
        }
    }
}

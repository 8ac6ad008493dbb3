//! One request and its answer, over a connection that is there.

use super::error::Trouble;
use super::feed::Link;
use super::options::event_parameters;
use super::retry_after::retry_after;
use super::target::Target;
use super::wire::{Filled, Wire};
use super::{Cut, Error, headers};
use crate::http::{self, BodyEvent, BodyReader, Framing, ResponseHead, ResponseReader, Status};
use crate::reconnect::{Origin, Redirects, Verdict};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bytes::BytesMut;
use core::time::Duration;
use std::time::{Instant, SystemTime};

/// What the answer's head says, as far as clients care.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: Status,
    pub(super) retry_after: Option<Duration>,
    pub(super) content_type: String,
    pub(super) location: String,
    pub(super) idempotency_key: String,
    /// Whether the server takes another request on this connection.
    pub(super) keep_alive: bool,
    pub(super) body: BodyReader,
}

/// How much of a refusal's body is read for its first line.
const MAX_REFUSAL: usize = 4096;

impl Answer {
    pub(super) fn of(method: &str, head: &ResponseHead<'_>, limit: u64) -> Result<Self, Trouble> {
        let text = |name| head.headers.get_str(name).unwrap_or_default().to_string();
        Ok(Self {
            status: head.status,
            retry_after: retry_after(&head.headers, SystemTime::now()),
            content_type: text("content-type"),
            location: text("location"),
            idempotency_key: text("idempotency-key"),
            keep_alive: head.keep_alive(),
            body: BodyReader::new(Framing::of_response(method, head)?, limit),
        })
    }

    /// Whether the body has this media type (RFC 9110 §8.3.1: no case, parameters aside).
    pub(super) fn expect_type(&self, media_type: &str) -> Result<(), Error> {
        let is_it = http::essence(&self.content_type).eq_ignore_ascii_case(media_type);
        if is_it { Ok(()) } else { Err(self.wrong_type()) }
    }

    /// The media type is not what was asked for.
    pub(super) fn wrong_type(&self) -> Error {
        Error::ContentType(http::essence(&self.content_type).to_string())
    }

    /// Why this answer ends it, for now or for good.
    pub(super) fn refusal(&mut self, wire: &mut Wire) -> Trouble {
        if Verdict::of(self.status) == Verdict::Later {
            return Trouble::Cut(Cut::Status(self.status), self.retry_after);
        }
        Error::Status { status: self.status, said: self.said(wire) }.into()
    }

    /// The first line of a refusal's body, if it is for people.
    pub(super) fn said(&mut self, wire: &mut Wire) -> String {
        if self.expect_type("text/plain").is_err() {
            return String::new();
        }
        let deadline = wire.response_deadline().min(Instant::now() + Duration::from_secs(1));
        let body = read_body(wire, &mut self.body, MAX_REFUSAL, deadline).unwrap_or_default();
        let body = String::from_utf8_lossy(&body);
        let line = body.lines().next().unwrap_or_default().trim();
        line.chars().filter(|character| !character.is_control()).take(MAX_SAID).collect()
    }
}

/// How much of that line is told, in characters.
const MAX_SAID: usize = 200;

/// Writes the request.
pub(super) fn send(
    wire: &mut Wire,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<(), Trouble> {
    let mut output = BytesMut::new();
    http::encode_request(method, target, headers, &mut output)?;
    output.extend_from_slice(body);
    wire.write(&output)
}

/// Reads the head of the answer; interim ones (1xx) are passed over (RFC 9110 §15.2).
pub(super) fn receive(wire: &mut Wire, method: &str, limit: u64, deadline: Instant) -> Result<Answer, Trouble> {
    let mut reader = ResponseReader::default();
    loop {
        let step = reader.receive(wire.unread())?;
        let answer = match &step.event {
            Some(head) if !head.status.is_informational() => Some(Answer::of(method, head, limit)?),
            _ => None,
        };
        let (consumed, is_interim) = (step.consumed, step.event.is_some());
        wire.consume(consumed);
        match answer {
            Some(answer) => return Ok(answer),
            None if is_interim => {}
            None => match wire.fill(Some(deadline))? {
                Filled::Bytes => {}
                Filled::Eof => return Err(Cut::Ended.into()),
                Filled::TimedOut => return Err(Cut::Silent.into()),
            },
        }
    }
}

/// The whole body, of at most `limit` bytes.
pub(super) fn read_body(
    wire: &mut Wire,
    reader: &mut BodyReader,
    limit: usize,
    deadline: Instant,
) -> Result<Vec<u8>, Trouble> {
    let mut body = Vec::new();
    loop {
        let step = reader.receive(wire.unread())?;
        let is_end = match step.event {
            Some(BodyEvent::Data(data)) => {
                body.extend_from_slice(data);
                false
            }
            Some(BodyEvent::End) => true,
            None => {
                let consumed = step.consumed;
                wire.consume(consumed);
                match wire.fill(Some(deadline))? {
                    Filled::Bytes => {}
                    Filled::Eof => {
                        reader.receive_eof()?;
                        return Ok(body);
                    }
                    Filled::TimedOut => return Err(Cut::Silent.into()),
                }
                continue;
            }
        };
        wire.consume(step.consumed);
        if is_end {
            return Ok(body);
        }
        if body.len() > limit {
            return Err(Error::TooLong.into());
        }
    }
}

/// A request, without `Host` and what frames its body.
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) target: &'a str,
    pub(super) headers: Vec<(&'a str, &'a str)>,
    pub(super) body: &'a [u8],
    /// Bytes of the answer's body at the most.
    pub(super) limit: u64,
    /// When its head is late.
    pub(super) deadline: Instant,
}

/// Sends it and reads the head of the answer.
pub(super) fn ask(mut wire: Wire, target: &Target, request: &Request<'_>) -> Result<(Wire, Answer), Trouble> {
    let (host, length) = (target.host(), request.body.len().to_string());
    let mut own = Vec::from([("Host", host.as_str())]);
    // RFC 9112 §6.3: a body has a length, which is always known here.
    if request.method != "GET" || !request.body.is_empty() {
        own.push(("Content-Length", length.as_str()));
    }
    let headers = http::overlay(&own, &request.headers);
    send(&mut wire, request.method, request.target, &headers, request.body)?;
    let answer = receive(&mut wire, request.method, request.limit, request.deadline)?;
    Ok((wire, answer))
}

/// What a GET of a stream or a poll asks for.
pub(super) struct Get<'a> {
    pub(super) parameters: &'a [(&'a str, &'a str)],
    pub(super) headers: &'a [(&'a str, &'a str)],
    /// Bytes of the body at the most.
    pub(super) limit: u64,
    /// When the head of the answer is late; each time after the usual, if it is not said.
    pub(super) deadline: Option<Instant>,
}

/// Asks, over the connection that is kept in `kept` if it still stands, and follows redirects.
pub(super) fn get(kept: &mut Option<Wire>, link: &Link, get: &Get<'_>) -> Result<(Wire, Answer), Trouble> {
    let parameters: Vec<_> = get.parameters.iter().copied().chain(event_parameters(&link.options.filter)).collect();
    let mut target = link.target.clone();
    let mut redirects = Redirects::default();
    loop {
        // The one that is kept may lead to where an earlier request was redirected, and may have ended meanwhile.
        let reused = kept.take().filter(|wire| wire.leads_to(&target));
        let wire = match reused.and_then(|mut wire| wire.is_quiet().then_some(wire)) {
            Some(wire) => wire,
            None => Wire::open(&target, &link.options, &link.stop)?,
        };
        let mut own = Vec::from([("Cache-Control", "no-store")]);
        own.extend_from_slice(get.headers);
        // Credentials are for the origin that they were given for.
        let callers = if redirects.is_abroad() { &[] } else { link.options.headers.as_slice() };
        let request = Request {
            method: "GET",
            target: &target.request_target(&parameters),
            headers: headers::join(&own, callers),
            body: &[],
            limit: get.limit,
            deadline: get.deadline.unwrap_or_else(|| wire.response_deadline()),
        };
        let (mut wire, mut answer) = ask(wire, &target, &request)?;
        if Verdict::of(answer.status) != Verdict::Redirected {
            return Ok((wire, answer));
        }
        let next = target.join(&answer.location)?;
        let origin = target.origin_of(&next);
        if !redirects.follow(origin) {
            return Err(Error::Redirect.into());
        }
        if origin == Origin::Same && answer.keep_alive {
            let deadline = wire.response_deadline();
            if read_body(&mut wire, &mut answer.body, MAX_REFUSAL, deadline).is_ok() {
                *kept = Some(wire);
            }
        }
        target = next;
    }
}

//! One request and its answer, over a connection that is there.

use super::error::Trouble;
use super::target::Target;
use super::wire::{Filled, Wire};
use super::{Cut, Error, Options, Stop, headers};
use crate::http::{self, BodyEvent, BodyReader, Framing, ResponseHead, ResponseReader, Status};
use crate::reconnect::Verdict;
use crate::step::later;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bytes::BytesMut;
use core::time::Duration;
use std::time::Instant;

/// What the answer's head says, as far as clients care.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: Status,
    pub(super) retry_after: Option<Duration>,
    pub(super) content_type: String,
    pub(super) location: String,
    /// Whether the server takes another request on this connection.
    pub(super) keep_alive: bool,
    pub(super) body: BodyReader,
}

/// How often a redirect is followed: more is a loop.
pub(super) const MAX_REDIRECTS: u32 = 5;
/// How much of a refusal's body is read for its first line.
const MAX_REFUSAL: usize = 4096;

impl Answer {
    pub(super) fn of(method: &str, head: &ResponseHead<'_>, limit: u64) -> Result<Self, Trouble> {
        let text = |name| head.headers.get_str(name).unwrap_or_default().to_string();
        Ok(Self {
            status: head.status,
            retry_after: retry_after(&text("retry-after")),
            content_type: text("content-type"),
            location: text("location"),
            keep_alive: head.keep_alive(),
            body: BodyReader::new(Framing::of_response(method, head)?, limit),
        })
    }

    /// Whether the body has this media type (RFC 9110 §8.3.1: no case, parameters aside).
    pub(super) fn expect_type(&self, media_type: &str) -> Result<(), Error> {
        let essence = http::essence(&self.content_type);
        if essence.eq_ignore_ascii_case(media_type) { Ok(()) } else { Err(Error::ContentType(essence.to_string())) }
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

/// Delta-seconds only (RFC 9110 §10.2.3): a date would need a clock that agrees with the server's.
fn retry_after(value: &str) -> Option<Duration> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| Duration::from_secs(value.parse().unwrap_or(u64::MAX)))
}

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

/// Reads the head of the answer; interim ones (1xx) are passed over.
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

/// What a GET of a stream or a poll asks for.
pub(super) struct Get<'a> {
    pub(super) parameters: &'a [(&'a str, &'a str)],
    pub(super) headers: &'a [(&'a str, &'a str)],
    /// Bytes of the body at the most.
    pub(super) limit: u64,
    /// How long the server may think, beside the usual.
    pub(super) hold: Duration,
}

/// Asks, over the connection that is kept in `kept` if it still stands, and follows redirects.
pub(super) fn get(
    kept: &mut Option<Wire>,
    target: &Target,
    options: &Options,
    stop: &Stop,
    get: &Get<'_>,
) -> Result<(Wire, Answer), Trouble> {
    let mut target = target.clone();
    let mut callers = options.headers.as_slice();
    for _ in 0..=MAX_REDIRECTS {
        // The one that is kept may lead to where an earlier request was redirected.
        let reused = kept.take().filter(|wire| wire.leads_to(&target));
        let (mut wire, mut answer) = ask(reused, &target, options, callers, stop, get)?;
        if Verdict::of(answer.status) != Verdict::Redirected {
            return Ok((wire, answer));
        }
        let next = target.join(&answer.location)?;
        // Credentials are for the origin that they were given for.
        if !next.same_origin(&target) {
            callers = &[];
        } else if answer.keep_alive {
            let deadline = wire.response_deadline();
            if read_body(&mut wire, &mut answer.body, MAX_REFUSAL, deadline).is_ok() {
                *kept = Some(wire);
            }
        }
        target = next;
    }
    Err(Error::Redirect.into())
}

fn ask(
    reused: Option<Wire>,
    target: &Target,
    options: &Options,
    callers: &[(String, String)],
    stop: &Stop,
    get: &Get<'_>,
) -> Result<(Wire, Answer), Trouble> {
    let host = target.host();
    let mut own = alloc::vec![("Host", host.as_str()), ("Cache-Control", "no-store")];
    own.extend_from_slice(get.headers);
    let headers = headers::join(&own, callers);
    let request_target = target.request_target(get.parameters);
    // A connection that was kept may have ended meanwhile.
    let mut wire = match reused.and_then(|mut wire| wire.is_quiet().then_some(wire)) {
        Some(wire) => wire,
        None => Wire::open(target, options, stop)?,
    };
    send(&mut wire, "GET", &request_target, &headers, &[])?;
    let deadline = later(wire.response_deadline(), get.hold);
    let answer = receive(&mut wire, "GET", get.limit, deadline)?;
    Ok((wire, answer))
}

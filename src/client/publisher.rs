//! Publishing: one POST a message, in order, over one connection.

use super::error::Trouble;
use super::exchange::{self, Answer};
use super::target::Target;
use super::wire::Wire;
use super::{Cut, Error, Options, Stop, headers};
use crate::envelope;
use crate::reconnect::Backoff;
use crate::topic::Cursor;
use alloc::string::String;
use core::fmt;
use core::time::Duration;
use std::time::Instant;

/// Publishes to a topic, or to whatever takes a POST.
///
/// A message must not be doubled, so that a POST is sent again only where it is certain that the first one was not
/// taken:
///
/// | what happened | taken? | what is done |
/// |---|---|---|
/// | no connection could be made, or the kept one has ended before anything was written | no | again |
/// | the request could not be written whole, and no answer came: its `Content-Length` is not reached | no | again |
/// | 408, 425, 429, 503: the server says that it did not take it | no | again, `Retry-After` first |
/// | any other status but 2xx | no, says the server | [`PublishError::Refused`] |
/// | the whole request went out and no answer came to it | who knows | [`PublishError::Unknown`] |
///
/// It goes on trying for [`PATIENCE`](Self::PATIENCE); but a server that was never reached is reported at once.
#[derive(Debug)]
pub struct Publisher {
    target: Target,
    options: Options,
    wire: Option<Wire>,
    reached: bool,
    stop: Stop,
}

/// Why a message was not published.
#[derive(Debug)]
#[non_exhaustive]
pub enum PublishError {
    /// The server does not want it, or the URL cannot be used: more tries would not help.
    Refused(Error),
    /// It was not taken, for the server is not there or cannot take it now.
    Unavailable(Cut),
    /// It is not known whether it was taken: sending it again could double it.
    Unknown(Error),
}

impl Publisher {
    /// How long one message is tried again: a restart of the server takes less.
    pub const PATIENCE: Duration = Duration::from_secs(30);

    /// A publisher; it connects with the first message. [`Options::after`] and [`Options::retry`] are not looked at.
    ///
    /// # Errors
    /// A URL that cannot be used, or a header that cannot be sent.
    pub fn new(url: &str, options: Options) -> Result<Self, Error> {
        let target = Target::parse(url)?;
        headers::check(&options.headers)?;
        Ok(Self { target, options, wire: None, reached: false, stop: Stop::default() })
    }

    /// Ends a blocked [`publish`](Self::publish) from another thread.
    #[must_use]
    pub fn stop_handle(&self) -> Stop {
        self.stop.clone()
    }

    /// Publishes one message and waits until it was taken. Gives its id; `None` from a server that does not tell one.
    ///
    /// # Errors
    /// As the table above says.
    pub fn publish(&mut self, event: Option<&str>, data: &str) -> Result<Option<Cursor>, PublishError> {
        self.publish_telling(event, data, |_, _| {})
    }

    /// [`publish`](Self::publish), and tells `waiting` before each wait why it is tried again and after how long.
    ///
    /// # Errors
    /// As the table above says.
    pub fn publish_telling(
        &mut self,
        event: Option<&str>,
        data: &str,
        mut waiting: impl FnMut(&Cut, Duration),
    ) -> Result<Option<Cursor>, PublishError> {
        let started = Instant::now();
        // Somebody waits for this one message: begin with the shortest wait.
        let mut backoff = Backoff::new(Backoff::MIN, self.options.retry_max, self.options.random);
        loop {
            let (cut, retry_after) = match self.attempt(event, data) {
                Ok(id) => return Ok(id),
                Err(Attempt::NotTaken(Trouble::Cut(cut, retry_after))) => (cut, retry_after),
                Err(Attempt::NotTaken(Trouble::Fatal(error))) => return Err(PublishError::Refused(error)),
                Err(Attempt::Unknown(error)) => return Err(PublishError::Unknown(error)),
            };
            let wait = backoff.next_wait(retry_after);
            let next = Instant::now() + wait;
            if !self.reached || cut == Cut::Stopped || next > started + Self::PATIENCE {
                return Err(PublishError::Unavailable(cut));
            }
            waiting(&cut, wait);
            self.stop.wait_until(next);
        }
    }

    fn attempt(&mut self, event: Option<&str>, data: &str) -> Result<Option<Cursor>, Attempt> {
        // A connection that has ended meanwhile is found out before anything is written to it.
        let kept = self.wire.take().and_then(|mut wire| wire.is_quiet().then_some(wire));
        let mut wire = match kept {
            Some(wire) => wire,
            None => Wire::open(&self.target, &self.options, &self.stop).map_err(Attempt::NotTaken)?,
        };
        self.reached = true;
        let sent = match self.send(&mut wire, event, data) {
            // Nothing was written, so that nothing will be answered.
            Err(trouble @ Trouble::Fatal(_)) => return Err(Attempt::NotTaken(trouble)),
            sent => sent,
        };
        let deadline = wire.response_deadline();
        let answer = match (exchange::receive(&mut wire, "POST", MAX_ANSWER as u64, deadline), sent) {
            // A server may refuse before it has read everything.
            (Ok(answer), _) => answer,
            (Err(_), Err(trouble)) => return Err(Attempt::NotTaken(trouble)),
            (Err(trouble), Ok(())) => return Err(Attempt::Unknown(trouble.into())),
        };
        self.finish(wire, answer)
    }

    fn send(&self, wire: &mut Wire, event: Option<&str>, data: &str) -> Result<(), Trouble> {
        let (host, length) = (self.target.host(), alloc::format!("{}", data.len()));
        let own = [
            ("Host", host.as_str()),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", length.as_str()),
        ];
        let headers = headers::join(&own, &self.options.headers);
        let event = event.map(|event| ("event", event));
        let request_target = self.target.request_target(event.as_slice());
        exchange::send(wire, "POST", &request_target, &headers, data.as_bytes())
    }

    /// The server has answered.
    fn finish(&mut self, mut wire: Wire, mut answer: Answer) -> Result<Option<Cursor>, Attempt> {
        if !answer.status.is_success() {
            let says_not_taken = matches!(answer.status.as_u16(), 408 | 425 | 429 | 503);
            return Err(Attempt::NotTaken(if says_not_taken {
                Trouble::Cut(Cut::Status(answer.status), answer.retry_after)
            } else {
                Error::Status { status: answer.status, said: answer.said(&mut wire) }.into()
            }));
        }
        // It was taken, whatever becomes of the body, which only tells the id.
        let deadline = wire.response_deadline();
        let body = exchange::read_body(&mut wire, &mut answer.body, MAX_ANSWER, deadline);
        let id = body.as_ref().ok().and_then(|body| envelope::parse_published(&String::from_utf8_lossy(body)).ok());
        self.wire = Some(wire).filter(|_| body.is_ok() && answer.keep_alive);
        Ok(id)
    }
}

/// The answer to a POST is an id; from another server it may be a page.
const MAX_ANSWER: usize = 1 << 20;

enum Attempt {
    /// Certainly not taken.
    NotTaken(Trouble),
    Unknown(Error),
}

impl fmt::Display for PublishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => error.fmt(f),
            Self::Unavailable(cut) => cut.fmt(f),
            Self::Unknown(error) => write!(f, "{error}: it is not known whether the message was taken"),
        }
    }
}

impl core::error::Error for PublishError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Refused(error) | Self::Unknown(error) => Some(error),
            Self::Unavailable(cut) => Some(cut),
        }
    }
}

//! Publishing: one POST a message, in order, over one connection.

use super::error::Trouble;
use super::exchange::{self, Answer};
use super::target::Target;
use super::wire::Wire;
use super::{Cut, Error, Options, Stop, headers};
use crate::envelope;
use crate::http::Status;
use crate::reconnect::Backoff;
use crate::topic::{Cursor, IdempotencyKey};
use alloc::string::String;
use core::fmt;
use core::time::Duration;
use std::time::Instant;

/// Publishes to a topic, or to whatever takes a POST.
///
/// A message must not be doubled. Each goes out with an `Idempotency-Key` of its own, by which a server that knows what
/// that means (ours does, and says so) takes it once, however often it comes. Without that a POST is sent again only where
/// it is certain that the first one was not taken:
///
/// | what happened | taken? | what is done |
/// |---|---|---|
/// | no connection could be made, or the kept one has ended before anything was written | no | again |
/// | the request could not be written whole, and no answer came: its `Content-Length` is not reached | no | again |
/// | 408, 425, 429, 503: the server says that it did not take it | no | again, `Retry-After` first |
/// | any other status but 2xx, 502 and 504 | no, says the server | [`PublishError::Refused`] |
/// | the whole request went out and no answer came to it, or one of a gateway that got none (502, 504) | who knows | again, if the server sends keys back; else [`PublishError::Unknown`] |
///
/// Whether it does is known from its earlier answers, or asked with `OPTIONS`. It goes on trying for
/// [`PATIENCE`](Self::PATIENCE), and where it is not known whether the message was taken [`DOUBTS`](Self::DOUBTS) times;
/// but a server that was never reached is reported at once.
///
/// A topic knows a key as long as it keeps the message, and a server only its own topics. So a message that is sent again
/// is doubled if in between the server began anew, or the topic dropped the message, being tiny or very busy, or a load
/// balancer leads to another server than before: put none over several in front of a topic, unless those share it in a
/// Redis. That a server knows keys is learnt once and holds for all later connections to the same URL.
#[derive(Debug)]
pub struct Publisher {
    target: Target,
    options: Options,
    wire: Option<Wire>,
    reached: bool,
    /// Whether the server has sent a key back, over this connection or one before.
    knows_keys: bool,
    /// What the keys of this publisher's messages have in common, and how many there were.
    nonce: [u8; 16],
    keys: u64,
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
    /// It is not known whether it was taken: sending it again could double it, or did not help.
    Unknown(Error),
}

impl Publisher {
    /// How long one message is tried again: a restart of the server takes less.
    pub const PATIENCE: Duration = Duration::from_secs(30);

    /// How often a message goes out again about which it is not known whether it was taken: what is cut off more often
    /// than that is cut off for what it is.
    pub const DOUBTS: u32 = 5;

    /// A publisher; it connects with the first message. [`Options::after`], [`Options::filter`] and [`Options::retry`]
    /// are not looked at.
    ///
    /// # Errors
    /// A URL that cannot be used, or a header that cannot be sent: an `Idempotency-Key` among [`Options::headers`], too,
    /// since all messages would be one to the server.
    pub fn new(url: &str, options: Options) -> Result<Self, Error> {
        let target = Target::parse(url)?;
        headers::check(&options.headers)?;
        if options.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(IDEMPOTENCY_KEY)) {
            return Err(Error::Header("Idempotency-Key: each message has its own".into()));
        }
        let mut nonce = [0; 16];
        (options.random)(&mut nonce);
        let stop = Stop::default();
        Ok(Self { target, options, wire: None, reached: false, knows_keys: false, nonce, keys: 0, stop })
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
        waiting: impl FnMut(&Cut, Duration),
    ) -> Result<Option<Cursor>, PublishError> {
        let key = IdempotencyKey::numbered(self.nonce, self.keys);
        self.keys = self.keys.wrapping_add(1);
        self.publish_once(&key, event, data, waiting)
    }

    /// [`publish_telling`](Self::publish_telling) with a key of the caller's: whoever publishes the same message with it
    /// again, even after this program has ended, gets the id of the first.
    ///
    /// # Errors
    /// As the table above says. Another message with the same key is refused with 422.
    pub fn publish_once(
        &mut self,
        key: &IdempotencyKey,
        event: Option<&str>,
        data: &str,
        mut waiting: impl FnMut(&Cut, Duration),
    ) -> Result<Option<Cursor>, PublishError> {
        let until = Instant::now() + Self::PATIENCE;
        // Somebody waits for this one message: begin with the shortest wait.
        let mut backoff = Backoff::new(Backoff::MIN, self.options.retry_max, self.options.random);
        // Why it is not known whether it was taken, and how often that was so.
        let (mut doubt, mut doubts): (Option<Cut>, u32) = (None, 0);
        loop {
            // Other trouble later does not make it certain that it was not taken.
            let unknown = |doubt: Option<Cut>, error: Error| PublishError::Unknown(doubt.map_or(error, Error::Cut));
            let (cut, retry_after) = match self.attempt(key, event, data, doubt.is_some()) {
                Ok(id) => return Ok(id),
                Err(Attempt::NotTaken(Trouble::Cut(cut, retry_after))) => (cut, retry_after),
                Err(Attempt::NotTaken(Trouble::Fatal(error))) if doubt.is_none() => {
                    return Err(PublishError::Refused(error));
                }
                Err(Attempt::Unknown(Trouble::Cut(cut, retry_after))) => {
                    doubts += 1;
                    doubt.get_or_insert_with(|| cut.clone());
                    (cut, retry_after)
                }
                Err(Attempt::NotTaken(Trouble::Fatal(error)) | Attempt::Unknown(Trouble::Fatal(error))) => {
                    return Err(unknown(doubt, error));
                }
            };
            let wait = backoff.next_wait(retry_after);
            let next = Instant::now() + wait;
            if !self.reached || cut == Cut::Stopped || next > until || doubts > Self::DOUBTS {
                return Err(match doubt {
                    Some(doubt) => PublishError::Unknown(Error::Cut(doubt)),
                    None => PublishError::Unavailable(cut),
                });
            }
            waiting(&cut, wait);
            self.stop.wait_until(next);
        }
    }

    fn attempt(
        &mut self,
        key: &IdempotencyKey,
        event: Option<&str>,
        data: &str,
        may_be_taken: bool,
    ) -> Result<Option<Cursor>, Attempt> {
        let mut wire = self.connection().map_err(Attempt::NotTaken)?;
        if may_be_taken && !self.knows_keys {
            wire = self.ask_for_keys(wire, key)?;
        }
        let sent = match self.send(&mut wire, key, event, data) {
            // Nothing was written, so that nothing will be answered.
            Err(trouble @ Trouble::Fatal(_)) => return Err(Attempt::NotTaken(trouble)),
            sent => sent,
        };
        let deadline = wire.response_deadline();
        let answer = match (exchange::receive(&mut wire, "POST", MAX_ANSWER as u64, deadline), sent) {
            // A server may refuse before it has read everything.
            (Ok(answer), _) => answer,
            (Err(_), Err(trouble)) => return Err(Attempt::NotTaken(trouble)),
            (Err(trouble), Ok(())) => return Err(Attempt::Unknown(trouble)),
        };
        self.knows_keys |= answer.idempotency_key == key.to_header();
        self.finish(wire, answer)
    }

    /// A connection that has ended meanwhile is found out before anything is written to it.
    fn connection(&mut self) -> Result<Wire, Trouble> {
        let kept = self.wire.take().and_then(|mut wire| wire.is_quiet().then_some(wire));
        let wire = match kept {
            Some(wire) => wire,
            None => Wire::open(&self.target, &self.options, &self.stop)?,
        };
        self.reached = true;
        Ok(wire)
    }

    /// Sends the key without the message: only a server that sends it back may be sent the message again.
    fn ask_for_keys(&mut self, mut wire: Wire, key: &IdempotencyKey) -> Result<Wire, Attempt> {
        let (host, header) = (self.target.host(), key.to_header());
        let own = [("Host", host.as_str()), (IDEMPOTENCY_KEY, header.as_str())];
        let headers = headers::join(&own, &self.options.headers);
        let deadline = wire.response_deadline();
        let asked = exchange::send(&mut wire, "OPTIONS", &self.target.request_target(&[]), &headers, &[])
            .and_then(|()| exchange::receive(&mut wire, "OPTIONS", MAX_ANSWER as u64, deadline));
        let mut answer = asked.map_err(Attempt::NotTaken)?;
        self.knows_keys = answer.idempotency_key == header;
        if is_busy(answer.status) {
            return Err(Attempt::NotTaken(Trouble::Cut(Cut::Status(answer.status), answer.retry_after)));
        }
        if !self.knows_keys {
            return Err(Attempt::Unknown(Error::Status { status: answer.status, said: String::new() }.into()));
        }
        exchange::read_body(&mut wire, &mut answer.body, MAX_ANSWER, deadline).map_err(Attempt::NotTaken)?;
        if answer.keep_alive { Ok(wire) } else { self.connection().map_err(Attempt::NotTaken) }
    }

    fn send(&self, wire: &mut Wire, key: &IdempotencyKey, event: Option<&str>, data: &str) -> Result<(), Trouble> {
        let (host, key, length) = (self.target.host(), key.to_header(), alloc::format!("{}", data.len()));
        let own = [
            ("Host", host.as_str()),
            (IDEMPOTENCY_KEY, key.as_str()),
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
            let later = Trouble::Cut(Cut::Status(answer.status), answer.retry_after);
            return Err(match answer.status.as_u16() {
                // RFC 9110 §15.6.3, §15.6.5: a gateway has passed the request on and was not answered.
                502 | 504 => Attempt::Unknown(later),
                _ if is_busy(answer.status) => Attempt::NotTaken(later),
                _ => Attempt::NotTaken(Error::Status { status: answer.status, said: answer.said(&mut wire) }.into()),
            });
        }
        // It was taken, whatever becomes of the body, which only tells the id.
        let deadline = wire.response_deadline();
        let body = exchange::read_body(&mut wire, &mut answer.body, MAX_ANSWER, deadline);
        let id = body.as_ref().ok().and_then(|body| envelope::parse_published(&String::from_utf8_lossy(body)).ok());
        // RFC 9112 §9.3, §9.6: what is left of a body would be taken for an answer, and behind `close` comes none.
        self.wire = Some(wire).filter(|_| body.is_ok() && answer.keep_alive);
        Ok(id)
    }
}

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The answer to a POST is an id; from another server it may be a page.
const MAX_ANSWER: usize = 1 << 20;

enum Attempt {
    /// Certainly not taken, this time.
    NotTaken(Trouble),
    Unknown(Trouble),
}

/// Whether the server says that it has not taken what it was sent and may take it later.
fn is_busy(status: Status) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429 | 503)
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

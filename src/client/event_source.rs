//! Server-Sent Events, as the WHATWG HTML standard's `EventSource`, for any server.

use super::error::Trouble;
use super::exchange::{self, Request};
use super::feed::{Feed, Link, Transport, is_word, subscriber};
use super::incoming::Incoming;
use super::options::event_parameters;
use super::wire::Wire;
use super::{Cut, Error, Options, headers};
use crate::envelope;
use crate::reconnect::Backoff;
use crate::sse::{self, Decoded, DecoderLimits, ReadyState, Response};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use std::time::Instant;

/// Subscribes to an event stream: `Accept: text/event-stream`, and `Last-Event-ID` from the second connection on.
///
/// Works with any server's stream. The type `message` is given as no event, and an id is the last event ID in force.
/// Ended for good by 204, any status that is not about now, or another media type (WHATWG HTML, "processing model"). The
/// decisions are those of [`sse::EventSource`].
#[derive(Debug)]
pub struct EventSource(Feed<Sse>);

impl EventSource {
    /// Subscribes. Nothing is sent before the first [`next`](Iterator::next).
    ///
    /// # Errors
    /// A URL that cannot be used.
    pub fn new(url: &str, options: Options) -> Result<Self, Error> {
        let link = Link::new(url, options)?;
        let options = &link.options;
        let backoff = Backoff::new(options.retry, options.retry_max, options.random);
        let limits = DecoderLimits { data: options.max_message, ..DecoderLimits::default() };
        let mut machine = sse::EventSource::new(backoff).with_limits(limits).with_headers(options.headers.clone());
        // The words are for the query; everything else is a last event ID from before.
        if let Some(after) = options.after.as_deref().filter(|after| !is_word(after)) {
            headers::check_one("Last-Event-ID", after)?;
            machine = machine.with_last_event_id(after);
        }
        Ok(Self(Feed::new(link, Sse { machine, connection: None })))
    }

    /// The same subscription by another method than GET, and with a body, as some services want it. It is sent again with
    /// each reconnection.
    #[must_use]
    pub fn with_method(self, method: impl Into<String>, body: Vec<u8>) -> Self {
        Self(self.0.map(|sse| Sse { machine: sse.machine.with_method(method, body), ..sse }))
    }
}

subscriber!(EventSource);

#[derive(Debug)]
struct Sse {
    machine: sse::EventSource<Instant>,
    connection: Option<Incoming>,
}

/// What an event without a type is.
const PLAIN: &str = "message";

impl Transport for Sse {
    fn step(&mut self, link: &mut Link) -> Result<(), Trouble> {
        if self.machine.ready_state() == ReadyState::Open {
            return self.read(link);
        }
        if self.machine.request().is_some() {
            return self.open(link);
        }
        link.wait_until(self.machine.poll_timeout());
        self.machine.handle_timeout(Instant::now());
        Ok(())
    }

    fn cut(&mut self, _: &Cut, _: Option<Duration>, now: Instant) -> Option<Duration> {
        self.connection = None;
        self.machine.handle_cut(now)
    }

    fn close(&mut self) {
        self.connection = None;
        self.machine.close();
    }
}

impl Sse {
    fn open(&mut self, link: &mut Link) -> Result<(), Trouble> {
        let (after, filter) = (link.options.after.clone(), link.options.filter.clone());
        let word = after.as_deref().filter(|after| is_word(after)).map(|word| ("after", word));
        let parameters: Vec<_> = word.into_iter().chain(event_parameters(&filter)).collect();
        let mut target = link.target.clone();
        while let Some(request) = self.machine.request() {
            let wire = Wire::open(&target, &link.options, &link.stop)?;
            let request = Request {
                method: request.method,
                target: &target.request_target(&parameters),
                headers: request.headers,
                body: request.body,
                limit: u64::MAX,
                deadline: wire.response_deadline(),
            };
            let (mut wire, mut answer) = exchange::ask(wire, &target, &request)?;
            let (status, now) = (answer.status, Instant::now());
            match self.machine.handle_response(status, &answer.content_type, answer.retry_after, now) {
                Response::Open => {
                    self.connection = Some(Incoming::new(wire, answer));
                    link.connected();
                }
                Response::Redirect => {
                    let next = target.join(&answer.location)?;
                    if !self.machine.handle_redirect(target.origin_of(&next)) {
                        return Err(Error::Redirect.into());
                    }
                    target = next;
                }
                Response::Later(after) => link.reconnecting(after, Cut::Status(status)),
                Response::WrongType => return Err(answer.wrong_type().into()),
                Response::WrongStatus | Response::Closed => return Err(answer.refusal(&mut wire)),
            }
        }
        Ok(())
    }

    fn read(&mut self, link: &mut Link) -> Result<(), Trouble> {
        let Some(connection) = &mut self.connection else { return Err(Cut::Ended.into()) };
        let machine = &mut self.machine;
        connection.take(|data| decode(machine, data, link))?;
        if link.queue.is_empty() {
            connection.fill(machine.poll_timeout())?;
        }
        Ok(())
    }
}

fn decode(machine: &mut sse::EventSource<Instant>, mut data: &[u8], link: &mut Link) -> Result<(), Trouble> {
    let now = Instant::now();
    loop {
        let step = machine.receive(data, now)?;
        data = data.get(step.consumed..).unwrap_or_default();
        match step.event {
            None => return Ok(()),
            Some(Decoded::Retry(_)) => {}
            Some(Decoded::LastEventId(id)) => {
                // Whoever sends bookmarks sends them as keepalives too.
                machine.expect_keepalives(link.options.silence);
                link.bookmark(&id);
            }
            Some(Decoded::Message { event, data, .. }) if event == envelope::RESET_EVENT => {
                let reset = envelope::parse_reset(&data)?;
                link.reset(reset);
            }
            Some(Decoded::Message { event, data, .. }) => {
                let event = Some(&*event).filter(|event| *event != PLAIN);
                link.message(Some(machine.last_event_id()), event, &data);
            }
        }
    }
}

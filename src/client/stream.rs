//! HTTP streaming: one envelope a line.

use super::error::Trouble;
use super::exchange::{self, Get};
use super::feed::{Feed, Link, Transport, subscriber};
use super::lines::Lines;
use super::wire::{Filled, Wire};
use super::{Cut, Error, Options, Received};
use crate::envelope::{Envelope, EnvelopeError};
use crate::http::{BodyEvent, BodyReader};
use alloc::string::{String, ToString};
use core::time::Duration;
use std::time::Instant;

/// Subscribes over HTTP streaming: `Accept: application/x-ndjson`.
#[derive(Debug)]
pub struct Stream(Feed<Ndjson>);

impl Stream {
    /// Subscribes. Nothing is sent before the first [`next`](Iterator::next).
    ///
    /// # Errors
    /// A URL that cannot be used.
    pub fn new(url: &str, options: Options) -> Result<Self, Error> {
        let lines = Lines::new(options.max_message);
        Feed::new(url, options, Ndjson { lines, connection: None }).map(Self)
    }
}

subscriber!(Stream, Ndjson);

#[derive(Debug)]
struct Ndjson {
    lines: Lines,
    connection: Option<(Wire, BodyReader)>,
}

impl Transport for Ndjson {
    fn open(&mut self, link: &mut Link) -> Result<(), Trouble> {
        let get = Get {
            parameters: &[("after", link.after())],
            headers: &[("Accept", "application/x-ndjson")],
            limit: u64::MAX,
            hold: Duration::ZERO,
        };
        let (mut wire, mut answer) = exchange::get(&mut None, &link.target, &link.options, &link.stop, &get)?;
        if answer.status.as_u16() != 200 {
            return Err(answer.refusal(&mut wire));
        }
        answer.expect_type("application/x-ndjson")?;
        self.connection = Some((wire, answer.body));
        link.session.expect_keepalives(link.options.silence);
        link.connected();
        Ok(())
    }

    fn read(&mut self, link: &mut Link) -> Result<(), Trouble> {
        let Some((wire, body)) = &mut self.connection else { return Err(Cut::Ended.into()) };
        loop {
            let step = body.receive(wire.unread())?;
            match step.event {
                Some(BodyEvent::Data(data)) => {
                    self.lines.push(data, |text| envelope(text, link))?;
                    wire.consume(step.consumed);
                }
                Some(BodyEvent::End) => return Err(Cut::Ended.into()),
                None => {
                    wire.consume(step.consumed);
                    if !link.queue.is_empty() {
                        return Ok(());
                    }
                    match wire.fill(link.deadline())? {
                        Filled::Bytes => link.session.handle_bytes(Instant::now()),
                        Filled::Eof => return Err(Cut::Ended.into()),
                        Filled::TimedOut => return Err(Cut::Silent.into()),
                    }
                }
            }
        }
    }

    fn close(&mut self) {
        self.connection = None;
        self.lines.clear();
    }
}

fn envelope(bytes: &[u8], link: &mut Link) -> Result<(), Trouble> {
    let text = String::from_utf8_lossy(bytes);
    if text.trim().is_empty() {
        return Ok(());
    }
    take(&text, link).map_err(Trouble::from)
}

/// One envelope, from a line or a frame.
pub(super) fn take(text: &str, link: &mut Link) -> Result<(), EnvelopeError> {
    match Envelope::parse(text) {
        Ok(Envelope::Message { id, event, data }) => link.message(Some(&id.to_string()), event.as_deref(), &data),
        Ok(Envelope::Bookmark { id }) => link.bookmark(&id.to_string()),
        Ok(Envelope::Reset(reset)) => link.reset(reset),
        Ok(Envelope::Drain) => link.queue.push_back(Received::Drain),
        // A later version of the server may have more to say than this client knows.
        Err(EnvelopeError::UnknownType) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

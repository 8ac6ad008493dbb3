//! HTTP streaming: one envelope a line.

use super::error::Trouble;
use super::exchange::{self, Get};
use super::feed::{Feed, Link, subscriber};
use super::incoming::Incoming;
use super::lines::Lines;
use super::streaming::Streaming;
use super::{Cut, Error, Options, Received};
use crate::envelope::{Envelope, EnvelopeError};
use crate::reconnect::{Backoff, Reconnect};
use alloc::string::{String, ToString};
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
        let link = Link::new(url, options)?;
        let options = &link.options;
        let mut reconnect = Reconnect::new(Backoff::new(options.retry, options.retry_max, options.random));
        reconnect.expect_keepalives(options.silence);
        let lines = Lines::new(options.max_message);
        Ok(Self(Feed::new(link, Ndjson { lines, reconnect, connection: None })))
    }
}

subscriber!(Stream);

#[derive(Debug)]
struct Ndjson {
    lines: Lines,
    reconnect: Reconnect<Instant>,
    connection: Option<Incoming>,
}

const MEDIA_TYPE: &str = "application/x-ndjson";

impl Streaming for Ndjson {
    fn open(&mut self, link: &mut Link) -> Result<(), Trouble> {
        let (parameters, headers) = ([("after", link.after())], [("Accept", MEDIA_TYPE)]);
        let get = Get { parameters: &parameters, headers: &headers, limit: u64::MAX, deadline: None };
        let (mut wire, mut answer) = exchange::get(&mut None, link, &get)?;
        if answer.status.as_u16() != 200 {
            return Err(answer.refusal(&mut wire));
        }
        answer.expect_type(MEDIA_TYPE)?;
        self.connection = Some(Incoming::new(wire, answer));
        Ok(())
    }

    fn read(&mut self, link: &mut Link) -> Result<(), Trouble> {
        let Some(connection) = &mut self.connection else { return Err(Cut::Ended.into()) };
        let (lines, reconnect) = (&mut self.lines, &mut self.reconnect);
        connection.take(|data| lines.push(data, |line| envelope(line, link, reconnect)))?;
        if link.queue.is_empty() {
            connection.fill(reconnect.poll_timeout())?;
            reconnect.handle_bytes(Instant::now());
        }
        Ok(())
    }

    fn let_go(&mut self) {
        self.connection = None;
        self.lines.clear();
    }

    fn reconnect(&mut self) -> &mut Reconnect<Instant> {
        &mut self.reconnect
    }
}

fn envelope(bytes: &[u8], link: &mut Link, reconnect: &mut Reconnect<Instant>) -> Result<(), Trouble> {
    let text = String::from_utf8_lossy(bytes);
    if text.trim().is_empty() {
        return Ok(());
    }
    match take(&text, link, reconnect) {
        // A later version of the server may have more to say than this client knows.
        Err(EnvelopeError::UnknownType) => Ok(()),
        taken => taken.map_err(Trouble::from),
    }
}

/// One envelope, from a line or a frame. Only a message with a new id gets the client on.
pub(super) fn take(text: &str, link: &mut Link, reconnect: &mut Reconnect<Instant>) -> Result<(), EnvelopeError> {
    match Envelope::parse(text)? {
        Envelope::Message { id, event, data } => {
            if link.message(Some(&id.to_string()), event.as_deref(), &data) {
                reconnect.handle_progress();
            }
        }
        Envelope::Bookmark { id } => link.bookmark(&id.to_string()),
        Envelope::Reset(reset) => link.reset(reset),
        Envelope::Drain => link.queue.push_back(Received::Drain),
    }
    Ok(())
}

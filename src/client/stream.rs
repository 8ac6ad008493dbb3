//! HTTP streaming: one envelope a line.

use super::error::Trouble;
use super::feed::{Feed, Link, Transport, subscriber};
use super::incoming::Incoming;
use super::lines::Lines;
use super::{Cut, Error, Options, Received};
use crate::envelope::{Envelope, EnvelopeError};
use alloc::string::{String, ToString};

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
    connection: Option<Incoming>,
}

impl Transport for Ndjson {
    fn open(&mut self, link: &mut Link) -> Result<(), Trouble> {
        self.connection = Some(Incoming::open(link, "application/x-ndjson", &[("after", link.after())], None)?);
        link.session.expect_keepalives(link.options.silence);
        link.connected();
        Ok(())
    }

    fn read(&mut self, link: &mut Link) -> Result<(), Trouble> {
        let Some(connection) = &mut self.connection else { return Err(Cut::Ended.into()) };
        let lines = &mut self.lines;
        connection.read(link, |data, link| lines.push(data, |line| envelope(line, link)))
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
    match take(&text, link) {
        // A later version of the server may have more to say than this client knows.
        Err(EnvelopeError::UnknownType) => Ok(()),
        taken => taken.map_err(Trouble::from),
    }
}

/// One envelope, from a line or a frame.
pub(super) fn take(text: &str, link: &mut Link) -> Result<(), EnvelopeError> {
    match Envelope::parse(text) {
        Ok(Envelope::Message { id, event, data }) => link.message(Some(&id.to_string()), event.as_deref(), &data),
        Ok(Envelope::Bookmark { id }) => link.bookmark(&id.to_string()),
        Ok(Envelope::Reset(reset)) => link.reset(reset),
        Ok(Envelope::Drain) => link.queue.push_back(Received::Drain),
        Err(error) => return Err(error),
    }
    Ok(())
}

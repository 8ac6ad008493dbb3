//! Server-Sent Events, as the WHATWG HTML standard's `EventSource`, for any server.

use super::error::Trouble;
use super::feed::{Feed, Link, Transport, is_word, subscriber};
use super::incoming::Incoming;
use super::{Cut, Error, Options, headers};
use crate::envelope;
use crate::sse::{Decoded, Decoder, DecoderLimits};

/// Subscribes to an event stream: `Accept: text/event-stream`, and `Last-Event-ID` from the second connection on.
///
/// Works with any server's stream. The type `message` is given as no event, and an id is the last event ID in force.
/// Ended for good by 204, any status that is not about now, or another media type (WHATWG HTML, "processing model").
#[derive(Debug)]
pub struct EventSource(Feed<Sse>);

impl EventSource {
    /// Subscribes. Nothing is sent before the first [`next`](Iterator::next).
    ///
    /// # Errors
    /// A URL that cannot be used.
    pub fn new(url: &str, options: Options) -> Result<Self, Error> {
        let mut decoder = Decoder::new(DecoderLimits { data: options.max_message, ..DecoderLimits::default() });
        // The words are for the query; everything else is a last event ID from before.
        if let Some(after) = options.after.as_deref().filter(|after| !is_word(after)) {
            headers::check_one("Last-Event-ID", after)?;
            decoder = decoder.with_last_event_id(after);
        }
        Feed::new(url, options, Sse { decoder, connection: None }).map(Self)
    }
}

subscriber!(EventSource, Sse);

#[derive(Debug)]
struct Sse {
    decoder: Decoder,
    connection: Option<Incoming>,
}

/// What an event without a type is.
const PLAIN: &str = "message";

impl Transport for Sse {
    fn open(&mut self, link: &mut Link) -> Result<(), Trouble> {
        // "processing model": sent unless it is empty.
        let last_event_id = Some(self.decoder.last_event_id()).filter(|id| !id.is_empty());
        let word = link.options.after.as_deref().filter(|after| is_word(after));
        let after = word.map(|word| ("after", word));
        let header = last_event_id.map(|id| ("Last-Event-ID", id));
        self.connection = Some(Incoming::open(link, "text/event-stream", after.as_slice(), header)?);
        link.connected();
        Ok(())
    }

    fn read(&mut self, link: &mut Link) -> Result<(), Trouble> {
        let Some(connection) = &mut self.connection else { return Err(Cut::Ended.into()) };
        let decoder = &mut self.decoder;
        connection.read(link, |data, link| decode(decoder, data, link))
    }

    fn close(&mut self) {
        self.connection = None;
        self.decoder.receive_eof();
    }
}

fn decode(decoder: &mut Decoder, mut data: &[u8], link: &mut Link) -> Result<(), Trouble> {
    loop {
        let step = decoder.receive(data)?;
        data = data.get(step.consumed..).unwrap_or_default();
        match step.event {
            None => return Ok(()),
            Some(Decoded::Retry(base)) => link.session.handle_retry(base),
            Some(Decoded::LastEventId(id)) => {
                // Whoever sends bookmarks sends them as keepalives too.
                link.session.expect_keepalives(link.options.silence);
                link.bookmark(&id);
            }
            Some(Decoded::Message { event, data, .. }) if event == envelope::RESET_EVENT => {
                let reset = envelope::parse_reset(&data)?;
                link.reset(reset);
            }
            Some(Decoded::Message { event, data, .. }) => {
                let event = Some(&*event).filter(|event| *event != PLAIN);
                link.message(Some(decoder.last_event_id()), event, &data);
            }
        }
    }
}

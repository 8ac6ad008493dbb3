//! Server-Sent Events, as the WHATWG HTML standard's `EventSource`, for any server.

use super::error::Trouble;
use super::exchange::{self, Answer, Get};
use super::feed::{Feed, Link, Transport, subscriber};
use super::wire::{Filled, Wire};
use super::{Cut, Error, Options};
use crate::envelope;
use crate::http::{BodyEvent, BodyReader};
use crate::sse::{Decoded, Decoder, DecoderLimits};
use crate::topic::After;
use alloc::string::String;
use alloc::vec::Vec;
use std::time::Instant;

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
            decoder = decoder.with_last_event_id(after);
        }
        Feed::new(url, options, Sse { decoder, connection: None }).map(Self)
    }
}

subscriber!(EventSource, Sse);

fn is_word(after: &str) -> bool {
    matches!(after.parse(), Ok(After::Oldest | After::Now))
}

#[derive(Debug)]
struct Sse {
    decoder: Decoder,
    connection: Option<(Wire, BodyReader)>,
}

/// The event that tells of lost messages.
const RESET: &str = "tidings.reset";
/// What an event without a type is.
const PLAIN: &str = "message";

impl Transport for Sse {
    fn open(&mut self, link: &mut Link) -> Result<(), Trouble> {
        let last_event_id = String::from(self.decoder.last_event_id());
        let mut headers = Vec::from([("Accept", "text/event-stream")]);
        // "processing model": sent unless it is empty.
        if !last_event_id.is_empty() {
            headers.push(("Last-Event-ID", &last_event_id));
        }
        let word = link.options.after.clone().filter(|after| is_word(after));
        let after = word.as_deref().map(|word| ("after", word));
        let get =
            Get { parameters: after.as_slice(), headers: &headers, limit: u64::MAX, hold: core::time::Duration::ZERO };
        let (mut wire, mut answer) = exchange::get(&mut None, &link.target, &link.options, &link.stop, &get)?;
        if answer.status.as_u16() != 200 {
            return Err(answer.refusal(&mut wire));
        }
        answer.expect_type("text/event-stream")?;
        let Answer { body, .. } = answer;
        self.connection = Some((wire, body));
        link.connected();
        Ok(())
    }

    fn read(&mut self, link: &mut Link) -> Result<(), Trouble> {
        let Some((wire, body)) = &mut self.connection else { return Err(Cut::Ended.into()) };
        loop {
            let step = body.receive(wire.unread())?;
            match step.event {
                Some(BodyEvent::Data(data)) => {
                    decode(&mut self.decoder, data, link)?;
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
            Some(Decoded::Message { event, data, .. }) if event == RESET => {
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

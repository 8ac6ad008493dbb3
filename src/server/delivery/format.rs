//! What the log looks like on the transports that stay open.

use crate::envelope::{self, Envelope, RESET_EVENT};
use crate::http::chunked;
use crate::sse;
use crate::topic::{Cursor, EventName, Message, Messages, Reset};
use crate::ws;
use crate::ws::deflate::{Encoder, Options};
use bytes::{BufMut, BytesMut};
use std::string::{String, ToString};
use std::time::Duration;
use std::vec::Vec;

/// How messages are written; equal formats have equal bytes, so that a batch is encoded once for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in super::super) enum Format {
    /// An event stream. HTTP/1.0 has no chunks.
    Sse { chunked: bool },
    /// Envelopes, one a line.
    Ndjson { chunked: bool },
    /// Envelopes, one a text frame; compressed for clients that have agreed on it.
    Envelopes { deflated: bool },
    /// Bare data, one a text frame, likewise.
    Data { deflated: bool },
}

/// What is worth keeping between batches.
#[derive(Debug, Default)]
pub(in super::super) struct Encoding {
    json: BytesMut,
    deflate: Encoder,
    /// Texts that are to be compressed, and where each ends.
    texts: BytesMut,
    ends: Vec<usize>,
}

impl Encoding {
    pub(super) fn new(deflate: Option<&Options>) -> Self {
        Self { deflate: deflate.map(Encoder::new).unwrap_or_default(), ..Self::default() }
    }

    /// Makes frames of what [`Format::messages`] has left to be compressed: that takes ten times as long as all else.
    pub(super) fn compress(&mut self, output: &mut BytesMut) {
        let mut start = 0;
        for end in self.ends.drain(..) {
            let text = self.texts.get(start..end).unwrap_or_default();
            self.deflate.encode_text_bytes(text, output);
            start = end;
        }
        self.texts.clear();
    }

    fn end_of_text(&mut self) {
        self.ends.push(self.texts.len());
    }
}

impl Format {
    /// Appends messages of the log, which is locked meanwhile. Of compressed ones it takes the text alone:
    /// [`Encoding::compress`] is to follow when the log is free again.
    pub(in super::super) fn messages(self, messages: Messages<'_>, encoding: &mut Encoding, output: &mut BytesMut) {
        self.chunk(output, |output| {
            for message in messages {
                self.message(message, encoding, output);
            }
        });
    }

    fn message(self, message: &Message, encoding: &mut Encoding, output: &mut BytesMut) {
        match self {
            Self::Sse { .. } => {
                let event = message.event.as_ref().map(EventName::as_str);
                let event = sse::Event {
                    id: Some(message.id.to_string().into()),
                    event: event.map(Into::into),
                    data: Some((&*message.data).into()),
                    ..sse::Event::default()
                };
                encode(&event, output);
            }
            Self::Ndjson { .. } | Self::Envelopes { deflated: false } => {
                self.envelope(&message.into(), &mut encoding.json, output);
            }
            Self::Data { deflated: false } => ws::encode_text(&message.data, output),
            Self::Envelopes { deflated: true } => {
                Envelope::from(message).encode(&mut encoding.texts);
                encoding.end_of_text();
            }
            Self::Data { deflated: true } => {
                encoding.texts.put_slice(message.data.as_bytes());
                encoding.end_of_text();
            }
        }
    }

    /// The cursor in force. Bare data has no place for one.
    pub(in super::super) fn bookmark(self, id: Cursor, output: &mut BytesMut) {
        self.chunk(output, |output| match self {
            Self::Sse { .. } => encode(&sse::Event::bookmark(id.to_string()), output),
            _ => self.envelope(&Envelope::Bookmark { id }, &mut BytesMut::new(), output),
        });
    }

    /// Messages were lost; what follows goes on at the oldest. Bare data has no place for it: see
    /// [`TopicSocket`](super::TopicSocket).
    pub(super) fn reset(self, reset: &Reset, output: &mut BytesMut) {
        self.chunk(output, |output| match self {
            Self::Sse { .. } => {
                let mut data = BytesMut::new();
                envelope::encode_reset(reset, &mut data);
                let data = String::from_utf8_lossy(&data);
                let event = sse::Event::message(data).with_event(RESET_EVENT).with_id(reset.oldest.to_string());
                encode(&event, output);
            }
            _ => self.envelope(&Envelope::Reset(*reset), &mut BytesMut::new(), output),
        });
    }

    /// The server goes away. `retry`: when an event stream's client shall come back.
    pub(super) fn drain(self, retry: Duration, output: &mut BytesMut) {
        self.chunk(output, |output| match self {
            Self::Sse { .. } => encode(&sse::Event { retry: Some(retry), ..sse::Event::default() }, output),
            _ => self.envelope(&Envelope::Drain, &mut BytesMut::new(), output),
        });
        self.end(output);
    }

    /// The end of the body, where it is not the end of the connection.
    fn end(self, output: &mut BytesMut) {
        if let Self::Sse { chunked: true } | Self::Ndjson { chunked: true } = self {
            chunked::encode_end(output);
        }
    }

    fn envelope(self, envelope: &Envelope<'_>, scratch: &mut BytesMut, output: &mut BytesMut) {
        match self {
            Self::Ndjson { .. } => {
                envelope.encode(output);
                output.put_u8(b'\n');
            }
            Self::Envelopes { .. } => {
                scratch.clear();
                envelope.encode(scratch);
                ws::encode_text_bytes(scratch, output);
            }
            Self::Sse { .. } | Self::Data { .. } => {}
        }
    }

    /// What `write` appends, as one chunk if this is chunked.
    fn chunk(self, output: &mut BytesMut, write: impl FnOnce(&mut BytesMut)) {
        match self {
            Self::Sse { chunked: true } | Self::Ndjson { chunked: true } => chunked::encode_with(output, write),
            _ => write(output),
        }
    }
}

/// Cursors and the names of events have no line breaks, so that this cannot fail.
fn encode(event: &sse::Event<'_>, output: &mut BytesMut) {
    let encoded = event.encode(output);
    debug_assert!(encoded.is_ok(), "no line break in {event:?}");
}

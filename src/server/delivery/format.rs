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
}

impl Encoding {
    pub(in super::super) fn new(deflate: Option<&Options>) -> Self {
        Self { json: BytesMut::new(), deflate: deflate.map(Encoder::new).unwrap_or_default() }
    }
}

impl Format {
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
            Self::Ndjson { .. } | Self::Envelopes { .. } => self.envelope(&message.into(), encoding, output),
            Self::Data { deflated } => frame(message.data.as_bytes(), deflated, &mut encoding.deflate, output),
        }
    }

    /// The cursor in force. Bare data has no place for one.
    pub(in super::super) fn bookmark(self, id: Cursor, output: &mut BytesMut) {
        self.chunk(output, |output| match self {
            Self::Sse { .. } => encode(&sse::Event::bookmark(id.to_string()), output),
            _ => self.envelope(&Envelope::Bookmark { id }, &mut Encoding::default(), output),
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
            _ => self.envelope(&Envelope::Reset(*reset), &mut Encoding::default(), output),
        });
    }

    /// The server goes away. `retry`: when an event stream's client shall come back.
    pub(super) fn drain(self, retry: Duration, output: &mut BytesMut) {
        self.chunk(output, |output| match self {
            Self::Sse { .. } => encode(&sse::Event { retry: Some(retry), ..sse::Event::default() }, output),
            _ => self.envelope(&Envelope::Drain, &mut Encoding::default(), output),
        });
        self.end(output);
    }

    /// The end of the body, where it is not the end of the connection.
    fn end(self, output: &mut BytesMut) {
        if let Self::Sse { chunked: true } | Self::Ndjson { chunked: true } = self {
            chunked::encode_end(output);
        }
    }

    fn envelope(self, envelope: &Envelope<'_>, encoding: &mut Encoding, output: &mut BytesMut) {
        match self {
            Self::Ndjson { .. } => {
                envelope.encode(output);
                output.put_u8(b'\n');
            }
            Self::Envelopes { deflated } => {
                encoding.json.clear();
                envelope.encode(&mut encoding.json);
                frame(&encoding.json, deflated, &mut encoding.deflate, output);
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

/// A text frame.
fn frame(text: &[u8], deflated: bool, encoder: &mut Encoder, output: &mut BytesMut) {
    if deflated {
        encoder.encode_text_bytes(text, output);
    } else {
        ws::encode_text_bytes(text, output);
    }
}

/// Cursors and the names of events have no line breaks, so that this cannot fail.
fn encode(event: &sse::Event<'_>, output: &mut BytesMut) {
    let encoded = event.encode(output);
    debug_assert!(encoded.is_ok(), "no line break in {event:?}");
}

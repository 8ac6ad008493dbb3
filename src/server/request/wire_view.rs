//! `GET /wire/{topic}/{id}`: one message as each transport sends it, explained byte by byte, for the live page.

use super::super::access::Action;
use super::super::answer;
use super::super::delivery::{Encoding, Format};
use super::super::metrics::Via;
use super::super::response::{Persistence, Response};
use super::{Request, Status};
use crate::inspect::{self, Field};
use crate::longpoll::Answer;
use crate::topic::{After, Cursor, Messages, TopicName};
use crate::ws::deflate::Encoder;
use crate::ws::frame::Header;
use bytes::BytesMut;
use serde::Serialize;
use std::fmt::Write;
use std::string::String;
use std::time::Instant;
use std::vec::Vec;

/// The longest message that is explained, in bytes of data: what is said about a byte may be hundreds of them, and this
/// is for people to read.
const MAX_DATA: usize = 16 * 1024;

#[derive(Serialize)]
struct View {
    transport: &'static str,
    /// In hexadecimal digits.
    bytes: String,
    fields: Vec<Field>,
    /// What some clients get instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize)]
struct Views {
    id: String,
    views: Vec<View>,
}

impl Request<'_> {
    /// `path`: what follows `/wire/`.
    pub(super) fn wire_view(&self, path: &str) -> Response {
        self.explain(path).unwrap_or_else(|refusal| refusal)
    }

    fn explain(&self, path: &str) -> Result<Response, Response> {
        let not_found = || Response::fault(Status::NOT_FOUND, "there is no such message, or no longer");
        let (topic, id) = path.split_once('/').ok_or_else(not_found)?;
        let malformed = |error: &dyn std::fmt::Display| Response::fault(Status::BAD_REQUEST, std::format!("{error}"));
        let topic: TopicName = topic.parse().map_err(|error| malformed(&error))?;
        let id: Cursor = id.parse().map_err(|error| malformed(&error))?;
        self.authorize(Action::Subscribe(&topic))?;
        // Here it makes no topic. One that is kept elsewhere may be there without being here, and to look for it is to open
        // it: if there was none, it goes again after two minutes.
        let cell = if self.shared.store.may_block() {
            self.open(&topic, After::Cursor(id))?
        } else {
            self.shared.topics.find(&topic).ok_or_else(not_found)?
        };
        let encoded = {
            let topic = cell.read(Instant::now());
            let before = id.n().checked_sub(1).map(|n| Cursor::new(id.epoch(), n)).ok_or_else(not_found)?;
            let message = topic.read(before).map_err(|_| not_found())?.batch(1, usize::MAX);
            match message.clone().next() {
                None => return Err(not_found()),
                Some(message) if message.data.len() > MAX_DATA => {
                    let text = "the message is too long to be explained";
                    return Err(Response::fault(Status::UNPROCESSABLE_CONTENT, text));
                }
                Some(_) => encode(&message, id),
            }
        };
        let views = encoded.into_iter().map(|(via, bytes)| {
            let compressed = if via == Via::WebSocket { self.compressed(&bytes) } else { None };
            let note = compressed.map(|len| {
                std::format!("Clients that agree on permessage-deflate, as browsers do, get {len} bytes (RFC 7692).")
            });
            View { note, ..view(via, &bytes) }
        });
        let views = views.collect();
        let views = Views { id: std::format!("{id}"), views };
        let body = serde_json::to_vec(&views)
            .map_err(|_| Response::fault(Status::INTERNAL_SERVER_ERROR, "the server failed"))?;
        Ok(Response::json(Status::OK, body))
    }
}

impl Request<'_> {
    /// The length of that frame for WebSocket clients that offer compression, if it is shorter.
    fn compressed(&self, frame: &[u8]) -> Option<usize> {
        let mut encoder = Encoder::new(self.shared.deflate.as_ref()?);
        let (_, header_len) = Header::parse(frame).ok()??;
        let mut bytes = BytesMut::new();
        encoder.encode_text_bytes(frame.get(header_len..)?, &mut bytes);
        (bytes.len() < frame.len()).then_some(bytes.len())
    }
}

/// What the server sends for the message over each transport.
fn encode(message: &Messages<'_>, id: Cursor) -> [(Via, BytesMut); 5] {
    let stream = |format: Format| {
        let mut bytes = BytesMut::new();
        format.messages(message.clone(), &mut Encoding::default(), &mut bytes);
        bytes
    };
    let answer = Answer::Events { messages: message.clone(), next: id, more: false };
    let (status, body) = answer::encode(&answer);
    let mut poll = BytesMut::new();
    let response = Response::json(status, body);
    response.encode_head(Persistence { keep_alive: true, is_http_1_0: false }, &mut poll);
    poll.extend_from_slice(&response.body);
    [
        (Via::WebSocket, stream(Format::Envelopes { deflated: false })),
        (Via::Sse, stream(Format::Sse { chunked: true })),
        (Via::Stream, stream(Format::Ndjson { chunked: true })),
        (Via::LongPoll, poll.clone()),
        (Via::ShortPoll, poll),
    ]
}

fn view(via: Via, bytes: &[u8]) -> View {
    let fields = match via {
        Via::WebSocket => inspect::websocket_frames(bytes),
        Via::Sse => inspect::chunked(bytes, inspect::Format::EventStream),
        Via::Stream => inspect::chunked(bytes, inspect::Format::Json),
        Via::LongPoll | Via::ShortPoll => inspect::http_message(bytes),
    };
    let mut digits = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // A String takes everything.
        let _ = write!(digits, "{byte:02x}");
    }
    View { transport: via.as_str(), bytes: digits, fields, note: None }
}

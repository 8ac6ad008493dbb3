//! Event streams and streams of JSON lines: everything up to their first bytes. The rest is the loop's.

use super::super::access::Action;
use super::super::delivery::{Format, Role, Subscriber};
use super::super::metrics::Via;
use super::super::response::{Response, date};
use super::negotiate::{EVENT_STREAM, NDJSON};
use super::{Reply, Request, Status, query};
use crate::http;
use crate::topic::{After, Filter, TopicName};
use bytes::BytesMut;
use std::borrow::Cow;
use std::time::Instant;
use std::vec::Vec;

impl Request<'_> {
    pub(super) fn sse(&mut self, name: &TopicName) -> Reply {
        // WHATWG HTML, server-sent events: the header is what a client that reconnects knows; the query it cannot change.
        let last_event_id = self.last_event_id();
        let after = last_event_id.map(Cow::Borrowed).or_else(|| query::find(self.head.query(), "after"));
        let chunked = !self.persistence.is_http_1_0;
        self.stream(name, after.as_deref(), Via::Sse, Format::Sse { chunked }, EVENT_STREAM)
    }

    pub(super) fn ndjson(&mut self, name: &TopicName) -> Reply {
        let after = query::find(self.head.query(), "after");
        let chunked = !self.persistence.is_http_1_0;
        self.stream(name, after.as_deref(), Via::Stream, Format::Ndjson { chunked }, NDJSON)
    }

    /// An empty one is as good as none.
    pub(super) fn last_event_id(&self) -> Option<&str> {
        self.head.headers.get_str("last-event-id").filter(|id| !id.is_empty())
    }

    fn stream(
        &self,
        name: &TopicName,
        after: Option<&str>,
        via: Via,
        format: Format,
        content_type: &'static str,
    ) -> Reply {
        match self.subscribe(name, after, via, format) {
            Err(refusal) => Reply::Answer(refusal),
            Ok((subscriber, bookmark)) => {
                let mut output = self.stream_head(content_type);
                self.begun(Status::OK, via.as_str());
                // RFC 9110 §9.3.2: the same head, and no body.
                if self.head.method == "HEAD" {
                    return Reply::Handed(Role::Closing, output);
                }
                output.extend_from_slice(&bookmark);
                Reply::Handed(Role::Stream(subscriber), output)
            }
        }
    }

    /// A new subscriber, and the bookmark that tells it where it stands: whoever has seen no message yet can come back
    /// to this very point all the same. Nothing where the cursor is not good: the loop will say so first of all.
    ///
    /// Without `after` it begins now. That is settled here, before the client can see any answer: what it publishes
    /// once it has one is part of the stream.
    pub(super) fn subscribe(
        &self,
        name: &TopicName,
        after: Option<&str>,
        via: Via,
        format: Format,
    ) -> Result<(Subscriber, BytesMut), Response> {
        let after = after.map_or(Ok(After::Now), str::parse);
        let after = after.map_err(|error| {
            Response::fault(Status::BAD_REQUEST, std::format!("after: {error}, or 'oldest' or 'now'"))
        })?;
        let filter = self.filter()?;
        self.authorize(Action::Subscribe(name))?;
        let cell = self.open(name, after)?;
        let mut bookmark = BytesMut::new();
        let cursor = {
            let topic = cell.read(Instant::now());
            let cursor = topic.resolve(after);
            if topic.read(cursor).is_ok() {
                format.bookmark(cursor, &mut bookmark);
            }
            cursor
        };
        let present = self.shared.metrics.delivery(via).subscribers.enter();
        Ok((Subscriber::new(cell, cursor, filter, format, via, present), bookmark))
    }

    /// Which messages it wants, whatever the transport: those of the events that the query names, or all.
    pub(super) fn filter(&self) -> Result<Filter, Response> {
        Filter::parse(query::find_all(self.head.query(), "event"))
            .map_err(|error| Response::fault(Status::BAD_REQUEST, std::format!("event: {error}")))
    }

    /// The head of an answer without an end.
    pub(super) fn stream_head(&self, content_type: &str) -> BytesMut {
        let mut headers: Vec<(&str, &str)> = std::vec![
            ("Content-Type", content_type),
            ("Cache-Control", "no-store"),
            // nginx would hold the stream back until it ends.
            ("X-Accel-Buffering", "no"),
            // RFC 9112 §9.6: the end of the stream is the end of the connection.
            ("Connection", "close"),
        ];
        // RFC 9112 §6.1: HTTP/1.0 knows no chunks; there the end of the connection ends the body
        // (RFC 9112 §6.3, rule 8).
        if !self.persistence.is_http_1_0 {
            headers.push(("Transfer-Encoding", "chunked"));
        }
        let date = date();
        headers.push(("Date", &date));
        headers.extend(self.shared.origins.headers(self.origin));
        let mut output = BytesMut::new();
        // Constant headers, and an origin that came in a header: they can go out in one.
        let _ = http::encode_response(Status::OK, &headers, &mut output);
        output
    }
}

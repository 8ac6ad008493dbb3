//! An answer that is not a stream.

use crate::http::{self, Status};
use bytes::{Bytes, BytesMut};
use std::borrow::Cow;
use std::string::String;
use std::time::SystemTime;
use std::vec::Vec;

/// Status, headers and body.
#[derive(Debug, Clone)]
pub(super) struct Response {
    pub(super) status: Status,
    headers: Vec<(&'static str, Cow<'static, str>)>,
    pub(super) body: Bytes,
}

/// RFC 9110 §6.6.1: who has a clock says when an answer was made.
pub(super) fn date() -> String {
    httpdate::fmt_http_date(SystemTime::now())
}

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Persistence {
    /// Whether another request may follow on this connection (RFC 9112 §9.3).
    pub(super) keep_alive: bool,
    /// HTTP/1.0 clients want to be told that the connection stays.
    pub(super) is_http_1_0: bool,
}

impl Persistence {
    /// The connection ends with this answer.
    pub(super) fn close(self) -> Self {
        Self { keep_alive: false, ..self }
    }

    /// RFC 9112 §9.3, §9.6: what the connection does when it is not what the version does by itself.
    pub(super) fn header(self) -> Option<(&'static str, &'static str)> {
        match (self.keep_alive, self.is_http_1_0) {
            (false, _) => Some(("Connection", "close")),
            (true, true) => Some(("Connection", "keep-alive")),
            (true, false) => None,
        }
    }
}

impl Response {
    /// An empty answer.
    pub(super) fn new(status: Status) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    /// A fault, in one line that names it.
    pub(super) fn fault(status: Status, text: impl Into<String>) -> Self {
        let mut text = text.into();
        text.push('\n');
        Self::new(status).with_body("text/plain; charset=utf-8", text.into_bytes())
    }

    /// The client may come back in a second.
    pub(super) fn busy(status: Status, text: &str) -> Self {
        Self::fault(status, text).with_header("Retry-After", "1")
    }

    /// JSON that must not be kept (RFC 6202 §5.6).
    pub(super) fn json(status: Status, body: impl Into<Bytes>) -> Self {
        Self::new(status).with_body("application/json", body).with_header("Cache-Control", "no-store")
    }

    pub(super) fn with_body(mut self, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.with_header("Content-Type", content_type)
    }

    pub(super) fn with_header(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn with_headers<'h>(mut self, headers: impl IntoIterator<Item = (&'static str, &'h str)>) -> Self {
        self.headers.extend(headers.into_iter().map(|(name, value)| (name, Cow::Owned(String::from(value)))));
        self
    }

    /// Appends all of it; the connection ends with it.
    pub(super) fn encode_last(&self, output: &mut BytesMut) {
        self.encode_head(Persistence { keep_alive: false, is_http_1_0: false }, output);
        output.extend_from_slice(&self.body);
    }

    /// Appends the head, which tells the length of the body.
    pub(super) fn encode_head(&self, persistence: Persistence, output: &mut BytesMut) {
        let (length, date) = (std::format!("{}", self.body.len()), date());
        let mut headers: Vec<(&str, &str)> = self.headers.iter().map(|(name, value)| (*name, &**value)).collect();
        if !self.status.has_no_body() {
            headers.push(("Content-Length", &length));
        }
        headers.push(("Date", &date));
        headers.extend(persistence.header());
        if http::encode_response(self.status, &headers, output).is_err() {
            // A value that cannot go on the wire can only be an embedder's challenge: the answer is then without headers.
            let _ = http::respond(self.status, &[("Connection", "close")], &[], output);
        }
    }
}

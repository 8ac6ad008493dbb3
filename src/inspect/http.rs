//! HTTP/1.1 messages (RFC 9112), and what they carry or switch to.

use super::notes::{Notes, readable};
use super::{Field, Format, chunked, event_stream, json, websocket_frames};
use alloc::vec::Vec;

/// Explains a request or a response and its body. Behind a 101 stand WebSocket frames; an event stream and JSON are
/// explained by their `Content-Type`, chunked or not.
#[must_use]
pub fn http_message(bytes: &[u8]) -> Vec<Field> {
    let mut notes = Notes::new(bytes);
    let start = line_len(notes.rest());
    let (name, meaning) = start_meaning(notes.peek(start));
    notes.take(start, name, line(notes.peek(start)), meaning);

    let mut body = Body::of(bytes);
    loop {
        let len = line_len(notes.rest());
        let whole = notes.peek(len);
        let text = line(whole);
        if len == 0 {
            notes.incomplete("\\r\\n", "incomplete: an empty line ends the head (RFC 9112 §2.1)");
            return notes.finish();
        }
        if matches!(whole, b"\r\n" | b"\n") {
            notes.take(len, "empty line", "\\r\\n", "ends the head (RFC 9112 §2.1)");
            break;
        }
        body.note(whole);
        notes.take(len, "header", &text, header_meaning(whole));
    }
    let rest = notes.rest();
    notes.splice(body.explain(rest));
    match body.missing(rest.len() as u64) {
        0 => {}
        missing if rest.is_empty() && body.is_answer => notes.missing(missing, "the body (unless it answers a HEAD)"),
        missing => notes.missing(missing, "the body"),
    }
    notes.finish()
}

/// What the first line is, and whether it is.
fn start_meaning(line: &[u8]) -> (&'static str, &'static str) {
    let is_whole = line.ends_with(b"\n");
    let text = line.trim_ascii_end();
    if text.starts_with(b"HTTP/") {
        let is_status = matches!(text, [b'H', b'T', b'T', b'P', b'/', major, b'.', minor, b' ', code @ ..]
            if [major, minor].into_iter().chain(code.iter().take(3)).all(u8::is_ascii_digit)
                && (code.len() == 3 || code.get(3) == Some(&b' ')));
        if is_text(text) && (is_status || !is_whole) {
            ("status line", "version, status code and a phrase for eyes only (RFC 9112 §4)")
        } else {
            (
                "status line",
                "Illegal: a version such as HTTP/1.1, a blank and a code of three digits are due (RFC 9112 §4)",
            )
        }
    } else {
        let mut parts = text.split(|&byte| byte == b' ');
        let [method, target, version] = [(); 3].map(|()| parts.next().unwrap_or_default());
        let is_request = is_token(method)
            && !target.is_empty()
            && matches!(version, [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit())
            && parts.next().is_none();
        if text.is_ascii() && is_text(text) && (is_request || !is_whole) {
            ("request line", "method, target and version (RFC 9112 §3)")
        } else {
            (
                "request line",
                "Illegal: a method, a target and HTTP/1.1 with single blanks between are due (RFC 9112 §3)",
            )
        }
    }
}

/// Whether it has no control characters but tabs.
fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == b'\t' || !byte.is_ascii_control())
}

fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

/// Whether it looks like a start line.
pub(super) fn is_start(bytes: &[u8]) -> bool {
    let line = bytes.get(..line_len(bytes)).unwrap_or_default();
    line.starts_with(b"HTTP/1.")
        || line.trim_ascii_end().ends_with(b" HTTP/1.1")
        || line.trim_ascii_end().ends_with(b" HTTP/1.0")
}

/// What the headers say about the body.
#[derive(Default)]
struct Body {
    is_answer: bool,
    switched: bool,
    chunked: bool,
    len: Option<u64>,
    format: Option<Format>,
}

impl Body {
    /// What the first line says of it.
    fn of(message: &[u8]) -> Self {
        let code = message.get(9..12).filter(|_| message.starts_with(b"HTTP/"));
        Self {
            is_answer: code.is_some(),
            switched: code == Some(b"101"),
            // RFC 9112 §6.3: these have none, whatever their headers say.
            len: code.filter(|code| matches!(*code, b"204" | b"304")).map(|_| 0),
            ..Self::default()
        }
    }

    /// How many bytes are missing where there are so many.
    fn missing(&self, found: u64) -> u64 {
        let counts = !self.switched && !self.chunked;
        self.len.filter(|_| counts).map_or(0, |len| len.saturating_sub(found))
    }

    fn note(&mut self, header: &[u8]) {
        let (name, value) = split(header);
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.chunked = value.to_ascii_lowercase().ends_with(b"chunked");
        } else if name.eq_ignore_ascii_case(b"content-length") {
            let told = core::str::from_utf8(value).ok().and_then(|value| value.parse().ok());
            self.len = self.len.or(told);
        } else if name.eq_ignore_ascii_case(b"content-type") {
            let value = value.to_ascii_lowercase();
            let types = [
                (&b"text/event-stream"[..], Format::EventStream),
                (b"application/x-ndjson", Format::Json),
                (b"application/json", Format::Json),
            ];
            self.format = types.into_iter().find(|(name, _)| value.starts_with(name)).map(|(_, format)| format);
        }
    }

    fn explain(&self, bytes: &[u8]) -> Vec<Field> {
        if self.switched {
            return websocket_frames(bytes);
        }
        let content = match self.format {
            Some(Format::EventStream) => event_stream,
            Some(_) => json,
            None => opaque,
        };
        if self.chunked { chunked(bytes, content) } else { content(bytes) }
    }
}

fn opaque(bytes: &[u8]) -> Vec<Field> {
    let mut notes = Notes::new(bytes);
    notes.take(bytes.len(), "body", readable(bytes), "the content (RFC 9112 §6)");
    notes.finish()
}

fn header_meaning(header: &[u8]) -> &'static str {
    const MEANINGS: [(&str, &str); 22] = [
        ("accept", "which media types the client takes: here it chooses the transport (RFC 9110 §12.5.1)"),
        ("cache-control", "no-store: an answer kept by a cache would be a lie (RFC 9111 §5.2.2.5)"),
        ("connection", "what is meant for this hop only (RFC 9110 §7.6.1)"),
        ("content-length", "the length of the body in bytes (RFC 9112 §6.2)"),
        ("content-type", "the media type of the body (RFC 9110 §8.3)"),
        ("date", "when the message was made (RFC 9110 §6.6.1)"),
        ("host", "which host is asked (RFC 9110 §7.2)"),
        ("last-event-id", "where the client's event stream broke off (the `Last-Event-ID` header)"),
        ("origin", "the page's origin, which a browser does not let it choose (RFC 6454 §7)"),
        ("prefer", "wait: how long the client would wait for news (RFC 7240 §4.3)"),
        ("retry-after", "when to come back (RFC 9110 §10.2.3)"),
        (
            "sec-websocket-accept",
            "shows that the server knows WebSocket: SHA-1 of the key and a constant (RFC 6455 §4.2.2)",
        ),
        ("sec-websocket-extensions", "offered or chosen extensions (RFC 6455 §9.1)"),
        ("sec-websocket-key", "a nonce of 16 bytes, for the server to prove that it understood (RFC 6455 §4.1)"),
        ("sec-websocket-protocol", "offered or chosen subprotocols (RFC 6455 §1.9)"),
        ("sec-websocket-version", "13 is the one in use (RFC 6455 §4.1)"),
        ("transfer-encoding", "chunked: the body comes in pieces with their sizes (RFC 9112 §6.1)"),
        ("upgrade", "the protocol to switch to (RFC 9110 §7.8)"),
        ("access-control-allow-origin", "pages of which other origins may read the answer (WHATWG Fetch)"),
        ("vary", "which request headers the answer depends on (RFC 9110 §12.5.5)"),
        ("x-accel-buffering", "no: asks nginx not to hold the stream back (nginx's proxy module)"),
        ("user-agent", "the client's name (RFC 9110 §10.1.5)"),
    ];
    let (name, value) = split(header);
    let is_whole = header.ends_with(b"\n");
    if !is_text(value) || (is_whole && !(is_token(name) && header.contains(&b':'))) {
        return "Illegal: a name without blanks, a colon and a value without control characters are due (RFC 9112 §5)";
    }
    let known = MEANINGS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()));
    known.map_or("a header (RFC 9112 §5)", |(_, meaning)| meaning)
}

fn split(header: &[u8]) -> (&[u8], &[u8]) {
    let at = header.iter().position(|&byte| byte == b':').unwrap_or(header.len());
    let (name, value) = header.split_at_checked(at).unwrap_or_default();
    (name, value.get(1..).unwrap_or_default().trim_ascii())
}

/// A line for people, without its end.
fn line(bytes: &[u8]) -> alloc::string::String {
    readable(bytes.trim_ascii_end())
}

/// The length of the first line with its end, or of everything.
fn line_len(bytes: &[u8]) -> usize {
    bytes.iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |at| at + 1)
}

//! The lines of an HTTP/1.1 head (RFC 9112), and what they say about each other and the body.

use super::handshake::{Asked, Handshake};
use super::notes::readable;
use super::{Format, Side};
use alloc::borrow::Cow;
use alloc::string::String;

/// What a head says about itself and its body.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// Only of an answer.
    pub(super) status: Option<u16>,
    /// Whether the request that it answers stands before it.
    pub(super) has_asked: bool,
    pub(super) is_websocket: bool,
    /// Whether the last transfer coding is this, if there are any.
    pub(super) chunked: Option<bool>,
    /// Of the body, as `Content-Length` tells it.
    pub(super) len: Option<u64>,
    /// Of the body, by its media type.
    pub(super) format: Option<Format>,
    /// What is wrong with how it frames its body.
    pub(super) framing: Option<&'static str>,
    pub(super) handshake: Handshake,
}

impl Head {
    pub(super) fn start(line: &[u8]) -> Self {
        let status =
            line.get(9..12).and_then(|code| core::str::from_utf8(code).ok()).and_then(|code| code.parse().ok());
        // A status that is none is one of an answer all the same.
        let status = line.starts_with(b"HTTP/").then(|| status.unwrap_or(0));
        Self { status, handshake: Handshake::start(line), ..Self::default() }
    }

    fn from(&self) -> Side {
        if self.status.is_some() { Side::Server } else { Side::Client }
    }

    /// Takes a header: what there is to say about its value.
    pub(super) fn note(&mut self, name: &[u8], value: &[u8], asked: Option<&Asked>) -> Option<Cow<'static, str>> {
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            let is_chunked = value.to_ascii_lowercase().ends_with(b"chunked");
            self.chunked = Some(is_chunked);
            if !is_chunked {
                return Some("a coding of the body that is not told here (RFC 9112 §6.1)".into());
            }
        } else if name.eq_ignore_ascii_case(b"content-length") {
            let digits = core::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            let Some(told) = digits.and_then(|value| value.parse().ok()) else {
                return Some("Illegal: a number of bytes, in digits, is due (RFC 9112 §6.2, §6.3)".into());
            };
            if self.len.is_some_and(|len| len != told) {
                return Some("Illegal: another length than before (RFC 9112 §6.3)".into());
            }
            self.len = Some(told);
        } else if name.eq_ignore_ascii_case(b"content-type") {
            let value = value.to_ascii_lowercase();
            let types = [
                (&b"text/event-stream"[..], Format::EventStream),
                (b"application/x-ndjson", Format::Json),
                (b"application/json", Format::Json),
            ];
            self.format = types.into_iter().find(|(name, _)| value.starts_with(name)).map(|(_, format)| format);
        }
        if self.chunked.is_some() && self.len.is_some() {
            self.framing = Some("Illegal: either Transfer-Encoding or Content-Length, not both (RFC 9112 §6.3)");
        }
        self.handshake.note(self.from(), name, value, asked).map(Cow::Owned)
    }

    /// What is wrong with the head as a whole.
    pub(super) fn fault(&self, asked: Option<&Asked>) -> Option<String> {
        let missing = self.handshake.missing(self.status, asked);
        self.framing.map(Into::into).or(missing)
    }
}

/// What the first line is taken for, and what there is to say about it.
pub(super) fn start_meaning(line: &[u8]) -> (&'static str, &'static str) {
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

/// What a header is for, or what is wrong with how it is written.
pub(super) fn header_meaning(header: &[u8]) -> &'static str {
    const MEANINGS: &[(&str, &str)] = &[
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
        ("authorization", "who the client is; it is a secret (RFC 9110 §11.6.2)"),
        ("server", "the server's name (RFC 9110 §10.2.4)"),
        ("location", "where to ask instead (RFC 9110 §10.2.2)"),
        ("accept-encoding", "which codings of the body the client takes (RFC 9110 §12.5.3)"),
        ("accept-language", "which languages somebody reads (RFC 9110 §12.5.4)"),
        ("cookie", "what the server has given the client to show again; it is a secret (RFC 6265 §4.2)"),
        ("set-cookie", "what the client is to show again; it is a secret (RFC 6265 §4.1)"),
        ("pragma", "no-cache: for caches that know no Cache-Control, and long out of use (RFC 9111 §5.4)"),
        ("referer", "which page led here (RFC 9110 §10.1.3)"),
        ("sec-fetch-dest", "what the browser wants it for (W3C Fetch Metadata)"),
        ("sec-fetch-mode", "how a page came to ask, websocket for one (W3C Fetch Metadata)"),
        ("sec-fetch-site", "whether the asking page is of the same site (W3C Fetch Metadata)"),
    ];
    let (name, value) = split(header);
    let is_whole = header.ends_with(b"\n");
    if !is_text(value) || (is_whole && !(is_token(name) && header.contains(&b':'))) {
        return "Illegal: a name without blanks, a colon and a value without control characters are due (RFC 9112 §5)";
    }
    let known = MEANINGS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()));
    known.map_or("a header (RFC 9112 §5)", |(_, meaning)| meaning)
}

/// Whether it looks like a start line.
pub(super) fn is_start(bytes: &[u8]) -> bool {
    let line = bytes.get(..line_len(bytes)).unwrap_or_default();
    line.starts_with(b"HTTP/1.")
        || line.trim_ascii_end().ends_with(b" HTTP/1.1")
        || line.trim_ascii_end().ends_with(b" HTTP/1.0")
}

/// Name and value.
pub(super) fn split(header: &[u8]) -> (&[u8], &[u8]) {
    let at = header.iter().position(|&byte| byte == b':').unwrap_or(header.len());
    let (name, value) = header.split_at_checked(at).unwrap_or_default();
    (name, value.get(1..).unwrap_or_default().trim_ascii())
}

/// A line for people, without its end.
pub(super) fn line(bytes: &[u8]) -> String {
    readable(bytes.trim_ascii_end())
}

/// The length of the first line with its end, or of everything.
pub(super) fn line_len(bytes: &[u8]) -> usize {
    bytes.iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |at| at + 1)
}

/// Whether it has no control characters but tabs.
fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == b'\t' || !byte.is_ascii_control())
}

pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

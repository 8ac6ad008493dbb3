//! HTTP/1.1 messages (RFC 9112), and what they carry or switch to.

use super::chunks::Chunks;
use super::content::Content;
use super::frames::{Compression, Frames};
use super::handshake::{Asked, Handshake};
use super::notes::{Behind, Notes, readable};
use super::{Field, Format, Side};
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

/// Explains requests and responses with their bodies, one after the other. Behind a 101 stand WebSocket frames, also
/// behind a request for it that has no answer here; an event stream and JSON are explained by their `Content-Type`,
/// chunked or not. What answers a request before it is measured by that: its `Sec-WebSocket-Accept`, what it chose.
#[must_use]
pub fn http_message(bytes: &[u8]) -> Vec<Field> {
    let mut notes = Notes::new(bytes);
    Http::default().step(&mut notes, Behind::End);
    notes.finish()
}

/// HTTP messages as they come.
#[derive(Debug, Default)]
pub(super) struct Http {
    /// Whose they are, if that is known; it counts for the frames.
    pub(super) from: Option<Side>,
    /// What was asked and not answered yet.
    pub(super) asked: Option<Asked>,
    /// Whether frames can be compressed.
    pub(super) compression: Compression,
    place: Place,
    head: Head,
    messages: u64,
}

#[derive(Debug, Default)]
enum Place {
    #[default]
    Start,
    Headers,
    /// So many bytes of content.
    Length(u64, Content),
    Chunked(Chunks),
    /// Content up to the end of the stream.
    ToEnd(Content),
    Frames(Box<Frames>),
}

impl Http {
    pub(super) fn step(&mut self, notes: &mut Notes<'_>, behind: Behind) {
        while self.one(notes, behind) {}
    }

    /// Whether the connection has switched to frames.
    pub(super) fn has_switched(&self) -> bool {
        matches!(self.place, Place::Frames(_))
    }

    /// A line, or as much of a body as is there; whether to go on.
    fn one(&mut self, notes: &mut Notes<'_>, behind: Behind) -> bool {
        let is_opening = self.is_opening();
        match &mut self.place {
            Place::Start if notes.rest().is_empty() && self.messages > 0 => false,
            // No request or answer begins with a frame's first byte.
            Place::Start if is_opening && notes.rest().first().is_some_and(|&first| !is_token(&[first])) => {
                self.switch();
                true
            }
            Place::Start => self.start(notes, behind),
            Place::Headers => self.header(notes, behind),
            Place::Length(left, content) => {
                let here = usize::try_from(*left).unwrap_or(usize::MAX).min(notes.rest().len());
                let is_rest = here as u64 == *left;
                let end = match behind {
                    _ if is_rest => Behind::End,
                    Behind::End => Behind::Full,
                    behind => behind,
                };
                let before = notes.rest().len();
                notes.within(here, |notes| {
                    content.step(notes, end);
                    if is_rest {
                        notes.close();
                    }
                });
                *left -= (before - notes.rest().len()) as u64;
                let left = *left;
                if left == 0 {
                    self.place = Place::Start;
                } else if behind == Behind::End && !notes.is_incomplete() {
                    let is_answer = self.head.status.is_some() && !self.head.has_asked;
                    let unless =
                        if here == 0 && is_answer { "the body (unless it answers a HEAD)" } else { "the body" };
                    notes.missing(left, unless);
                }
                left == 0
            }
            Place::Chunked(chunks) => {
                let is_over = chunks.step(notes, behind);
                if is_over {
                    self.place = Place::Start;
                }
                is_over
            }
            Place::ToEnd(content) => {
                content.step(notes, behind);
                false
            }
            Place::Frames(frames) => {
                frames.step(notes, behind);
                false
            }
        }
    }

    /// Whether a handshake was asked for and not refused.
    fn is_opening(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.is_websocket)
            || (self.from == Some(Side::Client) && self.head.is_websocket)
    }

    fn switch(&mut self) {
        self.place = Place::Frames(Box::new(Frames::new(self.from, self.compression)));
    }

    /// The first line of a message.
    fn start(&mut self, notes: &mut Notes<'_>, behind: Behind) -> bool {
        let len = line_len(notes.rest());
        let whole = notes.peek(len);
        if !whole.ends_with(b"\n") && behind == Behind::More {
            return false;
        }
        if matches!(whole, b"\r\n" | b"\n") && self.messages > 0 {
            notes.take(len, "empty line", readable(whole), "between two messages, ignored (RFC 9112 §2.2)");
            return true;
        }
        let (name, meaning) = start_meaning(whole);
        notes.take(len, name, line(whole), meaning);
        self.head = Head::start(whole);
        if self.head.status.is_none() {
            self.asked = None;
        }
        self.head.has_asked = self.asked.is_some();
        self.messages += 1;
        self.place = Place::Headers;
        true
    }

    /// A header, or the empty line behind them.
    fn header(&mut self, notes: &mut Notes<'_>, behind: Behind) -> bool {
        let len = line_len(notes.rest());
        let whole = notes.peek(len);
        if len == 0 {
            if behind == Behind::End {
                notes.incomplete("\\r\\n", "incomplete: an empty line ends the head (RFC 9112 §2.1)");
            }
            return false;
        }
        if !whole.ends_with(b"\n") && behind == Behind::More {
            return false;
        }
        if !matches!(whole, b"\r\n" | b"\n") {
            let (name, value) = split(whole);
            let meaning = header_meaning(whole);
            let special = self.head.note(name, value, self.asked.as_ref());
            let meaning = special.filter(|_| !meaning.starts_with("Illegal")).unwrap_or(Cow::Borrowed(meaning));
            notes.take(len, "header", line(whole), meaning);
            return true;
        }
        let fault = self.head.fault(self.asked.as_ref());
        let fault = fault.map(|fault| fault + ". ").unwrap_or_default();
        let lf = if whole == b"\n" { "; that a CR is missing is overlooked (RFC 9112 §2.2)" } else { "" };
        let text = readable(whole);
        let follows = self.end_of_head();
        notes.take(len, "empty line", text, format!("{fault}ends the head (RFC 9112 §2.1){lf}{follows}"));
        true
    }

    /// What comes behind the head (RFC 9112 §6.3), also in words.
    fn end_of_head(&mut self) -> &'static str {
        let head = core::mem::take(&mut self.head);
        let Head { status, format, len, chunked, .. } = head;
        let is_head = self.asked.as_ref().is_some_and(|asked| asked.is_head);
        self.head = Head { status, has_asked: head.has_asked, ..Head::default() };
        if status.is_none() {
            let asked = head.handshake.asked();
            self.head.is_websocket = asked.is_websocket;
            self.asked = Some(asked);
        } else if status == Some(101) {
            self.compression = if head.handshake.deflate { Compression::Agreed } else { Compression::Refused };
            self.asked = None;
            self.switch();
            return "; what follows is no HTTP any more, but WebSocket frames (RFC 6455 §4.2.2)";
        } else if !matches!(status, Some(100..=199)) {
            self.asked = None;
        }
        let has_none = is_head || matches!(status, Some(100..=199 | 204 | 304));
        self.place = match len {
            _ if has_none => Place::Start,
            _ if chunked == Some(true) => Place::Chunked(Chunks::new(format)),
            Some(len) if chunked.is_none() => Place::Length(len, Content::new(format)),
            _ if status.is_some() => Place::ToEnd(Content::new(format)),
            _ => Place::Start,
        };
        match self.place {
            _ if self.head.is_websocket => "; a server that agrees answers by 101 (RFC 6455 §4.2.2)",
            Place::Chunked(_) => "; the body follows in chunks (RFC 9112 §7.1)",
            Place::ToEnd(_) => "; the body goes up to the end of the connection (RFC 9112 §6.3)",
            Place::Length(1.., _) => "; the body follows",
            _ => "; there is no body (RFC 9112 §6.3)",
        }
    }
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

/// What a head says about itself and its body.
#[derive(Debug, Default)]
struct Head {
    /// Only of an answer.
    status: Option<u16>,
    /// Whether the request that it answers stands before it.
    has_asked: bool,
    is_websocket: bool,
    /// Whether the last transfer coding is this, if there are any.
    chunked: Option<bool>,
    len: Option<u64>,
    format: Option<Format>,
    framing: Option<&'static str>,
    handshake: Handshake,
}

impl Head {
    fn start(line: &[u8]) -> Self {
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
    fn note(&mut self, name: &[u8], value: &[u8], asked: Option<&Asked>) -> Option<Cow<'static, str>> {
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
    fn fault(&self, asked: Option<&Asked>) -> Option<alloc::string::String> {
        let missing = self.handshake.missing(self.status, asked);
        self.framing.map(Into::into).or(missing)
    }
}

fn header_meaning(header: &[u8]) -> &'static str {
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

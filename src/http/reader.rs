//! Bytes in any split → heads (RFC 9112 §2.2, §3, §4, §5).

use super::headers::is_name;
use super::scan::Scanner;
use super::syntax::{self, CRLF};
use super::{HeadError, Header, Headers, RequestHead, ResponseHead, Status, Version};
use crate::Step;
use bytes::BytesMut;
use core::mem::MaybeUninit;

/// How large a head may be, in bytes and in header lines; what is larger is refused with 431 or 414.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadLimits {
    /// Bytes from the first one (empty lines before a request count) to the end of the empty line. 16 KiB by default:
    /// twice the request line that §3 wants supported, and what browsers' cookies may take. An input buffer of this
    /// size is always enough.
    pub bytes: usize,
    /// Header lines; 100 by default, an honest client sends about 20. At most [`MAX_HEADERS`](Self::MAX_HEADERS).
    pub headers: usize,
}

impl HeadLimits {
    /// The most that [`headers`](Self::headers) can be; more counts as this. They are parsed into an array on the stack.
    pub const MAX_HEADERS: usize = 128;

    fn clamped(self) -> Self {
        Self { headers: self.headers.min(Self::MAX_HEADERS), ..self }
    }
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self { bytes: 16 * 1024, headers: 100 }
    }
}

/// Reads the heads of requests, one after the other.
///
/// A head stays in the caller's buffer until it is whole; each byte is looked at once on the way, and the parser proper
/// runs once. What is wrong with the lines' ends or sizes is reported at the byte where it shows.
#[derive(Debug, Clone)]
pub struct RequestReader {
    limits: HeadLimits,
    scanner: Scanner,
    /// Bytes of empty lines before this head; they count against its size.
    skipped: usize,
    failed: Option<HeadError>,
}

impl RequestReader {
    /// A reader at the beginning of a connection.
    #[must_use]
    pub fn new(limits: HeadLimits) -> Self {
        Self { limits: limits.clamped(), scanner: Scanner::default(), skipped: 0, failed: None }
    }

    /// Looks for a whole head. The event borrows from `input`, and the bytes behind it belong to the body or to the
    /// protocol that the request switches to. The reader is then ready for the next head.
    ///
    /// # Errors
    /// It is no head, or over a limit. The answer, with `Connection: close`, is in `output`; the error is final, and comes
    /// again at every further call.
    pub fn receive<'a>(&mut self, input: &'a [u8], output: &mut BytesMut) -> Result<Step<RequestHead<'a>>, HeadError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.read(input).inspect_err(|error| {
            self.failed = Some(*error);
            error.reject(output);
        })
    }

    fn read<'a>(&mut self, input: &'a [u8]) -> Result<Step<RequestHead<'a>>, HeadError> {
        let (empty_lines, input) = self.skip_empty_lines(input)?;
        let bytes = self.limits.bytes.saturating_sub(self.skipped);
        let Some(end) = self.scanner.find_end(input, bytes, &self.limits)? else {
            return Ok(Step::incomplete(empty_lines));
        };
        let head = parse_request(input.get(..end).unwrap_or_default())?;
        *self = Self::new(self.limits);
        Ok(Step::event(empty_lines + end, head))
    }

    /// §2.2: empty lines before a request are stepped over. What follows them must be a method: nobody who speaks
    /// something else has to wait for a time-out to learn it.
    fn skip_empty_lines<'a>(&mut self, mut input: &'a [u8]) -> Result<(usize, &'a [u8]), HeadError> {
        let mut empty_lines = 0;
        if self.scanner.is_fresh() {
            while let Some(rest) = input.strip_prefix(CRLF)
                && self.skipped < self.limits.bytes
            {
                input = rest;
                empty_lines += CRLF.len();
                self.skipped += CRLF.len();
            }
            if let Some(&first) = input.first()
                && first >= b' '
                && !syntax::is_token(first)
            {
                return Err(HeadError::RequestLine);
            }
        }
        Ok((empty_lines, input))
    }
}

impl Default for RequestReader {
    fn default() -> Self {
        Self::new(HeadLimits::default())
    }
}

/// Reads the heads of responses, one after the other; 1xx ones among them.
///
/// As [`RequestReader`], but it has nobody to answer to. Unlike §5.2 wants of a browser, a folded line is refused here
/// too: servers have not sent any for decades, and a value could not be borrowed.
#[derive(Debug, Clone)]
pub struct ResponseReader {
    limits: HeadLimits,
    scanner: Scanner,
    failed: Option<HeadError>,
}

impl ResponseReader {
    /// A reader at the beginning of a connection.
    #[must_use]
    pub fn new(limits: HeadLimits) -> Self {
        Self { limits: limits.clamped(), scanner: Scanner::default(), failed: None }
    }

    /// Looks for a whole head. The event borrows from `input`, and the bytes behind it belong to the body or to the
    /// protocol that was switched to. The reader is then ready for the next head.
    ///
    /// # Errors
    /// It is no head, or over a limit. It is final: drop the connection.
    pub fn receive<'a>(&mut self, input: &'a [u8]) -> Result<Step<ResponseHead<'a>>, HeadError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.read(input).inspect_err(|error| self.failed = Some(*error))
    }

    fn read<'a>(&mut self, input: &'a [u8]) -> Result<Step<ResponseHead<'a>>, HeadError> {
        // §4: `HTTP/` is what a response begins with; anything else is refused at its first byte.
        if let Some(&first) = input.first()
            && first >= b' '
            && first != b'H'
        {
            return Err(HeadError::StatusLine);
        }
        let Some(end) = self.scanner.find_end(input, self.limits.bytes, &self.limits)? else {
            return Ok(Step::incomplete(0));
        };
        let head = parse_response(input.get(..end).unwrap_or_default())?;
        *self = Self::new(self.limits);
        Ok(Step::event(end, head))
    }
}

impl Default for ResponseReader {
    fn default() -> Self {
        Self::new(HeadLimits::default())
    }
}

/// Slots for `httparse` to fill, without the cost of clearing them.
type Slots<'a> = [MaybeUninit<httparse::Header<'a>>; HeadLimits::MAX_HEADERS];

fn parse_request(head: &[u8]) -> Result<RequestHead<'_>, HeadError> {
    let mut slots: Slots<'_> = [const { MaybeUninit::uninit() }; HeadLimits::MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut []);
    let parsing = parsed.parse_with_uninit_headers(head, &mut slots);
    check(parsing, head, HeadError::RequestLine)?;

    let (Some(method), Some(target)) = (parsed.method, parsed.path) else { return Err(HeadError::RequestLine) };
    if !is_target(method, target) {
        return Err(HeadError::RequestLine);
    }
    let version = version(parsed.version)?;
    let headers = collect(parsed.headers);
    check_host(version, &headers)?;
    Ok(RequestHead { method, target, version, headers })
}

fn parse_response(head: &[u8]) -> Result<ResponseHead<'_>, HeadError> {
    let mut slots: Slots<'_> = [const { MaybeUninit::uninit() }; HeadLimits::MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let parsing = config.parse_response_with_uninit_headers(&mut parsed, head, &mut slots);
    check(parsing, head, HeadError::StatusLine)?;

    // §4: three digits; what is outside of 100 to 599 has no meaning.
    let status = parsed.code.and_then(Status::new).ok_or(HeadError::StatusLine)?;
    let version = version(parsed.version)?;
    Ok(ResponseHead { version, status, reason: parsed.reason.unwrap_or_default(), headers: collect(parsed.headers) })
}

/// What `httparse` says about a head, in our words. The head must end exactly where the scanner found its end.
fn check(parsing: httparse::Result<usize>, head: &[u8], start_line: HeadError) -> Result<(), HeadError> {
    match parsing {
        Ok(httparse::Status::Complete(end)) if end == head.len() => Ok(()),
        Err(httparse::Error::Version) if is_other_version(head) => Err(HeadError::Version),
        // §5.1, §5.2: a blank before the colon, or at the beginning of a line.
        Err(httparse::Error::HeaderName) => Err(HeadError::HeaderName),
        Err(httparse::Error::HeaderValue) => Err(HeadError::HeaderValue),
        Err(httparse::Error::TooManyHeaders) => Err(HeadError::TooManyHeaders),
        _ => Err(start_line),
    }
}

/// Whether the start line, the first word of a response's or the third of a request's, names a version of HTTP that is
/// not ours, rather than being no HTTP at all (§2.3: its case matters).
fn is_other_version(head: &[u8]) -> bool {
    let line = head.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let is_other = |word: &[u8]| word.starts_with(b"HTTP/") && !word.starts_with(b"HTTP/1.");
    let mut words = line.split(|&byte| byte == b' ');
    words.next().is_some_and(is_other) || words.nth(1).is_some_and(|word| word.starts_with(b"HTTP/"))
}

fn version(minor: Option<u8>) -> Result<Version, HeadError> {
    match minor {
        Some(0) => Ok(Version::Http10),
        Some(1) => Ok(Version::Http11),
        _ => Err(HeadError::Version),
    }
}

/// The one allocation of a head, of exactly the size that it needs.
fn collect<'a>(parsed: &[httparse::Header<'a>]) -> Headers<'a> {
    parsed.iter().map(|header| Header { name: header.name, value: header.value }).collect()
}

/// §3.2: origin-form, absolute-form, authority-form for `CONNECT`, or `*` for `OPTIONS`, all in ASCII and without a
/// fragment.
fn is_target(method: &str, target: &str) -> bool {
    let has_form = match target.as_bytes() {
        _ if method == "CONNECT" => !target.contains('/'),
        [b'/', ..] => true,
        b"*" => method == "OPTIONS",
        [first, ..] => first.is_ascii_alphabetic() && target.contains("://"),
        [] => false,
    };
    has_form && syntax::all(target.as_bytes(), |byte| byte.is_ascii_graphic() && byte != b'#')
}

/// §3.2: HTTP/1.1 has exactly one `Host`, HTTP/1.0 at most one, and it is a host.
fn check_host(version: Version, headers: &Headers<'_>) -> Result<(), HeadError> {
    let mut hosts = headers.iter().filter(|header| is_name(header.name, "host"));
    match (hosts.next(), hosts.next()) {
        (None, _) if version == Version::Http11 => Err(HeadError::HostMissing),
        (None, _) => Ok(()),
        (Some(_), Some(_)) => Err(HeadError::HostRepeated),
        (Some(host), None) if syntax::is_host(host.value) => Ok(()),
        (Some(_), None) => Err(HeadError::HostInvalid),
    }
}

//! Where a body ends (RFC 9112 §6.3).

use super::headers::is_name;
use super::syntax::{parse_decimal, trim};
use super::{BodyError, Headers, RequestHead, ResponseHead, Version};

/// How the end of a body is known. What could be understood in two ways is refused (§11.1, §11.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Framing {
    /// There is no body.
    Empty,
    /// So many bytes, `Content-Length` (§6.2).
    Length(u64),
    /// In chunks, `Transfer-Encoding: chunked` (§7.1).
    Chunked,
    /// Everything until the connection ends; responses only (§6.3 rule 8).
    UntilEof,
}

impl Framing {
    /// The framing of a request's body (§6.3); without any header that says, there is none.
    ///
    /// # Errors
    /// Headers that two readers could understand differently: answer with [`BodyError::status`], and close.
    pub fn of_request(head: &RequestHead<'_>) -> Result<Self, BodyError> {
        // §6.3 rule 7: nothing declared, nothing there.
        declared(head.version, &head.headers).map(|framing| framing.unwrap_or(Self::Empty))
    }

    /// The framing of the body of a response to a request with that method (§6.3).
    ///
    /// [`Empty`](Self::Empty) also where the connection changes its protocol: after 101, and after 2xx to `CONNECT`. The
    /// bytes that follow belong to the new one.
    ///
    /// # Errors
    /// As [`of_request`](Self::of_request): drop the connection.
    pub fn of_response(request_method: &str, head: &ResponseHead<'_>) -> Result<Self, BodyError> {
        // §6.3 rule 1: these end with their head, whatever the headers say.
        if request_method == "HEAD" || head.status.has_no_body() {
            return Ok(Self::Empty);
        }
        // §6.3 rule 2: a tunnel begins.
        if request_method == "CONNECT" && head.status.is_success() {
            return Ok(Self::Empty);
        }
        // §6.3 rule 8.
        declared(head.version, &head.headers).map(|framing| framing.unwrap_or(Self::UntilEof))
    }
}

/// §6.3 rules 3 to 6: what the headers say, if anything.
fn declared(version: Version, headers: &Headers<'_>) -> Result<Option<Framing>, BodyError> {
    let mut length = None;
    let mut codings = None;
    for header in headers {
        if is_name(header.name, "content-length") {
            length = Some(content_length(length, header.value)?);
        } else if is_name(header.name, "transfer-encoding") {
            codings.get_or_insert_with(Codings::default).add(header.value);
        }
    }
    match (length, codings) {
        // §6.1: a sender of HTTP/1.0 cannot have meant it.
        (_, Some(_)) if version == Version::Http10 => Err(BodyError::TransferEncodingInHttp10),
        // §6.3 rule 3: two framings, one of them a smuggler's.
        (Some(_), Some(_)) => Err(BodyError::TwoFramings),
        (None, Some(codings)) => codings.framing().map(Some),
        (length, None) => Ok(length.map(Framing::Length)),
    }
}

/// §6.3 rule 5: a list of lengths stands for one if all are the same number; so do repeated headers.
fn content_length(before: Option<u64>, value: &[u8]) -> Result<u64, BodyError> {
    let mut length = before;
    for element in value.split(|&byte| byte == b',') {
        let number = parse_decimal(trim(element)).ok_or(BodyError::ContentLength)?;
        if length.is_some_and(|length| length != number) {
            return Err(BodyError::ContentLengths);
        }
        length = Some(number);
    }
    length.ok_or(BodyError::ContentLength)
}

/// The transfer codings of a message, in the order of their application (§6.1).
#[derive(Default)]
struct Codings {
    chunked: usize,
    unknown: usize,
    ends_in_chunked: bool,
    malformed: bool,
}

impl Codings {
    fn add(&mut self, value: &[u8]) {
        for coding in value.split(|&byte| byte == b',').map(trim).filter(|coding| !coding.is_empty()) {
            self.ends_in_chunked = coding.eq_ignore_ascii_case(b"chunked");
            if self.ends_in_chunked {
                self.chunked += 1;
            } else {
                self.unknown += 1;
                // §7.1: chunked has no parameters. And what is no coding at all is not merely unknown.
                let name = trim(coding.split(|&byte| byte == b';').next().unwrap_or_default());
                self.malformed |= name.eq_ignore_ascii_case(b"chunked")
                    || name.is_empty()
                    || !name.iter().all(|&byte| super::syntax::is_token(byte));
            }
        }
    }

    fn framing(&self) -> Result<Framing, BodyError> {
        // §6.1: chunked once. §6.3 rule 4: and last, or the end is anybody's guess; a client could read on to the end
        // of the connection, but would not understand what it reads.
        if self.malformed || self.chunked != 1 || !self.ends_in_chunked {
            return Err(BodyError::TransferEncoding);
        }
        // §6.1: 501.
        if self.unknown > 0 { Err(BodyError::UnknownCoding) } else { Ok(Framing::Chunked) }
    }
}

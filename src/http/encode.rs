//! Heads → bytes. Nothing is written unless all of it may be (RFC 9112 §11.1).

use super::headers::is_name;
use super::syntax::{self, CRLF, Digits};
use super::{SendError, Status};
use bytes::{BufMut, BytesMut};

/// Appends a response's head: status line, headers, empty line. The body is the caller's to write, as the headers say.
///
/// # Errors
/// Nothing was written: a name that is no token, a control character in a value, both ways of framing at
/// once, or one where there is no body.
pub fn encode_response(status: Status, headers: &[(&str, &str)], output: &mut BytesMut) -> Result<(), SendError> {
    check_response(status, headers)?;
    write_status_line(status, headers, 0, output);
    write_headers(headers, output);
    output.put_slice(CRLF);
    Ok(())
}

/// Appends a request's head: request line, headers, empty line. `target` is path and query, `/…` (§3.2.1).
///
/// # Errors
/// Nothing was written: as in [`encode_response`], a method that is no token, a target with a blank or a
/// control character, or not exactly one `Host` among the headers.
pub fn encode_request(
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    output: &mut BytesMut,
) -> Result<(), SendError> {
    check_request(method, target, headers)?;
    let version = " HTTP/1.1\r\n";
    output.reserve(method.len() + 1 + target.len() + version.len() + size_of_headers(headers) + CRLF.len());
    output.put_slice(method.as_bytes());
    output.put_u8(b' ');
    output.put_slice(target.as_bytes());
    output.put_slice(version.as_bytes());
    write_headers(headers, output);
    output.put_slice(CRLF);
    Ok(())
}

/// Appends a whole response: the head with its `Content-Length`, and the body.
///
/// # Errors
/// Nothing was written: as in [`encode_response`], headers that frame the body too, or a body where the
/// status has none (1xx, 204, 304: these get no `Content-Length` either).
pub fn respond(status: Status, headers: &[(&str, &str)], body: &[u8], output: &mut BytesMut) -> Result<(), SendError> {
    check_response(status, headers)?;
    let is_framed = headers.iter().any(|(name, _)| is_content_length(name) || is_transfer_encoding(name));
    if is_framed || (status.has_no_body() && !body.is_empty()) {
        return Err(SendError::Framing);
    }
    let name = "Content-Length: ";
    let length = Digits::decimal(body.len() as u64);
    write_status_line(status, headers, name.len() + length.as_bytes().len() + CRLF.len() + body.len(), output);
    write_headers(headers, output);
    if !status.has_no_body() {
        output.put_slice(name.as_bytes());
        output.put_slice(length.as_bytes());
        output.put_slice(CRLF);
    }
    output.put_slice(CRLF);
    output.put_slice(body);
    Ok(())
}

fn check_response(status: Status, headers: &[(&str, &str)]) -> Result<(), SendError> {
    check_headers(headers)?;
    let is_chunked = headers.iter().any(|(name, _)| is_transfer_encoding(name));
    let is_counted = headers.iter().any(|(name, _)| is_content_length(name));
    // §6.1, RFC 9110 §8.6: neither in 1xx and 204. §6.2: and never both.
    let has_none = status.is_informational() || status == Status::NO_CONTENT;
    let is_wrong = if has_none { is_chunked || is_counted } else { is_chunked && is_counted };
    if is_wrong { Err(SendError::Framing) } else { Ok(()) }
}

fn check_request(method: &str, target: &str, headers: &[(&str, &str)]) -> Result<(), SendError> {
    // §3.1
    if !is_token(method) {
        return Err(SendError::Method);
    }
    // §3.2: no whitespace, so that nothing can pose as the end of the line. A fragment is no part of a target.
    if target.is_empty() || !syntax::all(target.as_bytes(), |byte| byte.is_ascii_graphic() && byte != b'#') {
        return Err(SendError::Target);
    }
    check_response(Status::OK, headers)?;
    // §3.2: a request has one Host.
    let hosts = headers.iter().filter(|(name, _)| is_name(name, "host")).count();
    if hosts == 1 { Ok(()) } else { Err(SendError::Host) }
}

/// §5: names are tokens, and values have no CR, LF, NUL or other control character, so that none is folded (§5.2).
fn check_headers(headers: &[(&str, &str)]) -> Result<(), SendError> {
    for (name, value) in headers {
        if !is_token(name) {
            return Err(SendError::HeaderName);
        }
        if !syntax::is_value(value.as_bytes()) {
            return Err(SendError::HeaderValue);
        }
    }
    Ok(())
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(syntax::is_token)
}

fn is_content_length(name: &str) -> bool {
    is_name(name, "content-length")
}

fn is_transfer_encoding(name: &str) -> bool {
    is_name(name, "transfer-encoding")
}

/// §4; the space behind the number stands even if no phrase follows. Reserves for the headers and `more` bytes too.
fn write_status_line(status: Status, headers: &[(&str, &str)], more: usize, output: &mut BytesMut) {
    let version = "HTTP/1.1 ";
    let number = Digits::decimal(u64::from(status.as_u16()));
    let reason = status.reason();
    let line = version.len() + number.as_bytes().len() + 1 + reason.len() + CRLF.len();
    output.reserve(line + size_of_headers(headers) + CRLF.len() + more);
    output.put_slice(version.as_bytes());
    output.put_slice(number.as_bytes());
    output.put_u8(b' ');
    output.put_slice(reason.as_bytes());
    output.put_slice(CRLF);
}

fn write_headers(headers: &[(&str, &str)], output: &mut BytesMut) {
    for (name, value) in headers {
        output.put_slice(name.as_bytes());
        output.put_slice(b": ");
        output.put_slice(value.as_bytes());
        output.put_slice(CRLF);
    }
}

fn size_of_headers(headers: &[(&str, &str)]) -> usize {
    headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum()
}

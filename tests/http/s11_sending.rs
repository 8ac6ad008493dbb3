//! §11.1: what is sent cannot be split; §3, §4, §6: what is sent is well-formed.

use super::{requests, responses};
use bytes::BytesMut;
use tidings::http::{SendError, Status, encode_request, encode_response, respond};

#[track_caller]
fn refused(encode: impl FnOnce(&mut BytesMut) -> Result<(), SendError>) -> SendError {
    let mut output = BytesMut::from(&b"before"[..]);
    let error = encode(&mut output).unwrap_err();
    assert_eq!(&output[..], b"before", "nothing may be written");
    error
}

#[test]
fn a_response_is_status_line_headers_and_empty_line() {
    let mut output = BytesMut::new();
    encode_response(Status::OK, &[("Content-Type", "text/event-stream"), ("X", "")], &mut output).unwrap();
    assert_eq!(&output[..], b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX: \r\n\r\n");
}

#[test]
fn the_space_behind_the_status_stands_without_a_phrase_too() {
    let mut output = BytesMut::new();
    encode_response(Status::new(299).unwrap(), &[], &mut output).unwrap();
    assert_eq!(&output[..], b"HTTP/1.1 299 \r\n\r\n");
}

#[test]
fn a_request_is_request_line_headers_and_empty_line() {
    let mut output = BytesMut::new();
    encode_request("GET", "/a?b", &[("Host", "h")], &mut output).unwrap();
    assert_eq!(&output[..], b"GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(requests(&output).ok().len(), 1);
}

#[test]
fn a_header_cannot_be_injected() {
    for bad in ["a\r\nb: c", "a\r", "a\n", "a\0", "\x7f", "\x1b"] {
        assert_eq!(
            refused(|output| encode_response(Status::OK, &[("A", "b"), ("X", bad)], output)),
            SendError::HeaderValue
        );
        assert_eq!(refused(|output| respond(Status::OK, &[("X", bad)], b"", output)), SendError::HeaderValue);
        let headers = [("Host", "h"), ("X", bad)];
        assert_eq!(refused(|output| encode_request("GET", "/", &headers, output)), SendError::HeaderValue);
    }
    for bad in ["a\r\nb", "a:", "a ", "", "\0", "\u{e9}"] {
        assert_eq!(refused(|output| encode_response(Status::OK, &[(bad, "a")], output)), SendError::HeaderName);
        assert_eq!(refused(|output| encode_request("GET", "/", &[(bad, "a")], output)), SendError::HeaderName);
    }
}

#[test]
fn a_request_line_cannot_be_split() {
    for bad in ["", "G T", "GET\r\n", "\0", "G\u{e9}T"] {
        assert_eq!(refused(|output| encode_request(bad, "/", &[("Host", "h")], output)), SendError::Method);
    }
    for bad in ["", "/ HTTP/1.1", "/\r\nA: b", "/\n", "/\0", "/\t", "/\u{e9}"] {
        assert_eq!(refused(|output| encode_request("GET", bad, &[("Host", "h")], output)), SendError::Target);
    }
}

#[test]
fn a_request_has_exactly_one_host() {
    assert_eq!(refused(|output| encode_request("GET", "/", &[], output)), SendError::Host);
    assert_eq!(refused(|output| encode_request("GET", "/", &[("Host", "a"), ("host", "a")], output)), SendError::Host);
}

#[test]
fn a_message_is_not_framed_twice() {
    let both = [("Transfer-Encoding", "chunked"), ("content-length", "5"), ("Host", "h")];
    assert_eq!(refused(|output| encode_response(Status::OK, &both, output)), SendError::Framing);
    assert_eq!(refused(|output| encode_request("POST", "/", &both, output)), SendError::Framing);
    assert_eq!(refused(|output| respond(Status::OK, &both[..1], b"", output)), SendError::Framing);
    assert_eq!(refused(|output| respond(Status::OK, &both[1..2], b"", output)), SendError::Framing);
}

#[test]
fn an_answer_without_a_body_gets_none() {
    for status in [Status::SWITCHING_PROTOCOLS, Status::NO_CONTENT] {
        for framing in [("Transfer-Encoding", "chunked"), ("Content-Length", "0")] {
            assert_eq!(refused(|output| encode_response(status, &[framing], output)), SendError::Framing);
        }
    }
    // The length that the answer to a GET would have.
    encode_response(Status::NOT_MODIFIED, &[("Content-Length", "5")], &mut BytesMut::new()).unwrap();
    for status in [Status::SWITCHING_PROTOCOLS, Status::NO_CONTENT, Status::NOT_MODIFIED] {
        assert_eq!(refused(|output| respond(status, &[], b"x", output)), SendError::Framing);
        let mut output = BytesMut::new();
        respond(status, &[], b"", &mut output).unwrap();
        assert_eq!(responses(&output).ok()[0].headers, [], "no Content-Length");
    }
}

#[test]
fn respond_counts_the_body() {
    let mut output = BytesMut::new();
    respond(Status::NOT_FOUND, &[("A", "b")], b"0123456789", &mut output).unwrap();
    assert_eq!(&output[..], b"HTTP/1.1 404 Not Found\r\nA: b\r\nContent-Length: 10\r\n\r\n0123456789");
    output.clear();
    respond(Status::OK, &[], b"", &mut output).unwrap();
    assert_eq!(&output[..], b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

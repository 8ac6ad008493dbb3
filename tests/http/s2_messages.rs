//! §2: messages.

use super::{requests, response, responses};
use tidings::http::{HeadError, Status, Version};

#[test]
fn a_request_is_read_whole_and_consumes_its_head_only() {
    let heads = requests("GET /a?b HTTP/1.1\r\nHost: h\r\nX:  y z \t\r\n\r\n").ok();
    assert_eq!(heads.len(), 1);
    assert_eq!(heads[0].start, ("GET".into(), "/a?b".into()));
    assert_eq!(heads[0].version, Version::Http11);
    assert_eq!(heads[0].headers, [("Host".into(), b"h".to_vec()), ("X".into(), b"y z".to_vec())]);
}

#[test]
fn pipelined_requests_come_one_after_the_other() {
    let wire = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3 HTTP/1.0\r\n\r\n";
    let targets: Vec<_> = requests(wire).ok().into_iter().map(|head| head.start.1).collect();
    assert_eq!(targets, ["/1", "/2", "/3"]);
}

#[test]
fn bytes_behind_a_head_are_left_for_what_follows() {
    let wire = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n\x81\x05hello";
    let step = tidings::http::RequestReader::default().receive(wire, &mut bytes::BytesMut::new()).unwrap();
    assert_eq!(&wire[step.consumed..], b"\x81\x05hello");
}

#[test]
fn empty_lines_before_a_request_are_stepped_over() {
    assert_eq!(requests("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n\r\n").ok().len(), 1);
    assert_eq!(requests("\r\n \r\n").err(), HeadError::RequestLine);
}

#[test]
fn an_empty_line_before_a_response_is_refused() {
    assert_eq!(responses("\r\nHTTP/1.1 200 OK\r\n\r\n").err(), HeadError::StatusLine);
}

#[test]
fn a_bare_lf_is_refused_as_soon_as_it_is_seen() {
    for wire in ["GET / HTTP/1.1\n", "GET / HTTP/1.1\r\nHost: h\n", "GET / HTTP/1.1\r\nHost: h\r\n\n", "\n", "GET\n"] {
        assert_eq!(requests(wire).err(), HeadError::BareLf, "{wire:?}");
    }
    assert_eq!(responses("HTTP/1.1 200 OK\n").err(), HeadError::BareLf);
}

#[test]
fn a_bare_cr_is_refused_as_soon_as_it_is_seen() {
    for wire in ["GET / HTTP/1.1\rX", "GET / HTTP/1.1\r\nHost: h\r\r", "GET /\ra", "\rG", "GET / HTTP/1.1\r\n\r\r"] {
        assert_eq!(requests(wire).err(), HeadError::BareCr, "{wire:?}");
    }
    assert_eq!(responses("HTTP/1.1 200 O\rK").err(), HeadError::BareCr);
}

#[test]
fn control_characters_are_refused_as_soon_as_they_are_seen() {
    for byte in (0..0x20_u8).filter(|byte| !b"\t\r\n".contains(byte)) {
        let mut wire = b"GET / HTTP/1.1\r\nHost: h\r\nX: a".to_vec();
        wire.push(byte);
        assert_eq!(requests(wire).err(), HeadError::ControlCharacter, "{byte:#x}");
    }
    // DEL is above the others; the parser proper finds it.
    assert_eq!(requests("GET / HTTP/1.1\r\nHost: h\r\nX: \x7f\r\n\r\n").err(), HeadError::HeaderValue);
}

#[test]
fn a_peer_that_speaks_tls_is_refused_at_its_first_byte() {
    assert_eq!(requests(b"\x16\x03\x01").err(), HeadError::ControlCharacter);
    assert_eq!(responses(b"\x15\x03\x01").err(), HeadError::ControlCharacter);
    assert_eq!(responses(b"SSH-2.0").err(), HeadError::StatusLine);
    assert_eq!(requests(b"\xff").err(), HeadError::RequestLine);
}

#[test]
fn whitespace_before_the_first_header_is_refused() {
    assert_eq!(requests("GET / HTTP/1.1\r\n Host: h\r\n\r\n").err(), HeadError::HeaderName);
    assert_eq!(responses("HTTP/1.1 200 OK\r\n\tA: b\r\n\r\n").err(), HeadError::HeaderName);
}

#[test]
fn versions_other_than_1_0_and_1_1_get_505() {
    for version in ["HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/2", "HTTP/3.0"] {
        let error = requests(format!("GET / {version}\r\nHost: h\r\n\r\n")).err();
        assert_eq!((error, error.status().as_u16()), (HeadError::Version, 505), "{version}");
    }
    assert_eq!(requests("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").err(), HeadError::Version);
    assert_eq!(responses("HTTP/2 200 OK\r\n\r\n").err(), HeadError::Version);
}

#[test]
fn what_is_no_version_at_all_gets_400() {
    for version in ["", "http/1.1", "HTTP", "HTTP/", "FTP/1.1", "HTTP/1.10", "HTTP/1.1 ", " HTTP/1.1", "HTTP/1.1 x"] {
        let wire = format!("GET / {version}\r\nHost: h\r\n\r\n");
        let expected = if version == "HTTP/" { HeadError::Version } else { HeadError::RequestLine };
        assert_eq!(requests(wire).err(), expected, "{version:?}");
    }
}

#[test]
fn a_refused_request_leaves_its_answer_in_the_output() {
    let outcome = requests("GET / HTTP/1.1\r\n\r\n");
    let answer = String::from_utf8(outcome.output.clone()).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nno Host header"), "{answer}");
    assert_eq!(response(&answer).status, Status::BAD_REQUEST);
}

#[test]
fn an_error_is_final_and_answered_once() {
    let mut reader = tidings::http::RequestReader::default();
    let mut output = bytes::BytesMut::new();
    let first = reader.receive(b"\n", &mut output).unwrap_err();
    let answered = output.len();
    assert_eq!(reader.receive(b"GET / HTTP/1.0\r\n\r\n", &mut output).unwrap_err(), first);
    assert_eq!(output.len(), answered);

    let mut reader = tidings::http::ResponseReader::default();
    let first = reader.receive(b"\n").unwrap_err();
    assert_eq!(reader.receive(b"HTTP/1.1 200 OK\r\n\r\n").unwrap_err(), first);
}

#[test]
fn every_error_of_a_request_has_a_4xx_or_505() {
    assert_eq!(HeadError::TooLarge.status(), Status::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert_eq!(HeadError::TooManyHeaders.status(), Status::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert_eq!(HeadError::TargetTooLong.status(), Status::URI_TOO_LONG);
    assert_eq!(HeadError::Version.status(), Status::HTTP_VERSION_NOT_SUPPORTED);
    assert_eq!(HeadError::HostRepeated.status(), Status::BAD_REQUEST);
}

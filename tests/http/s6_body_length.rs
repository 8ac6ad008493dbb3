//! §6: which body follows a head.

use super::{Piece, body, request, response, whole};
use tidings::http::{BodyError, BodyEvent, BodyReader, Framing};

#[track_caller]
fn of_request(lines: &str) -> Result<Framing, BodyError> {
    Framing::of_request(&request(&format!("POST / HTTP/1.1\r\nHost: h\r\n{lines}\r\n")))
}

#[track_caller]
fn of_response(method: &str, wire: &str) -> Result<Framing, BodyError> {
    Framing::of_response(method, &response(&format!("HTTP/1.1 {wire}\r\n")))
}

#[test]
fn a_request_that_declares_nothing_has_no_body() {
    assert_eq!(of_request(""), Ok(Framing::Empty));
    let mut reader = BodyReader::new(Framing::Empty, 0);
    let step = reader.receive(b"GET").unwrap();
    assert_eq!((step.consumed, step.event), (0, Some(BodyEvent::End)));
    assert_eq!((reader.receive(b"GET").unwrap().event, reader.is_done()), (None, true), "the end comes once");
}

#[test]
fn content_length_is_a_plain_number() {
    assert_eq!(of_request("Content-Length: 0\r\n"), Ok(Framing::Length(0)));
    assert_eq!(of_request("content-length: 18446744073709551615\r\n"), Ok(Framing::Length(u64::MAX)));
    for value in ["", "+5", "-5", "5 5", "0x5", "5_0", "5.", "a", "18446744073709551616", "5,", ",5", "5,,5", "\u{e9}"]
    {
        let error = of_request(&format!("Content-Length: {value}\r\n")).unwrap_err();
        assert_eq!((error, error.status().as_u16()), (BodyError::ContentLength, 400), "{value:?}");
    }
}

#[test]
fn the_same_content_length_may_be_repeated_and_another_may_not() {
    assert_eq!(of_request("Content-Length: 5, 5\r\n"), Ok(Framing::Length(5)));
    assert_eq!(of_request("Content-Length: 5\r\nContent-Length: 5\r\n"), Ok(Framing::Length(5)));
    assert_eq!(of_request("Content-Length: 5, 6\r\n"), Err(BodyError::ContentLengths));
    assert_eq!(of_request("Content-Length: 5\r\nContent-Length: 6\r\n"), Err(BodyError::ContentLengths));
    assert_eq!(BodyError::ContentLengths.status().as_u16(), 400);
}

#[test]
fn chunked_must_be_there_once_and_last() {
    assert_eq!(of_request("Transfer-Encoding: Chunked\r\n"), Ok(Framing::Chunked));
    assert_eq!(of_request("Transfer-Encoding: , chunked,\r\n"), Ok(Framing::Chunked));
    for value in ["", ",", "chunked, chunked", "chunked, gzip", "gzip", "identity", "chunked;q=1", "x y, chunked"] {
        let error = of_request(&format!("Transfer-Encoding: {value}\r\n")).unwrap_err();
        assert_eq!((error, error.status().as_u16()), (BodyError::TransferEncoding, 400), "{value:?}");
    }
    let twice = "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n";
    assert_eq!(of_request(twice), Err(BodyError::TransferEncoding));
}

#[test]
fn an_unknown_coding_gets_501() {
    for lines in ["Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n"] {
        let error = of_request(lines).unwrap_err();
        assert_eq!((error, error.status().as_u16()), (BodyError::UnknownCoding, 501));
    }
}

#[test]
fn transfer_encoding_and_content_length_together_are_refused() {
    let lines = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n";
    assert_eq!(of_request(lines), Err(BodyError::TwoFramings));
    assert_eq!(of_response("GET", &format!("200 OK\r\n{lines}")), Err(BodyError::TwoFramings));
}

#[test]
fn transfer_encoding_in_http_1_0_is_refused() {
    let head = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(Framing::of_request(&request(head)), Err(BodyError::TransferEncodingInHttp10));
    let head = "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n";
    assert_eq!(Framing::of_response("GET", &response(head)), Err(BodyError::TransferEncodingInHttp10));
}

#[test]
fn responses_without_a_body_have_none_whatever_they_declare() {
    let lines = "Content-Length: 5\r\n";
    for status in ["100 x", "101 x", "199 x", "204 x", "304 x"] {
        assert_eq!(of_response("GET", &format!("{status}\r\n{lines}")), Ok(Framing::Empty), "{status}");
    }
    assert_eq!(of_response("HEAD", &format!("200 OK\r\n{lines}")), Ok(Framing::Empty));
    assert_eq!(of_response("CONNECT", &format!("200 OK\r\n{lines}")), Ok(Framing::Empty));
    assert_eq!(of_response("CONNECT", &format!("407 x\r\n{lines}")), Ok(Framing::Length(5)));
}

#[test]
fn responses_are_framed_by_length_by_chunks_or_by_the_end() {
    assert_eq!(of_response("GET", "200 OK\r\nContent-Length: 5\r\n"), Ok(Framing::Length(5)));
    assert_eq!(of_response("GET", "200 OK\r\nTransfer-Encoding: chunked\r\n"), Ok(Framing::Chunked));
    assert_eq!(of_response("GET", "200 OK\r\n"), Ok(Framing::UntilEof));
    assert_eq!(of_response("GET", "200 OK\r\nTransfer-Encoding: gzip\r\n"), Err(BodyError::TransferEncoding));
}

#[test]
fn a_counted_body_ends_with_its_last_byte() {
    assert_eq!(body(Framing::Length(5), 5, "hello").ok(), whole("hello"));
    let mut reader = BodyReader::new(Framing::Length(5), 5);
    assert_eq!(reader.receive(b"hello, more").unwrap().consumed, 5);
    assert!(!reader.is_done());
    reader.receive(b", more").unwrap();
    assert!(reader.is_done());
    assert_eq!(reader.receive(b", more").unwrap().consumed, 0, "what follows is not the body's");
}

#[test]
fn a_length_over_the_limit_is_refused_before_any_byte() {
    let mut reader = BodyReader::new(Framing::Length(6), 5);
    let error = reader.receive(b"").unwrap_err();
    assert_eq!((error, error.status().as_u16()), (BodyError::TooLarge, 413));
    assert_eq!(reader.receive(b"x"), Err(error), "final");
    assert_eq!(reader.receive_eof(), Err(error));
    assert_eq!(body(Framing::Length(u64::MAX), u64::MAX, "x").ok(), [Piece::Data(b"x".to_vec())]);
}

#[test]
fn a_body_until_the_end_stops_exactly_at_the_limit() {
    assert_eq!(body(Framing::UntilEof, 5, "hello").ok(), [Piece::Data(b"hello".to_vec())]);
    let outcome = body(Framing::UntilEof, 5, "hello!");
    assert_eq!(outcome.error, Some(BodyError::TooLarge));
    assert_eq!(outcome.events, [Piece::Data(b"hello".to_vec())]);
}

/// §8
#[test]
fn the_end_of_the_connection_is_the_end_of_the_body_only_if_it_was_to_be() {
    let mut reader = BodyReader::new(Framing::UntilEof, 5);
    reader.receive(b"abc").unwrap();
    assert!(!reader.is_done());
    assert_eq!(reader.receive_eof(), Ok(()));
    assert!(reader.is_done());

    let mut reader = BodyReader::new(Framing::Length(5), 5);
    reader.receive(b"abc").unwrap();
    assert_eq!(reader.receive_eof(), Err(BodyError::Truncated));
    assert_eq!(reader.receive(b"de"), Err(BodyError::Truncated), "final");

    let mut reader = BodyReader::new(Framing::Chunked, 5);
    reader.receive(b"5\r\nhello").unwrap();
    assert_eq!(reader.receive_eof(), Err(BodyError::Truncated));

    let mut reader = BodyReader::new(Framing::Chunked, 5);
    reader.receive(b"0\r\n\r\n").unwrap();
    assert!(reader.is_done());
    assert_eq!(reader.receive_eof(), Ok(()));
}

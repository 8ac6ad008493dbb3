//! The explainer: every byte once, in order, whatever the bytes; and what is illegal is said.
#![cfg(any(feature = "server", feature = "client"))]

#[path = "../support/covered.rs"]
mod covered;
mod frames;
mod http;
#[path = "../support/mod.rs"]
mod support;
mod text;

use bytes::BytesMut;
use covered::assert_covers;
use proptest::prelude::*;
use tidings::inspect::{self, Explainer, Field, Format};
use tidings::ws;

/// Name and text of each field.
fn told(fields: &[Field]) -> Vec<(&str, &str)> {
    fields.iter().map(|field| (&*field.name, &*field.text)).collect()
}

/// The meanings that tell of a fault.
fn faults(fields: &[Field]) -> Vec<&str> {
    fields.iter().map(|field| &*field.meaning).filter(|meaning| meaning.contains("Illegal: ")).collect()
}

fn in_pieces(mut explainer: Explainer, bytes: &[u8], piece: usize) -> Vec<Field> {
    let mut fields = Vec::new();
    for piece in bytes.chunks(piece) {
        explainer.push(piece, |field, _| fields.push(field.clone()));
    }
    explainer.end(|field, _| fields.push(field.clone()));
    assert_covers(bytes, &fields);
    fields
}

const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n";
const ANSWER: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n";

#[test]
fn pieces_are_explained_as_the_whole() {
    let chunks = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n\
                   8\r\ndata: he\r\n5\r\nllo\n\n\r\n0\r\n\r\n";
    let socket = [REQUEST.as_bytes(), ANSWER.as_bytes(), b"\x01\x01a\x80\x81\0\0\0\0b\x88\x02\x03\xe8"].concat();
    for (format, bytes) in [
        (Format::Http, &chunks[..]),
        (Format::Http, &socket),
        (Format::EventStream, b"\xef\xbb\xbf: hi\nid: 1\ndata: x\n\n"),
        (Format::Json, b"{\"type\":\"bookmark\",\"id\":\"1-2\"}\n[1,\n2]\n"),
        (Format::Frames, b"\x81\x7e\x00\x80"),
    ] {
        for piece in 1..=bytes.len() {
            assert_eq!(in_pieces(Explainer::new(format), bytes, piece), format.explain(bytes), "pieces of {piece}");
        }
    }
}

#[test]
fn what_is_too_long_to_wait_for_is_explained_in_parts() {
    let mut frame = BytesMut::new();
    ws::encode_text(&"é".repeat(5000), &mut frame);
    let fields = in_pieces(Explainer::new(Format::Frames).waiting_for(999), &frame, 7);
    assert!(faults(&fields).is_empty() && fields.len() > 10, "{fields:?}");
    let line = format!("data: {}\n\n", "x".repeat(5000));
    let fields = in_pieces(Explainer::new(Format::EventStream).waiting_for(999), line.as_bytes(), 7);
    assert!(fields.last().unwrap().meaning.contains("with 5000 bytes of data"), "{fields:?}");
}

#[test]
fn what_is_missing_at_the_end_is_said() {
    for (format, bytes, said) in [
        (Format::Frames, &b"\x81"[..], "incomplete: the header has a second byte with the length (RFC 6455 §5.2)"),
        (Format::Frames, b"\x81\x85", "incomplete: 9 bytes of the frame are missing"),
        (Format::Frames, b"\x81\x85abc", "incomplete: 6 bytes of the frame are missing"),
        (Format::Frames, b"\x81\x05", "incomplete: 5 bytes of the payload are missing"),
        (Format::Frames, b"\x81\x05Hell", "incomplete: 1 byte of the payload is missing"),
        (Format::Frames, b"\x88\x01", "incomplete: 1 byte of the payload is missing"),
        (Format::Frames, b"\x89\xfe", "incomplete: 6 bytes of the header, and the whole payload, are missing"),
        (Format::Frames, b"\x81\x7e\x00", "incomplete: 1 byte of the header, and the whole payload, is missing"),
        (Format::Frames, b"\x89\x7e\x00\x80", "incomplete: 128 bytes of the payload are missing"),
        (Format::Frames, b"\x81\x00\x81", "incomplete: the header has a second byte with the length (RFC 6455 §5.2)"),
        (Format::Json, b"{\"a\":[1,", "incomplete: 2 ends of objects or arrays are missing"),
        (Format::Json, b"{\"a\":\"b", "incomplete: 1 end of objects or arrays is missing"),
        (Format::Json, b"\"b", "incomplete: the string has no end yet"),
        (Format::EventStream, b"data: x\n", "incomplete: a blank line ends a block"),
        (Format::EventStream, b"data: x\n\nev", "incomplete: a blank line ends a block"),
        (Format::Http, b"GET / HT", "incomplete: an empty line ends the head (RFC 9112 §2.1)"),
        (Format::Http, b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", "incomplete: 1 byte of the body is missing"),
    ] {
        let fields = format.explain(bytes);
        assert_covers(bytes, &fields);
        let last = fields.last().unwrap();
        assert!(last.name == "missing" && last.meaning.starts_with(said), "{bytes:02x?}: {last:?}");
    }
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (body, said) in [
        ("5\r\nab", "3 bytes of the chunk's data are missing"),
        ("2\r\nab", "2 bytes of the chunk's end are missing"),
        ("2", "the line with the chunk's size has no end yet"),
        ("0\r\n", "2 bytes of the end of the body are missing"),
    ] {
        let answer = format!("{head}{body}");
        let fields = inspect::http_message(answer.as_bytes());
        assert_covers(answer.as_bytes(), &fields);
        assert_eq!(fields.last().unwrap().meaning, format!("incomplete: {said}"));
    }
    for whole in ["{\"a\":[1]}\n", "[]", "1", "\"b\""] {
        assert!(inspect::json(whole.as_bytes()).iter().all(|field| field.len > 0), "{whole}");
    }
    for whole in ["data: x\n\n", ": hi\n", "\n"] {
        assert!(inspect::event_stream(whole.as_bytes()).iter().all(|field| field.len > 0), "{whole}");
    }
}

#[test]
fn formats_are_told_apart_by_their_first_bytes() {
    assert_eq!(Format::guess(b"\x81\x05Hello"), Format::Frames);
    assert_eq!(Format::guess(b"data: x\n\n"), Format::EventStream);
    assert_eq!(Format::guess(b": keepalive\n\n"), Format::EventStream);
    assert_eq!(Format::guess(b"{\"type\":\"drain\"}\n"), Format::Json);
    assert_eq!(Format::guess(b"GET / HTTP/1.1\r\n\r\n"), Format::Http);
}

proptest! {
    #[test]
    fn any_bytes_are_covered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for format in [Format::Frames, Format::Http, Format::EventStream, Format::Json] {
            assert_covers(&bytes, &format.explain(&bytes));
        }
        assert_covers(&bytes, &inspect::chunked(&bytes, Format::EventStream));
    }

    #[test]
    fn anything_that_looks_like_text_is_covered(text in "[{}\\[\\],:\"\\\\a-f0-9 \r\n;]{0,80}") {
        let bytes = text.as_bytes();
        for format in [Format::Http, Format::EventStream, Format::Json] {
            assert_covers(bytes, &format.explain(bytes));
        }
        assert_covers(bytes, &inspect::chunked(bytes, Format::Json));
    }
}

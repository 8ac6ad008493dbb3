//! The explainer: every byte once, in order, whatever the bytes; and what is illegal is said.

use bytes::BytesMut;
use proptest::prelude::*;
use tidings::envelope::Envelope;
use tidings::inspect::{self, Field, Format};
use tidings::topic::Cursor;
use tidings::ws::{self, CloseCode};

/// Name and text of each field.
fn told(fields: &[Field]) -> Vec<(&str, &str)> {
    fields.iter().map(|field| (&*field.name, &*field.text)).collect()
}

#[track_caller]
fn assert_covers(bytes: &[u8], fields: &[Field]) {
    let mut at = 0;
    for (n, field) in fields.iter().enumerate() {
        assert_eq!(field.at, at, "{field:?} does not begin where the field before it ends");
        let is_missing = n + 1 == fields.len() && field.name == "missing" && field.meaning.starts_with("incomplete: ");
        assert_eq!(field.len == 0, is_missing, "{field:?} is empty, or is not");
        assert!(field.text.chars().count() <= inspect::MAX_TEXT + 1, "{field:?} is long");
        at += field.len;
    }
    assert_eq!(at, bytes.len(), "not all bytes are explained: {fields:?}");
}

#[track_caller]
fn assert_illegal(bytes: &[u8], section: &str) {
    let fields = inspect::websocket_frames(bytes);
    assert_covers(bytes, &fields);
    let said = fields.iter().any(|field| field.meaning.contains("Illegal: ") && field.meaning.contains(section));
    assert!(said, "{bytes:02x?} breaks {section}: {fields:?}");
}

#[test]
fn an_envelope_in_a_frame_is_explained_member_by_member() {
    let mut json = BytesMut::new();
    let event = Some("log".into());
    Envelope::Message { id: Cursor::new(17, 4), event, data: "say \"hi\"".into() }.encode(&mut json);
    let mut frame = BytesMut::new();
    ws::encode_text(std::str::from_utf8(&json).unwrap(), &mut frame);

    let fields = inspect::websocket_frames(&frame);
    assert_covers(&frame, &fields);
    assert_eq!(
        told(&fields),
        [
            ("FIN, RSV1-3, opcode", "1 000 0001"),
            ("MASK, payload len", "0 1000000"),
            ("member name", "{\"type\":"),
            ("type", "message"),
            ("member name", ",\"id\":"),
            ("id", "17-4"),
            ("member name", ",\"event\":"),
            ("event", "log"),
            ("member name", ",\"data\":"),
            ("data", "say \"hi\""),
            ("end of object", "}"),
        ]
    );
}

#[test]
fn a_masked_frame_is_unmasked_for_the_reader() {
    let frame = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    let fields = inspect::websocket_frames(&frame);
    assert_covers(&frame, &fields);
    assert_eq!(told(&fields)[2..], [("masking-key", "37 fa 21 3d"), ("payload data", "Hello")]);
}

#[test]
fn what_is_illegal_in_a_frame_is_said_with_its_section() {
    assert_illegal(b"\x91\x00", "§5.2");
    assert_illegal(b"\x83\x00", "§5.2");
    assert_illegal(b"\x81\x7e\x00\x05Hello", "§5.2");
    assert_illegal(b"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00", "§5.2");
    assert_illegal(b"\x09\x00", "§5.5");
    assert_illegal(b"\x89\x7e\x00\x7e", "§5.5");
    assert_illegal(b"\xc9\x00", "RFC 7692 §6.1");
    assert_illegal(b"\x80\x01x", "§5.4");
    assert_illegal(b"\x01\x01a\x81\x01b", "§5.4");
    assert_illegal(b"\x81\x01\xff", "§8.1");
    assert_illegal(b"\x81\x02\xe2\x82", "§8.1");
    assert_illegal(b"\x88\x01\x03", "§5.5.1");
    assert_illegal(b"\x88\x02\x03\xed", "§7.4.1");
}

#[test]
fn a_header_is_told_with_the_section_that_lays_it_down() {
    for (header, section) in [
        ("Cache-Control: no-store", "RFC 9111 §5.2.2.5"),
        ("Connection: Upgrade", "RFC 9110 §7.6.1"),
        ("Content-Type: text/plain", "RFC 9110 §8.3"),
        ("Origin: http://h", "RFC 6454 §7"),
        ("Sec-WebSocket-Protocol: tidings.v1", "RFC 6455 §1.9"),
        ("upgrade: websocket", "RFC 9110 §7.8"),
        ("USER-AGENT: x", "RFC 9110 §10.1.5"),
    ] {
        let head = format!("GET / HTTP/1.1\r\n{header}\r\n\r\n");
        let fields = inspect::http_message(head.as_bytes());
        assert_covers(head.as_bytes(), &fields);
        assert!(fields.iter().any(|field| field.text == header && field.meaning.contains(section)), "{fields:?}");
    }
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
fn what_is_no_http_is_said() {
    for (bytes, place) in [
        (&b"\x81\x05Hello"[..], 0),
        (b"nonsense\r\n\r\n", 0),
        (b"GET  / HTTP/1.1\r\n\r\n", 0),
        (b"GET / HTTP/1.1 x\r\n\r\n", 0),
        (b"G(T / HTTP/1.1\r\n\r\n", 0),
        (b"HTTP/1.1 20 OK\r\n\r\n", 0),
        (b"HTTP/1.1 2000\r\n\r\n", 0),
        (b"HTTP/one 200\r\n\r\n", 0),
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 1),
        (b"GET / HTTP/1.1\r\nHost\r\n\r\n", 1),
        (b"GET / HTTP/1.1\r\nHost: \0a\r\n\r\n", 1),
    ] {
        let fields = inspect::http_message(bytes);
        assert_covers(bytes, &fields);
        assert!(fields[place].meaning.starts_with("Illegal: "), "{fields:?}");
    }
    for text in
        ["GET /x?y HTTP/1.1\r\nX-A: \r\n", "HTTP/1.1 200 \r\n\r\n", "HTTP/1.1 404 Nö\r\nA:\tü\r\n\r\n", "POST /"]
    {
        let bytes = text.as_bytes();
        assert!(inspect::http_message(bytes).iter().all(|field| !field.meaning.contains("Illegal")), "{bytes:?}");
    }
}

#[test]
fn a_code_point_may_be_split_over_fragments() {
    let fields = inspect::websocket_frames(b"\x01\x02\xe2\x82\x80\x01\xac");
    assert!(fields.iter().all(|field| !field.meaning.contains("Illegal")), "{fields:?}");
}

#[test]
fn a_close_frame_tells_its_code_and_reason() {
    let mut connection = ws::Connection::server(ws::Config::default());
    let mut frame = BytesMut::new();
    connection.close(CloseCode::GOING_AWAY, "restart", &mut frame).unwrap();
    let fields = inspect::websocket_frames(&frame);
    assert_eq!(told(&fields)[2..], [("status code", "1001"), ("reason", "restart")]);
}

#[test]
fn the_lines_of_an_event_stream_are_fields() {
    let stream = b"\xef\xbb\xbf: hi\r\nid: 17-4\nevent:log\rdata: one\ndata\n\n";
    let fields = inspect::event_stream(stream);
    assert_covers(stream, &fields);
    let told: Vec<_> = told(&fields).into_iter().filter(|(name, _)| *name != "end of line").collect();
    assert_eq!(
        told,
        [
            ("BOM", "U+FEFF"),
            ("colon", ":"),
            ("comment", " hi"),
            ("field name", "id: "),
            ("id", "17-4"),
            ("field name", "event:"),
            ("event", "log"),
            ("field name", "data: "),
            ("data", "one"),
            ("field name", "data"),
            ("blank line", "\\n"),
        ]
    );
}

#[test]
fn a_chunked_stream_is_explained_through_its_chunks() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n\
                   8\r\ndata: he\r\n5\r\nllo\n\n\r\n0\r\n\r\n";
    assert_eq!(Format::guess(answer), Format::Http);
    let fields = inspect::http_message(answer);
    assert_covers(answer, &fields);
    let data: Vec<_> = told(&fields).into_iter().filter(|(name, _)| *name == "data").collect();
    assert_eq!(data, [("data", "hello"), ("data", "…")]);
}

#[test]
fn behind_a_101_stand_frames() {
    let answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05Hello";
    let fields = inspect::http_message(answer);
    assert_covers(answer, &fields);
    assert_eq!(told(&fields).last(), Some(&("payload data", "Hello")));
}

#[test]
fn a_poll_answer_is_explained_member_by_member() {
    let body = br#"{"events":[{"id":"1-1","data":"a"},{"id":"1-2","data":"b"}],"next":"1-2","more":false}"#;
    let fields = inspect::json(body);
    assert_covers(body, &fields);
    let values: Vec<_> =
        told(&fields).into_iter().filter(|(name, _)| ["id", "data", "next", "more"].contains(name)).collect();
    assert_eq!(
        values,
        [("id", "1-1"), ("data", "a"), ("id", "1-2"), ("data", "b"), ("next", "1-2"), ("more", "false")]
    );
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
        assert_covers(&bytes, &inspect::chunked(&bytes, inspect::event_stream));
    }

    #[test]
    fn anything_that_looks_like_text_is_covered(text in "[{}\\[\\],:\"\\\\a-f0-9 \r\n;]{0,80}") {
        let bytes = text.as_bytes();
        for format in [Format::Http, Format::EventStream, Format::Json] {
            assert_covers(bytes, &format.explain(bytes));
        }
        assert_covers(bytes, &inspect::chunked(bytes, inspect::json));
    }
}

//! The explainer: every byte once, in order, whatever the bytes; and what is illegal is said.

use bytes::BytesMut;
use proptest::prelude::*;
use tidings::envelope::Envelope;
use tidings::inspect::{self, Conversation, Explainer, Field, Format, MAX_INFLATED, Side};
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

/// What is said of frames of a side that is known.
fn frames_from(side: Side, bytes: &[u8]) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut explainer = Explainer::new(Format::Frames).from(side);
    explainer.push(bytes, |field, _| fields.push(field.clone()));
    explainer.end(|field, _| fields.push(field.clone()));
    assert_covers(bytes, &fields);
    fields
}

/// The meanings that tell of a fault.
fn faults(fields: &[Field]) -> Vec<&str> {
    fields.iter().map(|field| &*field.meaning).filter(|meaning| meaning.contains("Illegal: ")).collect()
}

#[test]
fn what_an_empty_fragment_breaks_is_said_too() {
    assert_illegal(b"\x80\x00", "§5.4");
    assert_illegal(b"\x01\x00\x01\x00", "§5.4");
    assert_illegal(b"\x01\x02\xe2\x82\x80\x00", "§8.1");
}

#[test]
fn nothing_follows_a_close() {
    assert_illegal(b"\x88\x00\x81\x01a", "§5.5.1");
    assert_illegal(b"\x88\x00\x88\x00", "§5.5.1");
    let both = b"\x88\x00\x81\x81\0\0\0\0a\x88\x80\0\0\0\0";
    assert!(faults(&inspect::websocket_frames(both)).is_empty(), "each side has its own end");
}

#[test]
fn every_close_code_is_told_or_refused() {
    for (code, said) in [
        (1000_u16, "normal closure (RFC 6455 §7.4)"),
        (1011, "internal error (RFC 6455 §7.4)"),
        (3000, "registered by a library or framework (RFC 6455 §7.4)"),
        (999, "Illegal: codes below 1000"),
        (1004, "Illegal: 1004 is reserved"),
        (1005, "Illegal: 1005"),
        (1006, "Illegal: 1006"),
        (1015, "Illegal: 1015"),
        (1016, "Illegal: codes up to 2999"),
        (2999, "Illegal: codes up to 2999"),
        (5000, "Illegal: codes end at 4999"),
    ] {
        let [high, low] = code.to_be_bytes();
        let fields = inspect::websocket_frames(&[0x88, 2, high, low]);
        assert!(fields[2].meaning.starts_with(said), "{code}: {:?}", fields[2]);
    }
    let fields = inspect::websocket_frames(b"\x88\x03\x03\xe8\xff");
    assert!(fields[3].meaning.starts_with("Illegal: the reason is not UTF-8"), "{fields:?}");
}

#[test]
fn a_frame_that_is_masked_against_the_rule_is_illegal_where_the_side_is_known() {
    let (masked, plain) = (b"\x81\x81\0\0\0\0a", b"\x81\x01a");
    assert!(faults(&frames_from(Side::Client, masked)).is_empty());
    assert!(faults(&frames_from(Side::Server, plain)).is_empty());
    for (side, frame) in [(Side::Client, &plain[..]), (Side::Server, &masked[..])] {
        let fields = frames_from(side, frame);
        assert!(fields[1].meaning.starts_with("Illegal: ") && fields[1].meaning.contains("§5.1"), "{fields:?}");
    }
}

#[test]
fn fragments_are_counted_and_named_with_their_message() {
    let frames = b"\x82\x01x\x01\x01a\x89\x00\x00\x01b\x81\x81\0\0\0\0c\x80\x01c";
    let fields = inspect::websocket_frames(frames);
    let firsts: Vec<_> = fields.iter().filter(|field| field.begins_frame()).map(|field| &*field.meaning).collect();
    let ends: Vec<_> = firsts.iter().map(|meaning| meaning.rsplit("; ").next().unwrap()).collect();
    assert_eq!(
        ends,
        [
            "message 1 from the server",
            "fragment 1 of message 2 from the server",
            "between fragments of message 2 from the server",
            "fragment 2 of text message 2 from the server",
            "message 1 from the client",
            "fragment 3 of text message 2 from the server",
        ]
    );
}

/// RFC 7692 §7.2.3: its own examples.
#[cfg(feature = "deflate")]
#[test]
fn what_is_compressed_is_inflated_across_messages() {
    for frames in [
        &b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00"[..],
        b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\x81\x01?\xc1\x05\xf2\x00\x11\x00\x00",
        b"\xc1\x0b\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
    ] {
        let fields = inspect::websocket_frames(frames);
        assert_covers(frames, &fields);
        assert!(faults(&fields).is_empty(), "{fields:?}");
        let texts: Vec<_> = fields.iter().filter(|field| field.meaning.starts_with("DEFLATE")).collect();
        assert!(texts.len() == 2 && texts.iter().all(|field| field.text == "Hello"), "{fields:?}");
    }
    let fragments = b"\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00";
    assert_eq!(Format::guess(fragments), Format::Frames);
    let fields = inspect::websocket_frames(fragments);
    let text: String = fields.iter().filter(|field| field.name == "payload data").map(|field| &*field.text).collect();
    assert_eq!(text, "Hello");
    // The second message alone refers to what is not here; behind a whole handshake that cannot be.
    let second = b"\xc1\x05\xf2\x00\x11\x00\x00";
    assert!(inspect::websocket_frames(second)[2].meaning.contains("refers to messages before these bytes"));
    let agreed = b"HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    let fields = inspect::http_message(&[&agreed[..], second].concat());
    assert_eq!(faults(&fields), ["Illegal: it is not DEFLATE data (RFC 7692 §7.2.2)"]);
    // Text is text once inflated (RFC 6455 §8.1).
    assert_illegal(b"\xc1\x07\x00\x01\x00\xfe\xff\xff\x00", "§8.1");
}

#[test]
fn what_is_compressed_without_agreement_is_illegal() {
    let answer =
        b"HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n\xc1\x00";
    let fields = inspect::http_message(answer);
    assert_covers(answer, &fields);
    assert!(faults(&fields).iter().any(|fault| fault.contains("RSV1") && fault.contains("§5.2")), "{fields:?}");
}

#[cfg(feature = "deflate")]
#[test]
fn what_inflates_to_too_much_is_cut() {
    let extensions = {
        let request = b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
        let mut output = BytesMut::new();
        let head = tidings::http::RequestReader::default().receive(request, &mut output).unwrap().event.unwrap();
        let deflate = ws::deflate::Options::default();
        let answer = ws::handshake::Answer { deflate: Some(&deflate), ..ws::handshake::Answer::default() };
        ws::handshake::Request::from_head(&head).unwrap().accept(&answer, &mut output).unwrap()
    };
    let mut server = ws::Connection::server(ws::Config::default()).with_extensions(&extensions);
    let mut frames = BytesMut::new();
    server.send_binary(&vec![0; MAX_INFLATED], &mut frames).unwrap();
    server.send_binary(&vec![0; MAX_INFLATED + 1], &mut frames).unwrap();
    server.send_text(&"again ".repeat(100), &mut frames).unwrap();
    assert!(frames.len() < 10_000);
    let fields = inspect::websocket_frames(&frames);
    assert_covers(&frames, &fields);
    let payloads: Vec<_> = fields.iter().filter(|field| field.name == "payload data").collect();
    assert!(payloads[0].meaning.contains("inflated 1048576 bytes"), "{payloads:?}");
    assert!(payloads[1].meaning.starts_with("cut: it inflates to more"), "{payloads:?}");
    assert_eq!(payloads.len(), 3);
}

const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n";
const ANSWER: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n";

#[test]
fn a_handshake_is_measured_line_by_line() {
    let whole = format!("{REQUEST}{ANSWER}");
    let wire = [whole.as_bytes(), b"\x81\x05Hello\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"].concat();
    let fields = inspect::http_message(&wire);
    assert_covers(&wire, &fields);
    assert!(faults(&fields).is_empty(), "{fields:?}");
    assert!(fields.iter().any(|field| field.meaning.starts_with("right: base64 of the SHA-1")), "{fields:?}");
    assert_eq!(told(&fields).iter().filter(|told| **told == ("payload data", "Hello")).count(), 2);

    for (from, to, fault) in [
        ("GET", "POST", "the method GET is missing for a WebSocket handshake (RFC 6455 §4.1)"),
        ("/chat HTTP/1.1", "/chat HTTP/1.0", "HTTP/1.1 is missing"),
        ("Host: h\r\n", "", "Host is missing"),
        ("Upgrade: websocket\r\nConnection: keep", "Connection: keep", "Upgrade: websocket is missing"),
        ("keep-alive, Upgrade", "keep-alive", "Connection: Upgrade is missing"),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", "Sec-WebSocket-Key is missing"),
        ("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ=", "16 bytes in base64 are due"),
        ("Version: 13", "Version: 8", "13 is the version in use"),
        ("Sec-WebSocket-Version: 13\r\n", "", "Sec-WebSocket-Version: 13 is missing"),
        ("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "xxx", "by which s3pPLMBiTxaQ9kYGzzhZRbK+xOo= is due (RFC 6455 §4.1"),
        ("Accept: s3p", "Axxept: s3p", "Sec-WebSocket-Accept is missing for a WebSocket handshake (RFC 6455 §4.2.2)"),
        ("Protocol: chat\r\n", "Protocol: other\r\n", "has not offered this subprotocol (RFC 6455 §4.1)"),
        ("xOo=\r\n", "xOo=\r\nSec-WebSocket-Extensions: x; y=1\r\n", "has not offered this extension (RFC 6455 §4.1)"),
    ] {
        let broken = whole.replacen(from, to, 1);
        assert_ne!(broken, whole);
        let fields = inspect::http_message(broken.as_bytes());
        assert_covers(broken.as_bytes(), &fields);
        let faults = faults(&fields);
        assert!(faults.iter().any(|said| said.contains(fault)), "{broken}: {faults:?}");
    }
}

#[test]
fn a_request_alone_is_followed_by_the_clients_frames() {
    let wire = [REQUEST.as_bytes(), b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"].concat();
    assert_eq!(told(&inspect::http_message(&wire)).last(), Some(&("payload data", "Hello")));
}

#[test]
fn messages_follow_one_another() {
    let poll = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    let wire = format!("{poll}{poll}GET / HTTP/1.1\r\nHost: h\r\n\r\nHTTP/1.1 204 \r\n\r\n");
    let fields = inspect::http_message(wire.as_bytes());
    assert_covers(wire.as_bytes(), &fields);
    let starts: Vec<_> = fields.iter().map(|field| &*field.name).filter(|name| name.ends_with(" line")).collect();
    let empty = |name: &&&str| **name != "empty line";
    let starts: Vec<_> = starts.iter().filter(empty).collect();
    assert_eq!(starts, [&"status line", &"status line", &"request line", &"status line"]);
    assert!(faults(&fields).is_empty(), "{fields:?}");
}

#[test]
fn what_frames_a_body_wrongly_is_illegal() {
    for (headers, section) in [
        ("Content-Length: 1\r\nTransfer-Encoding: chunked", "RFC 9112 §6.3"),
        ("Content-Length: 1\r\nContent-Length: 2", "RFC 9112 §6.3"),
        ("Content-Length: +1", "RFC 9112 §6.2, §6.3"),
    ] {
        let head = format!("POST / HTTP/1.1\r\nHost: h\r\n{headers}\r\n\r\n");
        let fields = inspect::http_message(head.as_bytes());
        assert_covers(head.as_bytes(), &fields);
        assert!(faults(&fields).iter().any(|fault| fault.contains(section)), "{fields:?}");
    }
    let fields = inspect::http_message(b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!(faults(&fields).len(), 1, "no Host: {fields:?}");
    for body in ["x\r\n", "1x\r\na\r\n", "1\r\nab\r\n", "-1\r\n", "11111111111111111\r\n"] {
        let fields = inspect::chunked(body.as_bytes(), Format::EventStream);
        assert_covers(body.as_bytes(), &fields);
        assert!(faults(&fields).iter().any(|fault| fault.contains("RFC 9112 §7.1")), "{body:?}: {fields:?}");
    }
}

#[test]
fn what_an_event_stream_ignores_is_said_and_why() {
    for (stream, name, said) in [
        (&b"id: a\0b\n\n"[..], "id", "ignored, for it has a NUL"),
        (b"retry: 5x\n\n", "retry", "ignored, for it is not only digits"),
        (b"retry:\n\n", "field name", "ignored, for it has no digits"),
        (b"foo: x\n\n", "field name", "not known, so the line is ignored (processing"),
        (b"Data: x\n\n", "field name", "not known, so the line is ignored: names count letter by letter"),
        (
            b"\xef\xbb\xbf\xef\xbb\xbfdata: x\n\n",
            "field name",
            "not known, so the line is ignored: its name begins with a byte order mark",
        ),
        (
            b"data: \xff\n\n",
            "data",
            "what the event says; several data lines are joined by LF (processing the field); what is not UTF-8",
        ),
        (b"event: x\n\n", "blank line", "ends the block: no data, so no event, and its event type is forgotten"),
        (b"id: 7\n\n", "blank line", "ends the block: no data, so no event, but the last event ID moves"),
        (b"data\n\n", "blank line", "ends the block: an event \"message\" is dispatched with 0 bytes of data"),
        (
            b"id: 7\n\nevent: e\ndata: ab\ndata: c\n\n",
            "blank line",
            "ends the block: an event \"e\" is dispatched with 4 bytes of data of 2 lines and the last event ID \"7\"",
        ),
    ] {
        let fields = inspect::event_stream(stream);
        assert_covers(stream, &fields);
        let found = fields.iter().any(|field| field.name == name && field.meaning.starts_with(said));
        assert!(found, "{said}: {fields:?}");
    }
}

/// What `curl -i` leaves is no longer what came, and is told all the same.
#[test]
fn a_body_whose_chunks_were_taken_off_is_explained_as_it_is() {
    let answer =
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\nid: 1\ndata: x\n\n";
    for fields in [inspect::http_message(answer), in_pieces(Explainer::new(Format::Http), answer, 1)] {
        assert_covers(answer, &fields);
        assert!(told(&fields).contains(&("data", "x")), "{fields:?}");
        let faults = faults(&fields);
        assert!(faults.len() == 1 && faults[0].contains("RFC 9112 §7.1") && faults[0].contains("--raw"), "{faults:?}");
    }
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
fn a_conversation_measures_the_answer_by_the_request() {
    let mut conversation = Conversation::default();
    let mut meanings = Vec::new();
    let answer = ANSWER.replace("s3p", "xxx");
    conversation.push(Side::Client, REQUEST.as_bytes(), |_, _| {});
    conversation.push(Side::Server, answer.as_bytes(), |field, _| meanings.push(field.meaning.to_string()));
    assert!(meanings.iter().any(|meaning| meaning.contains("does not answer the key")), "{meanings:?}");
    meanings.clear();
    conversation.push(Side::Client, b"\xc1\x01a", |field, _| meanings.push(field.meaning.to_string()));
    assert!(meanings[0].contains("no extension that uses it was agreed on"), "{meanings:?}");
    assert!(meanings[1].contains("a client masks each frame"), "{meanings:?}");
    let mut ended = 0;
    conversation.end(|_, _, _| ended += 1);
    assert_eq!(ended, 0);
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
        ("Referer: http://h/", "RFC 9110 §10.1.3"),
        ("Location: /x", "RFC 9110 §10.2.2"),
        ("Server: x", "RFC 9110 §10.2.4"),
        ("Authorization: Basic eDp5", "RFC 9110 §11.6.2"),
        ("Accept-Encoding: gzip", "RFC 9110 §12.5.3"),
        ("Accept-Language: eo", "RFC 9110 §12.5.4"),
        ("Pragma: no-cache", "RFC 9111 §5.4"),
        ("Set-Cookie: a=b", "RFC 6265 §4.1"),
        ("Cookie: a=b", "RFC 6265 §4.2"),
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

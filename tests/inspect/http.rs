//! HTTP messages: heads, what frames their bodies, and a WebSocket handshake.

use crate::{ANSWER, REQUEST, assert_covers, faults, in_pieces, told};
use tidings::inspect::{self, Conversation, Explainer, Format, Side};

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

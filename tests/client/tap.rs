//! Looking on at a client's connections.

use crate::scripted::{Act, answer, quick, serve, stream};
use crate::websocket::accept;
use bytes::BytesMut;
use std::sync::{Arc, Mutex};
use tidings::client::{EventSource, Message, Options, Poller, Received, Tap, Traffic, WebSocket, WebSocketOptions};
use tidings::inspect::{Conversation, Field, Side};
use tidings::ws::{CloseCode, Connection};

/// What was said of each field, and who had sent it.
type Said = Arc<Mutex<Vec<(Side, String)>>>;

/// Explains all; a new connection begins anew.
fn explaining() -> (Tap, Said) {
    let said = Said::default();
    let (into, conversation) = (Arc::clone(&said), Mutex::new(Conversation::default()));
    let tap = Tap::new(move |traffic| {
        let (mut conversation, mut into) = (conversation.lock().unwrap(), into.lock().unwrap());
        let mut take =
            |side, field: &Field| into.push((side, format!("{}: {}: {}", field.name, field.text, field.meaning)));
        match traffic {
            Traffic::Opened { .. } => *conversation = Conversation::default(),
            Traffic::Sent(bytes) => conversation.push(Side::Client, bytes, |field, _| take(Side::Client, field)),
            Traffic::Received(bytes) => conversation.push(Side::Server, bytes, |field, _| take(Side::Server, field)),
            _ => {}
        }
    });
    (tap, said)
}

fn tapped(tap: Tap) -> Options {
    Options { tap: Some(tap), ..quick() }
}

#[track_caller]
fn assert_said(said: &Said, by: Side, parts: &[&str]) {
    let said = said.lock().unwrap();
    let mut own = said.iter().filter(|(side, _)| *side == by);
    for part in parts {
        assert!(own.any(|(_, text)| text.contains(part)), "no {part:?} by {by:?}: {said:?}");
    }
    assert!(!said.iter().any(|(_, text)| text.contains("Illegal")), "{said:?}");
}

#[test]
fn frames_are_seen_both_ways_with_pong_and_close() {
    let greet = |connection: &mut Connection, output: &mut BytesMut| {
        connection.send_text("hello", output).unwrap();
        connection.ping(b"are you there?", output).unwrap();
    };
    let server = serve(vec![accept(None, greet, true)]);
    let (tap, said) = explaining();
    let options = WebSocketOptions { common: tapped(tap), ..WebSocketOptions::default() };
    let mut socket = WebSocket::connect(&server.url, &options).unwrap();
    assert_eq!(socket.read().unwrap(), Some(Message::Text("hello".into())));
    socket.send_text("and you").unwrap();
    assert_eq!(socket.read().unwrap(), Some(Message::Text("and you".into())));
    socket.close(CloseCode::NORMAL, "bye").unwrap();
    assert_eq!(socket.read().unwrap(), None);
    assert_said(&said, Side::Client, &["request line", "Upgrade", "payload data: and you", "reason: bye"]);
    assert_said(&said, Side::Client, &["opcode 0xa: Pong", "payload data: are you there?"]);
    assert_said(
        &said,
        Side::Server,
        &["101", "right: ", "payload data: hello", "opcode 0x9: Ping", "status code: 1000"],
    );
}

/// What was agreed on in the handshake holds for the frames of both sides.
#[test]
fn compressed_messages_are_seen_inflated_both_ways() {
    let server = serve(vec![accept(None, |_, _| {}, true)]);
    let (tap, said) = explaining();
    let deflate = Some(tidings::ws::deflate::Options::default());
    let options = WebSocketOptions { common: tapped(tap), deflate, ..WebSocketOptions::default() };
    let mut socket = WebSocket::connect(&server.url, &options).unwrap();
    for _ in 0..2 {
        socket.send_text(&"again and ".repeat(100)).unwrap();
        socket.read().unwrap();
    }
    for side in [Side::Client, Side::Server] {
        let twice = "payload data: again and again and ";
        assert_said(&said, side, &[twice, twice]);
        assert_said(&said, side, &["DEFLATE data; inflated 1000 bytes", "DEFLATE data; inflated 1000 bytes"]);
    }
}

/// One that is dropped says goodbye, and that is seen too.
#[test]
fn the_last_close_is_seen() {
    let server = serve(vec![accept(None, |_, _| {}, true)]);
    let (tap, said) = explaining();
    let options = WebSocketOptions { common: tapped(tap), ..WebSocketOptions::default() };
    drop(WebSocket::connect(&server.url, &options).unwrap());
    assert_said(&said, Side::Client, &["opcode 0x8: Close", "status code: 1000"]);
}

#[test]
fn a_stream_and_polls_are_seen() {
    let server = serve(vec![Act::Hold(stream("text/event-stream", "data: a\n\n"))]);
    let (tap, said) = explaining();
    let mut source = EventSource::new(&server.url, tapped(tap)).unwrap();
    assert!(source.any(|received| matches!(received, Ok(Received::Message { .. }))));
    assert_said(&said, Side::Client, &["request line: GET", "empty line"]);
    assert_said(&said, Side::Server, &["status line", "data: a", "blank line"]);

    let poll =
        answer("200 OK", "application/json", r#"{"events":[{"id":"1-1","data":"a"}],"next":"1-1","more":false}"#);
    let server = serve(vec![Act::Answer(poll)]);
    let (tap, said) = explaining();
    let mut source = Poller::long(&server.url, tapped(tap)).unwrap();
    assert!(source.any(|received| matches!(received, Ok(Received::Message { .. }))));
    assert_said(&said, Side::Server, &["status line", "data: a", "next: 1-1"]);
}

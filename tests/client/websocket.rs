//! WebSocket: the plain connection, and the subscriber above it.

use crate::scripted::{Act, Seen, quick, serve};
use bytes::BytesMut;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use tidings::client::{Cut, Error, Message, Options, Received, WebSocket, WebSocketOptions, WebSocketSource};
use tidings::http::{Headers, Status};
use tidings::ws::handshake::{Answer, Request};
use tidings::ws::{CloseCode, Config, Connection, Event, SendError, deflate};

/// A server that accepts, choosing what was offered if it is `subprotocol`, and does as it is told with the connection.
pub fn accept(
    subprotocol: Option<&'static str>,
    act: impl FnOnce(&mut Connection, &mut BytesMut) + Send + 'static,
    echo: bool,
) -> Act {
    Act::Other(Box::new(move |mut socket: TcpStream, mut input: Vec<u8>, seen: &Seen| {
        let headers: Headers<'_> = seen.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut output = BytesMut::new();
        let request = Request::check("GET", true, &headers).unwrap();
        let compress = deflate::Options::default();
        let answer = Answer { subprotocol, deflate: Some(&compress), headers: &[] };
        let extensions = request.accept(&answer, &mut output).unwrap();
        let mut connection = Connection::server(Config::default()).with_extensions(&extensions);
        // In one write with the answer: bytes behind the head belong to the frames.
        act(&mut connection, &mut output);
        socket.write_all(&output).unwrap();
        output.clear();
        let mut buffer = [0; 4096];
        loop {
            let step = connection.receive(&mut input, &mut output).unwrap();
            let (consumed, more) = (step.consumed, step.event.is_some());
            match step.event {
                Some(Event::Text(text)) if echo => connection.send_text(&text, &mut output).unwrap(),
                Some(Event::Binary(data)) if echo => connection.send_binary(&data, &mut output).unwrap(),
                Some(Event::Close(_)) => {
                    socket.write_all(&output).unwrap();
                    return;
                }
                _ => {}
            }
            socket.write_all(&output).unwrap();
            output.clear();
            input.drain(..consumed);
            if !more {
                match socket.read(&mut buffer) {
                    Ok(0) | Err(_) => return,
                    Ok(len) => input.extend_from_slice(&buffer[..len]),
                }
            }
        }
    }))
}

fn options() -> WebSocketOptions {
    WebSocketOptions { common: quick(), ..WebSocketOptions::default() }
}

#[test]
fn messages_go_both_ways() {
    let greet = |connection: &mut Connection, output: &mut BytesMut| {
        connection.send_text("hello", output).unwrap();
        connection.ping(b"are you there?", output).unwrap();
    };
    let server = serve(vec![accept(None, greet, true)]);
    let mut socket = WebSocket::connect(&server.url.replace("http:", "ws:"), &options()).unwrap();
    assert_eq!(socket.read().unwrap(), Some(Message::Text("hello".into())));
    socket.send_text("grüß dich").unwrap();
    assert_eq!(socket.read().unwrap(), Some(Message::Text("grüß dich".into())));
    let large = vec![7; 300_000];
    socket.send_binary(&large).unwrap();
    assert_eq!(socket.read().unwrap(), Some(Message::Binary(large)));
    socket.close(CloseCode::NORMAL, "bye").unwrap();
    assert_eq!(socket.read().unwrap(), None);
    assert_eq!(socket.close_frame(), Some((CloseCode::NORMAL, "")));
    assert_eq!(socket.read().unwrap(), None);
    assert!(matches!(socket.send_text("too late"), Err(Error::Send(SendError::Closed))));
}

#[test]
fn messages_go_both_ways_compressed() {
    let server = serve(vec![accept(None, |_, _| {}, true)]);
    let compress = Some(deflate::Options::default());
    let mut socket = WebSocket::connect(&server.url, &WebSocketOptions { deflate: compress, ..options() }).unwrap();
    let agreed = socket.extensions().deflate.as_ref().map(ToString::to_string);
    assert_eq!(agreed.as_deref(), Some("permessage-deflate"));
    let large = "so much of the same, ".repeat(10_000);
    for _ in 0..2 {
        socket.send_text(&large).unwrap();
        assert_eq!(socket.read().unwrap(), Some(Message::Text(large.clone())));
    }
    assert!(server.seen().header("sec-websocket-extensions").is_some_and(|offer| offer.contains("permessage-deflate")));
}

#[test]
fn a_limit_of_ours_ends_it_with_the_code_that_says_so() {
    let send = |connection: &mut Connection, output: &mut BytesMut| {
        connection.send_text("four", output).unwrap();
        connection.send_text("three", output).unwrap();
    };
    let server = serve(vec![accept(None, send, false)]);
    let config = Config { max_message: 4, ..Config::default() };
    let mut socket = WebSocket::connect(&server.url, &WebSocketOptions { config, ..options() }).unwrap();
    assert_eq!(socket.read().unwrap(), Some(Message::Text("four".into())));
    assert!(matches!(socket.read(), Err(Error::WebSocket(error)) if error.close_code() == CloseCode::TOO_BIG));
}

#[test]
fn a_server_that_only_says_that_it_speaks_websocket_is_found_out() {
    let lie = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
               Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let server = serve(vec![Act::Last(lie.into())]);
    assert!(matches!(WebSocket::connect(&server.url, &options()), Err(Error::Handshake(_))));
}

#[test]
fn where_nobody_listens_there_is_no_websocket() {
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = WebSocket::connect(&format!("ws://{unused}/"), &options());
    assert!(matches!(refused, Err(Error::Cut(Cut::Connect(_)))), "{refused:?}");
}

#[test]
fn a_frame_need_not_fit_the_input_buffer_that_was_asked_for() {
    let server = serve(vec![accept(None, |_, _| {}, true)]);
    let config = Config { input_buffer: usize::MAX, ..Config::default() };
    let mut socket = WebSocket::connect(&server.url, &WebSocketOptions { config, ..options() }).unwrap();
    let large = vec![7; 300_000];
    socket.send_binary(&large).unwrap();
    assert_eq!(socket.read().unwrap(), Some(Message::Binary(large)));
}

/// CVE-2022-1650
#[test]
fn a_redirect_of_a_handshake_to_another_origin_drops_credentials() {
    let other = serve(vec![accept(None, |_, _| {}, true)]);
    let away = format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {}/there\r\nContent-Length: 0\r\n\r\n", other.url);
    let server = serve(vec![Act::Last(away)]);
    let headers = vec![("Authorization".into(), "Bearer secret".into()), ("Cookie".into(), "a=b".into())];
    let options = WebSocketOptions { common: Options { headers, ..quick() }, ..WebSocketOptions::default() };
    WebSocket::connect(&server.url, &options).unwrap();
    assert_eq!(server.seen().header("authorization"), Some("Bearer secret"));
    let there = other.seen();
    assert_eq!(
        (there.line.as_str(), there.header("authorization"), there.header("cookie")),
        ("GET /there", None, None)
    );
}

#[test]
fn a_refusal_is_told_by_its_status() {
    let server = serve(vec![Act::Last("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".into())]);
    let refused = WebSocket::connect(&server.url, &options());
    assert!(matches!(refused, Err(Error::Status { status, .. }) if status == Status::FORBIDDEN));
}

#[test]
fn envelopes_are_read_and_resumed_after() {
    let first = |connection: &mut Connection, output: &mut BytesMut| {
        for envelope in [
            r#"{"type":"bookmark","id":"1-0"}"#,
            r#"{"type":"of a later version"}"#,
            r#"{"type":"message","id":"1-1","event":"log","data":"a"}"#,
            r#"{"type":"reset","reason":"trimmed","oldest":"1-7","newest":"1-9"}"#,
        ] {
            connection.send_text(envelope, output).unwrap();
        }
        connection.close(CloseCode::GOING_AWAY, "restart", output).unwrap();
    };
    let server = serve(vec![accept(Some("tidings.v1"), first, false), accept(Some("tidings.v1"), |_, _| {}, false)]);
    let mut source = WebSocketSource::new(&server.url, quick()).unwrap();
    let received: Vec<Received> = source.by_ref().take(7).map(Result::unwrap).collect();
    assert_eq!(received[1], Received::Bookmark { id: "1-0".into() });
    let message = Received::Message { id: Some("1-1".into()), event: Some("log".into()), data: "a".into() };
    assert_eq!(received[2], message);
    assert!(matches!(received[3], Received::Reset(reset) if reset.oldest.n() == 7));
    assert_eq!(received[4], Received::Drain);
    let closed = Cut::Closed(Some(CloseCode::GOING_AWAY));
    assert!(matches!(&received[5], Received::Reconnecting { why, .. } if *why == closed));
    let seen = server.seen();
    assert_eq!((seen.line.as_str(), seen.header("sec-websocket-protocol")), ("GET /", Some("tidings.v1")));
    assert_eq!(server.seen().line, "GET /?after=1-7");
}

#[test]
fn messages_of_another_server_come_as_they_are() {
    let send = |connection: &mut Connection, output: &mut BytesMut| {
        connection.send_text("plain", output).unwrap();
        connection.send_text(r#"{"type":"trade","data":"of its own kind"}"#, output).unwrap();
        connection.send_binary(&[0, 1], output).unwrap();
    };
    let message = |data: &str| Received::Message { id: None, event: None, data: data.into() };
    let typed = message(r#"{"type":"trade","data":"of its own kind"}"#);
    // One that knows no subprotocol, and one that agrees to whatever it is offered.
    for subprotocol in [None, Some("tidings.v1")] {
        let server = serve(vec![accept(subprotocol, send, false)]);
        let mut source = WebSocketSource::new(&server.url, quick()).unwrap();
        let received: Vec<Received> = source.by_ref().take(4).map(Result::unwrap).collect();
        let expected = [Received::Connected, message("plain"), typed.clone(), Received::Binary(vec![0, 1])];
        assert_eq!(received, expected);
    }
}

#[test]
fn a_silent_server_is_pinged_and_then_given_up() {
    // It reads, and so lives by TCP's lights, but never answers.
    let mute = Act::Other(Box::new(|mut socket: TcpStream, _, seen: &Seen| {
        let headers: Headers<'_> = seen.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut output = BytesMut::new();
        Request::check("GET", true, &headers).unwrap().accept(&Answer::default(), &mut output).unwrap();
        socket.write_all(&output).unwrap();
        while socket.read(&mut [0; 64]).is_ok_and(|len| len > 0) {}
    }));
    let server = serve(vec![mute]);
    let common = Options { silence: std::time::Duration::from_millis(100), ..quick() };
    let mut socket = WebSocket::connect(&server.url, &WebSocketOptions { common, ..options() }).unwrap();
    assert!(matches!(socket.read(), Err(Error::Cut(Cut::Silent))));
}

#[test]
fn what_is_too_long_for_a_control_frame_is_refused_and_the_connection_goes_on() {
    let server = serve(vec![accept(None, |_, _| {}, true)]);
    let mut socket = WebSocket::connect(&server.url, &options()).unwrap();
    let too_long = "x".repeat(126);
    for refused in [socket.ping(too_long.as_bytes()), socket.close(CloseCode::NORMAL, &too_long[..124])] {
        assert!(matches!(refused, Err(Error::Send(SendError::ControlTooLong))), "{refused:?}");
    }
    socket.ping(&too_long.as_bytes()[..125]).unwrap();
    socket.send_text("still here").unwrap();
    assert_eq!(socket.read().unwrap(), Some(Message::Text("still here".into())));
    socket.close(CloseCode::NORMAL, &too_long[..123]).unwrap();
    assert_eq!(socket.read().unwrap(), None);
}

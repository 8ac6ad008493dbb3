//! The WebSocket of a topic.

use crate::client::{Frame, HANDSHAKE, WebSocket};
use crate::running::{Running, run, start, start_with};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use tidings::server::{Access, Action, Limits, Server};
use tidings::ws::Config;

const ACCEPTED: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
const SUBSCRIBERS: &str = r#"tidings_subscribers{transport="websocket"}"#;

fn frame(text: &str) -> Vec<u8> {
    [&[0x81, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
}

#[test]
fn bare_data_to_the_byte() {
    let server = start();
    server.publish_event("news", "price", "old");
    let mut client = server.client();
    client.request("GET", "/topics/news?after=oldest", HANDSHAKE);
    let expected = [format!("{ACCEPTED}\r\n").as_bytes(), &frame("old")].concat();
    assert_eq!(client.raw(expected.len()), expected);
    server.publish("news", "new");
    assert_eq!(client.raw(5), frame("new"));
}

#[test]
fn envelopes_to_the_byte() {
    let server = start();
    let old = server.publish_event("news", "price", "old");
    let mut client = server.client();
    client.request(
        "GET",
        "/topics/news?after=oldest",
        &format!("{HANDSHAKE}Sec-WebSocket-Protocol: x, tidings.v1\r\n"),
    );
    let bookmark = format!(r#"{{"type":"bookmark","id":"{}-0"}}"#, old.epoch());
    let message = format!(r#"{{"type":"message","id":"{old}","event":"price","data":"old"}}"#);
    let head = format!("{ACCEPTED}Sec-WebSocket-Protocol: tidings.v1\r\n\r\n");
    let expected = [head.as_bytes(), &frame(&bookmark), &frame(&message)].concat();
    assert_eq!(client.raw(expected.len()), expected);
}

#[test]
fn what_a_bare_client_sends_is_published() {
    let server = start();
    let mut one = WebSocket::open(server.client(), "/topics/news", &[]);
    let mut other = WebSocket::open(server.client(), "/topics/news", &["unknown"]);
    assert_eq!(other.subprotocol, None);
    one.send("hello");
    assert_eq!((one.text(), other.text()), ("hello".into(), "hello".into()));
    assert!(server.client().get("/topics/news").text().contains(r#""data":"hello""#));
}

#[test]
fn what_an_envelope_client_sends_is_published_with_its_event() {
    let server = start();
    let mut socket = WebSocket::open(server.client(), "/topics/news", &["tidings.v1"]);
    assert_eq!(socket.subprotocol.as_deref(), Some("tidings.v1"));
    assert!(socket.text().starts_with(r#"{"type":"bookmark""#));
    socket.send(r#"{"event":"price","data":"12"}"#);
    socket.send(r#"{"data":"\u0000"}"#);
    assert!(socket.text().ends_with(r#","event":"price","data":"12"}"#));
    assert!(socket.text().ends_with(r#","data":"\u0000"}"#));
}

/// A topic at `/topics/news`, and a handler at `/echo`: both say back what they hear.
fn two_that_echo() -> Running {
    run(Server::builder().websocket("/echo", Config::default(), |socket| {
        while let Some(message) = socket.read()? {
            socket.send(&message)?;
        }
        Ok(())
    }))
}

#[test]
fn frames_that_come_with_the_handshake_are_read() {
    let server = two_that_echo();
    // "Hello", masked, as in RFC 6455 §5.7
    let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    for path in ["/topics/news", "/echo"] {
        let mut client = server.client();
        let head = format!("GET {path} HTTP/1.1\r\nHost: t\r\n{HANDSHAKE}\r\n");
        client.send([head.as_bytes(), &hello].concat());
        let expected = [format!("{ACCEPTED}\r\n").as_bytes(), &frame("Hello")].concat();
        assert_eq!(client.raw(expected.len()), expected, "{path}");
    }
}

/// RFC 6455 §7.1.1: to close over what was not read would reset the connection, and the client could lose the Close.
#[test]
fn after_a_violation_the_server_reads_on_and_resets_nothing() {
    let server = two_that_echo();
    let not_masked = b"\x81\x01x";
    for path in ["/topics/news", "/echo"] {
        let mut socket = TcpStream::connect(server.addr).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: t\r\n{HANDSHAKE}\r\n");
        socket.write_all(&[head.as_bytes(), not_masked, &vec![0; 200_000]].concat()).unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).expect("an end, and no reset");
        // Nor is there one until the client ends its own half: it would meet the second write.
        for _ in 0..2 {
            socket.write_all(&[0; 1000]).expect("no reset");
        }
        let end_of_head = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let [0x88, _, code @ ..] = &answer[end_of_head..] else { panic!("no Close: {answer:?}") };
        assert_eq!(code[..2], 1002_u16.to_be_bytes(), "{path}");
    }
}

#[test]
fn a_large_message_in_many_pieces_is_published_whole() {
    let server = start();
    let mut socket = WebSocket::open(server.client(), "/topics/news", &[]);
    let text = "0123456789".repeat(100_000);
    socket.send(&text);
    assert_eq!(socket.text(), text);
}

#[test]
fn what_must_not_be_sent_closes_with_the_code_that_names_it() {
    let server = start_with(&Limits { message_bytes: 100, ..Limits::default() });
    let long = "x".repeat(101);
    let (bare, envelopes): (&[&str], &[&str]) = (&[], &["tidings.v1"]);
    for (subprotocols, text, code) in [
        (envelopes, "no json", 1007),
        (envelopes, r#"{"event":"x"}"#, 1007),
        (envelopes, r#"{"event":"tidings.reset","data":""}"#, 1008),
        (envelopes, r#"{"event":"","data":""}"#, 1008),
        (envelopes, &format!(r#"{{"data":"{long}"}}"#), 1009),
        (bare, &long, 1009),
    ] {
        let mut socket = WebSocket::open(server.client(), "/topics/news", subprotocols);
        socket.send(text);
        assert_eq!(close_code(&mut socket), code, "{text}");
    }
    for subprotocols in [bare, envelopes] {
        let mut socket = WebSocket::open(server.client(), "/topics/news", subprotocols);
        socket.send_binary(b"x");
        assert_eq!(close_code(&mut socket), 1003);
    }
    assert!(server.client().get("/topics/news").text().starts_with(r#"{"events":[]"#));
}

/// The code of the Close, after which the server ends the stream.
fn close_code(socket: &mut WebSocket) -> u16 {
    loop {
        match socket.frame() {
            Some(Frame::Close(code, reason)) => {
                assert!(code != 1000 || reason.is_empty());
                assert_eq!(socket.frame(), None);
                return code;
            }
            Some(_) => {}
            None => panic!("the stream ended without a Close"),
        }
    }
}

#[test]
fn a_close_is_echoed_and_then_the_server_ends_the_stream() {
    let server = start();
    let mut socket = WebSocket::open(server.client(), "/topics/news", &[]);
    let mut output = bytes::BytesMut::new();
    socket.connection.close(tidings::ws::CloseCode::NORMAL, "bye", &mut output).unwrap();
    socket.client.send(&output);
    assert_eq!(socket.frame(), Some(Frame::Close(1000, String::new())));
    assert_eq!(socket.frame(), None);
    server.await_metric(SUBSCRIBERS, 0);
}

#[test]
fn a_client_that_goes_is_forgotten() {
    let server = start();
    let socket = WebSocket::open(server.client(), "/topics/news", &[]);
    server.await_metric(SUBSCRIBERS, 1);
    drop(socket);
    server.await_metric(SUBSCRIBERS, 0);
}

#[test]
fn a_silent_client_is_pinged_and_stays_if_it_answers() {
    let limits =
        Limits { keepalive: Duration::from_millis(20), pong_time: Duration::from_secs(10), ..Limits::default() };
    let server = start_with(&limits);
    let mut socket = WebSocket::open(server.client(), "/topics/news", &[]);
    for _ in 0..3 {
        assert_eq!(socket.frame(), Some(Frame::Ping(Vec::new())));
    }
    socket.send("here");
    while socket.frame() != Some(Frame::Text("here".into())) {}
}

#[test]
fn a_client_that_does_not_answer_a_ping_is_disconnected() {
    let limits =
        Limits { keepalive: Duration::from_millis(20), pong_time: Duration::from_millis(20), ..Limits::default() };
    let server = start_with(&limits);
    let mut socket = WebSocket::open(server.client(), "/topics/news", &[]);
    // One Ping, and then the end.
    assert_eq!(socket.client.raw_to_end(), [0x89, 0]);
    server.await_metric(SUBSCRIBERS, 0);
}

#[test]
fn a_client_that_does_not_answer_a_close_is_disconnected() {
    let server = start_with(&Limits { close_time: Duration::from_millis(20), ..Limits::default() });
    let mut socket = WebSocket::open(server.client(), "/topics/news", &[]);
    socket.send_binary(b"x");
    let close = socket.client.raw_to_end();
    assert_eq!(close[..4], [0x88, 19, 0x03, 0xeb]);
    server.await_metric(SUBSCRIBERS, 0);
}

/// RFC 6455 §5.5.1
#[test]
fn behind_a_close_no_message_is_sent() {
    for subprotocols in [&[][..], &["tidings.v1"]] {
        let server = start_with(&Limits { close_time: Duration::from_millis(100), ..Limits::default() });
        let mut socket = WebSocket::open(server.client(), "/topics/news", subprotocols);
        socket.send_binary(b"x");
        assert_eq!(close_code(&mut socket), 1003);
        server.publish("news", "too late");
        assert_eq!(socket.client.raw_to_end(), b"");
    }
}

#[test]
fn bad_handshakes_are_refused() {
    let server = start();
    for (headers, status) in [
        (HANDSHAKE.replace("13", "8"), 426),
        (HANDSHAKE.replace("dGhl", ""), 400),
        (HANDSHAKE.replace("Connection: Upgrade\r\n", ""), 400),
        (format!("{HANDSHAKE}Content-Length: 7\r\n"), 400),
        (format!("{HANDSHAKE}Transfer-Encoding: chunked\r\n"), 400),
    ] {
        let mut client = server.client();
        client.request("GET", "/topics/news", &headers);
        let answer = client.response();
        assert_eq!(answer.status, status, "{headers}");
        if status == 426 {
            assert_eq!(answer.header("sec-websocket-version"), Some("13"));
            assert_eq!(answer.header("upgrade"), Some("websocket"));
        }
        client.expect_end();
    }
}

#[test]
fn a_handshake_for_what_is_not_there_is_404() {
    let server = start();
    let mut client = server.client();
    client.request("GET", "/nowhere", HANDSHAKE);
    let answer = client.response();
    assert_eq!((answer.status, answer.header("upgrade")), (404, None));
}

#[test]
fn who_may_not_publish_may_still_listen() {
    let server = run(Server::builder().authorize(|request| match request.action {
        Action::Publish(_) => Access::Forbidden,
        _ => Access::Granted,
    }));
    let mut socket = WebSocket::open(server.client(), "/topics/news", &[]);
    server.publish("news", "1");
    assert_eq!(socket.text(), "1");
    socket.send("2");
    assert_eq!(close_code(&mut socket), 1008);
}

#[test]
fn a_flood_of_pings_from_one_who_does_not_read_costs_no_growing_memory() {
    use std::io::Write;
    let server = start();
    let mut flooder = WebSocket::open(server.client(), "/topics/news", &[]);
    let ping = [&[0x89, 0xfd, 0, 0, 0, 0][..], &[b'x'; 125]].concat();
    let flood = ping.repeat(500);
    // More Pongs than the sockets take in, so that they are owed: the server reads on all the same.
    for _ in 0..(32 << 20) / flood.len() {
        flooder.client.socket.write_all(&flood).unwrap();
    }
    flooder.client.send([&[0x89, 0x84, 0, 0, 0, 0][..], b"last"].concat());
    // The others are served, too: each time there was a turn for the flooder, so that the last Ping has been read.
    let mut socket = WebSocket::open(server.client(), "/topics/news", &[]);
    for _ in 0..300 {
        socket.send("hello");
        assert_eq!(socket.text(), "hello");
    }
    // Who reads at last gets the newest Pong without another word, and not all of them.
    let mut answered = 0;
    loop {
        match flooder.frame() {
            Some(Frame::Pong(payload)) if payload == b"last" => break,
            Some(Frame::Pong(_)) => answered += 1,
            Some(Frame::Text(_)) => {}
            other => panic!("{other:?} after {answered} Pongs"),
        }
    }
    assert!(answered < (32 << 20) / ping.len(), "all were, so that this showed nothing");
}

#[cfg(feature = "deflate")]
mod deflate {
    use super::{ACCEPTED, HANDSHAKE, frame};
    use crate::client::WebSocket;
    use crate::running::{run, start};
    use tidings::server::Server;
    use tidings::ws::deflate::Options;

    /// Worth compressing: the same words again and again.
    fn long() -> String {
        "the news of the day, ".repeat(20)
    }

    #[test]
    fn who_offers_compression_gets_it_and_who_does_not_does_not() {
        let server = start();
        let mut plain = server.client();
        plain.request("GET", "/topics/news", HANDSHAKE);
        plain.expect(format!("{ACCEPTED}\r\n"));

        let mut compressed = server.client();
        compressed.request(
            "GET",
            "/topics/news",
            &format!("{HANDSHAKE}Sec-WebSocket-Extensions: permessage-deflate\r\n"),
        );
        compressed.expect(format!(
            "{ACCEPTED}Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; \
             client_no_context_takeover\r\n\r\n"
        ));
        server.publish("news", "short");
        assert_eq!((plain.raw(7), compressed.raw(7)), (frame("short"), frame("short")));
        server.publish("news", &long());
        let head = compressed.raw(2);
        assert_eq!((plain.raw(2)[0], head[0]), (0x81, 0xc1));
        assert!(usize::from(head[1]) < long().len() / 4, "{} bytes", head[1]);
    }

    #[test]
    fn compressed_messages_are_read_in_both_directions_in_either_form() {
        let server = start();
        for subprotocols in [&[][..], &["tidings.v1"]] {
            let small_window = Options { server_max_window_bits: 10, ..Options::default() };
            for options in [Options::default(), small_window] {
                let mut socket = WebSocket::open_with(server.client(), "/topics/news", subprotocols, Some(&options));
                if !subprotocols.is_empty() {
                    assert!(socket.text().contains("bookmark"));
                }
                for _ in 0..3 {
                    server.publish("news", &long());
                    assert!(socket.text().contains(&long()));
                }
            }
        }
        let mut bare = WebSocket::open_with(server.client(), "/topics/news", &[], Some(&Options::default()));
        for n in 0..3 {
            let message = format!("{n} {}", long());
            bare.send(&message);
            assert_eq!(bare.text(), message);
        }
    }

    #[test]
    fn a_server_that_does_not_want_it_does_not_take_the_offer() {
        let server = run(Server::builder().deflate(None));
        let mut client = server.client();
        client.request("GET", "/topics/news", &format!("{HANDSHAKE}Sec-WebSocket-Extensions: permessage-deflate\r\n"));
        client.expect(format!("{ACCEPTED}\r\n"));
    }

    #[test]
    fn a_bomb_is_closed_with_1009() {
        let server = start();
        let mut socket = WebSocket::open_with(server.client(), "/topics/news", &[], Some(&Options::default()));
        socket.send(&"x".repeat(2 << 20));
        assert!(matches!(socket.frame(), Some(crate::client::Frame::Close(1009, _))));
    }
    /// More than one turn's share, in a few kilobytes and one packet with the handshake: what is left is for the next
    /// turns, and nothing is lost.
    #[test]
    fn many_large_messages_in_one_packet_are_all_published() {
        use tidings::ws::handshake::{ClientHandshake, Opening, Response};
        let server = start();
        let mut listener = WebSocket::open(server.client(), "/topics/news", &[]);
        let data = "x".repeat(300_000);
        let mut socket = WebSocket::open_with(server.client(), "/topics/other", &[], Some(&Options::default()));
        let mut frames = bytes::BytesMut::new();
        for n in 0..15 {
            socket.connection.send_text(&format!("{n} {data}"), &mut frames).unwrap();
        }
        let options = Options::default();
        let opening = Opening { host: "t", target: "/topics/news", deflate: Some(&options), ..Opening::default() };
        let mut output = bytes::BytesMut::new();
        let mut handshake = ClientHandshake::new(&opening, tidings::system_random, &mut output).unwrap();
        output.extend_from_slice(&frames);
        let mut client = server.client();
        client.send(&output);
        for n in 0..15 {
            assert!(listener.text().starts_with(&format!("{n} x")));
        }
        assert_ne!(client.fill(), 0);
        let step = handshake.receive(&client.input).unwrap();
        assert!(matches!(step.event, Some(Response::Accepted { .. })));
    }
}

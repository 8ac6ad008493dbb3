//! What TLS must not change: what comes, and in which order.

use super::{PATIENCE, read_until, secured};
use crate::client::HANDSHAKE;
use std::io::{Read, Write};
use std::thread;
use std::time::{Duration, Instant};
use tidings::client::{Error, EventSource, Poller, Publisher, Received, Stream, WebSocketSource};
use tidings::server::{Limits, Message, Server};
use tidings::ws::{CloseCode, Config};

/// Another one for each of a few numbers in a row.
fn letter(n: usize) -> char {
    ('a'..='w').nth(n % 23).unwrap()
}

#[test]
fn each_transport_gives_everything_once_and_in_order() {
    let secured = secured(Server::builder());
    let url = secured.url("/topics/news");
    let mut publisher = Publisher::new(&url, secured.options()).unwrap();
    // Of all lengths around those of records, and the longest that is taken.
    let lengths = (0..100).chain([16_383, 16_384, 16_385, 100_000, 1 << 20]);
    let sent: Vec<String> = lengths.map(|length| letter(length).to_string().repeat(length)).collect();
    for data in &sent {
        publisher.publish(None, data).unwrap();
    }
    let check = |source: &mut dyn Iterator<Item = Result<Received, Error>>| {
        let messages = source.filter_map(|received| match received.unwrap() {
            Received::Message { data, .. } => Some(data),
            _ => None,
        });
        let got: Vec<String> = messages.take(sent.len()).collect();
        assert!(got == sent);
    };
    check(&mut EventSource::new(&url, secured.options()).unwrap());
    check(&mut Stream::new(&url, secured.options()).unwrap());
    check(&mut Poller::long(&url, secured.options()).unwrap());
    check(&mut Poller::short(&url, secured.options()).unwrap());
    check(&mut WebSocketSource::new(&url.replace("https", "wss"), secured.options()).unwrap());
    // One for all that was published, one for each subscriber, and this one: connections are kept.
    let metrics = secured.get("/metrics");
    assert!(metrics.contains("tidings_connections_accepted_total 7\n"), "{metrics}");
}

/// What one side reads must not depend on the other side's reading: the sockets hold less than is sent.
#[test]
fn both_sides_send_all_before_either_reads() {
    const COUNT: usize = 16;
    let sends = |socket: &mut tidings::server::WebSocket| {
        let (mut reader, writer) = socket.split();
        thread::scope(|scope| {
            scope.spawn(move || (0..COUNT).for_each(|_| writer.send_text(&"s".repeat(1 << 20)).unwrap()));
            for _ in 0..COUNT {
                assert_eq!(reader.read()?, Some(Message::Text("c".repeat(1 << 20))));
            }
            Ok(())
        })
    };
    let secured = secured(Server::builder().websocket("/", Config::default(), sends));
    let (mut reader, writer) = secured.websocket("/").split();
    let sender = thread::spawn(move || (0..COUNT).try_for_each(|_| writer.send_text(&"c".repeat(1 << 20))));
    for _ in 0..COUNT {
        assert_eq!(reader.read().unwrap(), Some(Message::Text("s".repeat(1 << 20))));
    }
    sender.join().unwrap().unwrap();
    assert_eq!(reader.read().unwrap(), None);
    assert_eq!(reader.close_frame(), Some((CloseCode::NORMAL, "")));
}

/// What came in one piece with a handshake, and was decrypted with it, is not forgotten: the system does not tell of it.
#[test]
fn what_comes_with_the_request_for_a_websocket_is_read() {
    let secured = secured(Server::builder());
    let mut tls = secured.connect();
    let frame = |text: &[u8]| [&[0x81, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0], text].concat();
    let request = format!("GET /topics/news HTTP/1.1\r\nHost: t\r\n{HANDSHAKE}\r\n");
    let frames: Vec<u8> = (0..2000).flat_map(|n| frame(format!("{n}").as_bytes())).collect();
    tls.write_all(&[request.as_bytes(), &frames].concat()).unwrap();
    let head = read_until(&mut tls, b"\r\n\r\n");
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    for n in 0..2000 {
        let expected = format!("{n}");
        let mut got = vec![0; 2 + expected.len()];
        tls.read_exact(&mut got).unwrap();
        assert_eq!(got[2..], *expected.as_bytes());
    }
}

/// A client that is slow to read gets every byte, and each once, however the ciphertext is cut.
#[test]
fn who_reads_slowly_gets_everything() {
    const LEN: usize = 3 << 20;
    let limits = Limits { message_bytes: LEN, ..Limits::default() };
    let secured = secured(Server::builder().limits(limits));
    let data: String = (0..LEN).map(letter).collect();
    secured.server.publish("news", &data);
    let mut tls = secured.connect();
    tls.write_all(b"GET /topics/news?after=oldest HTTP/1.1\r\nHost: t\r\nAccept: text/event-stream\r\n\r\n").unwrap();
    read_until(&mut tls, b"data: ");
    let mut got = Vec::new();
    let mut room = [0; 1000];
    while got.len() < LEN {
        let read = tls.read(&mut room).unwrap();
        got.extend_from_slice(&room[..read]);
        if got.len() % 97 == 0 {
            thread::sleep(Duration::from_millis(1));
        }
    }
    assert!(got.starts_with(data.as_bytes()));
}

/// Who takes nothing is cut off, as without TLS.
#[test]
fn who_takes_nothing_is_closed() {
    let limits = Limits { message_bytes: 16 << 20, write_time: Duration::from_millis(100), ..Limits::default() };
    let secured = secured(Server::builder().limits(limits));
    secured.server.publish("news", &"x".repeat(8 << 20));
    let mut tls = secured.connect();
    tls.write_all(b"GET /topics/news HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
    let until = Instant::now() + PATIENCE;
    while !secured.get("/metrics").contains("tidings_refusals_total{reason=\"write_time\"} 1\n") {
        assert!(Instant::now() < until);
    }
}

/// What came may be no data: there may be room to write meanwhile.
#[test]
fn a_reader_goes_on_writing_whatever_comes_that_is_no_message() {
    const ANSWER: usize = 60_000;
    const COUNT: usize = 150; // more than the sockets hold
    let echo = |socket: &mut tidings::server::WebSocket| {
        while socket.read()?.is_some() {
            socket.send(&Message::Binary(vec![7; ANSWER]))?;
        }
        Ok(())
    };
    let limits =
        Limits { keepalive: Duration::from_secs(600), write_time: Duration::from_secs(600), ..Limits::default() };
    let secured = secured(Server::builder().limits(limits).websocket("/", Config::default(), echo));
    let mut tls = secured.connect();
    tls.write_all(format!("GET / HTTP/1.1\r\nHost: t\r\n{HANDSHAKE}\r\n").as_bytes()).unwrap();
    read_until(&mut tls, b"\r\n\r\n");
    for _ in 0..COUNT {
        tls.write_all(&[0x82, 0x81, 0, 0, 0, 0, 1]).unwrap();
        // So that each is read by itself, and its answer waits in the reader.
        thread::sleep(Duration::from_millis(5));
    }
    tls.conn.refresh_traffic_keys().unwrap();
    tls.conn.write_tls(&mut tls.sock).unwrap();
    let mut answers = vec![0; COUNT * (4 + ANSWER)];
    tls.read_exact(&mut answers).unwrap();
}

/// Somebody on the way could have made it.
#[test]
fn a_page_in_the_clear_is_none_of_the_servers_own() {
    let secured = secured(Server::builder());
    let host = secured.server.addr;
    for (scheme, status) in [("http", "403"), ("https", "101")] {
        let mut tls = secured.connect();
        let request = format!("GET /topics/a HTTP/1.1\r\nHost: {host}\r\nOrigin: {scheme}://{host}\r\n{HANDSHAKE}\r\n");
        tls.write_all(request.as_bytes()).unwrap();
        let line = String::from_utf8(read_until(&mut tls, b"\r\n")).unwrap();
        assert!(line.starts_with(&format!("HTTP/1.1 {status} ")), "{line}");
    }
}

//! The example `axum` as it stands: what it serves, to our clients.

use crate::{HANDSHAKE, axum_example, connect, echoes_all_sizes, head, masked, rest, start};
use std::io::Write;
use std::net::SocketAddr;
use tidings::client::{EventSource, Options, Received, WebSocketOptions};
use tidings::ws::deflate;

fn serve() -> SocketAddr {
    start(|listener| {
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async { axum_example::serve(tokio::net::TcpListener::from_std(listener)?).await })
    })
}

/// The opening of a WebSocket.
fn handshake() -> String {
    HANDSHAKE.replacen('/', "/echo", 1)
}

#[test]
fn axum_messages_of_all_sizes_come_back() {
    let addr = serve();
    let options = WebSocketOptions { deflate: Some(deflate::Options::default()), ..WebSocketOptions::default() };
    echoes_all_sizes(&format!("ws://{addr}/echo"), &options);
}

#[test]
fn axum_frames_may_come_with_the_handshake_and_in_fragments_with_pings_between() {
    let frames = [masked(0x01, b"Hel"), masked(0x89, b"?"), masked(0x80, b"lo"), masked(0x88, b"\x03\xe8")].concat();
    let mut socket = connect(serve());
    socket.write_all(&[handshake().as_bytes(), &frames].concat()).unwrap();
    assert!(head(&mut socket).starts_with("HTTP/1.1 101 "));
    assert_eq!(rest(&mut socket), b"\x8a\x01?\x81\x05Hello\x88\x02\x03\xe8");
}

#[test]
fn axum_a_violation_is_told_without_a_reset() {
    let mut socket = connect(serve());
    socket.write_all(handshake().as_bytes()).unwrap();
    assert!(head(&mut socket).starts_with("HTTP/1.1 101 "));
    socket.write_all(b"\x81\x01x").unwrap(); // not masked
    let _ = socket.write_all(&vec![0; 20_000]);
    let end = rest(&mut socket);
    assert_eq!((end[0], &end[2..4]), (0x88, &b"\x03\xea"[..]));
}

#[test]
fn axum_events_come_each_second() {
    let mut events = EventSource::new(&format!("http://{}/clock", serve()), Options::default()).unwrap();
    assert_eq!(events.next().unwrap().unwrap(), Received::Connected);
    for n in 0..3 {
        let Received::Message { id, event: None, data } = events.next().unwrap().unwrap() else { panic!("a message") };
        assert_eq!(id, Some(n.to_string()));
        let seconds: u64 = data.strip_suffix(" s").unwrap().parse().unwrap();
        assert!(seconds >= n, "{data} at the event {n}");
    }
}

#[test]
fn axum_what_is_no_handshake_is_refused_by_its_status() {
    let addr = serve();
    let close = "Connection: close\r\n";
    for (request, status, header) in [
        (format!("GET /echo HTTP/1.1\r\nHost: t\r\n{close}\r\n"), "400", ""),
        (format!("POST /echo HTTP/1.1\r\nHost: t\r\n{close}\r\n"), "405", "allow: GET"),
        (format!("HEAD /echo HTTP/1.1\r\nHost: t\r\n{close}\r\n"), "405", "allow: GET"),
        (format!("GET / HTTP/1.1\r\nHost: t\r\n{close}\r\n"), "404", ""),
        (handshake().replace("Version: 13", "Version: 8"), "426", "sec-websocket-version: 13"),
        (handshake().replace("Version: 13", "Version: 8"), "426", "upgrade: websocket"),
        (handshake().replace("Version: 13", "Version: 8"), "426", "connection: upgrade"),
        (handshake().replacen("HTTP/1.1", "HTTP/1.0", 1), "400", ""),
    ] {
        let mut socket = connect(addr);
        socket.write_all(request.as_bytes()).unwrap();
        let answer = head(&mut socket);
        assert_eq!(answer.split(' ').nth(1), Some(status), "{request}{answer}");
        assert!(answer.to_ascii_lowercase().contains(&header.to_ascii_lowercase()), "{request}{answer}");
    }
}

//! The run loops of the examples, each as it stands there, against our own client and against bytes written by hand.
#![cfg(all(feature = "client", feature = "server"))]

extern crate alloc; // the device knows no other name for it

mod device_over;
#[cfg(feature = "tokio")]
mod over_axum;
mod over_http2;
mod topics_over_mio;

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;
use tidings::client::{Message, WebSocket, WebSocketOptions};
use tidings::ws::{CloseCode, Config, KeepaliveOptions, mask};

#[cfg(feature = "tokio")]
#[path = "../../examples/axum.rs"]
#[allow(dead_code)] // `main`
mod axum_example;
#[path = "../../examples/no_std/src/device.rs"]
mod device;
#[path = "../../examples/h2_echo.rs"]
#[allow(dead_code)]
mod h2_echo;
#[path = "../../examples/mio_echo.rs"]
#[allow(dead_code)]
mod mio_echo;
#[path = "../../examples/mio_topic/main.rs"]
#[allow(dead_code)]
mod mio_topic;
#[path = "../../examples/std_chat.rs"]
#[allow(dead_code)]
mod std_chat;
#[path = "../../examples/tokio_echo.rs"]
#[allow(dead_code)]
mod tokio_echo;

type Serve = fn(TcpListener, KeepaliveOptions) -> io::Result<()>;

const ECHOES: [(&str, Serve); 2] = [("mio", mio_echo::serve), ("tokio", tokio_echo::serve)];
/// A test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);
const HANDSHAKE: &str = "GET / HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Does the same with each of the servers, which go on until the tests end.
fn each(keepalive: KeepaliveOptions, check: impl Fn(SocketAddr)) {
    for (name, serve) in ECHOES {
        println!("{name}");
        check(start(move |listener| serve(listener, keepalive)));
    }
}

fn start(serve: impl FnOnce(TcpListener) -> io::Result<()> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(|| serve(listener).unwrap());
    addr
}

fn connect(addr: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(addr).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// A connection after its handshake.
fn open(addr: SocketAddr) -> TcpStream {
    let mut socket = connect(addr);
    socket.write_all(HANDSHAKE.as_bytes()).unwrap();
    assert!(head(&mut socket).starts_with("HTTP/1.1 101 "));
    socket
}

fn head(socket: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(read(socket, 1));
    }
    String::from_utf8(head).unwrap()
}

fn read(socket: &mut TcpStream, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    socket.read_exact(&mut bytes).unwrap();
    bytes
}

/// What comes until the end, which is no reset.
fn rest(socket: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).unwrap();
    bytes
}

/// A frame as a client sends it, its length in one byte or in two.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u8::try_from(payload.len()) {
        Ok(len) if len < 126 => frame.push(len + 0x80),
        _ => {
            frame.push(0xfe); // 126: two bytes of length follow
            frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
        }
    }
    frame.extend(KEY);
    let start = frame.len();
    frame.extend(payload);
    mask::apply(KEY, &mut frame[start..]);
    frame
}

#[test]
fn messages_of_all_sizes_come_back() {
    each(KeepaliveOptions::default(), |addr| {
        echoes_all_sizes(&format!("ws://{addr}/"), &WebSocketOptions::default());
    });
}

/// Messages of sizes around the limits of headers and buffers come back, and the goodbye does.
fn echoes_all_sizes(url: &str, options: &WebSocketOptions) {
    let mut socket = WebSocket::connect(url, options).unwrap();
    for len in [0, 1, 125, 126, 4_000, 5_000, 65_536, 1 << 20] {
        let text = "\u{fc}".repeat(len / 2);
        socket.send_text(&text).unwrap();
        assert_eq!(socket.read().unwrap(), Some(Message::Text(text)));
        socket.send_binary(&vec![7; len]).unwrap();
        assert_eq!(socket.read().unwrap(), Some(Message::Binary(vec![7; len])));
    }
    socket.close(CloseCode::NORMAL, "bye").unwrap();
    assert_eq!(socket.read().unwrap(), None);
    assert_eq!(socket.close_frame().unwrap().0, CloseCode::NORMAL);
}

#[test]
fn a_message_over_the_limit_is_told_so() {
    each(KeepaliveOptions::default(), |addr| {
        let config = Config::default();
        let options = WebSocketOptions { config, ..WebSocketOptions::default() };
        let mut socket = WebSocket::connect(&format!("ws://{addr}/"), &options).unwrap();
        let _ = socket.send_binary(&vec![0; (1 << 20) + 1]);
        assert_eq!(socket.read().unwrap(), None);
        assert_eq!(socket.close_frame().unwrap().0, CloseCode::TOO_BIG);
    });
}

#[test]
fn frames_may_come_with_the_handshake_byte_by_byte_and_in_fragments() {
    each(KeepaliveOptions::default(), |addr| {
        let frames =
            [masked(0x01, b"Hel"), masked(0x89, b"?"), masked(0x80, b"lo"), masked(0x88, b"\x03\xe8")].concat();
        let answers = b"\x8a\x01?\x81\x05Hello\x88\x02\x03\xe8";
        let mut socket = connect(addr);
        socket.write_all(&[HANDSHAKE.as_bytes(), &frames].concat()).unwrap();
        assert!(head(&mut socket).starts_with("HTTP/1.1 101 "));
        assert_eq!(rest(&mut socket), answers);

        let mut socket = connect(addr);
        socket.set_nodelay(true).unwrap();
        for byte in [HANDSHAKE.as_bytes(), &frames].concat() {
            socket.write_all(&[byte]).unwrap();
        }
        assert!(head(&mut socket).starts_with("HTTP/1.1 101 "));
        assert_eq!(rest(&mut socket), answers);
    });
}

#[test]
fn all_frames_of_one_read_are_answered_by_one_write() {
    each(KeepaliveOptions::default(), |addr| {
        let mut socket = open(addr);
        let frames: Vec<u8> = (0..100).flat_map(|_| masked(0x81, b"hello")).collect();
        socket.write_all(&frames).unwrap();
        // What was written at once, over loopback is read at once.
        let mut answers = [0; 4096];
        let mut len = socket.read(&mut answers).unwrap();
        // A client that is a processor's turn late may have been heard in two parts.
        if len < 700 {
            len += socket.read(&mut answers[len..]).unwrap();
        }
        assert_eq!(answers[..len], b"\x81\x05hello".repeat(100));
    });
}

#[test]
fn what_is_no_handshake_is_refused_and_the_connection_ends() {
    each(KeepaliveOptions::default(), |addr| {
        for (request, status) in [
            ("GET / HTTP/1.1\r\nHost: t\r\n\r\n", "400"),
            ("nonsense\r\n\r\n", "400"),
            (&HANDSHAKE.replace("Version: 13", "Version: 8"), "426"),
        ] {
            let mut socket = connect(addr);
            socket.write_all(request.as_bytes()).unwrap();
            let answer = String::from_utf8(rest(&mut socket)).unwrap();
            assert_eq!(answer.split(' ').nth(1), Some(status), "{answer}");
        }
    });
}

#[test]
fn a_violation_is_told_over_unread_input_and_without_a_reset() {
    each(KeepaliveOptions::default(), |addr| {
        let mut socket = open(addr);
        socket.write_all(b"\x81\x01x").unwrap(); // not masked
        let _ = socket.write_all(&vec![0; 20_000]);
        assert_eq!(rest(&mut socket)[..4], [0x88, rest_len(), 0x03, 0xea]);
        // Nor is there a reset until this end goes: it would meet the second write.
        for _ in 0..2 {
            socket.write_all(&[0; 1000]).expect("no reset");
        }
    });
}

/// Of the Close that names an unmasked frame: two bytes of the code, and words.
fn rest_len() -> u8 {
    let mut output = bytes::BytesMut::new();
    let mut connection = tidings::ws::Connection::server(Config::default());
    assert!(connection.receive(&mut [0x81, 0x01, b'x'], &mut output).is_err());
    output[1]
}

#[test]
fn a_client_that_does_not_read_is_not_read_from_and_loses_nothing() {
    each(KeepaliveOptions::default(), |addr| {
        let mut socket = open(addr);
        let message = masked(0x82, &vec![7; 60_000]);
        // More than sockets hold, by far; it stops before all of it is gone.
        socket.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
        let (mut sent, most) = (0, 2000 * message.len());
        let stopped = loop {
            match socket.write(&message[sent % message.len()..]) {
                Ok(n) if sent < most => sent += n,
                Ok(_) => break false,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break true,
                Err(error) => panic!("{error}"),
            }
        };
        assert!(stopped, "{sent} bytes were taken, and not one was read");
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        let mut writer = socket.try_clone().unwrap();
        let tail = message[sent % message.len()..].to_vec();
        let writer = thread::spawn(move || {
            writer.write_all(&tail)?;
            writer.write_all(&masked(0x88, b"\x03\xe8"))
        });
        for _ in 0..sent.div_ceil(message.len()) {
            assert_eq!(read(&mut socket, 4), [0x82, 126, 0xea, 0x60]);
            assert!(read(&mut socket, 60_000).iter().all(|byte| *byte == 7));
        }
        writer.join().unwrap().unwrap();
        // Nothing more, unless the last message was whole when it stopped.
        let end = rest(&mut socket);
        assert!(end.ends_with(b"\x88\x02\x03\xe8"), "{} bytes", end.len());
    });
}

#[test]
fn pings_that_nobody_reads_the_answers_of_are_bounded_and_the_newest_is_answered() {
    each(KeepaliveOptions::default(), |addr| {
        let mut socket = open(addr);
        let mut writer = socket.try_clone().unwrap();
        let writer = thread::spawn(move || {
            let pings: Vec<u8> = (0..4000).flat_map(|_| masked(0x89, &[1; 125])).collect();
            for _ in 0..10 {
                writer.write_all(&pings)?;
            }
            writer.write_all(&masked(0x89, b"last"))?;
            writer.write_all(&masked(0x88, b"\x03\xe8"))
        });
        let end = rest(&mut socket);
        writer.join().unwrap().unwrap();
        assert!(end.ends_with(b"\x8a\x04last\x88\x02\x03\xe8"), "{:?}", &end[end.len() - 20..]);
    });
}

#[test]
fn a_silent_client_is_pinged_and_left_and_one_that_answers_stays() {
    let keepalive = KeepaliveOptions {
        interval: Duration::from_millis(30),
        pong_within: Duration::from_millis(300),
        ..KeepaliveOptions::default()
    };
    each(keepalive, |addr| {
        assert_eq!(rest(&mut open(addr)), [0x89, 0]);
        let mut answering = open(addr);
        for _ in 0..12 {
            assert_eq!(read(&mut answering, 2), [0x89, 0]);
            answering.write_all(&masked(0x8a, b"")).unwrap();
        }
        answering.write_all(&masked(0x81, b"here")).unwrap();
        let mut frame = read(&mut answering, 2);
        while frame == [0x89, 0] {
            answering.write_all(&masked(0x8a, b"")).unwrap();
            frame = read(&mut answering, 2);
        }
        assert_eq!((frame, read(&mut answering, 4)), (vec![0x81, 4], b"here".to_vec()));
    });
}

#[test]
fn many_clients_are_there_at_once() {
    each(KeepaliveOptions::default(), |addr| {
        let mut sockets: Vec<TcpStream> = (0..300).map(|_| open(addr)).collect();
        for _ in 0..3 {
            for (n, socket) in sockets.iter_mut().enumerate() {
                socket.write_all(&masked(0x81, format!("{n:03}").as_bytes())).unwrap();
            }
            for (n, socket) in sockets.iter_mut().enumerate().rev() {
                assert_eq!(read(socket, 5), [b"\x81\x03", format!("{n:03}").as_bytes()].concat());
            }
        }
    });
}

#[test]
fn what_one_says_in_the_chat_everybody_hears() {
    let addr = start(|listener| std_chat::chat(&listener));
    let mut clients: Vec<WebSocket> = (0..3)
        .map(|_| {
            let mut client = WebSocket::connect(&format!("ws://{addr}/"), &WebSocketOptions::default()).unwrap();
            // To be heard is to have entered: who comes later hears nothing of it.
            client.send_text("I am here").unwrap();
            assert!(matches!(client.read().unwrap(), Some(Message::Text(text)) if text.ends_with(": I am here")));
            client
        })
        .collect();
    clients[1].send_text("hello").unwrap();
    for client in &mut clients {
        loop {
            match client.read().unwrap() {
                Some(Message::Text(text)) if text.ends_with(": hello") => break,
                Some(Message::Text(text)) => assert!(text.ends_with(": I am here"), "{text}"),
                other => panic!("{other:?}"),
            }
        }
    }
    clients[0].send_binary(b"no").unwrap();
    assert_eq!(clients[0].read().unwrap(), None);
    assert_eq!(clients[0].close_frame().unwrap().0, CloseCode::UNSUPPORTED_DATA);
}

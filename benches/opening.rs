//! How a client begins.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// What a client asks for.
pub const WEBSOCKET: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
pub const EVENT_STREAM: &str = "Accept: text/event-stream\r\n";

/// A client's socket, in the clear or under TLS.
pub trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

/// A client whose request was answered with a head; what follows is in the socket.
///
/// # Panics
/// The server does not answer.
#[must_use]
pub fn open(addr: SocketAddr, target: &str, headers: &str) -> TcpStream {
    ask(connect(addr), target, headers)
}

/// # Panics
/// The server does not listen.
#[must_use]
pub fn connect(addr: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(addr).expect("the server listens");
    socket.set_nodelay(true).expect("a socket takes it");
    socket
}

/// The same on any socket.
///
/// # Panics
/// The server does not answer.
#[must_use]
pub fn ask<S: Stream>(mut socket: S, target: &str, headers: &str) -> S {
    // In one piece: it is one record, and one packet.
    let request = format!("GET {target} HTTP/1.1\r\nHost: t\r\n{headers}\r\n");
    socket.write_all(request.as_bytes()).and_then(|()| socket.flush()).expect("the server reads");
    // Byte by byte, so that nothing behind the head is read.
    let mut head = BufReader::with_capacity(1, &mut socket);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        assert_ne!(head.read_line(&mut line).expect("the server answers"), 0, "it ended before the answer did");
    }
    socket
}

//! Many clients that read, in one thread.

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::io::{ErrorKind, Read};

/// Is once in each message, and nowhere else.
pub const MARK: u8 = b'~';

/// A message's data of that many bytes.
pub fn marked(len: usize) -> String {
    let mut data = "x".repeat(len - 1);
    data.push(char::from(MARK));
    data
}

/// Clients that only listen.
pub struct Listeners {
    poll: Poll,
    events: Events,
    sockets: Vec<TcpStream>,
    buffer: Vec<u8>,
}

impl Listeners {
    pub fn new(sockets: Vec<std::net::TcpStream>) -> Self {
        let poll = Poll::new().expect("the system has one");
        let sockets = sockets.into_iter().enumerate().map(|(n, socket)| {
            socket.set_nonblocking(true).expect("a socket can do that");
            let mut socket = TcpStream::from_std(socket);
            poll.registry().register(&mut socket, Token(n), Interest::READABLE).expect("it has room");
            socket
        });
        let sockets = sockets.collect();
        Self { sockets, poll, events: Events::with_capacity(1024), buffer: vec![0; 64 * 1024] }
    }

    /// Reads until so many messages have come to each, all together; how many have come.
    pub fn hear(&mut self, each: usize) -> u64 {
        let wanted = each * self.sockets.len();
        let mut heard = 0;
        while heard < wanted {
            self.poll.poll(&mut self.events, None).expect("it polls");
            for event in &self.events {
                heard += read(&mut self.sockets[event.token().0], &mut self.buffer);
            }
        }
        assert_eq!(heard, wanted, "more came than was sent");
        heard as u64
    }
}

/// The messages that are there. A read that does not fill the buffer has read everything.
fn read(socket: &mut TcpStream, buffer: &mut [u8]) -> usize {
    let mut heard = 0;
    loop {
        match socket.read(buffer) {
            Ok(0) => panic!("the server has ended the connection"),
            Ok(got) => {
                heard += memchr::memchr_iter(MARK, &buffer[..got]).count();
                if got < buffer.len() {
                    return heard;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return heard,
            Err(error) => panic!("reading: {error}"),
        }
    }
}

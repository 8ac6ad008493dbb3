//! An attacker's connection. It never blocks, and whatever becomes of it is no error.

use crate::client::HANDSHAKE;
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// What was heard is remembered so far back, in bytes.
const MEMORY: usize = 4096;

pub struct Peer {
    socket: TcpStream,
    /// What was said and not taken yet: half a frame would be another attack than the one that is meant.
    unsaid: VecDeque<u8>,
    heard: Vec<u8>,
    pub has_ended: bool,
}

impl Peer {
    pub fn connect(addr: SocketAddr) -> Self {
        let socket = TcpStream::connect(addr).expect("the system has connections enough");
        socket.set_nonblocking(true).unwrap();
        Self { socket, unsaid: VecDeque::new(), heard: Vec::new(), has_ended: false }
    }

    pub fn saying(addr: SocketAddr, bytes: impl AsRef<[u8]>) -> Self {
        let mut peer = Self::connect(addr);
        peer.say(bytes);
        peer
    }

    /// A WebSocket of a topic, as far as the server lets it be one.
    pub fn upgraded(addr: SocketAddr, topic: &str, headers: &str) -> Self {
        let mut peer =
            Self::saying(addr, format!("GET /topics/{topic} HTTP/1.1\r\nHost: t\r\n{HANDSHAKE}{headers}\r\n"));
        peer.await_word(b"\r\n\r\n");
        peer
    }

    /// Says it, unless something that was said before is not taken yet.
    pub fn say(&mut self, bytes: impl AsRef<[u8]>) {
        if self.unsaid.is_empty() {
            self.unsaid.extend(bytes.as_ref());
        }
        while !self.unsaid.is_empty() {
            match self.socket.write(self.unsaid.as_slices().0) {
                Ok(taken) => drop(self.unsaid.drain(..taken)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => {
                    self.unsaid.clear();
                    // What the server has said before is still to be heard.
                    return self.hear();
                }
            }
        }
    }

    /// Hears what there is, and whether it was the last.
    pub fn hear(&mut self) {
        while self.sip(16 * 1024) > 0 {}
    }

    /// Hears so many bytes at most; how many it were.
    pub fn sip(&mut self, most: usize) -> usize {
        let mut buffer = [0; 16 * 1024];
        match self.socket.read(&mut buffer[..most]) {
            Ok(got) if got > 0 => {
                self.heard.extend_from_slice(&buffer[..got]);
                let old = self.heard.len().saturating_sub(MEMORY.max(got));
                self.heard.drain(..old);
                got
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            _ => {
                self.has_ended = true;
                0
            }
        }
    }

    /// How often this is in what was heard, which is forgotten then.
    pub fn count(&mut self, word: &[u8]) -> u64 {
        let count = self.heard.windows(word.len()).filter(|window| *window == word).count();
        self.heard.clear();
        count as u64
    }

    pub fn has_heard(&self, word: &[u8]) -> bool {
        self.heard.windows(word.len()).any(|window| window == word)
    }

    /// Whether the server's Close was heard, with that code.
    pub fn is_closed_with(&self, code: u16) -> bool {
        self.heard.windows(4).any(|frame| frame[0] == 0x88 && frame[2..] == code.to_be_bytes())
    }

    /// Waits for it, but not for long: attackers are many.
    pub fn await_word(&mut self, word: &[u8]) -> bool {
        self.listen_until(|peer| peer.has_heard(word))
    }

    /// Hears everything that there still is; whether the server has ended the connection.
    pub fn await_end(&mut self) -> bool {
        self.listen_until(|peer| peer.has_ended)
    }

    fn listen_until(&mut self, is_enough: impl Fn(&Self) -> bool) -> bool {
        let until = Instant::now() + Duration::from_secs(2);
        loop {
            self.hear();
            if is_enough(self) {
                return true;
            }
            if self.has_ended || Instant::now() > until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1)); // nothing to be heard
        }
    }
}

//! A WebSocket for a handler of the embedder's: blocking.

use super::opening::{Opening, opening_getters};
use super::shared::Shared;
use super::wire;
use crate::ws::{CloseCode, Connection, Event, SendError};
use bytes::BytesMut;
use std::boxed::Box;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::string::String;
use std::sync::Arc;
use std::time::Instant;
use std::vec::Vec;

/// A message that a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Binary data.
    Binary(Vec<u8>),
}

/// A client's WebSocket, in a thread of its own.
///
/// What is sent waits until the next [`read`](Self::read) has to wait, so that the answers to everything that came at
/// once go out at once; [`flush`](Self::flush) sends it earlier. Pings are answered, and a client that is silent is
/// asked for a sign of life, while the handler reads.
///
/// When the handler returns the connection is closed: with 1000 after `Ok`, 1011 after an error or a panic, 1001 if the
/// server is draining.
pub struct WebSocket {
    shared: Arc<Shared>,
    socket: Arc<TcpStream>,
    opening: Box<Opening>,
    connection: Connection,
    input: BytesMut,
    output: BytesMut,
}

/// From so much on, what is sent goes out without waiting for the next read.
const MAX_WAITING: usize = 64 * 1024;

impl WebSocket {
    pub(super) fn new(
        shared: Arc<Shared>,
        socket: Arc<TcpStream>,
        opening: Box<Opening>,
        connection: Connection,
        input: &[u8],
    ) -> Self {
        Self { shared, socket, opening, connection, input: BytesMut::from(input), output: BytesMut::new() }
    }

    opening_getters!();

    /// Which of [`WebSocketOptions::subprotocols`](super::WebSocketOptions::subprotocols) is spoken; `None` if the client
    /// offered none of them.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.opening.subprotocol.as_deref()
    }

    /// The next message. `None`: the client has closed the connection, or the server is draining: return.
    ///
    /// # Errors
    /// The socket's; [`ErrorKind::InvalidData`] if the client broke the protocol (it was told so),
    /// [`ErrorKind::UnexpectedEof`] if it went without a Close, [`ErrorKind::TimedOut`] if it gives no sign of life.
    pub fn read(&mut self) -> io::Result<Option<Message>> {
        loop {
            let step = match self.connection.receive(&mut self.input, &mut self.output) {
                Ok(step) => step,
                Err(error) => return Err(io::Error::new(ErrorKind::InvalidData, error)),
            };
            let is_hungry = step.event.is_none();
            let (message, is_over) = match step.event {
                Some(Event::Text(text)) => (Some(Message::Text(text.into_owned())), false),
                Some(Event::Binary(data)) => (Some(Message::Binary(data.into_owned())), false),
                Some(Event::Close(_)) => (None, true),
                // Pieces are not asked for.
                Some(Event::Ping(_) | Event::Pong(_) | Event::TextChunk { .. } | Event::BinaryChunk { .. }) | None => {
                    (None, false)
                }
            };
            let consumed = step.consumed;
            bytes::Buf::advance(&mut self.input, consumed);
            if is_over || message.is_some() {
                return Ok(message);
            }
            if is_hungry && !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Sends a text message.
    ///
    /// # Errors
    /// The socket's; [`ErrorKind::BrokenPipe`] after a Close, of either side.
    pub fn send_text(&mut self, text: &str) -> io::Result<()> {
        self.connection.send_text(text, &mut self.output).map_err(closed)?;
        self.flush_if_full()
    }

    /// Sends a binary message.
    ///
    /// # Errors
    /// As [`send_text`](Self::send_text).
    pub fn send_binary(&mut self, data: &[u8]) -> io::Result<()> {
        self.connection.send_binary(data, &mut self.output).map_err(closed)?;
        self.flush_if_full()
    }

    /// Sends a Ping of at most 125 bytes. Its Pong is taken in by [`read`](Self::read).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] for more; else as [`send_text`](Self::send_text).
    pub fn ping(&mut self, payload: &[u8]) -> io::Result<()> {
        self.connection.ping(payload, &mut self.output).map_err(closed)?;
        self.flush_if_full()
    }

    /// Says goodbye; `reason` has at most 123 bytes ([`MAX_REASON`](crate::ws::MAX_REASON)). What the client still sends
    /// can be read until its own Close.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] for a longer one; else as [`send_text`](Self::send_text).
    pub fn close(&mut self, code: CloseCode, reason: &str) -> io::Result<()> {
        self.connection.close(code, reason, &mut self.output).map_err(closed)?;
        self.flush()
    }

    /// Writes what waits.
    ///
    /// # Errors
    /// The socket's; [`ErrorKind::TimedOut`] if the client takes nothing for
    /// [`Limits::write_time`](super::Limits::write_time).
    pub fn flush(&mut self) -> io::Result<()> {
        while !self.output.is_empty() {
            wire::write_all(&self.socket, &self.output, self.shared.limits.write_time)?;
            self.output.clear();
            // There is room again for a Pong that is owed. A violation was told when it came.
            let _ = self.connection.receive(&mut [], &mut self.output);
        }
        Ok(())
    }

    /// Whether the server wants to go away: return. [`read`](Self::read) does so by itself.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.shared.is_draining()
    }

    fn flush_if_full(&mut self) -> io::Result<()> {
        if self.output.len() < MAX_WAITING { Ok(()) } else { self.flush() }
    }

    /// Reads more. False: the server is draining.
    fn fill(&mut self) -> io::Result<bool> {
        self.flush()?;
        let until = Instant::now() + self.shared.limits.keepalive;
        let got = match wire::read(&self.socket, &mut self.input, usize::MAX, until) {
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                // RFC 6455 §5.5.2. After a Close there is nothing to ask.
                let _ = self.connection.ping(&[], &mut self.output);
                self.flush()?;
                wire::read(&self.socket, &mut self.input, usize::MAX, Instant::now() + self.shared.limits.pong_time)?
            }
            got => got?,
        };
        if got > 0 {
            return Ok(true);
        }
        // Draining ends every read that waits.
        if self.shared.is_draining() { Ok(false) } else { Err(ErrorKind::UnexpectedEof.into()) }
    }

    /// The handler has returned: what is left to be written.
    pub(super) fn finish(mut self, code: CloseCode) -> BytesMut {
        // It was closed already, or not.
        let _ = self.connection.close(code, "", &mut self.output);
        self.output
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.opening.fmt_as("WebSocket", f)
    }
}

fn closed(error: SendError) -> io::Error {
    let kind = match error {
        SendError::Closed => ErrorKind::BrokenPipe,
        _ => ErrorKind::InvalidInput,
    };
    io::Error::new(kind, error)
}

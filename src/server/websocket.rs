//! A WebSocket for a handler of the embedder's: blocking.

use super::opening::{Opening, opening_getters};
use super::shared::Shared;
use super::wire;
use crate::Transport;
use crate::step::later;
use crate::ws::{CloseCode, Connection, Event, Keepalive, KeepaliveEvent, KeepaliveOptions, SendError};
use bytes::BytesMut;
use std::boxed::Box;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::string::String;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::vec::Vec;

/// A message that a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Binary data.
    Binary(Vec<u8>),
}

/// What [`WebSocket::read_timeout`] gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimedRead {
    /// A message.
    Message(Message),
    /// The time is over.
    TimedOut,
    /// The client has closed the connection, or the server is draining: return.
    Closed,
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
    keepalive: Keepalive<Instant>,
    input: BytesMut,
    output: BytesMut,
}

/// From so much on, what is sent goes out without waiting for the next read.
const MAX_WAITING: usize = 64 * 1024;
/// No wait is shorter, so that what is there is read.
const SHORTEST: Duration = Duration::from_millis(1);

impl WebSocket {
    pub(super) fn new(
        shared: Arc<Shared>,
        socket: Arc<TcpStream>,
        opening: Box<Opening>,
        connection: Connection,
        input: &[u8],
    ) -> Self {
        let options = KeepaliveOptions {
            interval: shared.limits.keepalive,
            pong_within: shared.limits.pong_time,
            close_within: shared.limits.close_time,
        };
        let keepalive = Keepalive::new(options, Instant::now());
        Self { shared, socket, opening, connection, keepalive, input: BytesMut::from(input), output: BytesMut::new() }
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
        match self.read_until(None)? {
            TimedRead::Message(message) => Ok(Some(message)),
            TimedRead::TimedOut | TimedRead::Closed => Ok(None),
        }
    }

    /// The next message, if it comes within that time: for a handler that has to say something by itself now and then.
    /// The time does not count for less than a millisecond. What many clients are to hear is better published to a topic.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_timeout(&mut self, time: Duration) -> io::Result<TimedRead> {
        self.read_until(Some(later(Instant::now(), time)))
    }

    fn read_until(&mut self, until: Option<Instant>) -> io::Result<TimedRead> {
        loop {
            if let Some(read) = self.take_buffered()? {
                return Ok(read);
            }
            if self.connection.transport() != Transport::KeepOpen {
                return Ok(TimedRead::Closed);
            }
            if let Some(read) = self.fill(until)? {
                return Ok(read);
            }
        }
    }

    /// What was read already: a message, or the client's Close.
    fn take_buffered(&mut self) -> io::Result<Option<TimedRead>> {
        loop {
            let step = match self.connection.receive(&mut self.input, &mut self.output) {
                Ok(step) => step,
                Err(error) => return Err(io::Error::new(ErrorKind::InvalidData, error)),
            };
            let is_hungry = step.event.is_none();
            let read = match step.event {
                Some(Event::Text(text)) => Some(TimedRead::Message(Message::Text(text.into_owned()))),
                Some(Event::Binary(data)) => Some(TimedRead::Message(Message::Binary(data.into_owned()))),
                Some(Event::Close(_)) => Some(TimedRead::Closed),
                // Pieces are not asked for.
                Some(Event::Ping(_) | Event::Pong(_) | Event::TextChunk { .. } | Event::BinaryChunk { .. }) | None => {
                    None
                }
            };
            let consumed = step.consumed;
            bytes::Buf::advance(&mut self.input, consumed);
            if is_hungry || read.is_some() {
                return Ok(read);
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
        self.keepalive.closing(Instant::now());
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

    /// Waits for bytes, and pings if they do not come; what there is to tell if the wait ends without any.
    fn fill(&mut self, until: Option<Instant>) -> io::Result<Option<TimedRead>> {
        loop {
            self.flush()?;
            let Some(due) = self.keepalive.poll_timeout() else { return Err(ErrorKind::TimedOut.into()) };
            let next = until.map_or(due, |until| until.min(due));
            // A handler that was away for long finds the time over, and the bytes maybe there.
            match wire::read(&self.socket, &mut self.input, usize::MAX, next.max(Instant::now() + SHORTEST)) {
                // Draining ends every read that waits.
                Ok(0) if self.shared.is_draining() => return Ok(Some(TimedRead::Closed)),
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => {
                    self.keepalive.received(Instant::now());
                    return Ok(None);
                }
                Err(error) if error.kind() == ErrorKind::TimedOut => {}
                Err(error) => return Err(error),
            }
            let now = Instant::now();
            match self.keepalive.handle_timeout(now) {
                Some(KeepaliveEvent::Gone) => return Err(ErrorKind::TimedOut.into()),
                // RFC 6455 §5.5.2
                Some(KeepaliveEvent::Ping) => drop(self.connection.ping(&[], &mut self.output)),
                None if until.is_some_and(|until| until <= now) => return Ok(Some(TimedRead::TimedOut)),
                None => {}
            }
        }
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

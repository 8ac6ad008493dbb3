//! One WebSocket connection.

use super::error::Trouble;
use super::target::Target;
use super::wire::{Filled, Wire};
use super::{Cut, Error, Options, Stop, headers, opening};
use crate::ws::handshake::Extensions;
use crate::ws::{
    CloseCode, Config, Connection, Delivery, Event, Keepalive, KeepaliveEvent, KeepaliveOptions, ProtocolError,
    SendError, deflate,
};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bytes::BytesMut;
use core::time::Duration;
use std::time::Instant;

/// A whole message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
}

/// What a [`WebSocket`] can be told beside [`Options`], of which it uses headers, time-outs and randomness.
#[derive(Debug, Clone, Default)]
pub struct WebSocketOptions {
    /// What all clients can be told. [`Options::after`], [`Options::filter`] and [`Options::max_message`] are not looked at.
    pub common: Options,
    /// Subprotocols to offer, best first.
    pub subprotocols: Vec<String>,
    /// Compression to offer (RFC 7692). Default: none.
    pub deflate: Option<deflate::Options>,
    /// Limits for what the server sends; it is delivered in whole messages, whatever is said here.
    pub config: Config,
}

/// One connection to a WebSocket server, which ends where it ends: no reconnection.
///
/// Pings are answered while you [`read`](Self::read), and after half of [`Options::silence`] without a byte the client
/// pings by itself; a server that does not answer that either is gone.
///
/// ```no_run
/// use tidings::client::{Message, WebSocket, WebSocketOptions};
///
/// let mut socket = WebSocket::connect("ws://127.0.0.1:8080/echo", &WebSocketOptions::default())?;
/// socket.send_text("hello")?;
/// if let Some(Message::Text(text)) = socket.read()? {
///     println!("{text}");
/// }
/// # Ok::<(), tidings::client::Error>(())
/// ```
#[derive(Debug)]
pub struct WebSocket {
    wire: Wire,
    connection: Connection,
    output: BytesMut,
    subprotocol: Option<String>,
    extensions: Extensions,
    closed: bool,
    close_frame: Option<(CloseCode, String)>,
    keepalive: Keepalive<Instant>,
}

/// How long the server's half of the end is waited for.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

impl WebSocket {
    /// Connects and shakes hands (RFC 6455 §4.1). Redirects are followed, without the caller's headers to another origin.
    ///
    /// # Errors
    /// [`Error::Status`] where the server refuses, [`Error::Cut`] where it cannot be reached.
    pub fn connect(url: &str, options: &WebSocketOptions) -> Result<Self, Error> {
        let target = Target::parse(url)?;
        headers::check(&options.common.headers)?;
        Ok(Self::open(&target, &[], options, &Stop::default())?)
    }

    pub(super) fn open(
        target: &Target,
        parameters: &[(&str, &str)],
        options: &WebSocketOptions,
        stop: &Stop,
    ) -> Result<Self, Trouble> {
        let opened = opening::open(target, parameters, options, stop)?;
        let patience = options.common.silence / 2;
        let keepalive = KeepaliveOptions { interval: patience, pong_within: patience, close_within: CLOSE_TIMEOUT };
        let config = Config { delivery: Delivery::Whole, ..options.config.clone() };
        let connection = Connection::client(config, options.common.random).with_extensions(&opened.extensions);
        Ok(Self {
            wire: opened.wire,
            connection,
            output: BytesMut::new(),
            subprotocol: opened.subprotocol,
            extensions: opened.extensions,
            keepalive: Keepalive::new(keepalive, Instant::now()),
            closed: false,
            close_frame: None,
        })
    }

    /// The subprotocol that the server chose among those offered.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// What was agreed on beside the plain protocol: whether messages are compressed, and on which terms.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The next message; `None` once the connection is closed, by either side.
    ///
    /// # Errors
    /// [`Error::WebSocket`] where the server breaks the protocol or a limit, [`Error::Cut`] where the connection ends
    /// without a Close frame.
    pub fn read(&mut self) -> Result<Option<Message>, Error> {
        Ok(self.next_message(true)?)
    }

    /// The next message; unless it may `block`, only one that is here already.
    pub(super) fn next_message(&mut self, block: bool) -> Result<Option<Message>, Trouble> {
        while !self.closed {
            match self.take_buffered()? {
                Some(message) => return Ok(Some(message)),
                None if self.closed => break,
                None => {}
            }
            self.flush()?;
            if !block {
                return Ok(None);
            }
            self.fill()?;
        }
        Ok(None)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Why the connection was closed, once [`read`](Self::read) gave `None`: the code and reason of the server's Close
    /// frame, if it had any.
    #[must_use]
    pub fn close_frame(&self) -> Option<(CloseCode, &str)> {
        self.close_frame.as_ref().map(|(code, reason)| (*code, reason.as_str()))
    }

    /// Ends a blocked [`read`](Self::read) from another thread.
    #[must_use]
    pub fn stop_handle(&self) -> Stop {
        self.wire.stop()
    }

    /// Sends a text message.
    ///
    /// # Errors
    /// [`Error::Cut`] if the connection is gone or closed.
    pub fn send_text(&mut self, text: &str) -> Result<(), Error> {
        let sent = self.connection.send_text(text, &mut self.output);
        self.sent(sent)
    }

    /// Sends a binary message.
    ///
    /// # Errors
    /// As [`send_text`](Self::send_text).
    pub fn send_binary(&mut self, data: &[u8]) -> Result<(), Error> {
        let sent = self.connection.send_binary(data, &mut self.output);
        self.sent(sent)
    }

    /// Sends a Ping of at most 125 bytes.
    ///
    /// # Errors
    /// [`Error::Send`] for more; else as [`send_text`](Self::send_text).
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        let sent = self.connection.ping(payload, &mut self.output);
        self.sent(sent)
    }

    /// Begins the closing handshake; [`read`](Self::read) on until it gives `None`. `reason` has at most
    /// [`MAX_REASON`](crate::ws::MAX_REASON) bytes.
    ///
    /// # Errors
    /// [`Error::Send`] for a longer one; else as [`send_text`](Self::send_text).
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        let sent = self.connection.close(code, reason, &mut self.output);
        if !self.connection.is_open() {
            self.keepalive.closing(Instant::now());
        }
        self.sent(sent)
    }

    fn sent(&mut self, sent: Result<(), SendError>) -> Result<(), Error> {
        sent.map_err(|error| match error {
            SendError::Closed => Error::Cut(Cut::Ended),
            error => Error::Send(error),
        })?;
        Ok(self.flush()?)
    }

    fn flush(&mut self) -> Result<(), Trouble> {
        while !self.output.is_empty() {
            let result = self.wire.write(&self.output);
            self.output.clear();
            result?;
            // There is room again for a Pong that is owed. A violation was told when it came.
            let _ = self.connection.receive(&mut [], &mut self.output);
        }
        Ok(())
    }

    /// The next message in what was read already. What it leads to (Pongs, a Close) is in `output`.
    fn take_buffered(&mut self) -> Result<Option<Message>, Trouble> {
        loop {
            let step = match self.connection.receive(self.wire.unread_mut(), &mut self.output) {
                Ok(step) => step,
                Err(error) => return Err(self.failed(error)),
            };
            let consumed = step.consumed;
            let message = match step.event {
                None => {
                    self.wire.consume(consumed);
                    return Ok(None);
                }
                Some(Event::Text(text)) => Some(Message::Text(text.into_owned())),
                Some(Event::Binary(data)) => Some(Message::Binary(data.into_owned())),
                // Pieces come only where they are asked for.
                Some(Event::Ping(_) | Event::Pong(_) | Event::TextChunk { .. } | Event::BinaryChunk { .. }) => None,
                Some(Event::Close(close)) => {
                    self.closed = true;
                    self.close_frame = close.map(|close| (close.code, close.reason.to_string()));
                    self.wire.consume(consumed);
                    return self.finish().map(|()| None);
                }
            };
            self.wire.consume(consumed);
            if message.is_some() {
                return Ok(message);
            }
        }
    }

    /// Waits for bytes, and pings if they do not come.
    fn fill(&mut self) -> Result<(), Trouble> {
        loop {
            match self.wire.fill(self.keepalive.poll_timeout())? {
                Filled::Bytes => {
                    self.keepalive.received(Instant::now());
                    return Ok(());
                }
                Filled::Eof => {
                    self.connection.receive_eof();
                    return Err(Cut::Ended.into());
                }
                Filled::TimedOut => match self.keepalive.handle_timeout(Instant::now()) {
                    Some(KeepaliveEvent::Gone) => return Err(Cut::Silent.into()),
                    Some(KeepaliveEvent::Ping) => {
                        self.connection.ping(b"", &mut self.output).ok();
                        self.flush()?;
                    }
                    None => {}
                },
            }
        }
    }

    /// §7.1.1: the answer to a Close goes out, and the server ends the TCP stream first.
    fn finish(&mut self) -> Result<(), Trouble> {
        self.flush()?;
        self.drain();
        Ok(())
    }

    /// §7.1.7: the Close frame that names the violation goes out.
    fn failed(&mut self, error: ProtocolError) -> Trouble {
        if self.flush().is_ok() {
            self.wire.half_close();
            self.drain();
        }
        error.into()
    }

    /// Reads until the server's end, or as long as is decent: closing over unread input would reset the connection.
    fn drain(&mut self) {
        let deadline = Instant::now() + CLOSE_TIMEOUT;
        loop {
            let unread = self.wire.unread().len();
            self.wire.consume(unread);
            if !matches!(self.wire.fill(Some(deadline)), Ok(Filled::Bytes)) {
                return;
            }
        }
    }
}

/// Who goes says so, if that needs no waiting (§7.3).
impl Drop for WebSocket {
    fn drop(&mut self) {
        if self.connection.close(CloseCode::NORMAL, "", &mut self.output).is_ok() {
            self.wire.write_at_once(&self.output);
        }
    }
}

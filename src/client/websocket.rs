//! One WebSocket connection.

use super::error::Trouble;
use super::halves::{Link, WebSocketReader, WebSocketWriter, halves, next};
use super::target::Target;
use super::{Error, Options, Stop, headers, opening};
use crate::blocking::{self, Access, Duplex, Failure, Message, Reading, TimedRead, Wait, sending};
use crate::step::{NEVER, later};
use crate::ws::handshake::Extensions;
use crate::ws::{CloseCode, Config, Connection, KeepaliveOptions, SendError, deflate};
use alloc::string::String;
use alloc::vec::Vec;
use bytes::BytesMut;
use core::time::Duration;
use std::time::Instant;

/// What a [`WebSocket`] can be told: the [`Options`] of all clients, of which it uses headers, time-outs and randomness, in
/// `common`, and what only it has.
#[derive(Debug, Clone, Default)]
pub struct WebSocketOptions {
    /// What all clients can be told. [`Options::after`], [`Options::filter`] and [`Options::max_message`] are not looked at.
    pub common: Options,
    /// Subprotocols to offer, best first.
    pub subprotocols: Vec<String>,
    /// Compression to offer (RFC 7692). Default: none.
    pub deflate: Option<deflate::Options>,
    /// Limits for what the server sends. It is delivered in whole messages, whatever is said of that, and the input buffer
    /// has 64 KiB: of [`Config::input_buffer`] no more counts.
    pub config: Config,
}

/// One connection to a WebSocket server, which ends where it ends: no reconnection.
///
/// Pings are answered while you [`read`](Self::read), and after half of [`Options::silence`] without a byte the client
/// pings by itself; a server that does not answer that either is gone. What is sent goes out at once. Dropping it says
/// goodbye, if that needs no waiting.
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
    link: Link,
    reading: Reading,
    subprotocol: Option<String>,
    extensions: Extensions,
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
        let config = blocking::config(&options.config);
        let connection = Connection::client(config, options.common.random).with_extensions(&opened.extensions);
        let (socket, input, watch) = opened.wire.into_parts();
        // A server that takes little at a time is one that this client has chosen.
        let duplex = Duplex::new(socket, connection, keepalive, options.common.response_timeout, NEVER)?
            .with_tap(options.common.tap.clone());
        Ok(Self {
            link: Link { duplex, watch },
            reading: Reading::new(input),
            subprotocol: opened.subprotocol,
            extensions: opened.extensions,
        })
    }

    /// The two halves, to be moved to two threads: each goes on while the other waits. Two peers that both send more than
    /// the sockets between them hold, and read only then, wait for each other for ever; one that reads in a thread of its
    /// own does not.
    ///
    /// The connection is closed, if it was not before, when the last half is dropped. To end it in good order, let the
    /// writer [`close`](WebSocketWriter::close) and the reader read until there is nothing more.
    ///
    /// ```
    /// # #[cfg(not(feature = "server"))]
    /// # fn main() {}
    /// # #[cfg(feature = "server")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use tidings::server::{self, Server};
    /// # use tidings::ws::Config;
    /// # let echo = |socket: &mut server::WebSocket| {
    /// #     while let Some(message) = socket.read()? {
    /// #         socket.send(&message)?;
    /// #     }
    /// #     Ok(())
    /// # };
    /// # let server = Server::builder().websocket("/echo", Config::default(), echo).bind("127.0.0.1:0")?;
    /// # let (url, handle) = (format!("ws://{}/echo", server.local_addr()), server.handle());
    /// # let served = std::thread::spawn(|| server.run());
    /// use std::thread;
    /// use tidings::client::{Message, WebSocket, WebSocketOptions};
    /// use tidings::ws::CloseCode;
    ///
    /// let (mut reader, writer) = WebSocket::connect(&url, &WebSocketOptions::default())?.split();
    /// let sender = thread::spawn(move || {
    ///     for n in 0..1000 {
    ///         writer.send_text(&n.to_string())?;
    ///     }
    ///     writer.close(CloseCode::NORMAL, "that was all")
    /// });
    /// let mut sum = 0;
    /// while let Some(message) = reader.read()? {
    ///     if let Message::Text(n) = message {
    ///         sum += n.parse::<u32>()?;
    ///     }
    /// }
    /// sender.join().unwrap()?;
    /// assert_eq!(sum, 499_500);
    /// # handle.drain();
    /// # served.join().unwrap()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn split(self) -> (WebSocketReader, WebSocketWriter) {
        halves(self.link, self.reading)
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
        Ok(self.next(Wait::Forever)?.message())
    }

    /// The next message, if it comes within that time, which does not count for less than a millisecond.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_timeout(&mut self, time: Duration) -> Result<TimedRead, Error> {
        Ok(self.next(Wait::Until(later(Instant::now(), time)))?)
    }

    /// The next message; unless it may `block`, only one that is here already.
    pub(super) fn next_message(&mut self, block: bool) -> Result<Option<Message>, Trouble> {
        let wait = if block { Wait::Forever } else { Wait::No };
        Ok(self.next(wait)?.message())
    }

    fn next(&mut self, wait: Wait) -> Result<TimedRead, Trouble> {
        let read = next(&mut self.reading, Access::Alone(&mut self.link.duplex), wait);
        read.map_err(|failure| self.link.trouble(failure))
    }

    pub(super) fn is_closed(&self) -> bool {
        self.reading.is_closed()
    }

    /// Why the connection was closed, once [`read`](Self::read) gave `None`: the code and reason of the server's Close
    /// frame, if it had any.
    #[must_use]
    pub fn close_frame(&self) -> Option<(CloseCode, &str)> {
        self.reading.close_frame()
    }

    /// Ends a blocked [`read`](Self::read) from another thread.
    #[must_use]
    pub fn stop_handle(&self) -> Stop {
        self.link.watch.stop().clone()
    }

    sending!(
        self: &mut Self,
        Result<(), Error>,
        "[`Error::Cut`] if the connection is gone, the server has closed it or takes nothing for [`Options::response_timeout`]; [`Error::Send`] after a [`close`](Self::close).",
        "[`Error::Send`]"
    );

    fn sending(
        &mut self,
        encode: impl FnOnce(&mut Connection, &mut BytesMut) -> Result<(), SendError>,
    ) -> Result<(), Error> {
        self.sent(self.link.duplex.send(encode))
    }

    fn closing(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.sent(self.link.duplex.close(code, reason))
    }

    fn sent(&self, sent: Result<(), Failure>) -> Result<(), Error> {
        Ok(sent.map_err(|failure| self.link.trouble(failure))?)
    }
}

//! A connection in one piece.

use super::clock::Clock;
use super::frames::Frames;
use super::input::Input;
use super::outgoing::Outgoing;
use super::reading::{Link, Reading};
use super::receiving::receiving;
use super::sending::sending;
use super::{Error, Options};
use crate::ws::{CloseCode, Connection, Ending, Event, ProtocolError, SendError};
use crate::{Step, Transport};
use ::tokio::io::{AsyncRead, AsyncWrite};
use alloc::string::String;
use core::task::{Context, Poll, ready};
use std::io;

/// A WebSocket behind its handshake, on any stream of bytes, either role.
///
/// It is a `Stream` of messages and a `Sink` for them. What was read is answered together: as long as there is another message
/// in what was read, [`next`](Self::next) gives it at once, and only when it has to wait does it write, in one go, what was
/// [fed](Self::feed) meanwhile and the Pongs and the Close that are due. So an echo server is
///
/// ```
/// use tidings::tokio::{Error, WebSocket};
/// use tokio::io::{AsyncRead, AsyncWrite};
///
/// async fn echo(mut socket: WebSocket<impl AsyncRead + AsyncWrite + Unpin>) -> Result<(), Error> {
///     while let Some(message) = socket.next().await {
///         socket.feed(&message?).await?;
///     }
///     Ok(())
/// }
/// ```
///
/// while [`send`](Self::send) writes at once, for one who is going to do something else.
///
/// Pings are answered, and a peer that is silent is asked for a sign of life, while this reads: be in [`next`](Self::next)
/// whenever there is nothing else to do, in a `select!` if need be. Any of its futures can be dropped at any time: nothing that
/// was read is lost, and nothing that is sent is cut.
///
/// There is nothing more after the end of the connection, which is in good order: behind both Close frames, or the one that
/// names a violation, the writing side is ended and the reading side read until the peer's end, so that nothing is lost to a
/// reset, or for [`KeepaliveOptions::close_within`](crate::ws::KeepaliveOptions::close_within). A WebSocket that is dropped before has
/// not said goodbye.
#[derive(Debug)]
pub struct WebSocket<S> {
    pub(super) link: Whole<S>,
    pub(super) reading: Reading,
    pub(super) max_unwritten: usize,
    pub(super) subprotocol: Option<String>,
}

/// The connection and its stream.
#[derive(Debug)]
pub(super) struct Whole<S> {
    pub(super) connection: Connection,
    pub(super) outgoing: Outgoing<S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// The server's side of a connection behind its handshake, without extensions.
    pub fn server(stream: S, options: &Options) -> Self {
        Self::new(stream, Connection::server(options.config()), &[], options)
    }

    /// The client's side, likewise.
    pub fn client(stream: S, options: &Options) -> Self {
        Self::new(stream, Connection::client(options.config(), crate::system_random), &[], options)
    }

    /// Any connection, also one with [extensions](Connection::with_extensions), and what was read of it already: its input
    /// from there on. `config` among the options is not looked at; that of the connection has to ask for whole messages, and its
    /// [`input_buffer`](crate::ws::Config::input_buffer) has at most 64 KiB.
    pub fn new(stream: S, connection: Connection, unread: &[u8], options: &Options) -> Self {
        Self::open(stream, connection, Input::new(unread), None, options)
    }

    pub(super) fn open(
        stream: S,
        connection: Connection,
        input: Input,
        subprotocol: Option<String>,
        options: &Options,
    ) -> Self {
        Self {
            link: Whole { connection, outgoing: Outgoing::new(stream, options.write_within) },
            reading: Reading::new(input, Clock::new(options.keepalive)),
            max_unwritten: options.max_unwritten.max(1),
            subprotocol,
        }
    }

    /// The stream, to look at.
    #[must_use]
    pub fn get_ref(&self) -> &S {
        &self.link.outgoing.stream
    }

    /// Bytes that wait to be written.
    #[must_use]
    pub fn unwritten(&self) -> usize {
        self.link.outgoing.frames.len()
    }

    fn encode(
        &mut self,
        encode: impl FnOnce(&mut Connection, &mut Frames) -> Result<(), SendError>,
    ) -> Result<(), Error> {
        self.link.outgoing.check()?;
        Ok(encode(&mut self.link.connection, &mut self.link.outgoing.frames)?)
    }

    fn begin_close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.encode(|connection, frames| connection.close(code, reason, frames.end()))
    }

    #[inline]
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.link.outgoing.frames.len() < self.max_unwritten {
            return Poll::Ready(Ok(()));
        }
        match self.link.outgoing.poll_empty(cx) {
            Poll::Pending if self.link.outgoing.frames.len() < self.max_unwritten => Poll::Ready(Ok(())),
            written => written.map_err(Error::Io),
        }
    }

    fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.link.poll_write(cx).map_err(Error::Io)
    }
}

receiving!([S: AsyncRead + AsyncWrite + Unpin] WebSocket<S>);
sending!([S: AsyncRead + AsyncWrite + Unpin] WebSocket<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Link for Whole<S> {
    #[inline]
    fn receive<'a>(&mut self, input: &'a mut [u8]) -> Result<Step<Event<'a>>, ProtocolError> {
        self.connection.receive(input, self.outgoing.frames.end())
    }

    fn receive_eof(&mut self) -> Ending {
        self.connection.receive_eof()
    }

    fn is_open(&self) -> bool {
        self.connection.is_open()
    }

    fn transport(&self) -> Transport {
        self.connection.transport()
    }

    fn ping(&mut self) {
        // After a Close none may be sent, nor is one needed.
        let _ = self.connection.ping(&[], self.outgoing.frames.end());
    }

    fn poll_fill(&mut self, input: &mut Input, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        input.poll_fill(&mut self.outgoing.stream, cx)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.outgoing.is_idle() {
                return Poll::Ready(self.outgoing.check());
            }
            ready!(self.outgoing.poll_write(cx))?;
            // There is room again for a Pong that is owed (RFC 6455 §5.5.3). A violation was told when it came.
            let _ = self.connection.receive(&mut [], self.outgoing.frames.end());
        }
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.poll_shutdown(cx)
    }

    fn rest(&mut self) {
        self.outgoing.rest();
    }
}

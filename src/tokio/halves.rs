//! A connection in two halves, for two tasks.

use super::frames::Frames;
use super::input::Input;
use super::lane::{Lane, Side};
use super::reading::{Link, Reading};
use super::receiving::receiving;
use super::sending::sending;
use super::websocket::Whole;
use super::{Error, Shared, WebSocket};
use crate::ws::{Answers, CloseCode, Ending, Event, ProtocolError, Receiver, SendError, Sender};
use crate::{Step, Transport};
use ::tokio::io::{AsyncRead, AsyncWrite};
use alloc::string::String;
use alloc::sync::Arc;
use core::task::{Context, Poll, ready};
use std::io;

/// The half of a [`WebSocket`] that reads: a `Stream` of messages. See [`WebSocket::split`].
///
/// Pings are answered, and a peer that is silent is asked for a sign of life, while this reads, whatever the writer does. When
/// it ends so does the writer: nothing can be sent any more.
#[derive(Debug)]
pub struct WebSocketReader<R, W> {
    link: Half<R, W>,
    reading: Reading,
    subprotocol: Option<String>,
}

/// The half of a [`WebSocket`] that sends: a `Sink` for messages. See [`WebSocket::split`].
///
/// What is [fed](Self::feed) stays with it until it is [flushed](Self::flush), as by [`send`](Self::send), or there is enough
/// for a write of its own. Dropped, it leaves what it was fed to the reader to be written.
#[derive(Debug)]
pub struct WebSocketWriter<W: AsyncWrite + Unpin> {
    sender: Sender,
    lane: Arc<Lane<W>>,
    /// Frames that nobody else knows of yet.
    staged: Frames,
    /// They end with a Close.
    has_close: bool,
    max_unwritten: usize,
}

#[derive(Debug)]
struct Half<R, W> {
    stream: R,
    receiver: Receiver,
    answers: Answers,
    lane: Arc<Lane<W>>,
    max_unwritten: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Two halves for two tasks, of any stream. They share it under a lock that is held for as long as a read or a write that
    /// does not wait; see [`split_with`](Self::split_with) for one that has halves itself.
    #[must_use]
    #[allow(clippy::type_complexity)] // it is said once
    pub fn split(self) -> (WebSocketReader<Shared<S>, Shared<S>>, WebSocketWriter<Shared<S>>) {
        self.split_with(Shared::split)
    }

    /// Two halves for two tasks, of a stream that can be divided: `TcpStream::into_split`, `tokio::io::split`.
    ///
    /// Each encodes and decodes for itself; what reading owes, a Pong now and then and a Close, goes to the writing side between
    /// two frames. Each half can be in another thread.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use tidings::tokio::{Message, Options, WebSocket};
    /// use tidings::ws::CloseCode;
    ///
    /// let (ours, theirs) = tokio::io::duplex(1024);
    /// let client = WebSocket::client(ours, &Options::default());
    /// let mut server = WebSocket::server(theirs, &Options::default());
    ///
    /// let (mut reader, mut writer) = client.split_with(tokio::io::split);
    /// let sending = async {
    ///     for n in 0..1000 {
    ///         writer.feed_text(&n.to_string()).await?;
    ///     }
    ///     writer.close(CloseCode::NORMAL, "that was all").await
    /// };
    /// let reading = async {
    ///     let mut sum = 0;
    ///     while let Some(Ok(Message::Text(n))) = reader.next().await {
    ///         sum += n.parse::<u32>().unwrap_or_default();
    ///     }
    ///     sum
    /// };
    /// let echo = async {
    ///     while let Some(Ok(message)) = server.next().await {
    ///         server.feed(&message).await?;
    ///     }
    ///     Ok::<_, tidings::tokio::Error>(())
    /// };
    /// let (sent, sum, echoed) = tokio::join!(sending, reading, echo);
    /// sent?;
    /// echoed?;
    /// assert_eq!(sum, 499_500);
    /// # Ok(())
    /// # }
    /// ```
    pub fn split_with<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
        self,
        split: impl FnOnce(S) -> (R, W),
    ) -> (WebSocketReader<R, W>, WebSocketWriter<W>) {
        let Self { link: Whole { connection, outgoing }, reading, max_unwritten, subprotocol } = self;
        let is_open = connection.is_open();
        let (receiver, sender) = connection.split();
        let (stream, outgoing) = outgoing.split_with(split);
        let staged = Frames::new(outgoing.stream.is_write_vectored());
        let lane = Arc::new(Lane::new(outgoing, !is_open));
        let answers = Answers::default();
        let link = Half { stream, receiver, answers, lane: Arc::clone(&lane), max_unwritten };
        let writer = WebSocketWriter { sender, lane, staged, has_close: false, max_unwritten };
        (WebSocketReader { link, reading, subprotocol }, writer)
    }
}

receiving!([R: AsyncRead + Unpin, W: AsyncWrite + Unpin] WebSocketReader<R, W>);

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Link for Half<R, W> {
    #[inline]
    fn receive<'a>(&mut self, input: &'a mut [u8]) -> Result<Step<Event<'a>>, ProtocolError> {
        self.receiver.receive(input, &mut self.answers)
    }

    /// Also nobody may send any more.
    fn receive_eof(&mut self) -> Ending {
        self.lane.end();
        self.receiver.receive_eof()
    }

    fn is_open(&self) -> bool {
        self.receiver.is_open()
    }

    fn transport(&self) -> Transport {
        self.receiver.transport()
    }

    fn ping(&mut self) {
        self.receiver.ping(&mut self.answers);
    }

    fn waits(&mut self, cx: &Context<'_>) {
        self.lane.reader_waits(cx);
        if self.lane.is_closed() {
            self.receiver.close_sent();
        }
    }

    fn poll_fill(&mut self, input: &mut Input, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        input.poll_fill(&mut self.stream, cx)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if !self.answers.is_empty() {
                self.lane.answer(&mut self.answers, self.max_unwritten);
            }
            if !self.lane.is_unwritten() {
                return Poll::Ready(Ok(()));
            }
            ready!(self.lane.poll_write(Side::Reader, cx))?;
            let _ = self.receiver.receive(&mut [], &mut self.answers);
        }
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.lane.poll_shutdown(Side::Reader, cx)
    }

    fn rest(&mut self) {
        self.lane.rest();
    }
}

impl<W: AsyncWrite + Unpin> WebSocketWriter<W> {
    fn encode(&mut self, encode: impl FnOnce(&mut Sender, &mut Frames) -> Result<(), SendError>) -> Result<(), Error> {
        if self.lane.is_closed() {
            self.sender.close_sent();
        }
        Ok(encode(&mut self.sender, &mut self.staged)?)
    }

    fn begin_close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.encode(|sender, frames| sender.close(code, reason, frames.end()))?;
        self.has_close = true;
        Ok(())
    }

    /// Nobody is asked for the lane's lock before there is enough for a write, and nothing is handed over before all is
    /// written that was. So what is unwritten has twice the bound.
    #[inline]
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.staged.len() < self.max_unwritten {
            return Poll::Ready(Ok(()));
        }
        ready!(self.lane.poll_write(Side::Writer, cx))?;
        self.hand_over()?;
        match self.lane.poll_write(Side::Writer, cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error.into())),
            _ => Poll::Ready(Ok(())),
        }
    }

    fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.hand_over()?;
        self.lane.poll_write(Side::Writer, cx).map_err(Error::Io)
    }

    fn hand_over(&mut self) -> Result<(), Error> {
        if self.staged.is_empty() {
            return Ok(());
        }
        if self.lane.hand_over(&mut self.staged, self.has_close) {
            return Ok(());
        }
        self.sender.close_sent();
        // What it had to say was a Close, and one has gone out; or there was more, which cannot be said any more.
        Err(SendError::Closed.into())
    }
}

sending!([W: AsyncWrite + Unpin] WebSocketWriter<W>);

impl<W: AsyncWrite + Unpin> Drop for WebSocketWriter<W> {
    fn drop(&mut self) {
        if self.hand_over().is_ok() {
            self.lane.wake_reader();
        }
    }
}

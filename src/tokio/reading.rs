//! How a connection is read, from its first message to its end: the same for a whole WebSocket and for a reading half.

use super::clock::Clock;
use super::input::Input;
use super::{Error, Message};
use crate::ws::{CloseCode, Ending, Event, KeepaliveEvent, ProtocolError};
use crate::{Step, Transport};
use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use bytes::Bytes;
use core::task::{Context, Poll};
use std::io::{self, ErrorKind};

/// The machine that reads, and the stream under it.
pub(super) trait Link {
    fn receive<'a>(&mut self, input: &'a mut [u8]) -> Result<Step<Event<'a>>, ProtocolError>;
    fn receive_eof(&mut self) -> Ending;
    /// Whether no Close has gone out.
    fn is_open(&self) -> bool;
    fn transport(&self) -> Transport;
    fn ping(&mut self);
    /// Takes notice of who is waiting, and of what others have done to the connection.
    fn waits(&mut self, _: &Context<'_>) {}
    fn poll_fill(&mut self, input: &mut Input, cx: &mut Context<'_>) -> Poll<io::Result<usize>>;
    /// Writes what there is to be written.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    /// Ends the writing side.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    /// Gives back memory.
    fn rest(&mut self) {}
}

/// ```text
///   Open ── the peer's Close, or a violation ──▶ Ending: write, half-close, read on ──┐
///     └───── the stream's end, an error, silence ───────────────────────────────────▶ Over
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// What is still read means nothing, but closing over it would reset the connection, and the peer could lose our Close.
    Ending,
    Over,
}

#[derive(Debug)]
pub(super) struct Reading {
    input: Input,
    clock: Clock,
    phase: Phase,
    is_shut: bool,
    close_frame: Option<(CloseCode, String)>,
    /// What has ended it, to be told once, at the end.
    failure: Option<Error>,
}

impl Reading {
    pub(super) fn new(input: Input, clock: Clock) -> Self {
        Self { input, clock, phase: Phase::Open, is_shut: false, close_frame: None, failure: None }
    }

    /// What the peer's Close said.
    pub(super) fn close_frame(&self) -> Option<(CloseCode, &str)> {
        self.close_frame.as_ref().map(|(code, reason)| (*code, reason.as_str()))
    }

    /// Nothing comes any more, not even an error.
    pub(super) fn is_told(&self) -> bool {
        self.phase == Phase::Over && self.failure.is_none()
    }

    #[inline]
    pub(super) fn poll_next(
        &mut self,
        link: &mut impl Link,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Message, Error>>> {
        loop {
            match self.phase {
                Phase::Over => return Poll::Ready(self.failure.take().map(Err)),
                Phase::Ending => {}
                Phase::Open => match self.take(link) {
                    Ok(Some(message)) => return Poll::Ready(Some(Ok(message))),
                    Ok(None) => {}
                    Err(error) => {
                        self.failure = Some(error.into());
                        self.phase = Phase::Ending;
                    }
                },
            }
            if self.poll_wait(link, cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// A message that was read already.
    #[inline]
    fn take(&mut self, link: &mut impl Link) -> Result<Option<Message>, ProtocolError> {
        loop {
            let worth_taking = self.input.worth_taking();
            let Step { consumed, event } = link.receive(self.input.unread_mut())?;
            let message = match event {
                Some(Event::Text(text)) => Some(Message::Text(text.into_owned())),
                Some(Event::Binary(Cow::Owned(data))) => Some(Message::Binary(data.into())),
                // What lies in the input is the end of what is consumed.
                Some(Event::Binary(Cow::Borrowed(data))) => {
                    if data.len() >= worth_taking {
                        let len = data.len();
                        return Ok(Some(Message::Binary(self.input.take(consumed, len))));
                    }
                    Some(Message::Binary(Bytes::copy_from_slice(data)))
                }
                Some(Event::Close(close)) => {
                    self.close_frame = close.map(|close| (close.code, close.reason.to_string()));
                    self.phase = Phase::Ending;
                    None
                }
                // Pieces are not asked for.
                Some(_) => {
                    self.input.consume(consumed);
                    continue;
                }
                None => None,
            };
            self.input.consume(consumed);
            return Ok(message);
        }
    }

    /// Writes what is owed, and waits for bytes or for what is due.
    fn poll_wait(&mut self, link: &mut impl Link, cx: &mut Context<'_>) -> Poll<()> {
        link.waits(cx);
        let mut written = link.poll_write(cx);
        if self.phase == Phase::Ending {
            self.input.clear();
            // RFC 6455 §7.1.1, §7.1.7: the server ends its side first, and so does who has found a violation.
            if matches!(written, Poll::Ready(Ok(()))) && !self.is_shut && link.transport() == Transport::HalfClose {
                written = link.poll_shutdown(cx);
                self.is_shut = written.is_ready();
            }
        }
        if !link.is_open() {
            self.clock.closing();
        }
        match link.poll_fill(&mut self.input, cx) {
            Poll::Ready(Ok(0)) => self.end(link, cx, Error::Cut),
            Poll::Ready(Ok(_)) => self.clock.received(),
            // What a stream under TLS says of an end that was not said.
            Poll::Ready(Err(error)) if error.kind() == ErrorKind::UnexpectedEof => self.end(link, cx, Error::Cut),
            Poll::Ready(Err(error)) => self.end(link, cx, error.into()),
            // Who has gone may have left something to read; but that is all.
            Poll::Pending => match (written, self.clock.poll(cx)) {
                (Poll::Ready(Err(error)), _) => self.end(link, cx, error.into()),
                (_, Poll::Pending) => return Poll::Pending,
                // A Ping would lie behind what is being written, maybe for long. Meanwhile that shows who is there.
                (Poll::Pending, _) if link.is_open() => self.clock.received(),
                (_, Poll::Ready(KeepaliveEvent::Ping)) => {
                    self.input.rest();
                    link.rest();
                    link.ping();
                }
                (_, Poll::Ready(KeepaliveEvent::Gone)) => self.end(link, cx, Error::Silent),
            },
        }
        Poll::Ready(())
    }

    /// Nothing more is read. Behind a Close or a violation it does not matter why.
    fn end(&mut self, link: &mut impl Link, cx: &mut Context<'_>, error: Error) {
        link.receive_eof();
        // The peer waits for that, maybe, and the user may keep what is of no use any more.
        if !self.is_shut {
            let _ = link.poll_shutdown(cx);
        }
        if self.phase == Phase::Open {
            self.failure = Some(error);
        }
        self.phase = Phase::Over;
    }
}

//! What is to be written, and the stream that takes it.

use super::clock::Timer;
use crate::step::later;
use ::tokio::io::AsyncWrite;
use ::tokio::time::Instant;
use bytes::{Buf, BytesMut};
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use std::io::{self, ErrorKind};

#[derive(Debug)]
pub(super) struct Outgoing<W> {
    pub(super) stream: W,
    /// Whole frames, but for the first, of which a part may be written.
    pub(super) output: BytesMut,
    /// Something was written since the stream was flushed.
    is_buffered: bool,
    /// Why nothing can be written any more: a write has failed, maybe in the midst of a frame.
    broken: Option<ErrorKind>,
    /// How long the peer may take nothing.
    patience: Option<Duration>,
    /// When that is over, while it does not.
    due: Option<Instant>,
    timer: Timer,
}

impl<S> Outgoing<S> {
    pub(super) fn new(stream: S, output: BytesMut, patience: Option<Duration>) -> Self {
        Self { stream, output, is_buffered: false, broken: None, patience, due: None, timer: Timer::default() }
    }

    /// The same for the writing half of the stream, and the other half.
    pub(super) fn split_with<R, W>(self, split: impl FnOnce(S) -> (R, W)) -> (R, Outgoing<W>) {
        let Self { stream, output, is_buffered, broken, patience, due, timer } = self;
        let (reader, stream) = split(stream);
        (reader, Outgoing { stream, output, is_buffered, broken, patience, due, timer })
    }
}

impl<W: AsyncWrite + Unpin> Outgoing<W> {
    /// Whether all that was appended is with the stream, or never will be.
    #[inline]
    pub(super) fn is_idle(&self) -> bool {
        self.output.is_empty() && !self.is_buffered
    }

    pub(super) fn check(&self) -> io::Result<()> {
        self.broken.map_or(Ok(()), |kind| Err(kind.into()))
    }

    /// Writes everything, and flushes the stream.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_idle() {
            return Poll::Ready(self.check());
        }
        match self.poll_empty(cx) {
            Poll::Ready(Ok(())) => {}
            unwritten => return unwritten,
        }
        match Pin::new(&mut self.stream).poll_flush(cx) {
            Poll::Ready(Ok(())) => {
                self.is_buffered = false;
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(self.break_off(error))),
            Poll::Pending => self.poll_patience(cx),
        }
    }

    /// Writes everything.
    pub(super) fn poll_empty(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        while !self.output.is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, &self.output) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(self.break_off(ErrorKind::WriteZero.into()))),
                Poll::Ready(Ok(written)) => self.written(written),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(self.break_off(error))),
                Poll::Pending => return self.poll_patience(cx),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Ends the writing side, once everything is written.
    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    /// Nothing has gone out for long: ten thousand silent connections keep nothing of what they were once sent.
    pub(super) fn rest(&mut self) {
        if self.output.is_empty() {
            self.output = BytesMut::new();
        }
    }

    fn written(&mut self, len: usize) {
        self.is_buffered = true;
        self.due = None;
        if len >= self.output.len() {
            self.output.clear();
        } else {
            self.output.advance(len);
        }
    }

    /// The peer takes nothing: for how long?
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(patience) = self.patience else { return Poll::Pending };
        let due = *self.due.get_or_insert_with(|| later(Instant::now(), patience));
        ready!(self.timer.poll(due, cx));
        Poll::Ready(Err(self.break_off(ErrorKind::TimedOut.into())))
    }

    /// A frame may have been cut in two: nothing must follow.
    fn break_off(&mut self, error: io::Error) -> io::Error {
        self.broken = Some(error.kind());
        self.output = BytesMut::new();
        self.is_buffered = false;
        error
    }
}

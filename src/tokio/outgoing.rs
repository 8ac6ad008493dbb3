//! What is to be written, and the stream that takes it.

use super::clock::Timer;
use super::frames::Frames;
use crate::step::later;
use ::tokio::io::AsyncWrite;
use ::tokio::time::Instant;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use std::io::{self, ErrorKind, IoSlice};

/// So many pieces go to the stream in one write. What [`Options::max_unwritten`](super::Options::max_unwritten) lets wait by
/// default has no more of them.
const PIECES: usize = 33;

#[derive(Debug)]
pub(super) struct Outgoing<W> {
    pub(super) stream: W,
    pub(super) frames: Frames,
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

impl<S: AsyncWrite> Outgoing<S> {
    pub(super) fn new(stream: S, patience: Option<Duration>) -> Self {
        let frames = Frames::new(stream.is_write_vectored());
        Self { stream, frames, is_buffered: false, broken: None, patience, due: None, timer: Timer::default() }
    }

    /// The same for the writing half of the stream, and the other half.
    pub(super) fn split_with<R, W: AsyncWrite>(self, split: impl FnOnce(S) -> (R, W)) -> (R, Outgoing<W>) {
        let Self { stream, frames, is_buffered, broken, patience, due, timer } = self;
        let (reader, stream) = split(stream);
        let frames = frames.with_pieces(stream.is_write_vectored());
        (reader, Outgoing { stream, frames, is_buffered, broken, patience, due, timer })
    }
}

impl<W: AsyncWrite + Unpin> Outgoing<W> {
    /// Whether all that was appended is with the stream, or never will be.
    #[inline]
    pub(super) fn is_idle(&self) -> bool {
        self.frames.is_empty() && !self.is_buffered
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
        while !self.frames.is_empty() {
            let stream = Pin::new(&mut self.stream);
            let written = if let Some(bytes) = self.frames.whole() {
                stream.poll_write(cx, bytes)
            } else {
                let mut pieces = [IoSlice::new(&[]); PIECES];
                let count = self.frames.pieces(&mut pieces);
                stream.poll_write_vectored(cx, pieces.get(..count).unwrap_or_default())
            };
            match written {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(self.break_off(ErrorKind::WriteZero.into()))),
                Poll::Ready(Ok(written)) => {
                    self.frames.advance(written);
                    self.is_buffered = true;
                    self.due = None;
                }
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
        if self.frames.is_empty() {
            self.frames.release();
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
        self.frames.release();
        self.is_buffered = false;
        error
    }
}

//! The way out of a divided WebSocket, which both halves write to.
//!
//! ```text
//!   WebSocketReader ── answers, rarely ──▶ ┌───── Lane ─────┐
//!                                          │ output ▶ stream│   behind a lock, which is taken for each write,
//!   WebSocketWriter ── frames, a batch ──▶ └────────────────┘   not for each message
//! ```
//!
//! Whole frames are handed over under the lock, and whoever is polled writes what goes, under the lock too, which is held for
//! as long as a write that does not wait. A stream remembers one waker for its writing side, the last one; so it is always
//! given the same one, which wakes both halves, whichever of them waits for it.

use super::frames::Frames;
use super::outgoing::Outgoing;
use crate::ws::Answers;
use ::tokio::io::AsyncWrite;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Wake;

#[derive(Debug)]
pub(super) struct Lane<W> {
    state: Mutex<State<W>>,
    /// A Close is in the output or was, or nothing is read any more.
    is_closed: AtomicBool,
    /// There is output that nobody has written yet.
    is_unwritten: AtomicBool,
    wakers: Arc<Wakers>,
    /// The same for the stream.
    waker: Waker,
}

#[derive(Debug)]
struct State<W> {
    outgoing: Outgoing<W>,
    close_sent: bool,
    /// Bytes of the reader's in the output, since it was last empty.
    answers: usize,
}

/// Which half.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side {
    Reader,
    Writer,
}

/// Who waits: for room in the stream, and the reader for anything.
#[derive(Debug, Default)]
struct Wakers {
    reader_writes: Slot,
    writer: Slot,
    reader: Slot,
}

#[derive(Debug, Default)]
struct Slot(Mutex<Option<Waker>>);

impl<W: AsyncWrite + Unpin> Lane<W> {
    pub(super) fn new(outgoing: Outgoing<W>, close_sent: bool) -> Self {
        let wakers = Arc::new(Wakers::default());
        Self {
            is_closed: AtomicBool::new(close_sent),
            is_unwritten: AtomicBool::new(!outgoing.is_idle()),
            state: Mutex::new(State { outgoing, close_sent, answers: 0 }),
            waker: wakers.clone().into(),
            wakers,
        }
    }

    #[inline]
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    pub(super) fn is_unwritten(&self) -> bool {
        self.is_unwritten.load(Ordering::Acquire)
    }

    /// The reader is about to wait.
    pub(super) fn reader_waits(&self, cx: &Context<'_>) {
        self.wakers.reader.set(cx);
    }

    /// Hands over what the reader has to say, unless there is so much of it here already: then it waits with the reader,
    /// where the newest Pong takes the place of those before. How much the writer has here does not matter, or who sends all
    /// the time would answer nothing.
    pub(super) fn answer(&self, answers: &mut Answers, most: usize) {
        let mut state = self.lock();
        let State { outgoing, close_sent, answers: waiting } = &mut *state;
        if *waiting >= most {
            return;
        }
        let before = outgoing.frames.len();
        answers.write(close_sent, outgoing.frames.end());
        *waiting += outgoing.frames.len() - before;
        self.is_closed.store(*close_sent, Ordering::Release);
        self.is_unwritten.store(true, Ordering::Release);
    }

    /// Hands over what the writer has to say, with a Close at the end or not; whether it may still be said.
    pub(super) fn hand_over(&self, staged: &mut Frames, has_close: bool) -> bool {
        let mut state = self.lock();
        if state.close_sent {
            staged.clear();
            return false;
        }
        state.outgoing.frames.append(staged);
        state.close_sent = has_close;
        self.is_unwritten.store(true, Ordering::Release);
        if has_close {
            self.is_closed.store(true, Ordering::Release);
            drop(state);
            self.wakers.reader.wake();
        }
        true
    }

    /// Writes everything, and flushes the stream.
    pub(super) fn poll_write(&self, side: Side, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_outgoing(side, cx, Outgoing::poll_write)
    }

    pub(super) fn poll_shutdown(&self, side: Side, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_outgoing(side, cx, Outgoing::poll_shutdown)
    }

    fn poll_outgoing(
        &self,
        side: Side,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut Outgoing<W>, &mut Context<'_>) -> Poll<io::Result<()>>,
    ) -> Poll<io::Result<()>> {
        let (own, other) = match side {
            Side::Reader => (&self.wakers.reader_writes, &self.wakers.writer),
            Side::Writer => (&self.wakers.writer, &self.wakers.reader_writes),
        };
        own.set(cx);
        let mut state = self.lock();
        let polled = poll(&mut state.outgoing, &mut Context::from_waker(&self.waker));
        if state.outgoing.frames.is_empty() {
            state.answers = 0;
        }
        self.is_unwritten.store(!state.outgoing.is_idle(), Ordering::Release);
        drop(state);
        if polled.is_ready() {
            // Who waited for the same has it, too.
            own.clear();
            other.wake();
        }
        polled
    }

    pub(super) fn rest(&self) {
        self.lock().outgoing.rest();
    }

    /// Nothing is read any more: nothing need be sent, and who sends shall know.
    pub(super) fn end(&self) {
        self.lock().close_sent = true;
        self.is_closed.store(true, Ordering::Release);
        self.wakers.writer.wake();
    }

    /// A panic while it is held leaves nothing half done that would not be half done without the lock.
    fn lock(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W> Lane<W> {
    /// The writer has gone, and has left something to be written.
    pub(super) fn wake_reader(&self) {
        self.wakers.reader.wake();
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.reader_writes.wake();
        self.writer.wake();
    }
}

impl Slot {
    fn set(&self, cx: &Context<'_>) {
        let mut waker = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
    }

    fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn wake(&self) {
        let waker = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

//! What waits to be written to one socket.
//!
//! ```text
//!   front            shared               back
//!  ┌──────────────┬─────────────────────┬──────────────┐
//!  │ head, Pong … │ batch of the topic  │ Pong, Close… │ ──▶ one write
//!  └──────────────┴─────────────────────┴──────────────┘
//!    its own        everybody's, never    its own, came while
//!                   copied                the batch was going out
//! ```

use crate::server::Limits;
use crate::server::refusals::Reason;
use crate::socket::{Socket, Tcp};
use bytes::{Buf, Bytes, BytesMut};
use std::io::{self, ErrorKind, IoSlice};
use std::mem;
use std::time::Instant;

/// Bounded: the own parts hold answers to what the peer sent, which stop at `ws::Config::max_unsent`, and one head or
/// reset at a time; of the log there is one batch.
#[derive(Debug)]
pub(super) struct Outgoing {
    front: BytesMut,
    shared: Bytes,
    back: BytesMut,
    /// When the last byte went out, or began to wait.
    since: Instant,
    /// When what waits began to: since then it was never empty.
    begun: Instant,
}

impl Outgoing {
    pub(super) fn new(front: BytesMut, now: Instant) -> Self {
        Self { front, shared: Bytes::new(), back: BytesMut::new(), since: now, begun: now }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.front.is_empty() && self.shared.is_empty() && self.back.is_empty()
    }

    /// When the last byte went out, or began to wait.
    pub(super) fn since(&self) -> Instant {
        self.since
    }

    /// Which of the limits the peer has reached by taking too little of what waits, if it has.
    pub(super) fn overdue(&self, limits: &Limits, now: Instant) -> Option<Reason> {
        match () {
            () if self.is_empty() => None,
            () if self.since + limits.write_time <= now => Some(Reason::WriteTime),
            () if self.begun + limits.answer_time <= now => Some(Reason::AnswerTime),
            () => None,
        }
    }

    /// When it will be overdue if nothing more is taken. `None`: nothing waits.
    pub(super) fn due(&self, limits: &Limits) -> Option<Instant> {
        (!self.is_empty()).then(|| (self.since + limits.write_time).min(self.begun + limits.answer_time))
    }

    fn begin(&mut self, now: Instant) {
        if self.is_empty() {
            (self.since, self.begun) = (now, now);
        }
    }

    /// Where to append what is this connection's alone. It goes out behind everything that waits.
    pub(super) fn own(&mut self, now: Instant) -> &mut BytesMut {
        self.begin(now);
        if self.shared.is_empty() { &mut self.front } else { &mut self.back }
    }

    /// Appends a shared batch. There must be none: a batch is taken when the last one has gone out.
    pub(super) fn share(&mut self, batch: Bytes, now: Instant) {
        debug_assert!(self.shared.is_empty() && self.back.is_empty(), "one batch at a time");
        self.begin(now);
        self.shared = batch;
    }

    /// Writes what the socket takes; whether that was everything.
    pub(super) fn flush(&mut self, socket: &Socket<impl Tcp>, now: Instant) -> io::Result<bool> {
        while !self.is_empty() {
            let slices = [IoSlice::new(&self.front), IoSlice::new(&self.shared), IoSlice::new(&self.back)];
            match socket.write_vectored(&slices) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.since = now;
                    self.advance(written);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn advance(&mut self, mut written: usize) {
        let of_front = written.min(self.front.len());
        self.front.advance(of_front);
        written -= of_front;
        let of_shared = written.min(self.shared.len());
        self.shared.advance(of_shared);
        written -= of_shared;
        self.back.advance(written.min(self.back.len()));
        // What has gone out gives its memory back: ten thousand silent subscribers keep nothing.
        if self.front.is_empty() {
            self.front = BytesMut::new();
        }
        if self.shared.is_empty() {
            self.shared = Bytes::new();
            if self.front.is_empty() {
                self.front = mem::take(&mut self.back);
            }
        }
    }
}

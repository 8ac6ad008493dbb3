//! What was read and is not consumed yet.

use ::tokio::io::{AsyncRead, AsyncReadExt};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll};
use std::io;

/// The buffer of one connection. It is small at first and grows where reads fill it, so that who sends much is read in few
/// calls, and who sends little costs little. While there is nothing to be read there is none: the next connection that has
/// something gets the same memory, which the processor's cache still has.
#[derive(Debug)]
pub(super) struct Input {
    buffer: BytesMut,
    /// So much of it was consumed.
    start: usize,
    /// So much shall it hold.
    size: usize,
}

impl Input {
    /// What it holds at first, which is what [`Config::input_buffer`](crate::ws::Config::input_buffer) is by default.
    const FIRST: usize = 4 * 1024;
    /// What it holds at the most: more at once saves no time.
    pub(super) const MOST: usize = 64 * 1024;
    /// A part that is taken out keeps the whole buffer: at most so many times its own length.
    const SHARE: usize = 4;

    /// One that holds what was read already.
    pub(super) fn new(unread: &[u8]) -> Self {
        Self { buffer: unread.into(), start: 0, size: Self::FIRST.max(unread.len()) }
    }

    #[inline]
    pub(super) fn unread_mut(&mut self) -> &mut [u8] {
        self.buffer.get_mut(self.start..).unwrap_or_default()
    }

    pub(super) fn unread(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    #[inline]
    pub(super) fn consume(&mut self, len: usize) {
        self.start = self.buffer.len().min(self.start + len);
    }

    /// Everything is consumed.
    pub(super) fn clear(&mut self) {
        self.start = self.buffer.len();
    }

    /// From this length on a part is better taken out than copied.
    #[inline]
    pub(super) fn worth_taking(&self) -> usize {
        super::LARGE.max(self.size / Self::SHARE)
    }

    /// Consumes so much, and takes out the last `len` bytes of it.
    pub(super) fn take(&mut self, consumed: usize, len: usize) -> Bytes {
        self.buffer.advance((self.start + consumed.saturating_sub(len)).min(self.buffer.len()));
        self.start = 0;
        self.buffer.split_to(len.min(self.buffer.len())).freeze()
    }

    /// Reads what there is behind what is unread; how much. Zero: the stream has ended, or nothing of a whole buffer was
    /// consumed.
    pub(super) fn poll_fill(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.make_room();
        let room = self.buffer.capacity() - self.buffer.len();
        // A future that keeps nothing: it has read, or has not begun to.
        let Poll::Ready(got) = pin!(stream.read_buf(&mut (&mut self.buffer).limit(room))).poll(cx) else {
            if self.buffer.is_empty() {
                self.buffer = BytesMut::new();
            }
            return Poll::Pending;
        };
        let got = got?;
        if got == room && self.size < Self::MOST {
            self.size = (self.size * 4).min(Self::MOST);
        }
        Poll::Ready(Ok(got))
    }

    /// Nothing has come for long: what comes next may be little again.
    pub(super) fn rest(&mut self) {
        if self.unread().is_empty() {
            self.size = Self::FIRST;
        }
    }

    /// What was consumed makes room, and so does what was taken out, once it is not in use any more.
    fn make_room(&mut self) {
        let unread = self.buffer.len() - self.start;
        if unread == 0 {
            self.buffer.clear();
            self.start = 0;
            if self.buffer.capacity() < self.size && !self.buffer.try_reclaim(self.size) {
                self.buffer = BytesMut::with_capacity(self.size);
            }
        } else if self.buffer.capacity() - self.buffer.len() < self.size.saturating_sub(unread).div_ceil(2) {
            // Seldom, and little is left of what was read: of a frame that does not fit in the pieces are consumed.
            let mut next = BytesMut::with_capacity(self.size);
            next.extend_from_slice(self.unread());
            self.buffer = next;
            self.start = 0;
        }
    }
}

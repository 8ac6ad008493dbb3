//! What was read and is not consumed yet.

use ::tokio::io::{AsyncRead, ReadBuf};
use alloc::vec;
use alloc::vec::Vec;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io;

/// The buffer of one connection; `start..end` was read and not consumed. It is small at first and grows where reads fill it,
/// so that who sends much is read in few calls, and who sends little costs little.
#[derive(Debug)]
pub(super) struct Input {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Input {
    /// What it holds at first, which is what [`Config::input_buffer`](crate::ws::Config::input_buffer) is by default.
    const FIRST: usize = 4 * 1024;
    /// What it holds at the most: more at once saves no time.
    pub(super) const MOST: usize = 64 * 1024;

    /// One that holds what was read already.
    pub(super) fn new(unread: &[u8]) -> Self {
        let mut buffer = vec![0; Self::FIRST.max(unread.len())];
        buffer.iter_mut().zip(unread).for_each(|(to, from)| *to = *from);
        Self { buffer, start: 0, end: unread.len() }
    }

    #[inline]
    pub(super) fn unread_mut(&mut self) -> &mut [u8] {
        self.buffer.get_mut(self.start..self.end).unwrap_or_default()
    }

    pub(super) fn unread(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    #[inline]
    pub(super) fn consume(&mut self, len: usize) {
        self.start = self.end.min(self.start + len);
    }

    /// Everything is consumed.
    pub(super) fn clear(&mut self) {
        self.start = self.end;
    }

    /// Reads what there is behind what is unread; how much. Zero: the stream has ended, or nothing of a whole buffer was
    /// consumed.
    pub(super) fn poll_fill(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.make_room();
        let mut room = ReadBuf::new(self.buffer.get_mut(self.end..).unwrap_or_default());
        ready!(Pin::new(stream).poll_read(cx, &mut room))?;
        let got = room.filled().len();
        self.end += got;
        if self.end == self.buffer.len() {
            self.grow();
        }
        Poll::Ready(Ok(got))
    }

    /// Nothing has come for long: what the buffer has grown by is given back.
    pub(super) fn rest(&mut self) {
        if self.start == self.end && self.buffer.len() > Self::FIRST {
            *self = Self::new(&[]);
        }
    }

    fn make_room(&mut self) {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
    }

    fn grow(&mut self) {
        let len = self.buffer.len().saturating_mul(4).min(Self::MOST);
        if len > self.buffer.len() {
            self.buffer.resize(len, 0);
        }
    }
}

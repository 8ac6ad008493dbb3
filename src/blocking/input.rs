//! What was read from a socket and is not consumed yet.

use crate::socket::{ReadTimeout, Socket};
use std::io;
use std::time::Instant;
use std::vec;
use std::vec::Vec;

/// A buffer of one socket's; `start..end` was read and not consumed. It is small at first and grows where reads fill it,
/// so that who sends much is read in few calls, and who sends little costs little.
#[derive(Debug)]
pub(crate) struct Input {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    first: usize,
    timeout: ReadTimeout,
}

impl Input {
    /// What it holds at the most.
    pub(crate) const MOST: usize = 64 * 1024;

    /// One that holds what was read already, and has room for so much in all at first.
    pub(crate) fn new(unread: &[u8], first: usize) -> Self {
        let first = first.min(Self::MOST);
        let mut buffer = vec![0; first.max(unread.len())];
        buffer.iter_mut().zip(unread).for_each(|(to, from)| *to = *from);
        Self { buffer, start: 0, end: unread.len(), first, timeout: ReadTimeout::default() }
    }

    pub(crate) fn unread(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// What the last [`fill`](Self::fill) gave, if it was so many bytes.
    pub(crate) fn last(&self, len: usize) -> &[u8] {
        self.buffer.get(self.end.saturating_sub(len)..self.end).unwrap_or_default()
    }

    pub(crate) fn unread_mut(&mut self) -> &mut [u8] {
        self.buffer.get_mut(self.start..self.end).unwrap_or_default()
    }

    pub(crate) fn consume(&mut self, len: usize) {
        self.start = self.end.min(self.start + len);
    }

    /// Everything is consumed.
    pub(crate) fn clear(&mut self) {
        self.start = self.end;
    }

    /// Reads what there is behind what is unread, at least one byte; how many. Without a deadline it waits for ever. Zero:
    /// the stream has ended, or nothing of a whole buffer was consumed.
    pub(crate) fn fill(&mut self, socket: &Socket, until: Option<Instant>) -> io::Result<usize> {
        self.fill_by(|timeout, room| timeout.read(socket, room, until))
    }

    /// The same by one call of the socket, which may be in vain.
    pub(crate) fn fill_once(&mut self, socket: &Socket) -> io::Result<usize> {
        self.fill_by(|_, room| socket.read(room))
    }

    fn fill_by(&mut self, read: impl FnOnce(&mut ReadTimeout, &mut [u8]) -> io::Result<usize>) -> io::Result<usize> {
        self.make_room();
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        let got = read(&mut self.timeout, room)?;
        self.end += got;
        if self.end == self.buffer.len() {
            self.grow();
        }
        Ok(got)
    }

    /// Nothing has come for long: what the buffer has grown by is given back.
    pub(crate) fn rest(&mut self) {
        if self.start == self.end && self.buffer.len() > self.first {
            (self.start, self.end) = (0, 0);
            self.buffer = vec![0; self.first];
        }
    }

    fn make_room(&mut self) {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.buffer.len() {
            self.grow();
        }
    }

    fn grow(&mut self) {
        let len = self.buffer.len().saturating_mul(4).min(Self::MOST);
        if len > self.buffer.len() {
            self.buffer.resize(len, 0);
        }
    }
}

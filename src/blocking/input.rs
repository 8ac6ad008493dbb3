//! What was read from a socket and is not consumed yet.

use std::vec;
use std::vec::Vec;

/// A buffer, allocated once; `start..end` was read and not consumed.
#[derive(Debug)]
pub(crate) struct Input {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Input {
    /// One that holds what was read already, and has room for so much in all.
    pub(crate) fn new(unread: &[u8], size: usize) -> Self {
        let mut buffer = vec![0; size.max(unread.len())];
        buffer.iter_mut().zip(unread).for_each(|(to, from)| *to = *from);
        Self { buffer, start: 0, end: unread.len() }
    }

    pub(crate) fn unread(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
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

    /// Where to read more. It is empty only if nothing of a whole buffer was consumed.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        self.buffer.get_mut(self.end..).unwrap_or_default()
    }

    /// So much was read into the room.
    pub(crate) fn filled(&mut self, len: usize) {
        self.end = self.buffer.len().min(self.end + len);
    }
}

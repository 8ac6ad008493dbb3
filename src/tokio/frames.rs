//! Frames that wait to be written.

use alloc::collections::VecDeque;
use bytes::{Buf, Bytes, BytesMut};
use std::io::IoSlice;

/// Whole frames, one behind the other, but for the first, of which a part may be written. The payloads of large ones stay
/// where they are:
///
/// ```text
///   bytes      │ frame │ frame │ header │ header │ frame │
///                                       ▲        ▲
///   payloads                            1        2           each is written behind its header
/// ```
#[derive(Debug)]
pub(super) struct Frames {
    /// The stream takes several pieces in one write.
    takes_pieces: bool,
    bytes: BytesMut,
    payloads: VecDeque<Payload>,
    /// So many of the bytes are before the last payload.
    before: usize,
    /// What all payloads count.
    payload_len: usize,
}

#[derive(Debug)]
struct Payload {
    /// So many of the bytes are between it and the payload before it.
    before: usize,
    data: Bytes,
}

impl Frames {
    pub(super) fn new(takes_pieces: bool) -> Self {
        Self { takes_pieces, bytes: BytesMut::new(), payloads: VecDeque::new(), before: 0, payload_len: 0 }
    }

    /// The same for another stream.
    pub(super) fn with_pieces(self, takes_pieces: bool) -> Self {
        Self { takes_pieces, ..self }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.bytes.len() + self.payload_len
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where frames are appended to, and headers.
    #[inline]
    pub(super) fn end(&mut self) -> &mut BytesMut {
        &mut self.bytes
    }

    /// Whether it stays where it is until it is written, should it be [pushed](Self::push).
    #[inline]
    pub(super) fn leaves(&self, data: &Bytes) -> bool {
        self.takes_pieces && data.len() >= super::LARGE
    }

    /// Appends a frame, or what is to follow a header.
    pub(super) fn push(&mut self, data: &Bytes) {
        if self.leaves(data) {
            self.leave(data.clone());
        } else {
            self.bytes.extend_from_slice(data);
        }
    }

    fn leave(&mut self, data: Bytes) {
        let before = self.bytes.len() - self.before;
        self.before += before;
        self.payload_len += data.len();
        self.payloads.push_back(Payload { before, data });
    }

    /// Appends all of another's, and leaves nothing there.
    pub(super) fn append(&mut self, other: &mut Self) {
        if self.is_empty() {
            core::mem::swap(self, other);
            return;
        }
        let mut at = 0;
        for Payload { before, data } in other.payloads.drain(..) {
            self.bytes.extend_from_slice(other.bytes.get(at..at + before).unwrap_or_default());
            at += before;
            self.leave(data);
        }
        self.bytes.extend_from_slice(other.bytes.get(at..).unwrap_or_default());
        other.clear();
    }

    /// Forgets all of it, and gives back the memory.
    pub(super) fn release(&mut self) {
        *self = Self::new(self.takes_pieces);
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.payloads.clear();
        (self.before, self.payload_len) = (0, 0);
    }

    /// All of it, if that is in one piece.
    #[inline]
    pub(super) fn whole(&self) -> Option<&[u8]> {
        self.payloads.is_empty().then_some(&self.bytes)
    }

    /// The first pieces, as many as there is room for; how many.
    pub(super) fn pieces<'a>(&'a self, room: &mut [IoSlice<'a>]) -> usize {
        let mut at = 0;
        let payloads = self.payloads.iter().flat_map(|Payload { before, data }| {
            let bytes = self.bytes.get(at..at + before).unwrap_or_default();
            at += before;
            [bytes, data]
        });
        let behind = self.bytes.get(self.before..).unwrap_or_default();
        let pieces = payloads.chain([behind]).filter(|piece| !piece.is_empty());
        room.iter_mut().zip(pieces).map(|(place, piece)| *place = IoSlice::new(piece)).count()
    }

    /// The first so many bytes are written.
    pub(super) fn advance(&mut self, mut written: usize) {
        while let Some(payload) = self.payloads.front_mut() {
            let before = written.min(payload.before);
            payload.before -= before;
            self.before -= before;
            self.bytes.advance(before);
            written -= before;
            let of_payload = written.min(payload.data.len());
            payload.data.advance(of_payload);
            self.payload_len -= of_payload;
            written -= of_payload;
            if !payload.data.is_empty() {
                return;
            }
            self.payloads.pop_front();
        }
        if written >= self.bytes.len() {
            self.bytes.clear();
        } else {
            self.bytes.advance(written);
        }
    }
}

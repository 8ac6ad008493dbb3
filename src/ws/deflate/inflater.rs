//! The receiving half alone, for who only looks on (RFC 7692 §7.2.2).

use super::MAX_WINDOW_BITS;
use super::codec::{TAIL, inflate_into};
use crate::ws::ProtocolError;
use alloc::vec::Vec;
use flate2::Decompress;

/// Inflates the messages of one side, one after the other. It keeps the largest window from each to the next, which reads
/// whatever was agreed on.
#[derive(Debug)]
pub(crate) struct Inflater(Decompress);

impl Inflater {
    pub(crate) fn new() -> Self {
        Self(Decompress::new_with_window_bits(false, MAX_WINDOW_BITS))
    }

    /// Appends what a part of a message inflates to, up to `limit` bytes in `data` as a whole. After an error the window is
    /// lost.
    pub(crate) fn inflate(&mut self, part: &[u8], data: &mut Vec<u8>, limit: usize) -> Result<(), ProtocolError> {
        inflate_into(&mut self.0, part, data, limit)
    }

    /// The same at the message's end.
    pub(crate) fn finish(&mut self, data: &mut Vec<u8>, limit: usize) -> Result<(), ProtocolError> {
        self.inflate(&TAIL, data, limit)
    }
}

//! Lines that arrive in pieces.

use super::Error;
use alloc::vec::Vec;

/// Puts lines together; of one that lies whole in a piece nothing is copied.
#[derive(Debug)]
pub(super) struct Lines {
    /// The beginning of a line that has no end yet.
    partial: Vec<u8>,
    limit: usize,
}

impl Lines {
    pub(super) fn new(limit: usize) -> Self {
        Self { partial: Vec::new(), limit }
    }

    /// Gives each line that `piece` completes to `sink`, without its end.
    pub(super) fn push<E: From<Error>>(
        &mut self,
        mut piece: &[u8],
        mut sink: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(end) = piece.iter().position(|&byte| byte == b'\n') {
            let (line, rest) = piece.split_at_checked(end).unwrap_or_default();
            if self.partial.is_empty() {
                sink(line)?;
            } else {
                self.keep(line)?;
                sink(&self.partial)?;
                self.partial.clear();
            }
            piece = rest.get(1..).unwrap_or_default();
        }
        Ok(self.keep(piece)?)
    }

    /// The stream broke off: what is not whole was not sent.
    pub(super) fn clear(&mut self) {
        self.partial.clear();
    }

    fn keep(&mut self, piece: &[u8]) -> Result<(), Error> {
        if piece.len() > self.limit.saturating_sub(self.partial.len()) {
            return Err(Error::TooLong);
        }
        self.partial.extend_from_slice(piece);
        Ok(())
    }
}

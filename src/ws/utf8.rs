//! UTF-8 checking that fails at the first bad byte, also across fragments and inside an unfinished frame
//! (RFC 6455 §8.1).

/// The text is not UTF-8 and no continuation could mend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Invalid;

/// The whole of `bytes` as text.
#[inline]
pub(crate) fn whole(bytes: &[u8]) -> Result<&str, Invalid> {
    crate::utf8::valid(bytes).ok_or(Invalid)
}

/// A validator for text that arrives in pieces. All it remembers is the unfinished code point at the end, at most
/// three bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Validator {
    pending: [u8; 4],
    pending_len: u8,
}

impl Validator {
    /// Takes the next piece and passes what it completes, as text, to `sink`, in order.
    pub(crate) fn push(&mut self, piece: &[u8], mut sink: impl FnMut(&str)) -> Result<(), Invalid> {
        let piece = self.finish_pending(piece, &mut sink)?;
        let text = self.push_borrowed(piece)?;
        if !text.is_empty() {
            sink(text);
        }
        Ok(())
    }

    /// Takes the next piece when no code point is pending, and gives the text in it as it lies there.
    pub(crate) fn push_borrowed<'a>(&mut self, piece: &'a [u8]) -> Result<&'a str, Invalid> {
        let (body, tail) = crate::utf8::split_unfinished(piece);
        let text = whole(body)?;
        for &byte in tail {
            self.push_byte(byte)?;
        }
        Ok(text)
    }

    /// Whether the text may end here.
    pub(crate) fn is_complete(self) -> bool {
        self.pending_len == 0
    }

    /// Bytes of the code point that is not complete yet.
    pub(crate) fn pending(self) -> usize {
        usize::from(self.pending_len)
    }

    /// Moves bytes from the front of `piece` to the pending code point until that is complete; the rest of `piece`.
    fn finish_pending<'a>(&mut self, mut piece: &'a [u8], sink: &mut impl FnMut(&str)) -> Result<&'a [u8], Invalid> {
        while !self.is_complete() {
            let Some((&byte, rest)) = piece.split_first() else { break };
            piece = rest;
            if let Some(completed) = self.push_byte(byte)? {
                sink(completed.encode_utf8(&mut [0; 4]));
            }
        }
        Ok(piece)
    }

    /// Adds one byte to the pending code point, and gives it out when that completes it.
    fn push_byte(&mut self, byte: u8) -> Result<Option<char>, Invalid> {
        let len = usize::from(self.pending_len);
        *self.pending.get_mut(len).ok_or(Invalid)? = byte;
        match core::str::from_utf8(&self.pending[..=len]) {
            Ok(text) => {
                self.pending_len = 0;
                Ok(text.chars().next())
            }
            // No length of the error: the bytes are the beginning of a code point.
            Err(error) if error.error_len().is_none() => {
                self.pending_len += 1;
                Ok(None)
            }
            Err(_) => Err(Invalid),
        }
    }
}

//! The search for the end of a head: each byte is looked at once, however it arrives.

use super::{HeadError, HeadLimits};

/// Where the search stands. It finds what no head may contain as soon as the byte is there, long before the end.
#[derive(Debug, Clone, Default)]
pub(super) struct Scanner {
    /// Everything before is known to be good.
    at: usize,
    /// Where the line that `at` stands in began.
    line: usize,
    /// Lines that have ended, the start line among them.
    lines: usize,
}

impl Scanner {
    /// Whether nothing was scanned yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.at == 0
    }

    /// The length of the head that `input` begins with, once its empty line is there. `input` begins where it began at
    /// the last call; `bytes` is how many there may be.
    pub(super) fn find_end(
        &mut self,
        input: &[u8],
        bytes: usize,
        limits: &HeadLimits,
    ) -> Result<Option<usize>, HeadError> {
        let window = input.get(..bytes).unwrap_or(input);
        while let Some(control) = find_control(window, self.at) {
            match window.get(control..).unwrap_or_default() {
                [b'\t', ..] => self.at = control + 1,
                [b'\r', b'\n', ..] if self.end_line(control, limits)? => return Ok(Some(self.at)),
                [b'\r', b'\n', ..] => {}
                [b'\r'] => {
                    self.at = control;
                    return self.unfinished(window, bytes);
                }
                // §2.2: what ends a line is CRLF and nothing else.
                [b'\r', ..] => return Err(HeadError::BareCr),
                [b'\n', ..] => return Err(HeadError::BareLf),
                // RFC 9110 §5.5: NUL must not pass, and no other has business here.
                _ => return Err(HeadError::ControlCharacter),
            }
        }
        self.at = window.len();
        self.unfinished(window, bytes)
    }

    /// Steps over the CRLF at `at`; true if the line that it ends is the empty one.
    fn end_line(&mut self, at: usize, limits: &HeadLimits) -> Result<bool, HeadError> {
        let is_empty = at == self.line;
        self.at = at + 2;
        self.line = self.at;
        self.lines += 1;
        // One more line is the start line.
        if !is_empty && self.lines > limits.headers.saturating_add(1) {
            return Err(HeadError::TooManyHeaders);
        }
        Ok(is_empty)
    }

    /// With every byte there that there may be, no end can come in time any more.
    fn unfinished(&self, window: &[u8], bytes: usize) -> Result<Option<usize>, HeadError> {
        if window.len() < bytes {
            return Ok(None);
        }
        // §3: one space seen and no other means that it is the request-target that does not end.
        let in_target = self.lines == 0 && window.split(|&byte| byte == b' ').take(3).count() == 2;
        Err(if in_target { HeadError::TargetTooLong } else { HeadError::TooLarge })
    }
}

/// Where the first control character (below 0x20) at or behind `from` stands; eight bytes at a time.
fn find_control(window: &[u8], from: usize) -> Option<usize> {
    const LOW: u64 = 0x2020_2020_2020_2020;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let (words, rest) = window.get(from..)?.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The lowest bit that is set is exact; a borrow can only blur those above it.
        let found = word.wrapping_sub(LOW) & !word & HIGH;
        if found != 0 {
            return Some(from + index * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let in_rest = rest.iter().position(|&byte| byte < b' ')?;
    Some(from + words.len() * 8 + in_rest)
}

//! Finding the end of a line: CR or LF, whichever comes first.
//!
//! Safe code that the compiler turns into vector instructions: each byte of a block is compared to both, without a
//! branch, and only a block that has one is looked into.

pub(super) const CR: u8 = b'\r';
pub(super) const LF: u8 = b'\n';

/// One vector register.
const NARROW: usize = 16;
/// Long lines go by several registers a step.
const WIDE: usize = 64;

/// Where the first CR or LF stands.
#[inline]
pub(super) fn line_end(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    // Most lines are short: try one register at a time at first.
    for _ in 0..WIDE / NARROW {
        let Some((block, after)) = rest.split_first_chunk::<NARROW>() else {
            return line_end_in_tail(bytes, rest);
        };
        if let Some(at) = first_in_block(block) {
            return Some(bytes.len() - rest.len() + at);
        }
        rest = after;
    }
    line_end_of_long(bytes, rest)
}

/// [`line_end`] where nothing was found before `rest`.
fn line_end_of_long(bytes: &[u8], mut rest: &[u8]) -> Option<usize> {
    while let Some((block, after)) = rest.split_first_chunk::<WIDE>() {
        if block.iter().fold(false, |any, &byte| any | is_line_end(byte)) {
            break;
        }
        rest = after;
    }
    while let Some((block, after)) = rest.split_first_chunk::<NARROW>() {
        if let Some(at) = first_in_block(block) {
            return Some(bytes.len() - rest.len() + at);
        }
        rest = after;
    }
    line_end_in_tail(bytes, rest)
}

/// [`line_end`] where nothing was found before `rest`, which is shorter than a register: looks at the last full
/// register again, if there is one.
#[inline]
fn line_end_in_tail(bytes: &[u8], rest: &[u8]) -> Option<usize> {
    if let Some(block) = bytes.last_chunk::<NARROW>() {
        first_in_block(block).map(|at| bytes.len() - NARROW + at)
    } else {
        rest.iter().position(|&byte| is_line_end(byte))
    }
}

#[inline]
fn first_in_block(block: &[u8; NARROW]) -> Option<usize> {
    let found = u128::from_le_bytes(block.map(|byte| if is_line_end(byte) { 0xff } else { 0 }));
    (found != 0).then(|| found.trailing_zeros() as usize / 8)
}

#[inline]
fn is_line_end(byte: u8) -> bool {
    byte == LF || byte == CR
}

/// A line that is complete in the input.
pub(super) struct Line<'a> {
    /// Without its end.
    pub(super) text: &'a [u8],
    /// What follows its end.
    pub(super) rest: &'a [u8],
    /// It ended with a CR that is the last byte of the input: if an LF is next, it belongs to that CR.
    pub(super) cr_at_end: bool,
}

/// The first line, if its end is there. Lines end with CRLF, LF or CR.
#[inline]
pub(super) fn split_line(input: &[u8]) -> Option<Line<'_>> {
    let (text, from_end) = input.split_at_checked(line_end(input)?)?;
    let (rest, cr_at_end) = match from_end {
        [CR] => (&[][..], true),
        [CR, LF, rest @ ..] | [_, rest @ ..] => (rest, false),
        [] => return None,
    };
    Some(Line { text, rest, cr_at_end })
}

//! Finding the end of a line: CR or LF, whichever comes first.
//!
//! Safe code, without a branch for each byte. Short lines go by words of eight bytes, where the first match is found
//! with arithmetic; long ones by blocks that the compiler turns into vector instructions, and only a block that may
//! have a match is looked into.

pub(super) const CR: u8 = b'\r';
pub(super) const LF: u8 = b'\n';

/// One general register.
const WORD: usize = 8;
/// Four vector registers of the smallest kind.
const BLOCK: usize = 64;
/// As many as a machine may have.
const LARGE_BLOCK: usize = 256;
/// From so many bytes on, using the best vector instructions of this machine saves more than asking for them costs.
#[cfg(feature = "std")]
const WORTH_DISPATCHING: usize = 512;
/// How many bytes are tried word by word before going over to blocks.
const SHORT: usize = 64;

/// Where the first CR or LF stands.
#[inline]
pub(super) fn line_end(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    for _ in 0..SHORT / WORD {
        let Some((&word, after)) = rest.split_first_chunk() else { return in_tail(bytes, rest, line_ends) };
        if let Some(at) = first(line_ends(u64::from_le_bytes(word))) {
            return Some(bytes.len() - rest.len() + at);
        }
        rest = after;
    }
    line_end_of_long(bytes, rest)
}

/// [`line_end`] for inputs of which a word or two are the most frequent.
#[inline]
pub(super) fn line_end_of_short(bytes: &[u8]) -> Option<usize> {
    in_words(bytes, line_ends)
}

/// [`line_end`] where nothing was found before `rest`.
#[inline(never)]
fn line_end_of_long(bytes: &[u8], mut rest: &[u8]) -> Option<usize> {
    rest = skip_large_blocks(rest);
    loop {
        rest = skip_clean::<BLOCK>(rest);
        let Some((block, after)) = rest.split_first_chunk::<BLOCK>() else { break };
        if let Some(at) = in_words(block, line_ends) {
            return Some(bytes.len() - rest.len() + at);
        }
        rest = after;
    }
    in_words(rest, line_ends).map(|at| bytes.len() - rest.len() + at)
}

/// Skips large blocks that have no line end.
#[inline]
fn skip_large_blocks(bytes: &[u8]) -> &[u8] {
    #[cfg(feature = "std")]
    if bytes.len() >= WORTH_DISPATCHING {
        return fearless_simd::dispatch!(*crate::vector::LEVEL, _simd => skip_clean::<LARGE_BLOCK>(bytes));
    }
    skip_clean::<LARGE_BLOCK>(bytes)
}

/// Skips blocks that have no line end.
#[inline(always)]
#[allow(clippy::inline_always)] // else it is not compiled anew for other instructions
fn skip_clean<const LEN: usize>(mut bytes: &[u8]) -> &[u8] {
    while let Some((block, after)) = bytes.split_first_chunk::<LEN>()
        && !may_have_line_end(block)
    {
        bytes = after;
    }
    bytes
}

/// Whether the smallest byte is not above CR, which is rare in text but for line ends and tabs. That is one instruction
/// for each register of bytes, a third of what looking for CR and LF takes.
#[inline(always)]
#[allow(clippy::inline_always)] // as above
fn may_have_line_end<const LEN: usize>(block: &[u8; LEN]) -> bool {
    let mut least = [u8::MAX; BLOCK];
    for lane in block.as_chunks::<BLOCK>().0 {
        for (least, &byte) in least.iter_mut().zip(lane) {
            *least = byte.min(*least);
        }
    }
    least.into_iter().fold(u8::MAX, u8::min) <= CR
}

/// How many CRs and LFs there are.
pub(super) fn count_line_ends(bytes: &[u8]) -> usize {
    /// As many as a `u8` can count; counts of that size fill a vector register.
    const COUNTED: usize = 192;
    let count = |chunk: &[u8]| chunk.iter().map(|&byte| u8::from(byte == CR || byte == LF)).sum::<u8>();
    bytes.chunks(COUNTED).map(|chunk| usize::from(count(chunk))).sum()
}

/// Where the first NUL stands.
#[inline]
pub(super) fn nul(bytes: &[u8]) -> Option<usize> {
    in_words(bytes, zeros)
}

/// Whether there is a CR, LF or NUL.
#[inline]
pub(super) fn has_line_end_or_nul(bytes: &[u8]) -> bool {
    in_words(bytes, |word| line_ends(word) | zeros(word)).is_some()
}

/// Where the first byte stands that `find` marks.
#[inline]
fn in_words(bytes: &[u8], find: impl Fn(u64) -> u64) -> Option<usize> {
    let mut rest = bytes;
    while let Some((&word, after)) = rest.split_first_chunk() {
        if let Some(at) = first(find(u64::from_le_bytes(word))) {
            return Some(bytes.len() - rest.len() + at);
        }
        rest = after;
    }
    in_tail(bytes, rest, find)
}

/// [`in_words`] where nothing was found before `rest`, which is less than a word: looks at the last full word again,
/// if there is one.
#[inline]
fn in_tail(bytes: &[u8], rest: &[u8], find: impl Fn(u64) -> u64) -> Option<usize> {
    if let Some(&word) = bytes.last_chunk() {
        return first(find(u64::from_le_bytes(word))).map(|at| bytes.len() - WORD + at);
    }
    // Two half words that may overlap, put together by arithmetic: a word filled byte by byte in memory would have to
    // wait until all of its bytes are written.
    if let (Some(&low), Some(&high)) = (rest.first_chunk(), rest.last_chunk()) {
        let word = u64::from(u32::from_le_bytes(low)) | u64::from(u32::from_le_bytes(high)) << u32::BITS;
        return first(find(word)).map(|at| if at < WORD / 2 { at } else { rest.len() + at - WORD });
    }
    // Filled up with what nobody looks for.
    first(find(rest.iter().rev().fold(u64::MAX, |word, &byte| word << u8::BITS | u64::from(byte))))
}

/// Marks the CRs and LFs of a word, at least the first.
#[inline]
fn line_ends(word: u64) -> u64 {
    zeros(word ^ u64::from_ne_bytes([CR; WORD])) | zeros(word ^ u64::from_ne_bytes([LF; WORD]))
}

/// Sets the highest bit of each byte that is zero. Bits above the first may be wrong: subtracting borrows from the
/// byte above only where there was a zero.
#[inline]
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(u64::from_ne_bytes([0x01; WORD])) & !word & u64::from_ne_bytes([0x80; WORD])
}

/// The number of the first marked byte, in the order of memory.
#[inline]
fn first(marks: u64) -> Option<usize> {
    (marks != 0).then(|| marks.trailing_zeros() as usize / WORD)
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
    // A blank line ends each block.
    if let Some(rest) = input.strip_prefix(&[LF]) {
        return Some(Line { text: &[], rest, cr_at_end: false });
    }
    split_line_at(input, line_end(input)?)
}

/// [`split_line`] where it is known where the line ends.
#[inline]
pub(super) fn split_line_at(input: &[u8], end: usize) -> Option<Line<'_>> {
    let (text, from_end) = input.split_at_checked(end)?;
    let (rest, cr_at_end) = match from_end {
        [CR] => (&[][..], true),
        [CR, LF, rest @ ..] | [_, rest @ ..] => (rest, false),
        [] => return None,
    };
    Some(Line { text, rest, cr_at_end })
}

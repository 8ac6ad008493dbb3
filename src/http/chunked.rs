//! The chunked transfer coding (RFC 9112 §7.1).
//!
//! ```text
//!  ┌──── size, hexadecimal, 1 to 16 digits
//!  │  ┌─ extension, skipped          the last chunk: size 0
//!  5;a=b\r\n                         0\r\n
//!  hello\r\n                         Trailer: dropped\r\n
//!                                    \r\n
//! ```

use super::syntax::{self, CRLF, Digits};
use super::{BodyError, BodyEvent};
use crate::Step;
use bytes::{BufMut, BytesMut};

/// Appends `data` as one chunk. No data is no chunk: one of size zero would end the body.
pub fn encode(data: &[u8], output: &mut BytesMut) {
    if data.is_empty() {
        return;
    }
    let size = Digits::hex(data.len() as u64);
    output.reserve(size.as_bytes().len() + data.len() + 2 * CRLF.len());
    output.put_slice(size.as_bytes());
    output.put_slice(CRLF);
    output.put_slice(data);
    output.put_slice(CRLF);
}

/// Appends as one chunk whatever `write` appends, without copying it: room for the size is left in front and filled in
/// after, with leading zeros, which §7.1 allows. Nothing written is no chunk.
///
/// ```
/// use bytes::{BufMut, BytesMut};
///
/// let mut output = BytesMut::new();
/// tidings::http::chunked::encode_with(&mut output, |output| output.put_slice(b"hello"));
/// assert_eq!(&output[..], b"00000005\r\nhello\r\n");
/// ```
///
/// `write` must only append. What it returns is returned.
pub fn encode_with<T>(output: &mut BytesMut, write: impl FnOnce(&mut BytesMut) -> T) -> T {
    let start = output.len();
    output.put_slice(&[b'0'; SIZE_WIDTH]);
    output.put_slice(CRLF);
    let data = output.len();
    let written = write(output);

    let size = output.len().saturating_sub(data);
    if size == 0 {
        output.truncate(start);
        return written;
    }
    let Ok(size) = u32::try_from(size) else {
        // More than eight digits can say: rare enough to be copied.
        let data = output.split_off(data);
        output.truncate(start);
        encode(&data, output);
        return written;
    };
    let digits = Digits::hex(u64::from(size));
    let field = output.get_mut(start..start + SIZE_WIDTH).unwrap_or_default();
    for (place, digit) in field.iter_mut().rev().zip(digits.as_bytes().iter().rev()) {
        *place = *digit;
    }
    output.put_slice(CRLF);
    written
}

/// Digits of a size that is filled in later; four gigabytes.
const SIZE_WIDTH: usize = 8;

/// Appends the last chunk, without trailers: the body is whole.
pub fn encode_end(output: &mut BytesMut) {
    output.put_slice(b"0\r\n\r\n");
}

/// Decodes one chunked body. Strict: a size is hexadecimal digits and nothing else, a line ends in CRLF. Takes no memory:
/// data is borrowed from the input, extensions and trailers are checked, counted and dropped.
#[derive(Debug, Clone)]
pub struct Decoder {
    state: State,
    /// Of the chunk's data, what is still to come; while its size is read, the size so far.
    left: u64,
    /// Content bytes that the limit still allows.
    room: u64,
    /// Bytes of extensions that were not outweighed by data yet.
    extensions: u64,
    /// Bytes of trailers.
    trailers: usize,
}

/// Extensions may be as long as the data, plus this: enough for a signature on each of many small chunks, and nobody
/// is kept busy by megabytes that mean nothing (§7.1.1).
const MAX_EXTENSIONS: u64 = 4096;
/// Nobody here reads trailers; an honest one is a checksum.
const MAX_TRAILERS: usize = 4096;
/// What a `u64` takes. More is refused, leading zeros or not.
const MAX_DIGITS: u8 = 16;

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// So many digits of the size were read.
    Size(u8),
    /// Blanks before the semicolon of an extension.
    BeforeExtension,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    /// The beginning of a trailer, or the empty line.
    Trailer,
    TrailerName,
    TrailerValue,
    TrailerLf,
    LastLf,
    /// The end was read, and is to be told.
    End,
    Done,
    Failed(BodyError),
}

impl Decoder {
    /// A decoder of one body of at most `limit` bytes of content. A chunk that would pass it is refused by its size,
    /// before its data.
    #[must_use]
    pub const fn new(limit: u64) -> Self {
        Self { state: State::Size(0), left: 0, room: limit, extensions: 0, trailers: 0 }
    }

    /// Takes the next piece of content, which borrows from `input`; [`BodyEvent::End`] once, and no byte after it.
    ///
    /// # Errors
    /// What is not coded as §7.1 has it, or more than the limit. It is final, and comes again at every further call.
    pub fn receive<'a>(&mut self, input: &'a [u8]) -> Result<Step<BodyEvent<'a>>, BodyError> {
        let mut rest = input;
        loop {
            match self.state {
                State::Data => {
                    let data = take(&mut self.left, rest);
                    let consumed = input.len() - rest.len() + data.len();
                    if self.left == 0 {
                        self.state = State::DataCr;
                    }
                    let event = Some(BodyEvent::Data(data)).filter(|_| !data.is_empty());
                    return Ok(Step { consumed, event });
                }
                State::End => {
                    self.state = State::Done;
                    return Ok(Step::event(input.len() - rest.len(), BodyEvent::End));
                }
                State::Failed(error) => return Err(error),
                State::Done => return Ok(Step::incomplete(0)),
                state => {
                    let Some((&byte, behind)) = rest.split_first() else { return Ok(Step::incomplete(input.len())) };
                    rest = behind;
                    self.state = self.framing(state, byte).unwrap_or_else(State::Failed);
                }
            }
        }
    }

    /// Whether the end was told.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The error that ended it, if one did.
    pub(super) fn error(&self) -> Option<BodyError> {
        if let State::Failed(error) = self.state { Some(error) } else { None }
    }

    /// One byte that is not data.
    fn framing(&mut self, state: State, byte: u8) -> Result<State, BodyError> {
        match (state, byte) {
            (State::Size(digits), _) if byte.is_ascii_hexdigit() => self.size_digit(digits, byte),
            // §7.1: at least one digit, and then nothing but an extension or the line's end.
            (State::Size(1..) | State::Extension, b'\r') => Ok(State::SizeLf),
            (State::Size(1..) | State::BeforeExtension, b' ' | b'\t') => self.extension(State::BeforeExtension),
            (State::Size(1..) | State::BeforeExtension, b';') => self.extension(State::Extension),
            (State::Extension, _) if syntax::is_field_value(byte) => self.extension(State::Extension),
            (State::SizeLf, b'\n') => self.chunk(),
            (State::Size(_) | State::BeforeExtension | State::Extension | State::SizeLf, _) => {
                Err(BodyError::ChunkSize)
            }

            // §7.1: the data is followed by CRLF, or its size was a lie.
            (State::DataCr, b'\r') => Ok(State::DataLf),
            (State::DataLf, b'\n') => {
                self.left = 0;
                Ok(State::Size(0))
            }
            (State::DataCr | State::DataLf, _) => Err(BodyError::ChunkEnd),
            (State::Trailer, b'\r') => Ok(State::LastLf),
            (State::LastLf, b'\n') => Ok(State::End),
            _ => self.trailer(state, byte),
        }
    }

    fn size_digit(&mut self, digits: u8, byte: u8) -> Result<State, BodyError> {
        // §7.1: an overflow must not go unnoticed.
        if digits == MAX_DIGITS {
            return Err(BodyError::ChunkSize);
        }
        let digit = char::from(byte).to_digit(16).ok_or(BodyError::ChunkSize)?;
        self.left = self.left << 4 | u64::from(digit);
        Ok(State::Size(digits + 1))
    }

    fn extension(&mut self, next: State) -> Result<State, BodyError> {
        self.extensions += 1;
        // §7.1.1: ignored, but not without a bound.
        if self.extensions > MAX_EXTENSIONS { Err(BodyError::ChunkExtensions) } else { Ok(next) }
    }

    /// The line of a chunk's size is whole.
    fn chunk(&mut self) -> Result<State, BodyError> {
        if self.left == 0 {
            return Ok(State::Trailer);
        }
        self.room = self.room.checked_sub(self.left).ok_or(BodyError::TooLarge)?;
        self.extensions = self.extensions.saturating_sub(self.left);
        Ok(State::Data)
    }

    /// §7.1.2: trailer fields are `name: value` lines, and may be dropped.
    fn trailer(&mut self, state: State, byte: u8) -> Result<State, BodyError> {
        self.trailers += 1;
        if self.trailers > MAX_TRAILERS {
            return Err(BodyError::TrailerTooLarge);
        }
        match (state, byte) {
            (State::Trailer | State::TrailerName, _) if syntax::is_token(byte) => Ok(State::TrailerName),
            (State::TrailerName, b':') => Ok(State::TrailerValue),
            (State::TrailerValue, b'\r') => Ok(State::TrailerLf),
            (State::TrailerValue, _) if syntax::is_field_value(byte) => Ok(State::TrailerValue),
            (State::TrailerLf, b'\n') => Ok(State::Trailer),
            _ => Err(BodyError::Trailer),
        }
    }
}

/// The front of `input`, at most `left` bytes of it; `left` is what remains. No cast that could cut a `u64`.
pub(super) fn take<'a>(left: &mut u64, input: &'a [u8]) -> &'a [u8] {
    let data = usize::try_from(*left).ok().and_then(|left| input.get(..left)).unwrap_or(input);
    *left = left.saturating_sub(data.len() as u64);
    data
}

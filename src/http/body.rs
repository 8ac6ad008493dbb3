//! Bytes in any split → the pieces of a body (RFC 9112 §6.3, §7.1).

use super::{BodyError, Framing, chunked};
use crate::Step;

/// What a step of a body's reader gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyEvent<'a> {
    /// Some bytes of the content, never none. How they are cut says nothing.
    Data(&'a [u8]),
    /// The body is whole. Comes exactly once; what follows is the next message. (A body
    /// [`UntilEof`](Framing::UntilEof) ends without it, by [`BodyReader::receive_eof`].)
    End,
}

/// Reads one body, by its [`Framing`] and up to a limit.
///
/// ```
/// use tidings::http::{BodyError, BodyEvent, BodyReader, Framing};
///
/// let mut reader = BodyReader::new(Framing::Chunked, 5);
/// let step = reader.receive(b"5\r\nhello\r\n0\r\n\r\n")?;
/// assert_eq!(step.event, Some(BodyEvent::Data(b"hello")));
///
/// let mut reader = BodyReader::new(Framing::Length(6), 5);
/// assert_eq!(reader.receive(b""), Err(BodyError::TooLarge));
/// # Ok::<(), BodyError>(())
/// ```
#[derive(Debug, Clone)]
pub struct BodyReader {
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    /// So many bytes are to come, then the end.
    Length(u64),
    Chunked(chunked::Decoder),
    /// So many bytes may come.
    UntilEof(u64),
    Done,
    Failed(BodyError),
}

impl BodyReader {
    /// A reader of one body of at most `limit` bytes of content. A declared length over the limit fails the first
    /// [`receive`](Self::receive), before any byte of the body is there.
    #[must_use]
    pub fn new(framing: Framing, limit: u64) -> Self {
        let state = match framing {
            Framing::Empty => State::Length(0),
            Framing::Length(length) if length > limit => State::Failed(BodyError::TooLarge),
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Chunked(chunked::Decoder::new(limit)),
            Framing::UntilEof => State::UntilEof(limit),
        };
        Self { state }
    }

    /// Takes the next piece of content, which borrows from `input`; [`BodyEvent::End`] once, and no byte after it.
    ///
    /// # Errors
    /// A body that breaks its framing, or is over the limit. It is final, and comes again at every further call.
    pub fn receive<'a>(&mut self, input: &'a [u8]) -> Result<Step<BodyEvent<'a>>, BodyError> {
        match &mut self.state {
            State::Length(0) => {
                self.state = State::Done;
                Ok(Step::event(0, BodyEvent::End))
            }
            State::Length(left) => Ok(take(left, input)),
            State::UntilEof(0) if !input.is_empty() => self.fail(BodyError::TooLarge),
            State::UntilEof(room) => Ok(take(room, input)),
            State::Chunked(decoder) => decoder.receive(input),
            State::Done => Ok(Step::incomplete(0)),
            State::Failed(error) => Err(*error),
        }
    }

    /// The connection ended.
    ///
    /// # Errors
    /// [`BodyError::Truncated`] unless the body was whole, or is one that ends like this (§8).
    pub fn receive_eof(&mut self) -> Result<(), BodyError> {
        match &self.state {
            State::Done => Ok(()),
            State::UntilEof(_) => {
                self.state = State::Done;
                Ok(())
            }
            State::Chunked(decoder) if decoder.is_done() => Ok(()),
            State::Chunked(decoder) => Err(decoder.error().unwrap_or(BodyError::Truncated)),
            State::Length(_) => self.fail(BodyError::Truncated).map(|_| ()),
            State::Failed(error) => Err(*error),
        }
    }

    /// Whether the end of the body was seen: no further event comes.
    #[must_use]
    pub fn is_done(&self) -> bool {
        match &self.state {
            State::Done => true,
            State::Chunked(decoder) => decoder.is_done(),
            _ => false,
        }
    }

    fn fail<'a>(&mut self, error: BodyError) -> Result<Step<BodyEvent<'a>>, BodyError> {
        self.state = State::Failed(error);
        Err(error)
    }
}

/// As much of `input` as may be taken, as data.
fn take<'a>(left: &mut u64, input: &'a [u8]) -> Step<BodyEvent<'a>> {
    match chunked::take(left, input) {
        [] => Step::incomplete(0),
        data => Step::event(data.len(), BodyEvent::Data(data)),
    }
}

//! The encoder: one block of an event stream.

use super::scan::{CR, LF, line_end};
use alloc::borrow::Cow;
use bytes::BytesMut;
use core::error::Error;
use core::fmt;
use core::time::Duration;

/// One block of an event stream, to be sent.
///
/// Which fields are set decides what it is to its receiver: with `data` an event, without it a bookmark (`id`), a word
/// about reconnecting (`retry`), or a sign of life (`comment`).
///
/// ```
/// use bytes::BytesMut;
/// use core::time::Duration;
/// use tidings::sse::Event;
///
/// let mut output = BytesMut::new();
/// Event::message("12").with_event("price").with_id("8").encode(&mut output)?;
/// Event::bookmark("9").encode(&mut output)?;
/// Event::comment("still here").with_retry(Duration::from_secs(3)).encode(&mut output)?;
/// assert_eq!(output, "id: 8\nevent: price\ndata: 12\n\nid: 9\n\n: still here\nretry: 3000\n\n");
/// # Ok::<(), tidings::sse::SendError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event<'a> {
    /// The last event ID from here on; an empty one takes back the one before. Without CR, LF and NUL.
    pub id: Option<Cow<'a, str>>,
    /// The type; receivers take `message` for none and for an empty one. Without CR, LF and NUL.
    pub event: Option<Cow<'a, str>>,
    /// The data. Each CRLF, CR or LF in it arrives as one LF. Empty data is an event too.
    pub data: Option<Cow<'a, str>>,
    /// How long the client shall wait before it reconnects; in whole milliseconds on the wire.
    pub retry: Option<Duration>,
    /// A comment, which receivers skip. Each line of it becomes a comment line.
    pub comment: Option<Cow<'a, str>>,
}

impl<'a> Event<'a> {
    /// An event with this data.
    #[must_use]
    pub fn message(data: impl Into<Cow<'a, str>>) -> Self {
        Self { data: Some(data.into()), ..Self::default() }
    }

    /// A block that moves the last event ID and dispatches no event.
    #[must_use]
    pub fn bookmark(id: impl Into<Cow<'a, str>>) -> Self {
        Self { id: Some(id.into()), ..Self::default() }
    }

    /// A block that means nothing; keeps idle connections alive (authoring notes: about every 15 s).
    #[must_use]
    pub fn comment(comment: impl Into<Cow<'a, str>>) -> Self {
        Self { comment: Some(comment.into()), ..Self::default() }
    }

    /// Sets the ID.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<Cow<'a, str>>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the type.
    #[must_use]
    pub fn with_event(mut self, event: impl Into<Cow<'a, str>>) -> Self {
        self.event = Some(event.into());
        self
    }

    /// Sets the time to wait before reconnecting.
    #[must_use]
    pub fn with_retry(mut self, retry: Duration) -> Self {
        self.retry = Some(retry);
        self
    }

    /// Sets the comment.
    #[must_use]
    pub fn with_comment(mut self, comment: impl Into<Cow<'a, str>>) -> Self {
        self.comment = Some(comment.into());
        self
    }

    /// Appends the block to `output`, with the blank line that ends it. Writes nothing if no field is set, or if there
    /// is an error.
    pub fn encode(&self, output: &mut BytesMut) -> Result<(), SendError> {
        // Interpreting an event stream: a line end would begin another field, a NUL would make an ID void.
        let id = self.id.as_deref().map(|id| one_line(id).ok_or(SendError::InvalidId)).transpose()?;
        let event = self.event.as_deref().map(|event| one_line(event).ok_or(SendError::InvalidEvent)).transpose()?;
        let before = output.len();
        output.reserve(self.encoded_len_max());
        if let Some(comment) = &self.comment {
            put_lines(b":", comment, output);
        }
        if let Some(retry) = self.retry {
            put_number(b"retry: ", u64::try_from(retry.as_millis()).unwrap_or(u64::MAX), output);
        }
        if let Some(id) = id {
            put_line(b"id:", id, output);
        }
        if let Some(event) = event {
            put_line(b"event:", event, output);
        }
        if let Some(data) = &self.data {
            put_lines(b"data:", data, output);
        }
        if output.len() > before {
            output.extend_from_slice(b"\n");
        }
        Ok(())
    }

    /// An upper bound for the length of the block.
    fn encoded_len_max(&self) -> usize {
        const LINE: usize = "event: \n".len();
        const NUMBERS: usize = "retry: 18446744073709551615\n".len() + "\n".len();
        let short = [&self.id, &self.event];
        let long = [&self.comment, &self.data];
        let short = short.into_iter().flatten().map(|text| text.len() + LINE);
        let long = long.into_iter().flatten().map(|text| text.len() + (1 + line_ends(text.as_bytes())) * LINE);
        NUMBERS + short.chain(long).sum::<usize>()
    }
}

/// An event that cannot be written, because a receiver would read something else. Nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The ID has a CR, an LF or a NUL.
    InvalidId,
    /// The type has a CR, an LF or a NUL.
    InvalidEvent,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidId => "an event's ID must not have a CR, LF or NUL",
            Self::InvalidEvent => "an event's type must not have a CR, LF or NUL",
        })
    }
}

impl Error for SendError {}

/// The text as bytes, if it can stand in one line.
fn one_line(text: &str) -> Option<&[u8]> {
    let bytes = text.as_bytes();
    let bad = bytes.iter().fold(false, |bad, &byte| bad | matches!(byte, CR | LF | 0));
    (!bad).then_some(bytes)
}

/// How many CR and LF there are.
fn line_ends(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte == CR || byte == LF).count()
}

/// One line for each line of the text, whether that ends with CRLF, CR or LF; one for an empty text.
fn put_lines(name: &[u8], text: &str, output: &mut BytesMut) {
    let mut rest = text.as_bytes();
    while let Some((line, end)) = line_end(rest).and_then(|at| rest.split_at_checked(at)) {
        put_line(name, line, output);
        rest = match end {
            [CR, LF, rest @ ..] | [_, rest @ ..] => rest,
            [] => end,
        };
    }
    put_line(name, rest, output);
}

/// A field. The space in front of a value that is not empty is for the reader's eye, and for values that begin with one.
fn put_line(name: &[u8], value: &[u8], output: &mut BytesMut) {
    output.extend_from_slice(name);
    if !value.is_empty() {
        output.extend_from_slice(b" ");
        output.extend_from_slice(value);
    }
    output.extend_from_slice(b"\n");
}

fn put_number(name: &[u8], mut number: u64, output: &mut BytesMut) {
    let mut digits = [b'0'; 20]; // as many as u64::MAX has
    let mut len = 0;
    for slot in digits.iter_mut().rev() {
        *slot += u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        len += 1;
        if number == 0 {
            break;
        }
    }
    output.extend_from_slice(name);
    output.extend_from_slice(digits.get(digits.len() - len..).unwrap_or_default());
    output.extend_from_slice(b"\n");
}

//! The encoder: one block of an event stream.

use super::scan::{CR, LF, has_line_end_or_nul, line_end};
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
        let id = self.id.as_deref().unwrap_or_default();
        if has_line_end_or_nul(id.as_bytes()) {
            return Err(SendError::InvalidId);
        }
        let event = self.event.as_deref().unwrap_or_default();
        if has_line_end_or_nul(event.as_bytes()) {
            return Err(SendError::InvalidEvent);
        }
        let comment = self.comment.as_deref().map(Lines::new);
        let data = self.data.as_deref().map(Lines::new);
        output.reserve(LONGEST_REST + id.len() + event.len() + len_max(comment.as_ref()) + len_max(data.as_ref()));

        let before = output.len();
        if let Some(comment) = comment {
            comment.put(b": ", output);
        }
        if let Some(retry) = self.retry {
            put_number(b"retry: ", u64::try_from(retry.as_millis()).unwrap_or(u64::MAX), output);
        }
        if self.id.is_some() {
            put_line(b"id: ", id.as_bytes(), output);
        }
        if self.event.is_some() {
            put_line(b"event: ", event.as_bytes(), output);
        }
        if let Some(data) = data {
            data.put(b"data: ", output);
        }
        if output.len() > before {
            output.extend_from_slice(b"\n");
        }
        Ok(())
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

/// All of a block but its texts.
const LONGEST_REST: usize = "retry: 18446744073709551615\nid: \nevent: \n\n".len();

/// Text that may have several lines.
struct Lines<'a> {
    text: &'a [u8],
    /// Where the first line ends, if it is not the only one.
    first_end: Option<usize>,
}

impl<'a> Lines<'a> {
    #[inline]
    fn new(text: &'a str) -> Self {
        Self { text: text.as_bytes(), first_end: line_end(text.as_bytes()) }
    }

    /// One line for each line of the text, whether that ends with CRLF, CR or LF; one for an empty text.
    #[inline]
    fn put(self, name: &[u8], output: &mut BytesMut) {
        let mut rest = self.text;
        let mut end = self.first_end;
        while let Some((line, from_end)) = end.and_then(|end| rest.split_at_checked(end)) {
            put_line(name, line, output);
            rest = match from_end {
                [CR, LF, rest @ ..] | [_, rest @ ..] => rest,
                [] => from_end,
            };
            end = line_end(rest);
        }
        put_line(name, rest, output);
    }
}

/// An upper bound for the length of these lines, with their names.
#[inline]
fn len_max(lines: Option<&Lines<'_>>) -> usize {
    const LINE: usize = "data: \n".len();
    lines.map_or(0, |Lines { text, first_end }| {
        let ends = first_end.map_or(0, |_| text.iter().filter(|&&byte| byte == CR || byte == LF).count());
        text.len() + (1 + ends) * LINE
    })
}

/// A field. The space in front of a value that is not empty is for the reader's eye, and for values that begin with one.
#[inline]
fn put_line(name_and_space: &[u8], value: &[u8], output: &mut BytesMut) {
    if let ([name @ .., _], []) = (name_and_space, value) {
        output.extend_from_slice(name);
    } else {
        output.extend_from_slice(name_and_space);
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

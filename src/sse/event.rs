//! The encoder: one block of an event stream.

use super::scan::{CR, LF, count_line_ends, has_line_end_or_nul, line_end};
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

    /// Appends the block to `output`, with the blank line that ends it. Writes nothing if no field is set.
    ///
    /// # Errors
    /// An ID or a type with a character that would end its line, or that clients would pass over. Nothing was written.
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
        output.reserve(self.size_max(comment.as_ref(), data.as_ref()));
        let before = output.len();
        if let Some(comment) = comment {
            comment.put(COMMENT, output);
        }
        if let Some(retry) = self.retry {
            put_number(RETRY, u64::try_from(retry.as_millis()).unwrap_or(u64::MAX), output);
        }
        if self.id.is_some() {
            put_line(ID, id.as_bytes(), output);
        }
        if self.event.is_some() {
            put_line(EVENT, event.as_bytes(), output);
        }
        if let Some(data) = data {
            data.put(DATA, output);
        }
        if output.len() > before {
            output.extend_from_slice(b"\n");
        }
        Ok(())
    }

    /// As long as the block can be; mostly exact, so that a buffer of its own can be given away as it is.
    #[inline]
    fn size_max(&self, comment: Option<&Lines<'_>>, data: Option<&Lines<'_>>) -> usize {
        let line = |name: &[u8], value: Option<&str>| value.map_or(0, |value| name.len() + value.len() + 1);
        let lines = |name, lines: Option<&Lines<'_>>| lines.map_or(0, |lines| lines.size_max(name));
        let retry = self.retry.map_or(0, |_| RETRY.len() + DIGITS_MAX + 1);
        let id_and_event = line(ID, self.id.as_deref()) + line(EVENT, self.event.as_deref());
        lines(COMMENT, comment) + retry + id_and_event + lines(DATA, data) + 1
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

// The names of the fields, as they stand in front of a value.
const ID: &[u8] = b"id: ";
const EVENT: &[u8] = b"event: ";
const RETRY: &[u8] = b"retry: ";
/// With the end of the line before.
const DATA: &[u8] = b"\ndata: ";
const COMMENT: &[u8] = b"\n: ";

/// As many as `u64::MAX` has.
const DIGITS_MAX: usize = 20;
/// So much text is searched for a line end and then copied while the first-level cache has it.
const CACHED: usize = 8192;

/// Text that may have several lines.
struct Lines<'a> {
    text: &'a [u8],
    /// Where the first line ends, if it does so in the first [`CACHED`] bytes.
    first_end: Option<usize>,
}

impl<'a> Lines<'a> {
    #[inline]
    fn new(text: &'a str) -> Self {
        let text = text.as_bytes();
        Self { text, first_end: line_end(cached(text)) }
    }

    /// How long these lines are with that name, or more; less only if the first line is very long and not the only one.
    #[inline]
    fn size_max(&self, break_and_name: &[u8]) -> usize {
        let breaks = self.first_end.map_or(0, |_| count_line_ends(self.text));
        self.text.len() + (1 + breaks) * break_and_name.len()
    }

    /// One line for each line of the text, whether that ends with CRLF, CR or LF; one for an empty text.
    #[inline]
    fn put(self, break_and_name: &[u8], output: &mut BytesMut) {
        let (mut rest, mut end) = (self.text, self.first_end);
        let mut name = break_and_name.get(1..).unwrap_or_default();
        loop {
            put_name(name, matches!(rest, [] | [CR | LF, ..]), output);
            // A line that is longer is copied while the cache has what was searched.
            while let (None, Some((front, more))) = (end, rest.split_at_checked(CACHED)) {
                output.extend_from_slice(front);
                rest = more;
                end = line_end(cached(rest));
            }
            let Some((line, from_end)) = end.and_then(|end| rest.split_at_checked(end)) else { break };
            output.extend_from_slice(line);
            rest = match from_end {
                [CR, LF, rest @ ..] | [_, rest @ ..] => rest,
                [] => from_end,
            };
            end = line_end(cached(rest));
            name = break_and_name;
        }
        output.extend_from_slice(rest);
        output.extend_from_slice(b"\n");
    }
}

/// What of it is searched at once.
#[inline]
fn cached(text: &[u8]) -> &[u8] {
    text.get(..CACHED).unwrap_or(text)
}

/// A field of one line.
#[inline]
fn put_line(name: &[u8], value: &[u8], output: &mut BytesMut) {
    put_name(name, value.is_empty(), output);
    output.extend_from_slice(value);
    output.extend_from_slice(b"\n");
}

/// A name and its colon. The space in front of a value that is not empty is for the reader's eye, and for values that
/// begin with one.
#[inline]
fn put_name(name_and_space: &[u8], is_empty: bool, output: &mut BytesMut) {
    let name = if is_empty { name_and_space.strip_suffix(b" ") } else { None };
    output.extend_from_slice(name.unwrap_or(name_and_space));
}

fn put_number(name: &[u8], mut number: u64, output: &mut BytesMut) {
    let mut digits = [b'0'; DIGITS_MAX];
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

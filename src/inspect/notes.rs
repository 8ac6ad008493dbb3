//! The list of fields as it grows, in step with the bytes.

use super::{Field, MAX_TEXT};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What comes behind the bytes at hand, and so what to do with what is not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Behind {
    /// More: it can wait for that.
    More,
    /// More, but it has waited long enough: as much of it as is here is taken.
    Full,
    /// Nothing: it is taken, and what is missing is said.
    End,
}

/// Takes bytes from the front and notes what they were.
pub(super) struct Notes<'b> {
    rest: &'b [u8],
    at: usize,
    fields: Vec<Field>,
}

impl<'b> Notes<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self::starting_at(0, bytes)
    }

    /// Notes that count from there on.
    pub(super) fn starting_at(at: usize, bytes: &'b [u8]) -> Self {
        Self { rest: bytes, at, fields: Vec::new() }
    }

    /// Lets `explain` take of the next `len` bytes only.
    pub(super) fn within(&mut self, len: usize, explain: impl FnOnce(&mut Notes<'b>)) {
        let mut part = Notes::starting_at(self.at, self.peek(len));
        explain(&mut part);
        self.skip(part.at - self.at);
        self.fields.append(&mut part.fields);
    }

    /// What was not taken yet.
    pub(super) fn rest(&self) -> &'b [u8] {
        self.rest
    }

    /// The next `len` bytes, or what is left of them, without taking them.
    pub(super) fn peek(&self, len: usize) -> &'b [u8] {
        self.rest.get(..len).unwrap_or(self.rest)
    }

    /// Takes `len` bytes, or what is left of them. No bytes make no field.
    pub(super) fn take(
        &mut self,
        len: usize,
        name: impl Into<Cow<'static, str>>,
        text: impl AsRef<str>,
        meaning: impl Into<Cow<'static, str>>,
    ) {
        let len = len.min(self.rest.len());
        if len == 0 {
            return;
        }
        let (at, text) = (self.at, shortened(text.as_ref()));
        self.fields.push(Field { at, len, name: name.into(), text, meaning: meaning.into() });
        self.skip(len);
    }

    /// Notes behind everything that `count` bytes of `what` are missing, which needs a last field without bytes.
    pub(super) fn missing(&mut self, count: u64, what: &str) {
        let is_are = if count == 1 { "is" } else { "are" };
        let text = bytes(count);
        let meaning = format!("incomplete: {text} of {what} {is_are} missing");
        self.incomplete(text, meaning);
    }

    /// Notes behind everything that something is missing, in words.
    pub(super) fn incomplete(&mut self, text: impl Into<String>, meaning: impl Into<Cow<'static, str>>) {
        let (at, text, meaning) = (self.at, text.into(), meaning.into());
        self.fields.push(Field { at, len: 0, name: "missing".into(), text, meaning });
    }

    /// Whether something was said to be missing.
    pub(super) fn is_incomplete(&self) -> bool {
        self.fields.last().is_some_and(|last| last.len == 0)
    }

    /// Puts a warning in front of what the first field of `explain` means.
    pub(super) fn warn(&mut self, warning: &str, explain: impl FnOnce(&mut Self)) {
        let first = self.fields.len();
        explain(self);
        if let Some(field) = self.fields.get_mut(first).filter(|field| field.len > 0 && !warning.is_empty()) {
            field.meaning = format!("{warning}{}", field.meaning).into();
        }
    }

    /// What is missing is missing for good, for something else follows: it is told with the field before it.
    pub(super) fn close(&mut self) {
        let Some(missing) = self.fields.pop_if(|last| last.len == 0) else { return };
        if let Some(last) = self.fields.last_mut() {
            last.meaning = format!("{}; {}", last.meaning, missing.meaning).into();
        }
    }

    /// Takes as many bytes as `fields` explain, which count from their own 0; how many.
    pub(super) fn splice(&mut self, fields: Vec<Field>) -> usize {
        let len = fields.last().map_or(0, |last| last.at + last.len);
        let at = self.at;
        self.fields.extend(fields.into_iter().map(|field| Field { at: at + field.at, ..field }));
        self.skip(len);
        len
    }

    /// All fields.
    pub(super) fn finish(self) -> Vec<Field> {
        self.fields
    }

    fn skip(&mut self, len: usize) {
        self.rest = self.rest.get(len..).unwrap_or_default();
        self.at += len;
    }
}

/// So many bytes, in words.
pub(super) fn bytes(count: u64) -> String {
    if count == 1 { "1 byte".into() } else { format!("{count} bytes") }
}

/// Bytes as text for people; control characters become visible.
pub(super) fn readable(bytes: &[u8]) -> String {
    // Each character has at most four bytes, so that more of them cannot be needed.
    let bytes = bytes.get(..4 * (MAX_TEXT + 1)).unwrap_or(bytes);
    let mut text = String::with_capacity(bytes.len());
    for character in String::from_utf8_lossy(bytes).chars() {
        match character {
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            control if control.is_control() => text.extend(control.escape_default()),
            character => text.push(character),
        }
    }
    text
}

/// Bytes as pairs of hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (n, byte) in bytes.iter().take(MAX_TEXT / 2).enumerate() {
        if n > 0 {
            text.push(' ');
        }
        for digit in [byte >> 4, byte & 0xf] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    text
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_string() + "…",
        None => text.to_string(),
    }
}

//! Event streams (WHATWG HTML, "Server-sent events").

use super::Field;
use super::notes::{Notes, readable};
use alloc::vec::Vec;

/// Explains an event stream from its first byte.
#[must_use]
pub fn event_stream(bytes: &[u8]) -> Vec<Field> {
    let mut notes = Notes::new(bytes);
    if bytes.starts_with(b"\xef\xbb\xbf") {
        notes.take(
            3,
            "BOM",
            "U+FEFF",
            "one byte order mark at the start is not part of the stream (parsing an event stream)",
        );
    }
    let mut block = Block::default();
    while !notes.rest().is_empty() {
        line(&mut notes, &mut block);
    }
    let is_cut = bytes.last().is_some_and(|byte| !matches!(byte, b'\r' | b'\n'));
    if block.data || block.id || is_cut {
        let meaning =
            "incomplete: a blank line ends a block, and without it nothing comes of it (dispatching the event)";
        notes.incomplete("a blank line", meaning);
    }
    notes.finish()
}

/// What the block has so far.
#[derive(Default)]
struct Block {
    id: bool,
    data: bool,
}

fn line(notes: &mut Notes<'_>, block: &mut Block) {
    let rest = notes.rest();
    let len = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
    let (line, end) = rest.split_at_checked(len).unwrap_or_default();
    let end_len = match end {
        [b'\r', b'\n', ..] => 2,
        [_, ..] => 1,
        [] => 0,
    };
    let text = readable(end.get(..end_len).unwrap_or_default());
    if line.is_empty() {
        notes.take(end_len, "blank line", text, block.dispatched());
        *block = Block::default();
        return;
    }
    field(notes, line, block);
    notes.take(end_len, "end of line", text, "LF, CR or CRLF (parsing an event stream)");
}

impl Block {
    fn dispatched(&self) -> &'static str {
        match self {
            Self { data: true, .. } => "ends the block: the event is dispatched (dispatching the event)",
            Self { id: true, .. } => {
                "ends the block: no data, so no event, but the last event ID moves (dispatching the event)"
            }
            _ => "ends a block without data: nothing is dispatched (dispatching the event)",
        }
    }
}

fn field(notes: &mut Notes<'_>, line: &[u8], block: &mut Block) {
    if line.first() == Some(&b':') {
        notes.take(1, "colon", ":", "a line that begins with a colon is a comment (interpreting an event stream)");
        let comment = line.get(1..).unwrap_or_default();
        notes.take(comment.len(), "comment", readable(comment), "means nothing, but shows that the connection lives");
        return;
    }
    let name_len = line.iter().position(|&byte| byte == b':').unwrap_or(line.len());
    let (name, rest) = line.split_at_checked(name_len).unwrap_or_default();
    // One space behind the colon is not part of the value (interpreting an event stream).
    let colon_len = match rest {
        [b':', b' ', ..] => 2,
        [b':', ..] => 1,
        _ => 0,
    };
    let value = rest.get(colon_len..).unwrap_or_default();
    let text = readable(line.get(..name_len + colon_len).unwrap_or_default());
    notes.take(name_len + colon_len, "field name", text, name_meaning(name));
    let (name, meaning) = value_meaning(name, value);
    block.id |= name == "id" && !value.contains(&0);
    block.data |= name == "data";
    notes.take(value.len(), name, readable(value), meaning);
}

fn name_meaning(name: &[u8]) -> &'static str {
    match name {
        b"data" => "a line of the event's data (processing the field)",
        b"event" => "the event's type (processing the field)",
        b"id" => "the last event ID from here on (processing the field)",
        b"retry" => "the time before a reconnection (processing the field)",
        _ => "not known, so the line is ignored (processing the field)",
    }
}

fn value_meaning(name: &[u8], value: &[u8]) -> (&'static str, &'static str) {
    match name {
        b"data" => ("data", "what the event says; several data lines are joined by LF (processing the field)"),
        b"event" => ("event", "which listeners it is for; without one it is \"message\" (dispatching the event)"),
        b"id" if value.contains(&0) => ("id", "ignored, for it has a NUL (processing the field)"),
        b"id" => ("id", "sent as Last-Event-ID after a reconnection; here the cursor (the `Last-Event-ID` header)"),
        b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
            ("retry", "in milliseconds; takes effect with its line (processing the field)")
        }
        b"retry" => ("retry", "ignored, for it is not only digits (processing the field)"),
        _ => ("ignored value", "of a field that means nothing (processing the field)"),
    }
}

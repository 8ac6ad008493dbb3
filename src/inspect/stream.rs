//! Event streams (WHATWG HTML, "Server-sent events").

use super::Field;
use super::notes::{Behind, Notes, bytes as words, readable};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Explains an event stream from its first byte.
#[must_use]
pub fn event_stream(bytes: &[u8]) -> Vec<Field> {
    let mut notes = Notes::new(bytes);
    EventStream::default().step(&mut notes, Behind::End);
    notes.finish()
}

/// An event stream as it comes.
#[derive(Debug, Default)]
pub(super) struct EventStream {
    has_begun: bool,
    /// An LF that comes next belongs to the CR before it.
    after_cr: bool,
    /// A line too long to wait for its end, of which this is the value.
    open: Option<&'static str>,
    /// Whether a line has begun and not ended.
    is_within: bool,
    block: Block,
    /// The last event ID as of the end of the last block.
    id: Option<String>,
}

/// What the block has so far.
#[derive(Debug, Default)]
struct Block {
    id: Option<String>,
    event: Option<String>,
    /// Lines of data, and bytes with an LF behind each.
    lines: usize,
    bytes: usize,
}

const BOM: &[u8] = b"\xef\xbb\xbf";
/// How much of an id or an event's type is told again where the event is dispatched, in bytes.
const MAX_TOLD: usize = 40;

impl EventStream {
    pub(super) fn step(&mut self, notes: &mut Notes<'_>, behind: Behind) {
        if !self.has_begun {
            if behind == Behind::More && BOM.starts_with(notes.rest()) && notes.rest() != BOM {
                return;
            }
            self.has_begun = !notes.rest().is_empty();
            if notes.rest().starts_with(BOM) {
                let meaning = "one byte order mark at the start is not part of the stream (parsing an event stream)";
                notes.take(BOM.len(), "BOM", "U+FEFF", meaning);
            }
        }
        while !notes.rest().is_empty() && self.line(notes, behind) {}
        if behind == Behind::End && (self.is_within || self.block.lines > 0 || self.block.id.is_some()) {
            let meaning =
                "incomplete: a blank line ends a block, and without it nothing comes of it (dispatching the event)";
            notes.incomplete("a blank line", meaning);
        }
    }

    /// One line; whether it was taken with its end.
    fn line(&mut self, notes: &mut Notes<'_>, behind: Behind) -> bool {
        let rest = notes.rest();
        if core::mem::take(&mut self.after_cr) && rest.first() == Some(&b'\n') {
            notes.take(1, "end of line", "\\n", "belongs to the CR before it (parsing an event stream)");
            return true;
        }
        let len = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
        let (line, end) = rest.split_at_checked(len).unwrap_or_default();
        let end_len = match end {
            [b'\r', b'\n', ..] => 2,
            [_, ..] => 1,
            [] if behind == Behind::More => return false,
            [] => 0,
        };
        self.after_cr = end == b"\r";
        let text = readable(end.get(..end_len).unwrap_or_default());
        if let Some(name) = self.open {
            notes.take(line.len(), name, readable(line), "the line goes on");
            self.block.bytes += if name == "data" { line.len() } else { 0 };
        } else if line.is_empty() {
            let dispatched = self.dispatched();
            notes.take(end_len, "blank line", text, dispatched);
            return true;
        } else {
            self.open = Some(self.block.field(notes, line));
        }
        self.is_within = end_len == 0;
        if end_len > 0 {
            self.open = None;
            notes.take(end_len, "end of line", text, "LF, CR or CRLF (parsing an event stream)");
        }
        end_len > 0
    }

    /// What the end of the block brings.
    fn dispatched(&mut self) -> Cow<'static, str> {
        let Block { id, event, lines, bytes } = core::mem::take(&mut self.block);
        let has_moved = id.is_some();
        self.id = id.or(self.id.take());
        if lines == 0 {
            let event = if event.is_some() { ", and its event type is forgotten" } else { "" };
            let meaning =
                if has_moved { "no data, so no event, but the last event ID moves" } else { "no data, so no event" };
            return format!("ends the block: {meaning}{event} (dispatching the event)").into();
        }
        let event = event.filter(|event| !event.is_empty()).unwrap_or_else(|| "message".into());
        let of = if lines == 1 { String::new() } else { format!(" of {lines} lines") };
        // The LF behind the last line is taken off again.
        let data = words(bytes.saturating_sub(1) as u64);
        let id = self.id.as_deref().unwrap_or_default();
        format!(
            "ends the block: an event \"{event}\" is dispatched with {data} of data{of} and the last event ID \"{id}\" \
             (dispatching the event)"
        )
        .into()
    }
}

impl Block {
    /// A line that is not blank: what its value is called.
    fn field(&mut self, notes: &mut Notes<'_>, line: &[u8]) -> &'static str {
        if line.first() == Some(&b':') {
            notes.take(1, "colon", ":", "a line that begins with a colon is a comment (interpreting an event stream)");
            let comment = line.get(1..).unwrap_or_default();
            let meaning = "means nothing, but shows that the connection lives";
            notes.take(comment.len(), "comment", readable(comment), meaning);
            return "comment";
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
        notes.take(name_len + colon_len, "field name", text, name_meaning(name, value));
        let (called, meaning) = value_meaning(name, value);
        match name {
            b"id" if !value.contains(&0) => self.id = Some(told(value)),
            b"event" => self.event = Some(told(value)),
            b"data" => (self.lines, self.bytes) = (self.lines + 1, self.bytes + value.len() + 1),
            _ => {}
        }
        let meaning = match core::str::from_utf8(value) {
            Ok(_) => Cow::Borrowed(meaning),
            Err(_) => format!("{meaning}; what is not UTF-8 becomes U+FFFD (parsing an event stream)").into(),
        };
        notes.take(value.len(), called, readable(value), meaning);
        called
    }
}

/// For a line that says it again.
fn told(value: &[u8]) -> String {
    match value.get(..MAX_TOLD) {
        Some(start) if value.len() > MAX_TOLD => readable(start) + "…",
        _ => readable(value),
    }
}

fn name_meaning(name: &[u8], value: &[u8]) -> &'static str {
    match name {
        b"data" if value.is_empty() => "a line of the event's data, an empty one (processing the field)",
        b"data" => "a line of the event's data (processing the field)",
        b"event" if value.is_empty() => "the event's type, empty: as if there were none (dispatching the event)",
        b"event" => "the event's type (processing the field)",
        b"id" if value.is_empty() => "the last event ID, empty: from here on there is none (processing the field)",
        b"id" => "the last event ID from here on (processing the field)",
        b"retry" if value.is_empty() => "ignored, for it has no digits (processing the field)",
        b"retry" => "the time before a reconnection (processing the field)",
        _ if name.starts_with(BOM) => {
            "not known, so the line is ignored: its name begins with a byte order mark, of which only one at the \
             stream's start is taken off (parsing an event stream)"
        }
        _ if [&b"data"[..], b"event", b"id", b"retry"]
            .iter()
            .any(|known| name.trim_ascii().eq_ignore_ascii_case(known)) =>
        {
            "not known, so the line is ignored: names count letter by letter, case and blanks too (processing the field)"
        }
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

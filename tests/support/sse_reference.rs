//! A slow and obvious decoder of event streams, in the order of the standard's text (WHATWG HTML, "Parsing an event
//! stream" and "Interpreting an event stream"), for comparing the real one with.

use std::borrow::Cow;
use std::time::Duration;
use tidings::sse::Decoded;

/// What a stream means: each event with the last event ID in force after it.
pub fn decode(stream: &[u8]) -> Vec<(Decoded<'static>, String)> {
    // Parsing: decode as UTF-8, which drops one byte order mark and replaces what is malformed.
    let stream = stream.strip_prefix(b"\xef\xbb\xbf").unwrap_or(stream);
    let text = String::from_utf8_lossy(stream);
    let mut source = Source::default();
    for line in complete_lines(&text) {
        source.line(&line);
    }
    // The end of the stream: what is pending is discarded.
    source.seen
}

/// Parsing: lines end with CRLF, LF or CR. What follows the last end is no line yet.
fn complete_lines(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    lines.pop();
    lines
}

#[derive(Default)]
struct Source {
    data_buffer: String,
    event_type_buffer: String,
    last_event_id_buffer: String,
    last_event_id: String,
    /// Not in the standard: to report blocks that are only about the ID.
    id_in_block: bool,
    seen: Vec<(Decoded<'static>, String)>,
}

impl Source {
    /// Interpreting: what a line means.
    fn line(&mut self, line: &str) {
        if line.is_empty() {
            self.dispatch();
        } else if line.starts_with(':') {
            // A comment.
        } else if let Some((field, value)) = line.split_once(':') {
            self.field(field, value.strip_prefix(' ').unwrap_or(value));
        } else {
            self.field(line, "");
        }
    }

    /// Interpreting: processing the field.
    fn field(&mut self, field: &str, value: &str) {
        match field {
            "event" => value.clone_into(&mut self.event_type_buffer),
            "data" => {
                self.data_buffer.push_str(value);
                self.data_buffer.push('\n');
            }
            "id" if !value.contains('\0') => {
                value.clone_into(&mut self.last_event_id_buffer);
                self.id_in_block = true;
            }
            "retry" if !value.is_empty() && value.chars().all(|c| c.is_ascii_digit()) => {
                let wait = Duration::from_millis(value.parse().unwrap_or(u64::MAX));
                self.seen.push((Decoded::Retry(wait), self.last_event_id.clone()));
            }
            _ => {}
        }
    }

    /// Interpreting: dispatching the event.
    fn dispatch(&mut self) {
        self.last_event_id.clone_from(&self.last_event_id_buffer);
        let id = self.id_in_block.then(|| Cow::Owned(self.last_event_id.clone()));
        self.id_in_block = false;
        if self.data_buffer.is_empty() {
            self.event_type_buffer.clear();
            self.seen.extend(id.map(|id| (Decoded::LastEventId(id), self.last_event_id.clone())));
            return;
        }
        if self.data_buffer.ends_with('\n') {
            self.data_buffer.pop();
        }
        let mut event = std::mem::take(&mut self.event_type_buffer);
        if event.is_empty() {
            "message".clone_into(&mut event);
        }
        let data = std::mem::take(&mut self.data_buffer);
        let message = Decoded::Message { event: Cow::Owned(event), data: Cow::Owned(data), id };
        self.seen.push((message, self.last_event_id.clone()));
    }
}

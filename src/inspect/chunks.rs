//! Chunked bodies (RFC 9112 §7.1), with what they carry explained across the chunks.

use super::Field;
use super::notes::{Notes, bytes as words, readable};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Explains a chunked body. `content` explains what it carries, given in one piece without the framing; a field that
/// goes over the end of a chunk is continued in the next.
///
/// ```
/// use tidings::inspect::{chunked, event_stream};
///
/// let fields = chunked(b"8\r\ndata: he\r\n5\r\nllo\n\n\r\n0\r\n\r\n", event_stream);
/// let names: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
/// assert_eq!(names[..4], ["chunk size", "field name", "data", "end of chunk"]);
/// assert_eq!(names[4..8], ["chunk size", "data", "end of line", "blank line"]);
/// assert_eq!(names[8..], ["end of chunk", "last chunk", "end of body"]);
/// ```
#[must_use]
pub fn chunked(bytes: &[u8], content: impl FnOnce(&[u8]) -> Vec<Field>) -> Vec<Field> {
    let data = data(bytes);
    let fields = content(&data);
    let mut pieces = Pieces { fields: fields.into_iter(), open: None };
    let mut notes = Notes::new(bytes);
    while chunk(&mut notes, &mut pieces) {}
    notes.finish()
}

/// The content without its framing, as far as it can be made out.
fn data(bytes: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    let mut rest = bytes;
    while let Some((line, size)) = size_line(rest) {
        let content = rest.get(line..).unwrap_or_default();
        let taken = content.get(..size).unwrap_or(content);
        data.extend_from_slice(taken);
        rest = content.get(taken.len()..).unwrap_or_default();
        rest = rest.strip_prefix(b"\r\n").unwrap_or(rest);
        if size == 0 || taken.len() < size {
            break;
        }
    }
    data
}

/// The length of the line that a chunk begins with, and the size that it tells.
fn size_line(bytes: &[u8]) -> Option<(usize, usize)> {
    let line = bytes.iter().position(|&byte| byte == b'\n').map(|at| at + 1)?;
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let digits = core::str::from_utf8(bytes.get(..digits)?).ok()?;
    Some((line, usize::from_str_radix(digits, 16).ok()?))
}

/// One chunk; whether another may follow.
fn chunk(notes: &mut Notes<'_>, pieces: &mut Pieces) -> bool {
    let rest = notes.rest();
    if rest.is_empty() {
        return false;
    }
    let Some((line, size)) = size_line(rest) else {
        let is_cut = !rest.contains(&b'\n') && rest.first().is_some_and(u8::is_ascii_hexdigit);
        let fault = if is_cut { "" } else { "Illegal: " };
        let meaning = format!("{fault}hexadecimal digits and CRLF are due (RFC 9112 §7.1)");
        notes.take(rest.len(), "chunk size", readable(rest), meaning);
        if is_cut {
            notes.incomplete("CRLF", "incomplete: the line with the chunk's size has no end yet");
        }
        return false;
    };
    let text = readable(notes.peek(line));
    if size == 0 {
        notes.take(line, "last chunk", text, "size 0 ends the body (RFC 9112 §7.1)");
        trailers(notes);
        return false;
    }
    notes.take(
        line,
        "chunk size",
        text,
        format!("in hexadecimal: {} of data follow (RFC 9112 §7.1)", words(size as u64)),
    );
    let data = size.min(notes.rest().len());
    notes.splice(pieces.take(data));
    if data < size {
        notes.missing((size - data) as u64, "the chunk's data");
        return false;
    }
    match notes.rest() {
        [b'\r', b'\n', ..] => notes.take(2, "end of chunk", "\\r\\n", "CRLF behind the data (RFC 9112 §7.1)"),
        [] | [b'\r'] => {
            let found = notes.rest();
            notes.take(found.len(), "end of chunk", readable(found), "CRLF behind the data (RFC 9112 §7.1)");
            notes.missing(2 - found.len() as u64, "the chunk's end");
            return false;
        }
        rest => {
            notes.take(
                rest.len(),
                "end of chunk",
                readable(rest),
                "Illegal: CRLF is due behind the data (RFC 9112 §7.1)",
            );
            return false;
        }
    }
    true
}

fn trailers(notes: &mut Notes<'_>) {
    let rest = notes.rest();
    if rest.is_empty() {
        notes.missing(2, "the end of the body");
        return;
    }
    let end = rest.len() - usize::from(rest.ends_with(b"\r\n")) * 2;
    notes.take(
        end,
        "trailer section",
        readable(notes.peek(end)),
        "more headers, or what does not belong to the body (RFC 9112 §7.1.2)",
    );
    notes.take(2, "end of body", "\\r\\n", "the empty line (RFC 9112 §7.1)");
}

/// The fields of the content, handed out in step with the chunks.
struct Pieces {
    fields: alloc::vec::IntoIter<Field>,
    /// The rest of a field that went over the end of a chunk.
    open: Option<Field>,
}

impl Pieces {
    /// The fields of the next `len` bytes, counted from 0.
    fn take(&mut self, len: usize) -> Vec<Field> {
        let (mut taken, mut at) = (Vec::new(), 0);
        while at < len {
            let Some(mut field) = self.open.take().or_else(|| self.fields.next()) else { break };
            let room = len - at;
            if field.len > room {
                let text = String::from("…");
                self.open = Some(Field { len: field.len - room, text, ..field.clone() });
                field.len = room;
            }
            field.at = at;
            at += field.len;
            taken.push(field);
        }
        taken
    }
}

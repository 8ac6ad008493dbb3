//! Chunked bodies (RFC 9112 §7.1), with what they carry explained across the chunks.

use super::content::Content;
use super::notes::{Behind, Notes, bytes as words, readable};
use super::{Field, Format};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Explains a chunked body that carries this; what is neither an event stream nor JSON is told as it is. A field that goes
/// over the end of a chunk is continued in the next.
///
/// ```
/// use tidings::inspect::{Format, chunked};
///
/// let fields = chunked(b"8\r\ndata: he\r\n5\r\nllo\n\n\r\n0\r\n\r\n", Format::EventStream);
/// let names: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
/// assert_eq!(names[..4], ["chunk size", "field name", "data", "end of chunk"]);
/// assert_eq!(names[4..8], ["chunk size", "data", "end of line", "blank line"]);
/// assert_eq!(names[8..], ["end of chunk", "last chunk", "end of body"]);
/// ```
#[must_use]
pub fn chunked(bytes: &[u8], format: Format) -> Vec<Field> {
    let mut notes = Notes::new(bytes);
    Chunks::new(Some(format)).step(&mut notes, Behind::End);
    let rest = notes.rest();
    notes.take(rest.len(), "rest", readable(rest), "not of this body any more (RFC 9112 §7.1)");
    notes.finish()
}

/// A chunked body as it comes.
#[derive(Debug)]
pub(super) struct Chunks {
    place: Place,
    /// Whether a chunk has come.
    has_begun: bool,
    content: Content,
}

/// What is due next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The line that a chunk begins with.
    Size,
    /// So many bytes of a chunk's data.
    Data(usize),
    /// The line end behind the data.
    DataEnd,
    /// Behind the last chunk.
    Trailers,
    /// Nothing more.
    Over,
    /// The content as it is: there are no chunks.
    Plain,
    /// Something that is no chunk: no sense can be made of what follows.
    Lost,
}

impl Chunks {
    pub(super) fn new(format: Option<Format>) -> Self {
        Self { place: Place::Size, has_begun: false, content: Content::new(format) }
    }

    /// Takes what it can; whether the body has come to its end.
    pub(super) fn step(&mut self, notes: &mut Notes<'_>, behind: Behind) -> bool {
        if !self.has_begun && self.is_plain(notes.rest()) {
            self.place = Place::Plain;
        }
        if self.place == Place::Plain {
            let (before, warning) = (notes.rest().len(), if self.has_begun { "" } else { NO_CHUNKS });
            notes.warn(warning, |notes| self.content.step(notes, behind));
            self.has_begun |= notes.rest().len() < before;
            return false;
        }
        let (data, is_last) = data(notes.rest(), self.place);
        let mut content = Notes::new(&data);
        if matches!(self.place, Place::Size | Place::Data(_) | Place::DataEnd) {
            self.content.step(&mut content, if is_last { Behind::End } else { behind });
        }
        let mut pieces = Pieces::new(content.finish());
        while self.one(notes, &mut pieces, behind) {}
        if behind == Behind::End
            && !notes.is_incomplete()
            && let Some(missing) = pieces.missing
        {
            notes.incomplete(missing.text, missing.meaning);
        }
        self.place == Place::Over
    }

    /// Whether the body does not begin with a chunk, but with what it carries.
    fn is_plain(&self, rest: &[u8]) -> bool {
        let is_settled = rest.contains(&b'\n') || rest.first().is_some_and(|first| !first.is_ascii_hexdigit());
        is_settled && size_line(rest).is_none() && !matches!(self.content, Content::Opaque)
    }

    /// The next part of the framing or of the data; whether another may follow.
    fn one(&mut self, notes: &mut Notes<'_>, pieces: &mut Pieces, behind: Behind) -> bool {
        let rest = notes.rest();
        if let Place::Data(left) = self.place {
            let here = left.min(rest.len());
            let taken = notes.splice(pieces.take(here));
            self.place = if taken == left { Place::DataEnd } else { Place::Data(left - taken) };
            if behind == Behind::End && here < left {
                notes.missing((left - here) as u64, "the chunk's data");
            }
            return taken == left;
        }
        match self.place {
            _ if rest.is_empty() => {
                if behind == Behind::End {
                    self.say_missing(notes);
                }
                false
            }
            Place::Size => self.size(notes, pieces, behind),
            Place::DataEnd => self.data_end(notes, behind),
            Place::Trailers => self.trailer(notes, behind),
            Place::Lost => {
                notes.take(rest.len(), "rest", readable(rest), "unknown: what stands before it is no chunk");
                false
            }
            Place::Over | Place::Plain | Place::Data(_) => false,
        }
    }

    fn say_missing(&self, notes: &mut Notes<'_>) {
        match self.place {
            Place::DataEnd => notes.missing(2, "the chunk's end"),
            Place::Trailers => notes.missing(2, "the end of the body"),
            _ => {}
        }
    }

    fn size(&mut self, notes: &mut Notes<'_>, pieces: &mut Pieces, behind: Behind) -> bool {
        let rest = notes.rest();
        let Some((line, size)) = size_line(rest) else {
            let is_cut = !rest.contains(&b'\n') && rest.first().is_some_and(u8::is_ascii_hexdigit);
            if is_cut && behind == Behind::More {
                return false;
            }
            let fault = if is_cut && behind == Behind::End { "" } else { "Illegal: " };
            let meaning = format!("{fault}hexadecimal digits and CRLF are due (RFC 9112 §7.1)");
            notes.take(rest.len(), "chunk size", readable(rest), meaning);
            self.place = Place::Lost;
            if is_cut && behind == Behind::End {
                notes.incomplete("CRLF", "incomplete: the line with the chunk's size has no end yet");
            }
            return false;
        };
        self.has_begun = true;
        let text = readable(notes.peek(line));
        let extension = if notes.peek(line).contains(&b';') {
            "; what follows the semicolon is an extension that nobody has to know (RFC 9112 §7.1.1)"
        } else {
            ""
        };
        if size == 0 {
            self.place = Place::Trailers;
            let missing = pieces.missing.take().map(|missing| format!("; {}", missing.meaning)).unwrap_or_default();
            let meaning = format!("size 0 ends the body (RFC 9112 §7.1){extension}{missing}");
            notes.take(line, "last chunk", text, meaning);
        } else {
            self.place = Place::Data(size);
            let size = words(size as u64);
            let meaning = format!("in hexadecimal: {size} of data follow (RFC 9112 §7.1){extension}");
            notes.take(line, "chunk size", text, meaning);
        }
        true
    }

    fn data_end(&mut self, notes: &mut Notes<'_>, behind: Behind) -> bool {
        match notes.rest() {
            [b'\r', b'\n', ..] => {
                notes.take(2, "end of chunk", "\\r\\n", "CRLF behind the data (RFC 9112 §7.1)");
                self.place = Place::Size;
                true
            }
            b"\r" if behind != Behind::End => false,
            b"\r" => {
                notes.take(1, "end of chunk", "\\r", "CRLF behind the data (RFC 9112 §7.1)");
                notes.missing(1, "the chunk's end");
                false
            }
            rest => {
                let meaning = "Illegal: CRLF is due behind the data (RFC 9112 §7.1)";
                notes.take(rest.len(), "end of chunk", readable(rest), meaning);
                self.place = Place::Lost;
                false
            }
        }
    }

    fn trailer(&mut self, notes: &mut Notes<'_>, behind: Behind) -> bool {
        let rest = notes.rest();
        let line = rest.iter().position(|&byte| byte == b'\n').map(|at| at + 1);
        match line {
            None if behind == Behind::More => return false,
            None => {
                notes.take(rest.len(), "trailer", readable(rest), TRAILER);
                if behind == Behind::End {
                    notes.incomplete("\\r\\n", "incomplete: an empty line ends the body (RFC 9112 §7.1)");
                }
                return false;
            }
            Some(len) if matches!(notes.peek(len), b"\r\n" | b"\n") => {
                notes.take(len, "end of body", readable(notes.peek(len)), "the empty line (RFC 9112 §7.1)");
                self.place = Place::Over;
            }
            Some(len) => notes.take(len, "trailer", readable(notes.peek(len).trim_ascii_end()), TRAILER),
        }
        self.place != Place::Over
    }
}

const NO_CHUNKS: &str = "Illegal: chunks are due (RFC 9112 §7.1), unless who kept this has taken their framing off, as curl \
                         does without --raw. ";
const TRAILER: &str = "a header that comes behind the content, for who asked for it (RFC 9112 §7.1.2)";

/// The content that is here, without its framing, and whether that was all.
fn data(bytes: &[u8], mut place: Place) -> (Vec<u8>, bool) {
    let (mut data, mut rest) = (Vec::new(), bytes);
    loop {
        match place {
            Place::Data(left) => {
                let taken = rest.get(..left).unwrap_or(rest);
                data.extend_from_slice(taken);
                rest = rest.get(taken.len()..).unwrap_or_default();
                if taken.len() < left {
                    return (data, false);
                }
                place = Place::DataEnd;
            }
            Place::DataEnd => match rest.strip_prefix(b"\r\n") {
                Some(behind) => (rest, place) = (behind, Place::Size),
                None => return (data, false),
            },
            Place::Size => match size_line(rest) {
                Some((line, size)) if size > 0 => {
                    rest = rest.get(line..).unwrap_or_default();
                    place = Place::Data(size);
                }
                found => return (data, found.is_some()),
            },
            Place::Trailers | Place::Over | Place::Plain | Place::Lost => return (data, false),
        }
    }
}

/// The length of the line that a chunk begins with, and the size that it tells.
fn size_line(bytes: &[u8]) -> Option<(usize, usize)> {
    let line = bytes.iter().position(|&byte| byte == b'\n').map(|at| at + 1)?;
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let behind = bytes.get(digits..line)?.trim_ascii();
    if !(behind.is_empty() || behind.starts_with(b";")) {
        return None;
    }
    let digits = core::str::from_utf8(bytes.get(..digits)?).ok()?;
    Some((line, usize::from_str_radix(digits, 16).ok()?))
}

/// The fields of the content, handed out in step with the chunks.
struct Pieces {
    fields: alloc::vec::IntoIter<Field>,
    /// The rest of a field that went over the end of a chunk.
    open: Option<Field>,
    /// What is missing at the content's end.
    missing: Option<Field>,
}

impl Pieces {
    fn new(mut fields: Vec<Field>) -> Self {
        let missing = fields.pop_if(|last| last.len == 0);
        Self { fields: fields.into_iter(), open: None, missing }
    }

    /// The fields of the next `len` bytes, counted from 0, or of as many as are explained.
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

//! HTTP/1.1 messages (RFC 9112), and what they carry or switch to.

use super::chunks::Chunks;
use super::content::Content;
use super::frames::{Compression, Frames};
use super::handshake::Asked;
use super::head::{Head, header_meaning, is_token, line, line_len, split, start_meaning};
use super::notes::{Behind, Notes, readable};
use super::{Field, Side};
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

/// Explains requests and responses with their bodies, one after the other. Behind a 101 stand WebSocket frames, also
/// behind a request for it that has no answer here; an event stream and JSON are explained by their `Content-Type`,
/// chunked or not. What answers a request before it is measured by that: its `Sec-WebSocket-Accept`, what it chose.
#[must_use]
pub fn http_message(bytes: &[u8]) -> Vec<Field> {
    let mut notes = Notes::new(bytes);
    Http::default().step(&mut notes, Behind::End);
    notes.finish()
}

/// HTTP messages as they come.
#[derive(Debug, Default)]
pub(super) struct Http {
    /// Whose they are, if that is known; it counts for the frames.
    pub(super) from: Option<Side>,
    /// What was asked and not answered yet.
    pub(super) asked: Option<Asked>,
    /// Whether frames can be compressed.
    pub(super) compression: Compression,
    place: Place,
    head: Head,
    messages: u64,
}

#[derive(Debug, Default)]
enum Place {
    #[default]
    Start,
    Headers,
    /// So many bytes of content.
    Length(u64, Content),
    Chunked(Chunks),
    /// Content up to the end of the stream.
    ToEnd(Content),
    Frames(Box<Frames>),
}

impl Http {
    pub(super) fn step(&mut self, notes: &mut Notes<'_>, behind: Behind) {
        while self.one(notes, behind) {}
    }

    /// Whether the connection has switched to frames.
    pub(super) fn has_switched(&self) -> bool {
        matches!(self.place, Place::Frames(_))
    }

    /// A line, or as much of a body as is there; whether to go on.
    fn one(&mut self, notes: &mut Notes<'_>, behind: Behind) -> bool {
        let is_opening = self.is_opening();
        match &mut self.place {
            Place::Start if notes.rest().is_empty() && self.messages > 0 => false,
            // No request or answer begins with a frame's first byte.
            Place::Start if is_opening && notes.rest().first().is_some_and(|&first| !is_token(&[first])) => {
                self.switch();
                true
            }
            Place::Start => self.start(notes, behind),
            Place::Headers => self.header(notes, behind),
            Place::Length(left, content) => {
                let here = usize::try_from(*left).unwrap_or(usize::MAX).min(notes.rest().len());
                let is_rest = here as u64 == *left;
                let end = match behind {
                    _ if is_rest => Behind::End,
                    Behind::End => Behind::Full,
                    behind => behind,
                };
                let before = notes.rest().len();
                notes.within(here, |notes| {
                    content.step(notes, end);
                    if is_rest {
                        notes.close();
                    }
                });
                *left -= (before - notes.rest().len()) as u64;
                let left = *left;
                if left == 0 {
                    self.place = Place::Start;
                } else if behind == Behind::End && !notes.is_incomplete() {
                    let is_answer = self.head.status.is_some() && !self.head.has_asked;
                    let unless =
                        if here == 0 && is_answer { "the body (unless it answers a HEAD)" } else { "the body" };
                    notes.missing(left, unless);
                }
                left == 0
            }
            Place::Chunked(chunks) => {
                let is_over = chunks.step(notes, behind);
                if is_over {
                    self.place = Place::Start;
                }
                is_over
            }
            Place::ToEnd(content) => {
                content.step(notes, behind);
                false
            }
            Place::Frames(frames) => {
                frames.step(notes, behind);
                false
            }
        }
    }

    /// Whether a handshake was asked for and not refused.
    fn is_opening(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.is_websocket)
            || (self.from == Some(Side::Client) && self.head.is_websocket)
    }

    fn switch(&mut self) {
        self.place = Place::Frames(Box::new(Frames::new(self.from, self.compression)));
    }

    /// The first line of a message.
    fn start(&mut self, notes: &mut Notes<'_>, behind: Behind) -> bool {
        let len = line_len(notes.rest());
        let whole = notes.peek(len);
        if !whole.ends_with(b"\n") && behind == Behind::More {
            return false;
        }
        if matches!(whole, b"\r\n" | b"\n") && self.messages > 0 {
            notes.take(len, "empty line", readable(whole), "between two messages, ignored (RFC 9112 §2.2)");
            return true;
        }
        let (name, meaning) = start_meaning(whole);
        notes.take(len, name, line(whole), meaning);
        self.head = Head::start(whole);
        if self.head.status.is_none() {
            self.asked = None;
        }
        self.head.has_asked = self.asked.is_some();
        self.messages += 1;
        self.place = Place::Headers;
        true
    }

    /// A header, or the empty line behind them.
    fn header(&mut self, notes: &mut Notes<'_>, behind: Behind) -> bool {
        let len = line_len(notes.rest());
        let whole = notes.peek(len);
        if len == 0 {
            if behind == Behind::End {
                notes.incomplete("\\r\\n", "incomplete: an empty line ends the head (RFC 9112 §2.1)");
            }
            return false;
        }
        if !whole.ends_with(b"\n") && behind == Behind::More {
            return false;
        }
        if !matches!(whole, b"\r\n" | b"\n") {
            let (name, value) = split(whole);
            let meaning = header_meaning(whole);
            let special = self.head.note(name, value, self.asked.as_ref());
            let meaning = special.filter(|_| !meaning.starts_with("Illegal")).unwrap_or(Cow::Borrowed(meaning));
            notes.take(len, "header", line(whole), meaning);
            return true;
        }
        let fault = self.head.fault(self.asked.as_ref());
        let fault = fault.map(|fault| fault + ". ").unwrap_or_default();
        let lf = if whole == b"\n" { "; that a CR is missing is overlooked (RFC 9112 §2.2)" } else { "" };
        let text = readable(whole);
        let follows = self.end_of_head();
        notes.take(len, "empty line", text, format!("{fault}ends the head (RFC 9112 §2.1){lf}{follows}"));
        true
    }

    /// What comes behind the head (RFC 9112 §6.3), also in words.
    fn end_of_head(&mut self) -> &'static str {
        let head = core::mem::take(&mut self.head);
        let Head { status, format, len, chunked, .. } = head;
        let is_head = self.asked.as_ref().is_some_and(|asked| asked.is_head);
        self.head = Head { status, has_asked: head.has_asked, ..Head::default() };
        if status.is_none() {
            let asked = head.handshake.asked();
            self.head.is_websocket = asked.is_websocket;
            self.asked = Some(asked);
        } else if status == Some(101) {
            self.compression = if head.handshake.deflate { Compression::Agreed } else { Compression::Refused };
            self.asked = None;
            self.switch();
            return "; what follows is no HTTP any more, but WebSocket frames (RFC 6455 §4.2.2)";
        } else if !matches!(status, Some(100..=199)) {
            self.asked = None;
        }
        let has_none = is_head || matches!(status, Some(100..=199 | 204 | 304));
        self.place = match len {
            _ if has_none => Place::Start,
            _ if chunked == Some(true) => Place::Chunked(Chunks::new(format)),
            Some(len) if chunked.is_none() => Place::Length(len, Content::new(format)),
            _ if status.is_some() => Place::ToEnd(Content::new(format)),
            _ => Place::Start,
        };
        match self.place {
            _ if self.head.is_websocket => "; a server that agrees answers by 101 (RFC 6455 §4.2.2)",
            Place::Chunked(_) => "; the body follows in chunks (RFC 9112 §7.1)",
            Place::ToEnd(_) => "; the body goes up to the end of the connection (RFC 9112 §6.3)",
            Place::Length(1.., _) => "; the body follows",
            _ => "; there is no body (RFC 9112 §6.3)",
        }
    }
}

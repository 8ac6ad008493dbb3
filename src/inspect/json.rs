//! JSON, as far as the envelopes need it: which bytes are a member's name, which its value, and what that is for.

use super::Field;
use super::notes::{Behind, Notes, readable};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Explains JSON: one value, or one on each line. Values of the [envelopes](crate::envelope) are told by their names.
#[must_use]
pub fn json(bytes: &[u8]) -> Vec<Field> {
    let mut notes = Notes::new(bytes);
    Json::default().step(&mut notes, Behind::End);
    notes.finish()
}

/// JSON as it comes.
#[derive(Debug, Default)]
pub(super) struct Json {
    depth: usize,
    /// Within a value that was too long to wait for its end: nothing is told of it up to the end of its line.
    is_cut: bool,
}

impl Json {
    pub(super) fn step(&mut self, notes: &mut Notes<'_>, behind: Behind) {
        if self.is_cut {
            let line = notes.rest().iter().position(|&byte| byte == b'\n');
            let len = line.unwrap_or(notes.rest().len());
            notes.take(len, "value", readable(notes.peek(len)), "the value goes on");
            self.is_cut = line.is_none();
        }
        if behind == Behind::End {
            return self.values(notes, true);
        }
        let whole = whole_lines(notes.rest());
        let len = if whole == 0 && behind == Behind::Full { notes.rest().len() } else { whole };
        notes.within(len, |notes| self.values(notes, false));
        if len > whole {
            (self.depth, self.is_cut) = (0, true);
        }
    }

    fn values(&mut self, notes: &mut Notes<'_>, is_end: bool) {
        let mut cut = false;
        while let Some(&first) = notes.rest().first() {
            let rest = notes.rest();
            match first {
                b'\n' if self.depth == 0 => notes.take(1, "end of line", "\\n", "ends the object: one a line"),
                b'{' | b'[' => {
                    self.depth += 1;
                    let len = 1 + white(rest.get(1..).unwrap_or_default());
                    member(notes, len, first);
                }
                b',' => {
                    let len = 1 + white(rest.get(1..).unwrap_or_default());
                    member(notes, len, first);
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    let end = if first == b'}' { "end of object" } else { "end of array" };
                    notes.take(1, end, readable(&[first]), "nothing more belongs to it");
                }
                b'"' | b'-' | b'0'..=b'9' | b'a'..=b'z' => {
                    let len = token_len(rest);
                    cut = first == b'"' && string(rest).is_none() && len == rest.len();
                    notes.take(len, "value", readable(notes.peek(len)), "a value without a name");
                }
                b' ' | b'\t' | b'\r' | b'\n' => notes.take(white(rest), "whitespace", "", "means nothing"),
                _ => notes.take(rest.len(), "not JSON", readable(rest), "Illegal: no JSON value begins like this"),
            }
        }
        if !is_end {
            return;
        }
        if self.depth > 0 {
            let depth = self.depth;
            let (what, is_are) = if depth == 1 { ("end", "is") } else { ("ends", "are") };
            let meaning = format!("incomplete: {depth} {what} of objects or arrays {is_are} missing");
            notes.incomplete(format!("{depth} {what}"), meaning);
        } else if cut {
            notes.incomplete("\"", "incomplete: the string has no end yet");
        }
    }
}

/// How many of the bytes are whole lines at whose end no object or array is open.
fn whole_lines(bytes: &[u8]) -> usize {
    let (mut depth, mut at, mut whole) = (0_usize, 0, 0);
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        match rest.first() {
            Some(b'"') => at += token_len(rest) - 1,
            Some(b'{' | b'[') => depth += 1,
            Some(b'}' | b']') => depth = depth.saturating_sub(1),
            Some(b'\n') if depth == 0 => whole = at + 1,
            _ => {}
        }
        at += 1;
    }
    whole
}

/// Whether it is one whole object.
pub(super) fn is_object(bytes: &[u8]) -> bool {
    bytes.first() == Some(&b'{') && serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(bytes).is_ok()
}

/// What opens an object or array or separates its elements, in `lead` bytes; and the member behind it, if it has a name
/// and a plain value.
fn member(notes: &mut Notes<'_>, lead: usize, opening: u8) {
    let rest = notes.rest().get(lead..).unwrap_or_default();
    let name = string(rest).and_then(|(name, len)| {
        let colon = len + white(rest.get(len..).unwrap_or_default());
        (rest.get(colon) == Some(&b':')).then(|| (name, colon + 1))
    });
    let Some((name, len)) = name else {
        let (name, meaning) = match opening {
            b'{' => ("object", "an object begins"),
            b'[' => ("array", "a list begins"),
            _ => ("comma", "the next element of the list"),
        };
        notes.take(lead, name, readable(notes.peek(lead)), meaning);
        return;
    };
    let len = lead + len + white(rest.get(len..).unwrap_or_default());
    notes.take(len, "member name", readable(notes.peek(len)), format!("the member \"{name}\" of the object"));
    let rest = notes.rest();
    if !matches!(rest.first(), Some(b'{' | b'[')) {
        let len = token_len(rest);
        let text =
            string(notes.peek(len)).map_or_else(|| readable(notes.peek(len)), |(text, _)| readable(text.as_bytes()));
        let meaning = meaning(&name);
        notes.take(len, known(name), text, meaning);
    }
}

/// What the members of the envelopes are for.
fn meaning(name: &str) -> &'static str {
    match name {
        "type" => "what the envelope is: message, bookmark, reset or drain",
        "id" => "the cursor to resume after; a message's is its id",
        "event" => "what kind of message it is",
        "data" => "what the message says, with JSON's escapes",
        "next" => "the cursor to poll after next",
        "more" => "whether there is more already, so that the next poll is not held",
        "reset" | "reason" => "why messages were lost: trimmed, epoch or future",
        "oldest" => "the cursor to go on with: reading after it gives everything that is left",
        "newest" => "the topic's head",
        _ => "its value",
    }
}

fn known(name: String) -> Cow<'static, str> {
    const MAX_NAME: usize = 40;
    if name.len() <= MAX_NAME { name.into() } else { "value".into() }
}

/// The string that `bytes` begin with, without its escapes, and its length on the wire.
fn string(bytes: &[u8]) -> Option<(String, usize)> {
    let len = Some(token_len(bytes)).filter(|_| bytes.first() == Some(&b'"'))?;
    Some((serde_json::from_slice(bytes.get(..len)?).ok()?, len))
}

/// The length of the string, number or word that `bytes` begin with; at least one, if there are any.
fn token_len(bytes: &[u8]) -> usize {
    if bytes.first() != Some(&b'"') {
        let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'{' | b'[');
        return bytes.iter().position(is_end).unwrap_or(bytes.len()).max(1).min(bytes.len());
    }
    let mut escaped = false;
    for (at, &byte) in bytes.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    bytes.len()
}

fn white(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count()
}

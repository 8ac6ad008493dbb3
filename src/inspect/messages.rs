//! The messages that data frames make up (RFC 6455 §5.4): which fragment belongs to which, and what it says.

use super::notes::{bytes, hex, readable};
use super::{MAX_INFLATED, MAX_INFLATED_IN_ALL};
use crate::ws::ProtocolError;
use crate::ws::deflate::Inflater;
use crate::ws::frame::Opcode;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What one side has sent so far.
#[derive(Debug, Default)]
pub(super) struct Direction {
    /// The type of the message whose last fragment has not come.
    open: Option<Opcode>,
    /// That of the frame under way: a continuation has none of its own.
    kind: Option<Opcode>,
    /// How many messages have begun, and how many fragments the last one has.
    messages: u64,
    fragments: u64,
    is_closed: bool,
    compressed: bool,
    /// The unfinished code point at the end of the text so far.
    pending: Vec<u8>,
    is_broken_text: bool,
    inflating: Inflating,
}

/// What is in a payload, or in a part of one.
pub(super) struct Said {
    pub(super) text: String,
    pub(super) meaning: String,
    /// UTF-8 that was not compressed.
    pub(super) is_plain_text: bool,
}

impl Direction {
    /// A frame begins: what is wrong with it in this place, and which message it belongs to.
    pub(super) fn begin(
        &mut self,
        fin: bool,
        rsv1: bool,
        opcode: Option<Opcode>,
    ) -> (Option<&'static str>, Option<String>) {
        let Some(opcode) = opcode else { return (None, None) };
        if opcode.is_control() {
            let fault = (self.is_closed && opcode == Opcode::Close)
                .then_some("a Close stands behind a Close of the same side (RFC 6455 §5.5.1)");
            self.is_closed |= opcode == Opcode::Close;
            let within = self.open.map(|_| format!("between fragments of message {}", self.messages));
            return (fault, within);
        }
        let fault = match (opcode, self.open) {
            _ if self.is_closed => Some("no data follows a Close of the same side (RFC 6455 §5.5.1)"),
            (Opcode::Continuation, None) => Some("it continues a message, and none is open (RFC 6455 §5.4)"),
            (Opcode::Text | Opcode::Binary, Some(_)) => {
                Some("it begins a message, and the one before has no end yet (RFC 6455 §5.4)")
            }
            _ => None,
        };
        if opcode == Opcode::Continuation {
            self.fragments += 1;
            self.kind = self.open;
            if self.open.is_none() {
                (self.compressed, self.is_broken_text) = (false, false);
            }
        } else {
            (self.messages, self.fragments) = (self.messages + 1, 1);
            (self.compressed, self.is_broken_text) = (rsv1, false);
            self.pending.clear();
            self.inflating.begin(rsv1);
            self.kind = Some(opcode);
        }
        let (messages, fragments) = (self.messages, self.fragments);
        let place = match (opcode, self.open) {
            (Opcode::Continuation, None) => None,
            (Opcode::Continuation, Some(kind)) => {
                Some(format!("fragment {fragments} of {} message {messages}", name(kind)))
            }
            _ if fin => Some(format!("message {messages}")),
            _ => Some(format!("fragment 1 of message {messages}")),
        };
        self.open = self.kind.filter(|_| !fin);
        (fault, place)
    }

    /// What the payload of the frame that was begun last says, or a part of it. `is_end`: of the message.
    pub(super) fn data(&mut self, payload: &[u8], is_end: bool, is_agreed: bool) -> Said {
        let is_text = self.kind == Some(Opcode::Text);
        if self.compressed {
            return self.compressed(payload, is_text, is_end, is_agreed);
        }
        let plain = |text, meaning: &str| Said { text, meaning: meaning.into(), is_plain_text: false };
        if self.kind.is_none() {
            return plain(readable(payload), "of no message");
        }
        if !is_text {
            return plain(hex(payload), "binary data (RFC 6455 §5.6)");
        }
        match self.check_text(payload, is_end) {
            Ok(()) => {
                let meaning = "text, in UTF-8 (RFC 6455 §5.6)".into();
                Said { text: readable(payload), meaning, is_plain_text: true }
            }
            Err(fault) => plain(readable(payload), fault),
        }
    }

    fn compressed(&mut self, payload: &[u8], is_text: bool, is_end: bool, is_agreed: bool) -> Said {
        let (data, why) = self.inflating.inflate(payload, is_end);
        // RFC 6455 §8.1 is about what the message says, and so about what it inflates to.
        let fault = if is_text && why.is_none() { self.check_text(&data, is_end).err() } else { None };
        let text = match why {
            Some(_) if data.is_empty() => hex(payload),
            _ if is_text => readable(&data),
            _ => hex(&data),
        };
        let meaning = match (why, fault) {
            (Some(Fault::Cut), _) => format!(
                "cut: it inflates to more than is inflated here, {MAX_INFLATED} bytes a message and \
                 {MAX_INFLATED_IN_ALL} in all (RFC 7692 §7.2.2)"
            ),
            (Some(Fault::Lost), _) => {
                "compressed, and not inflated: it is of a message that did not inflate before, or \
                                       refers to one (RFC 7692 §7.2.2)"
                    .to_owned()
            }
            (Some(Fault::Bad), _) if !cfg!(feature = "deflate") => {
                "compressed (RFC 7692 §7.2.1); this program was built without the means to inflate it".to_owned()
            }
            (Some(Fault::Bad), _) if is_agreed => "Illegal: it is not DEFLATE data (RFC 7692 §7.2.2)".to_owned(),
            (Some(Fault::Bad), _) => "compressed, but it does not inflate: it refers to messages before these bytes, \
                                      or is not DEFLATE data (RFC 7692 §7.2.2)"
                .to_owned(),
            (None, fault) => {
                let fault = fault.map(|fault| format!("{fault}. ")).unwrap_or_default();
                format!("{fault}DEFLATE data; inflated {} (RFC 7692 §7.2.2)", bytes(data.len() as u64))
            }
        };
        Said { text, meaning, is_plain_text: false }
    }

    /// §8.1: text is UTF-8 as a whole; a fragment may end within a code point.
    fn check_text(&mut self, part: &[u8], is_end: bool) -> Result<(), &'static str> {
        if self.is_broken_text {
            return Ok(()); // said where it began
        }
        let mut text = core::mem::take(&mut self.pending);
        text.extend_from_slice(part);
        match core::str::from_utf8(&text) {
            Ok(_) => Ok(()),
            Err(error) if error.error_len().is_none() && !is_end => {
                self.pending = text.split_off(error.valid_up_to());
                Ok(())
            }
            Err(error) => {
                self.is_broken_text = true;
                Err(match error.error_len() {
                    None => "Illegal: the text ends within a code point (RFC 6455 §8.1)",
                    Some(_) => "Illegal: the text is not UTF-8 (RFC 6455 §8.1)",
                })
            }
        }
    }
}

fn name(kind: Opcode) -> &'static str {
    if kind == Opcode::Text { "text" } else { "binary" }
}

/// The window of one side, and what was made with it.
#[derive(Debug, Default)]
struct Inflating {
    /// `None`: none was needed yet, or the last message has spoilt it.
    inflater: Option<Inflater>,
    /// Whether the message under way has spoilt it.
    is_spoilt: bool,
    /// Whether it has not seen all that the sender's window has.
    has_gaps: bool,
    /// Whether a compressed message is under way.
    is_open: bool,
    /// What the message under way, and all, have become, in bytes.
    message: usize,
    all: usize,
}

/// Why something compressed was not inflated.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Cut,
    Lost,
    Bad,
}

impl Inflating {
    fn begin(&mut self, compressed: bool) {
        if core::mem::replace(&mut self.is_open, compressed) {
            // The message before was broken off, maybe within a block.
            (self.inflater, self.has_gaps) = (None, true);
        }
        self.is_spoilt = false;
        self.message = 0;
    }

    /// A message that refers to nothing before it inflates even where the window was lost.
    fn inflate(&mut self, part: &[u8], is_end: bool) -> (Vec<u8>, Option<Fault>) {
        if is_end {
            self.is_open = false;
        }
        if self.is_spoilt {
            return (Vec::new(), Some(Fault::Lost));
        }
        let inflater = self.inflater.get_or_insert_with(Inflater::new);
        let limit = (MAX_INFLATED - self.message).min(MAX_INFLATED_IN_ALL - self.all);
        let mut data = Vec::new();
        let mut result = inflater.inflate(part, &mut data, limit);
        if is_end {
            result = result.and_then(|()| inflater.finish(&mut data, limit));
        }
        self.message += data.len();
        self.all += data.len();
        let fault = match result {
            Ok(()) => return (data, None),
            Err(ProtocolError::MessageTooBig) => Fault::Cut,
            Err(_) if self.has_gaps => Fault::Lost,
            Err(_) => Fault::Bad,
        };
        (self.is_spoilt, self.has_gaps, self.inflater) = (true, true, None);
        (data, Some(fault))
    }
}

//! The slow path: a block that does not lie whole in the input, put together from pieces of lines.
//!
//! ```text
//!              a colon       a byte of the value or the line's end       the line's end
//!   Start ──▶ Name ──▶ Begun ─────────────────▶ Data, Event, Id, Retry ────────────────▶ Start
//!     │        │  "data", "event", "id", "retry"            │ a NUL in an id, a letter in a retry
//!     └────────┴──────────────────────▶ Skip ◀──────────────┘
//!        a comment, an unknown name
//! ```
//!
//! Only what an event needs is kept, in buffers that serve one block after the other, and each byte is looked at once.

use super::block::Fields;
use super::field::{self, Digits, Field};
use super::limits::{DecodeError, DecoderLimits};
use super::text::{self, Pieces};
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// A block under way.
#[derive(Debug, Clone, Default)]
pub(super) struct Assembly {
    line: LineState,
    /// The value of the `id` line under way, which a NUL can still make void.
    id_line: Vec<u8>,
    event: Vec<u8>,
    id: Vec<u8>,
    has_id: bool,
    /// The standard's data buffer, but for the LF behind the last line.
    data: Pieces,
    has_data: bool,
}

/// How far the line under way has been understood.
#[derive(Debug, Clone, Copy, Default)]
enum LineState {
    /// Nothing of it has come.
    #[default]
    Start,
    /// The first `len` bytes of a name.
    Name {
        bytes: [u8; Field::LONGEST],
        len: usize,
    },
    /// A name and its colon, and nothing of the value.
    Begun(Field),
    /// Some of a value, or of what may become one.
    Data,
    Event,
    Id,
    Retry(Digits),
    /// The rest of it means nothing.
    Skip,
}

impl Assembly {
    /// Whether nothing of a block is held, so that the next byte may as well be the block's first.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        matches!(self.line, LineState::Start) && !self.has_data && !self.has_id && self.event.is_empty()
    }

    /// Takes over what the fast path has read of a block.
    pub(super) fn adopt(&mut self, fields: &Fields<'_, [u8]>) {
        if let Some(event) = fields.event {
            self.event.extend_from_slice(event);
        }
        if let Some(id) = fields.id {
            self.id.extend_from_slice(id);
            self.has_id = true;
        }
        if let Some(data) = fields.data {
            self.data.push(data);
            self.has_data = true;
        }
    }

    /// Whether this short input begins with more of the value of a data line, and all of it could be: then
    /// [`push_data`](Self::push_data) may be called. Where inputs are short that is by far the most frequent.
    #[inline]
    pub(super) fn is_in_data(&self, input: &[u8], limits: &DecoderLimits) -> bool {
        matches!(self.line, LineState::Data)
            && self.data.has_room_for(input)
            && field::check_data(self.data.len(), input, limits.data).is_ok()
    }

    #[inline]
    pub(super) fn push_data(&mut self, piece: &[u8]) {
        self.data.push_short(piece);
    }

    /// [`push_data`](Self::push_data) up to the end of the line.
    #[inline]
    pub(super) fn push_last_data(&mut self, piece: &[u8]) {
        self.data.push_short(piece);
        self.line = LineState::Start;
    }

    /// Takes a piece of a line, without its end.
    pub(super) fn feed(&mut self, piece: &[u8], limits: &DecoderLimits) -> Result<(), DecodeError> {
        let mut rest = piece;
        while let Some(&first) = rest.first() {
            rest = match &mut self.line {
                LineState::Start => self.feed_start(first, rest, limits)?,
                LineState::Name { .. } => self.feed_name(rest, limits)?,
                &mut LineState::Begun(field) => {
                    self.line = match field {
                        Field::Data => LineState::Data,
                        Field::Event => LineState::Event,
                        Field::Id => LineState::Id,
                        Field::Retry => LineState::Retry(Digits::default()),
                    };
                    // Interpreting: one space after the colon is not part of the value.
                    rest.strip_prefix(b" ").unwrap_or(rest)
                }
                LineState::Data => {
                    self.data.push(field::check_data(self.data.len(), rest, limits.data)?);
                    return Ok(());
                }
                _ => return self.feed_value(rest, limits),
            };
        }
        Ok(())
    }

    /// Takes the first bytes of a line.
    fn feed_start<'a>(&mut self, first: u8, piece: &'a [u8], limits: &DecoderLimits) -> Result<&'a [u8], DecodeError> {
        if let Some((field, [b':', value @ ..])) = field::split_name(piece) {
            self.open_value(Some(field), limits)?;
            return Ok(value);
        }
        // Interpreting: a line that begins with a colon is a comment.
        self.line =
            if first == b':' { LineState::Skip } else { LineState::Name { bytes: [0; Field::LONGEST], len: 0 } };
        Ok(piece)
    }

    /// Takes bytes of a name up to the colon and gives back what follows it.
    fn feed_name<'a>(&mut self, piece: &'a [u8], limits: &DecoderLimits) -> Result<&'a [u8], DecodeError> {
        let LineState::Name { bytes, len } = &mut self.line else { return Ok(piece) };
        let mut rest = piece;
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            if byte == b':' {
                let field = bytes.get(..*len).and_then(Field::named);
                self.open_value(field, limits)?;
                return Ok(rest);
            }
            let Some(slot) = bytes.get_mut(*len) else {
                self.line = LineState::Skip; // longer than any name that means something
                return Ok(&[]);
            };
            *slot = byte;
            *len += 1;
        }
        Ok(rest)
    }

    /// The name is known.
    #[inline]
    fn open_value(&mut self, field: Option<Field>, limits: &DecoderLimits) -> Result<(), DecodeError> {
        // Processing the field: other names are ignored.
        let Some(field) = field else {
            self.line = LineState::Skip;
            return Ok(());
        };
        match field {
            Field::Data => {
                // Processing the field, `data`: lines are joined by LF.
                if self.has_data {
                    self.data.push(field::check_data(self.data.len(), b"\n", limits.data)?);
                }
                self.has_data = true;
            }
            // Processing the field, `event`: the last one counts.
            Field::Event => self.event.clear(),
            Field::Id => self.id_line.clear(),
            Field::Retry => {}
        }
        self.line = LineState::Begun(field);
        Ok(())
    }

    /// Takes bytes of a value that is not data, or skips them.
    fn feed_value(&mut self, piece: &[u8], limits: &DecoderLimits) -> Result<(), DecodeError> {
        match self.line {
            LineState::Event => {
                self.event.extend_from_slice(field::check_event(self.event.len(), piece, limits.event)?);
            }
            LineState::Id => match field::check_id(self.id_line.len(), piece, limits.id)? {
                Some(part) => self.id_line.extend_from_slice(part),
                None => self.line = LineState::Skip,
            },
            LineState::Retry(digits) => {
                self.line = digits.append(piece).map_or(LineState::Skip, LineState::Retry);
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the line under way has no byte yet, so that its end would be a blank line.
    #[inline]
    pub(super) fn at_line_start(&self) -> bool {
        matches!(self.line, LineState::Start)
    }

    /// A line that is not blank has ended. Gives the time of a `retry`, which takes effect at once.
    pub(super) fn end_line(&mut self, limits: &DecoderLimits) -> Result<Option<Duration>, DecodeError> {
        if let LineState::Name { bytes, len } = self.line {
            // Interpreting: a line without a colon is a field with the empty value.
            self.open_value(bytes.get(..len).and_then(Field::named), limits)?;
        }
        match core::mem::take(&mut self.line) {
            LineState::Id | LineState::Begun(Field::Id) => {
                core::mem::swap(&mut self.id, &mut self.id_line);
                self.has_id = true;
                Ok(None)
            }
            LineState::Retry(digits) => Ok(digits.wait()),
            _ => Ok(None),
        }
    }

    /// The type of the block, if it has one.
    pub(super) fn event(&self) -> Option<Cow<'_, str>> {
        (!self.event.is_empty()).then(|| text::decode(&self.event))
    }

    /// The ID that the block sets, if it does.
    pub(super) fn id(&self) -> Option<Cow<'_, str>> {
        self.has_id.then(|| text::decode(&self.id))
    }

    /// Hands out the data, if there is any; the rest of the block is forgotten.
    pub(super) fn finish(&mut self) -> Option<String> {
        self.event.clear();
        self.id.clear();
        self.has_id = false;
        core::mem::take(&mut self.has_data).then(|| self.data.take())
    }

    /// The end of the stream: an incomplete block is discarded.
    pub(super) fn discard(&mut self) {
        *self = Self::default();
    }
}

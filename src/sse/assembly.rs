//! The slow path: a block that does not lie whole in the input, put together from pieces of lines.
//!
//! ```text
//!              a colon or the line's end          the line's end
//!   Start ──▶ Name ─────────────────────▶ Value ────────────────▶ Start
//!     │        │  "data", "event", "id", "retry"  │ a NUL in an id, a letter in a retry
//!     └────────┴──────────▶ Skip ◀────────────────┘
//!        a comment, an unknown name
//! ```
//!
//! Only what an event needs is kept, and each byte is looked at once.

use super::block::Fields;
use super::field::{self, Digits, Field};
use super::limits::{DecodeError, DecoderLimits};
use super::text::{self, Pieces};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// The most room taken for data before it arrives, by the length of the event before.
const EXPECTED_DATA_MAX: usize = 4096;

/// A block under way.
#[derive(Debug, Clone, Default)]
pub(super) struct Assembly {
    line: LineState,
    /// The value of the `id` line under way, which a NUL can still make void.
    id_line: Vec<u8>,
    event: Vec<u8>,
    id: Option<Vec<u8>>,
    /// The standard's data buffer, but for the LF behind the last line.
    data: Option<Pieces>,
    /// The length of the data dispatched last: events of one stream are much alike.
    expected_data: usize,
}

/// How far the line under way has been understood.
#[derive(Debug, Clone, Copy, Default)]
enum LineState {
    /// Nothing of it has come.
    #[default]
    Start,
    /// The first `len` bytes of a name.
    Name { bytes: [u8; Field::LONGEST], len: usize },
    /// The value of a field; `at_start` until its first byte, which is left out if it is a space.
    Value { field: Field, at_start: bool, digits: Digits },
    /// The rest of it means nothing.
    Skip,
}

/// A block that was ended by its blank line.
pub(super) struct Dispatched {
    pub(super) event: Option<String>,
    pub(super) id: Option<String>,
    pub(super) data: Option<String>,
}

impl Assembly {
    /// Whether nothing of a block is held, so that the next byte may as well be the block's first.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        matches!(self.line, LineState::Start) && self.data.is_none() && self.id.is_none() && self.event.is_empty()
    }

    /// Takes over what the fast path has read of a block.
    pub(super) fn adopt(&mut self, fields: &Fields<'_, [u8]>) {
        if let Some(event) = fields.event {
            self.event.extend_from_slice(event);
        }
        self.id = fields.id.map(Vec::from);
        if let Some(data) = fields.data {
            self.open_data().push(data);
        }
    }

    /// Takes a piece of a line, without its end.
    #[inline]
    pub(super) fn feed(&mut self, piece: &[u8], limits: &DecoderLimits) -> Result<(), DecodeError> {
        if let LineState::Value { field: Field::Data, at_start: false, .. } = self.line {
            return self.feed_data(piece, limits); // by far the most frequent
        }
        self.feed_any(piece, limits)
    }

    fn feed_any(&mut self, piece: &[u8], limits: &DecoderLimits) -> Result<(), DecodeError> {
        let mut rest = piece;
        while let Some(&first) = rest.first() {
            rest = match &mut self.line {
                LineState::Start => {
                    // Interpreting: a line that begins with a colon is a comment.
                    self.line = if first == b':' {
                        LineState::Skip
                    } else {
                        LineState::Name { bytes: [0; Field::LONGEST], len: 0 }
                    };
                    continue;
                }
                LineState::Name { .. } => self.feed_name(rest, limits)?,
                LineState::Value { at_start: at_start @ true, .. } => {
                    *at_start = false;
                    // Interpreting: one space after the colon is not part of the value.
                    rest.strip_prefix(b" ").unwrap_or(rest)
                }
                &mut LineState::Value { field, digits, .. } => {
                    return self.feed_value(field, digits, rest, limits);
                }
                LineState::Skip => return Ok(()),
            };
        }
        Ok(())
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
    fn open_value(&mut self, field: Option<Field>, limits: &DecoderLimits) -> Result<(), DecodeError> {
        // Processing the field: other names are ignored.
        let Some(field) = field else {
            self.line = LineState::Skip;
            return Ok(());
        };
        match field {
            Field::Data => {
                // Processing the field, `data`: lines are joined by LF.
                if let Some(data) = &mut self.data {
                    data.push(field::check_data(data.len(), b"\n", limits.data)?);
                } else {
                    self.open_data();
                }
            }
            // Processing the field, `event`: the last one counts.
            Field::Event => self.event.clear(),
            Field::Id => self.id_line.clear(),
            Field::Retry => {}
        }
        self.line = LineState::Value { field, at_start: true, digits: Digits::default() };
        Ok(())
    }

    /// Takes bytes of a value.
    fn feed_value(
        &mut self,
        field: Field,
        digits: Digits,
        piece: &[u8],
        limits: &DecoderLimits,
    ) -> Result<(), DecodeError> {
        match field {
            Field::Data => self.feed_data(piece, limits)?,
            Field::Event => {
                self.event.extend_from_slice(field::check_event(self.event.len(), piece, limits.event)?);
            }
            Field::Id => match field::check_id(self.id_line.len(), piece, limits.id)? {
                Some(part) => self.id_line.extend_from_slice(part),
                None => self.line = LineState::Skip,
            },
            Field::Retry => {
                self.line = match digits.append(piece) {
                    Some(digits) => LineState::Value { field, at_start: false, digits },
                    None => LineState::Skip,
                };
            }
        }
        Ok(())
    }

    #[inline]
    fn feed_data(&mut self, piece: &[u8], limits: &DecoderLimits) -> Result<(), DecodeError> {
        if let Some(data) = &mut self.data {
            data.push(field::check_data(data.len(), piece, limits.data)?);
        }
        Ok(())
    }

    fn open_data(&mut self) -> &mut Pieces {
        let expected = self.expected_data.min(EXPECTED_DATA_MAX);
        self.data.get_or_insert_with(|| Pieces::expecting(expected))
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
        let line = core::mem::take(&mut self.line);
        Ok(match line {
            LineState::Value { field: Field::Id, .. } => {
                let id = self.id.get_or_insert_default();
                core::mem::swap(id, &mut self.id_line);
                None
            }
            LineState::Value { field: Field::Retry, digits, .. } => digits.wait(),
            _ => None,
        })
    }

    /// A blank line: hands out the block, and all buffers are empty again.
    pub(super) fn dispatch(&mut self) -> Dispatched {
        let data = self.data.take();
        self.expected_data = data.as_ref().map_or(self.expected_data, Pieces::len);
        let event = core::mem::take(&mut self.event);
        Dispatched {
            event: (!event.is_empty()).then(|| text::decode_owned(event)),
            id: self.id.take().map(text::decode_owned),
            data: data.map(Pieces::into_text),
        }
    }

    /// The end of the stream: an incomplete block is discarded.
    pub(super) fn discard(&mut self) {
        *self = Self { expected_data: self.expected_data, ..Self::default() };
    }
}

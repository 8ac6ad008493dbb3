//! The fast path: the fields of a block, as far as it lies in the input, without a copy.

use super::field::{self, Field};
use super::limits::{DecodeError, DecoderLimits};
use super::scan::split_line;
use super::text;
use core::time::Duration;

/// The fields of a block so far, in the input, as bytes or as text.
pub(super) struct Fields<'a, T: ?Sized> {
    pub(super) event: Option<&'a T>,
    pub(super) id: Option<&'a T>,
    pub(super) data: Option<&'a T>,
}

impl<'a> Fields<'a, [u8]> {
    /// The fields as text, if all of them are UTF-8.
    #[inline]
    pub(super) fn texts(&self) -> Option<Fields<'a, str>> {
        Some(Fields {
            event: text::valid_if_any(self.event)?,
            id: text::valid_if_any(self.id)?,
            data: text::valid_if_any(self.data)?,
        })
    }
}

/// What stopped the reading of a block.
pub(super) enum Stop {
    /// The blank line: the block is whole.
    Blank,
    /// A `retry` line, which takes effect at once; the block goes on behind it.
    Retry(Duration),
    /// Another data line, which cannot be borrowed together with the first.
    Data,
    /// The next line is not complete.
    Open,
}

/// The front of the input, read from the start of a block.
pub(super) struct Front<'a> {
    pub(super) fields: Fields<'a, [u8]>,
    pub(super) stop: Stop,
    /// What was not read yet; begins with a line.
    pub(super) rest: &'a [u8],
    /// See [`Line::cr_at_end`](super::scan::Line::cr_at_end).
    pub(super) cr_at_end: bool,
}

/// Reads the lines of a block until something stops it.
#[inline]
pub(super) fn read<'a>(input: &'a [u8], limits: &DecoderLimits) -> Result<Front<'a>, DecodeError> {
    let mut front =
        Front { fields: Fields { event: None, id: None, data: None }, stop: Stop::Open, rest: input, cr_at_end: false };
    while let Some(line) = split_line(front.rest) {
        if line.text.is_empty() {
            front.stop = Stop::Blank;
        } else {
            match field::parse(line.text) {
                Some((Field::Data, value)) => {
                    if front.fields.data.is_some() {
                        front.stop = Stop::Data;
                        return Ok(front);
                    }
                    front.fields.data = Some(field::check_data(0, value, limits.data)?);
                }
                Some((Field::Event, value)) => {
                    front.fields.event = Some(field::check_event(0, value, limits.event)?);
                }
                Some((Field::Id, value)) => {
                    front.fields.id = field::check_id(0, value, limits.id)?.or(front.fields.id);
                }
                Some((Field::Retry, value)) => {
                    if let Some(wait) = field::Digits::default().append(value).and_then(field::Digits::wait) {
                        front.stop = Stop::Retry(wait);
                    }
                }
                None => {}
            }
        }
        front.rest = line.rest;
        front.cr_at_end = line.cr_at_end;
        if !matches!(front.stop, Stop::Open) {
            break;
        }
    }
    Ok(front)
}

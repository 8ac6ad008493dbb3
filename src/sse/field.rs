//! What a line says: one of the four fields, or nothing.

use super::limits::DecodeError;
use super::scan;
use core::time::Duration;

/// The fields that mean something. Names are compared byte by byte, without folding case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Data,
    Event,
    Id,
    Retry,
}

impl Field {
    /// Length of the longest name.
    pub(super) const LONGEST: usize = 5;

    pub(super) fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"data" => Some(Self::Data),
            b"event" => Some(Self::Event),
            b"id" => Some(Self::Id),
            b"retry" => Some(Self::Retry),
            _ => None,
        }
    }
}

/// The field that a line may be, by how it begins, and what follows the name: nothing, a colon, or more of another name.
#[inline]
pub(super) fn split_name(line: &[u8]) -> Option<(Field, &[u8])> {
    match line {
        [b'd', b'a', b't', b'a', rest @ ..] => Some((Field::Data, rest)),
        [b'i', b'd', rest @ ..] => Some((Field::Id, rest)),
        [b'e', b'v', b'e', b'n', b't', rest @ ..] => Some((Field::Event, rest)),
        [b'r', b'e', b't', b'r', b'y', rest @ ..] => Some((Field::Retry, rest)),
        _ => None,
    }
}

/// Splits a complete line that is not blank into field and value; `None` if it is a comment or an unknown field.
#[inline]
pub(super) fn parse(line: &[u8]) -> Option<(Field, &[u8])> {
    // Interpreting an event stream: a line that begins with a colon is a comment, other names are ignored.
    let (field, rest) = split_name(line)?;
    match rest {
        // Interpreting: a line without a colon is a field with the empty value.
        [] => Some((field, rest)),
        // Interpreting: one space after the colon is not part of the value.
        [b':', b' ', value @ ..] | [b':', value @ ..] => Some((field, value)),
        _ => None,
    }
}

/// Data, or a part of it with `before` bytes in front.
#[inline]
pub(super) fn check_data(before: usize, value: &[u8], limit: usize) -> Result<&[u8], DecodeError> {
    if value.len() > limit.saturating_sub(before) { Err(DecodeError::DataTooLong) } else { Ok(value) }
}

/// An event type, or a part of it with `before` bytes in front.
#[inline]
pub(super) fn check_event(before: usize, value: &[u8], limit: usize) -> Result<&[u8], DecodeError> {
    if value.len() > limit.saturating_sub(before) { Err(DecodeError::EventTooLong) } else { Ok(value) }
}

/// An ID, or a part of it with `before` bytes in front. `None` if it has a NUL, which makes the whole field void
/// (processing the field, `id`): what stands behind the NUL is skipped, so it counts for no limit.
#[inline]
pub(super) fn check_id(before: usize, value: &[u8], limit: usize) -> Result<Option<&[u8]>, DecodeError> {
    let nul = scan::nul(value);
    if nul.unwrap_or(value.len()) > limit.saturating_sub(before) {
        return Err(DecodeError::IdTooLong);
    }
    Ok(if nul.is_none() { Some(value) } else { None })
}

/// The number in a `retry`, as far as its digits have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Digits(Option<u64>);

impl Digits {
    /// Appends digits; `None` if there is anything else among them, which makes the field void (processing the field,
    /// `retry`). What is more than a `u64` can hold stays at its largest.
    pub(super) fn append(self, digits: &[u8]) -> Option<Self> {
        let mut number = self;
        for byte in digits {
            if !byte.is_ascii_digit() {
                return None;
            }
            let digit = u64::from(byte - b'0');
            number = Self(Some(number.0.unwrap_or(0).saturating_mul(10).saturating_add(digit)));
        }
        Some(number)
    }

    /// The time that they say, in milliseconds. `None` without a single digit: the empty string is no number.
    pub(super) fn wait(self) -> Option<Duration> {
        self.0.map(Duration::from_millis)
    }
}

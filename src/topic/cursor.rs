//! Points in a topic's log, and their text: `<epoch>-<n>`, two decimal numbers of 64 bits.
//!
//! Each cursor has exactly one text, so that texts may be compared instead of cursors.

use core::fmt;
use core::str::FromStr;

/// The point in a log just behind a message, or at its beginning.
///
/// The message's id and the cursor behind it are the same thing. Cursors have no order: those of two epochs do not
/// compare, and those of one are compared by the [`Topic`](super::Topic).
///
/// ```
/// use tidings::topic::Cursor;
///
/// let cursor: Cursor = "1700000000000-7".parse()?;
/// assert_eq!(cursor, Cursor::new(1_700_000_000_000, 7));
/// assert!("1700000000000-07".parse::<Cursor>().is_err());
/// # Ok::<(), tidings::topic::CursorError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cursor {
    epoch: u64,
    n: u64,
}

impl Cursor {
    /// The longest text of a cursor, in bytes: two numbers of 20 digits and the hyphen.
    pub const MAX_LEN: usize = 41;

    /// The cursor behind the message number `n` of the topic made at `epoch`; `n` = 0 is the topic's beginning.
    #[must_use]
    pub const fn new(epoch: u64, n: u64) -> Self {
        Self { epoch, n }
    }

    /// Which topic of that name: milliseconds since 1970 when it was made.
    #[must_use]
    pub const fn epoch(self) -> u64 {
        self.epoch
    }

    /// The message's number in its topic, counted from 1.
    #[must_use]
    pub const fn n(self) -> u64 {
        self.n
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.n)
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let (epoch, n) = text.split_once('-').ok_or(CursorError(()))?;
        Ok(Self { epoch: number(epoch)?, n: number(n)? })
    }
}

/// Digits only, and none of them a leading zero: the sign that `u64::from_str` takes would give one cursor two texts.
fn number(digits: &str) -> Result<u64, CursorError> {
    let strict = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    if strict { digits.parse().map_err(|_| CursorError(())) } else { Err(CursorError(())) }
}

/// Where a subscriber wants to begin: `oldest`, `now` or a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum After {
    /// At the oldest message that is kept.
    Oldest,
    /// With the next message that will be published.
    Now,
    /// Behind a message.
    Cursor(Cursor),
}

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Oldest => f.write_str("oldest"),
            Self::Now => f.write_str("now"),
            Self::Cursor(cursor) => cursor.fmt(f),
        }
    }
}

impl FromStr for After {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        match text {
            "oldest" => Ok(Self::Oldest),
            "now" => Ok(Self::Now),
            _ => text.parse().map(Self::Cursor),
        }
    }
}

impl From<Cursor> for After {
    fn from(cursor: Cursor) -> Self {
        Self::Cursor(cursor)
    }
}

/// A text that is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CursorError(());

impl fmt::Display for CursorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a cursor is two decimal numbers joined by a hyphen")
    }
}

impl core::error::Error for CursorError {}

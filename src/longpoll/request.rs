//! What a poll asks for.

use super::{Options, prefer};
use crate::topic::{After, CursorError, Filter};
use core::fmt;
use core::time::Duration;

/// A poll: where to read on, what to look for, and how long it may be held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Where to read on.
    pub after: After,
    /// Which messages to look for; what else is published is passed over and does not end a hold.
    pub filter: Filter,
    /// How long to hold the poll while there is no news; zero for a short poll.
    pub wait: Duration,
}

impl Request {
    /// Reads a poll from its parts:
    ///
    /// * `after`, from the query: a cursor, `oldest` or `now`; without it `oldest`.
    /// * `wait`, from the query: whole seconds. Without a number (`?wait`) it asks for [`Options::hold_default`].
    /// * `prefer`: the value of each `Prefer` header, whole and in order. Its `wait` counts like the query's and is
    ///   asked only where the query has none.
    ///
    /// Without any `wait` it is a short poll. What is longer than [`Options::hold_max`] is cut to it. It looks for
    /// everything: a filter is set with [`with_filter`](Self::with_filter).
    ///
    /// # Errors
    /// An `after` that is none, or a `wait` of the query's that is no number: a 400. What `Prefer` says may be passed over
    /// (RFC 7240 §2), and is.
    pub fn new<'p>(
        after: Option<&str>,
        wait: Option<&str>,
        prefer: impl Iterator<Item = &'p str>,
        options: &Options,
    ) -> Result<Self, RequestError> {
        let after = after.map_or(Ok(After::Oldest), str::parse).map_err(RequestError::After)?;
        let wait = match wait {
            Some(value) => Some(Wait::parse(value).ok_or(RequestError::Wait)?),
            None => prefer::wait(prefer),
        };
        let wait = wait.map_or(Duration::ZERO, |wait| wait.granted(options));
        Ok(Self { after, filter: Filter::default(), wait })
    }

    /// The same poll for these messages only.
    #[must_use]
    pub fn with_filter(self, filter: Filter) -> Self {
        Self { filter, ..self }
    }
}

/// A wait that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// As long as the server likes.
    Unspecified,
    Seconds(u64),
}

impl Wait {
    /// RFC 7240 §4.3: digits and nothing else.
    pub(super) fn parse(digits: &str) -> Option<Self> {
        digits.bytes().try_fold(Self::Unspecified, Self::push)
    }

    /// One more digit. A number too great for 64 bits is long, not wrong.
    pub(super) fn push(self, byte: u8) -> Option<Self> {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        let seconds = if let Self::Seconds(seconds) = self { seconds } else { 0 };
        Some(Self::Seconds(seconds.saturating_mul(10).saturating_add(digit)))
    }

    fn granted(self, options: &Options) -> Duration {
        let asked = match self {
            Self::Unspecified => options.hold_default,
            Self::Seconds(seconds) => Duration::from_secs(seconds),
        };
        asked.min(options.hold_max)
    }
}

/// Why a poll is malformed: the client's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestError {
    /// `after` is neither a cursor nor `oldest` nor `now`.
    After(CursorError),
    /// `wait` is not a number of seconds.
    Wait,
}

impl RequestError {
    /// The HTTP status that names it: 400.
    #[must_use]
    pub const fn status(self) -> u16 {
        400
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(error) => write!(f, "after: {error}, or 'oldest' or 'now'"),
            Self::Wait => f.write_str("wait: a whole number of seconds is wanted"),
        }
    }
}

impl core::error::Error for RequestError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::After(error) => Some(error),
            Self::Wait => None,
        }
    }
}

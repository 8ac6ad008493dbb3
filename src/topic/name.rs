//! The names of topics and of events. Whoever holds one holds a valid one.

use alloc::sync::Arc;
use core::borrow::Borrow;
use core::fmt;
use core::str::FromStr;

/// The name of a topic: 1 to 128 of `A-Z a-z 0-9 . _ -`, which stand in a URL's path as they are. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicName(Arc<str>);

impl TopicName {
    /// The greatest length, in bytes.
    pub const MAX_LEN: usize = 128;

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TopicName {
    type Err = TopicNameError;

    fn from_str(text: &str) -> Result<Self, TopicNameError> {
        match text.len() {
            0 => Err(TopicNameError::Empty),
            len if len > Self::MAX_LEN => Err(TopicNameError::TooLong),
            _ if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) => {
                Ok(Self(Arc::from(text)))
            }
            _ => Err(TopicNameError::Character),
        }
    }
}

/// The name of an event: what an event stream's `event:` line carries and its listeners are chosen by.
///
/// 1 to 128 bytes: it is a label that stands with each message on the wire and in the log; what is longer belongs in
/// the data. It has no CR, LF or NUL, which could break out of that line, and does not begin with `tidings.`, which is
/// for events of the protocol itself. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventName(Arc<str>);

impl EventName {
    /// The greatest length, in bytes.
    pub const MAX_LEN: usize = 128;

    /// What only events of the protocol itself begin with.
    pub const RESERVED_PREFIX: &'static str = "tidings.";

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EventName {
    type Err = EventNameError;

    fn from_str(text: &str) -> Result<Self, EventNameError> {
        if text.is_empty() {
            Err(EventNameError::Empty)
        } else if text.len() > Self::MAX_LEN {
            Err(EventNameError::TooLong)
        } else if text.contains(['\r', '\n', '\0']) {
            Err(EventNameError::Character)
        } else if text.starts_with(Self::RESERVED_PREFIX) {
            Err(EventNameError::Reserved)
        } else {
            Ok(Self(Arc::from(text)))
        }
    }
}

macro_rules! text {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

text!(TopicName);
text!(EventName);

/// Why a text is not the name of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopicNameError {
    /// There is nothing.
    Empty,
    /// More than [`TopicName::MAX_LEN`] bytes.
    TooLong,
    /// A character that is none of `A-Z a-z 0-9 . _ -`.
    Character,
}

impl fmt::Display for TopicNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the topic has no name"),
            Self::TooLong => write!(f, "the topic's name is longer than {} bytes", TopicName::MAX_LEN),
            Self::Character => f.write_str("a topic's name has only letters, digits, '.', '_' and '-'"),
        }
    }
}

impl core::error::Error for TopicNameError {}

/// Why a text is not the name of an event that may be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventNameError {
    /// There is nothing. A message without a name has no name at all rather than an empty one.
    Empty,
    /// More than [`EventName::MAX_LEN`] bytes.
    TooLong,
    /// CR, LF or NUL.
    Character,
    /// It begins with [`EventName::RESERVED_PREFIX`].
    Reserved,
}

impl fmt::Display for EventNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the event's name is empty"),
            Self::TooLong => write!(f, "the event's name is longer than {} bytes", EventName::MAX_LEN),
            Self::Character => f.write_str("an event's name has no line break and no NUL"),
            Self::Reserved => {
                write!(f, "event names that begin with '{}' cannot be published", EventName::RESERVED_PREFIX)
            }
        }
    }
}

impl core::error::Error for EventNameError {}

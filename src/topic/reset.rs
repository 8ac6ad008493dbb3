//! The answer to a reader that cannot go on where it was.

use super::Cursor;
use core::fmt;
use core::str::FromStr;

/// A reader has lost messages, or may have, and is told so; it goes on at [`oldest`](Self::oldest).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reset {
    /// What is wrong with the cursor it read after.
    pub reason: ResetReason,
    /// The cursor to go on with: reading after it gives everything that is left.
    pub oldest: Cursor,
    /// The topic's head, for a reader that would rather skip what is left.
    pub newest: Cursor,
}

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.reason {
            ResetReason::Trimmed => "messages after the cursor are no longer kept",
            ResetReason::Epoch => "the cursor belongs to another topic of this name",
            ResetReason::Future => "the cursor is ahead of the topic",
        };
        write!(f, "{why}; {} is the oldest to read after", self.oldest)
    }
}

impl core::error::Error for Reset {}

/// The name of the event that tells an event stream's reader of a [`Reset`]. Nobody can publish one of that name.
///
/// Its data is JSON, as the body of a poll's 410 is: `{"reset":REASON,"oldest":CURSOR,"newest":CURSOR}`, with the word
/// of a [`ResetReason`]. What reads it is `envelope::parse_reset` (feature `server` or `client`), or any JSON library;
/// the event's id is the cursor `oldest`.
pub const RESET_EVENT: &str = "tidings.reset";

/// What is wrong with a cursor, so that messages were lost or it is another log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResetReason {
    /// It lies below the log's floor: messages after it are gone.
    Trimmed,
    /// It belongs to another epoch: the topic was made anew, after a restart for instance. Compared before the numbers,
    /// which mean nothing across epochs, even where the new head has overtaken the old number.
    Epoch,
    /// It lies ahead of the head: never given out by this topic.
    Future,
}

impl ResetReason {
    const ALL: [Self; 3] = [Self::Trimmed, Self::Epoch, Self::Future];

    /// The word that stands for it on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trimmed => "trimmed",
            Self::Epoch => "epoch",
            Self::Future => "future",
        }
    }
}

impl fmt::Display for ResetReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ResetReason {
    type Err = ResetReasonError;

    fn from_str(text: &str) -> Result<Self, ResetReasonError> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text).ok_or(ResetReasonError(()))
    }
}

/// A word that is no [`ResetReason`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResetReasonError(());

impl fmt::Display for ResetReasonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reason of a reset is 'trimmed', 'epoch' or 'future'")
    }
}

impl core::error::Error for ResetReasonError {}

//! A log that mirrors another, which is kept and numbered elsewhere: in a database that several servers share, say.
//!
//! It begins with [`Topic::resume`], behind whatever the other has given before, and takes each message as that one has
//! numbered it. Where the other has none to give between two that it has, the mirror begins anew behind the gap: readers
//! before it are told what they would be told there.
//!
//! ```
//! use std::time::Duration;
//! use tidings::topic::{Bounds, Cursor, Message, Topic};
//!
//! let at = |n| Cursor::new(1_700_000_000_000, n);
//! let message = |n| Message { id: at(n), event: None, data: format!("message {n}").into() };
//!
//! let mut topic = Topic::resume(at(6), Bounds::default());
//! topic.mirror(message(7), Duration::ZERO)?;
//! let gap = topic.mirror(message(9), Duration::ZERO).unwrap_err();
//! assert_eq!((gap.expected, topic.newest()), (at(8), at(7)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::{Cursor, Message, Topic};
use crate::Instant;
use core::fmt;

impl<I: Instant> Topic<I> {
    /// Appends a message that has its id already: the one behind [`newest`](Self::newest). `published` is when it was, so
    /// that its age is the same in each mirror; a message alone that is more than [`Bounds::bytes`](super::Bounds::bytes)
    /// counts as one that was dropped at once.
    ///
    /// # Errors
    /// Its id is another. Nothing has changed.
    pub fn mirror(&mut self, message: Message, published: I) -> Result<(), NotNext> {
        let expected = Cursor::new(self.head.epoch(), self.head.n().saturating_add(1));
        if message.id != expected || expected == self.head {
            return Err(NotNext { id: message.id, expected });
        }
        let bytes = message.cost();
        self.append(message, bytes, published);
        self.drop_surplus();
        Ok(())
    }
}

/// A message does not follow the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotNext {
    /// Its id.
    pub id: Cursor,
    /// The one that would.
    pub expected: Cursor,
}

impl fmt::Display for NotNext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the message {} comes where {} is next", self.id, self.expected)
    }
}

impl core::error::Error for NotNext {}

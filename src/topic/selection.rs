//! What a reader gets in one go: as much as it takes at once of what its filter lets through.
//!
//! ```text
//!     after                                next
//!       ▼                                   ▼
//!   ┌───────┬───────┬───────┬───────┬───────┬───────┐
//!   │ · 1 · │ · 2 · │ █ 3 █ │ · 4 · │ · 5 · │ █ 6 █ │     a filter for █, one message at a time:
//!   └───────┴───────┴───────┴───────┴───────┴───────┘     gives 3, goes on after 5, and there is more
//! ```

use super::{Cursor, Filter, Messages, Reset, Topic};
use crate::Instant;
use crate::step::NEVER;

/// Some of the messages after a cursor, and where to read on; from [`Topic::select`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection<'a> {
    /// The messages, oldest first; maybe none.
    pub messages: Messages<'a>,
    /// The cursor to read on after: behind the last message given, and behind those that were passed over since.
    pub next: Cursor,
    /// Whether to read on at once: the next message that matches did not fit, or [`Filter::SCAN`] messages were looked
    /// at and there are others. If not, `next` is the head.
    pub more: bool,
}

impl<I: Instant> Topic<I> {
    /// What the filter lets through of the messages after `after`: at most `messages`, and at most `bytes` by
    /// [`Message::cost`](super::Message::cost), but always one if one was found. Only what is given counts; of what is
    /// passed over it looks at no more than [`Filter::SCAN`].
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn select(
        &self,
        after: Cursor,
        filter: &Filter,
        messages: usize,
        bytes: usize,
    ) -> Result<Selection<'_>, Reset> {
        let unread = self.read(after)?;
        if !filter.is_everything() {
            return Ok(scan(unread, after, filter, messages, bytes));
        }
        let messages = unread.batch(messages, bytes);
        // Numbers count up by one, so that nothing needs to be looked at for this.
        let next = Cursor::new(after.epoch(), after.n().saturating_add(messages.len() as u64));
        let more = messages.len() < unread.len();
        Ok(Selection { messages, next, more })
    }

    /// The midst of what is kept. Who stands before it should be told of a later place to stand at, even if there is
    /// nothing else to tell: half of what the topic keeps, by count, by bytes or by age, has come since, and with as much
    /// again it would fall below the floor without having lost anything that it wanted.
    #[must_use]
    pub fn midst(&self, now: I) -> Cursor {
        let half_kept = self.messages.len() / 2;
        let by_messages = self.messages.len().saturating_sub(self.bounds.messages / 2);
        let by_bytes = if self.bytes > self.bounds.bytes / 2 { half_kept } else { 0 };
        let by_age = if self.bounds.age < NEVER {
            self.times.partition_point(|published| *published + self.bounds.age / 2 <= now)
        } else {
            0
        };
        let passed = by_messages.max(by_bytes).max(by_age).min(self.messages.len());
        Cursor::new(self.floor.epoch(), self.floor.n().saturating_add(passed as u64))
    }
}

fn scan<'a>(unread: Messages<'a>, after: Cursor, filter: &Filter, messages: usize, bytes: usize) -> Selection<'a> {
    let (mut count, mut left) = (0, bytes);
    let (mut next, mut more) = (after, false);
    for (looked_at, message) in unread.clone().enumerate() {
        let is_wanted = filter.matches(message);
        let fits = count == 0 || (count < messages && message.cost() <= left);
        more = looked_at == Filter::SCAN || (is_wanted && !fits);
        if more {
            break;
        }
        if is_wanted {
            count += 1;
            left = left.saturating_sub(message.cost());
        }
        next = message.id;
    }
    Selection { messages: unread.filtered(filter, count), next, more }
}

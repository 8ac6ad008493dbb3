//! The server's side of a poll.
//!
//! | the cursor | held | answer |
//! |---|---|---|
//! | behind the head | no | the messages, as many as fit |
//! | at the head, nothing to wait for | no | no messages |
//! | at the head, `wait` > 0 | until news, the hold time or the drain | the messages, or none |
//! | trimmed, of another epoch, ahead of the head | no, and no longer | a reset |

use super::{Options, Request};
use crate::Instant;
use crate::step::later;
use crate::topic::{Cursor, Message, Messages, Reset, Topic};
use core::cmp::min;

/// Decides about a poll that has just arrived.
///
/// An expired message is served as long as the topic keeps it: call [`Topic::handle_timeout`] when it is due.
#[must_use]
pub fn poll<'t, I: Instant>(request: &Request, topic: &'t Topic<I>, options: &Options, now: I) -> Poll<'t, I> {
    // "oldest" and "now" are resolved here, once: what is published from now on belongs to this poll.
    let cursor = topic.resolve(request.after);
    match topic.read(cursor) {
        // A cursor that cannot be served now never will be: hold none of these, not even one in the future.
        Err(reset) => Poll::Answer(Answer::Reset(reset)),
        Ok(messages) if messages.len() > 0 || request.wait.is_zero() => {
            Poll::Answer(Answer::events(&messages, topic, options))
        }
        // RFC 6202 §5.5: a hold has an end well before anybody on the way loses patience.
        Ok(_) => {
            let deadline = later(now, min(request.wait, options.hold_max));
            Poll::Hold(Held { cursor, due: deadline, coalescing: false, options: *options })
        }
    }
}

/// What to do with a poll that has just arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Poll<'t, I> {
    /// Answer it now.
    Answer(Answer<'t>),
    /// There is nothing to say yet: keep it.
    Hold(Held<I>),
}

/// What to answer a poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<'t> {
    /// 200.
    Events {
        /// The messages, oldest first; maybe none.
        messages: Messages<'t>,
        /// The cursor to poll after next. It may be ahead of the last message, never behind it.
        next: Cursor,
        /// Whether there is more after `next` already: poll again at once, it will not be held.
        more: bool,
    },
    /// 410: messages were lost, go on at [`Reset::oldest`].
    Reset(Reset),
}

impl<'t> Answer<'t> {
    /// The HTTP status: 200 or 410.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Events { .. } => 200,
            Self::Reset(_) => 410,
        }
    }

    fn events<I: Instant>(unread: &Messages<'t>, topic: &Topic<I>, options: &Options) -> Self {
        let messages = unread.batch(options.batch_messages, options.batch_bytes);
        let more = messages.len() < unread.len();
        // Whoever has everything stands at the head, whether or not the last message was for them.
        let next = messages.clone().last().filter(|_| more).map_or(topic.newest(), |message| message.id);
        Self::Events { messages, next, more }
    }
}

/// A poll that waits for news.
///
/// Call [`handle_news`](Self::handle_news) after each publish to its topic, [`handle_timeout`](Self::handle_timeout)
/// when [`poll_timeout`](Self::poll_timeout) says so, and [`drain`](Self::drain) when the server goes away. The first
/// [`Answer`] ends it. If the client disconnects, drop it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held<I> {
    cursor: Cursor,
    /// The end of the hold or, earlier, of the coalescing delay.
    due: I,
    coalescing: bool,
    options: Options,
}

impl<I: Instant> Held<I> {
    /// What it reads after.
    #[must_use]
    pub const fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// When it has to be answered at the latest.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<I> {
        Some(self.due)
    }

    /// The topic has changed. Gives the answer, unless there is nothing for this poll or its news waits for more.
    pub fn handle_news<'t>(&mut self, topic: &'t Topic<I>, now: I) -> Option<Answer<'t>> {
        match topic.read(self.cursor) {
            Err(reset) => Some(Answer::Reset(reset)),
            Ok(unread) if unread.len() == 0 => None,
            Ok(unread) if self.is_worth_sending(&unread, topic, now) => {
                Some(Answer::events(&unread, topic, &self.options))
            }
            Ok(_) => None,
        }
    }

    /// The time is over: gives the answer, maybe without messages but never without a cursor. `None` if `now` is before
    /// [`poll_timeout`](Self::poll_timeout).
    pub fn handle_timeout<'t>(&mut self, topic: &'t Topic<I>, now: I) -> Option<Answer<'t>> {
        (self.due <= now).then(|| self.answer(topic))
    }

    /// The server goes away: what there is, which is nothing except in the midst of a coalescing delay. Those messages
    /// would be lost to this client if the next server has another epoch.
    #[must_use]
    pub fn drain(self, topic: &Topic<I>) -> Answer<'_> {
        self.answer(topic)
    }

    fn answer<'t>(&self, topic: &'t Topic<I>) -> Answer<'t> {
        match topic.read(self.cursor) {
            Ok(unread) => Answer::events(&unread, topic, &self.options),
            Err(reset) => Answer::Reset(reset),
        }
    }

    /// Whether the news goes out now; if not, sees to it that it does after the delay.
    fn is_worth_sending(&mut self, unread: &Messages<'_>, topic: &Topic<I>, now: I) -> bool {
        if !self.coalescing {
            self.coalescing = true;
            self.due = min(self.due, later(now, self.options.coalesce));
        }
        self.due <= now || self.is_full(unread, topic)
    }

    /// Waiting for more is over when no more would fit, and before the topic could drop what waits: once that is half of
    /// what it keeps.
    fn is_full(&self, unread: &Messages<'_>, topic: &Topic<I>) -> bool {
        let bounds = topic.bounds();
        let messages = min(self.options.batch_messages, bounds.messages / 2);
        let bytes = min(self.options.batch_bytes, bounds.bytes / 2);
        unread.len() >= messages || unread.clone().map(Message::cost).fold(0, usize::saturating_add) >= bytes
    }
}

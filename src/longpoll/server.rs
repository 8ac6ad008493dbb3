//! The server's side of a poll.
//!
//! | the cursor | held | answer |
//! |---|---|---|
//! | behind the head | no | the messages, as many as fit |
//! | at the head, nothing to wait for | no | no messages |
//! | at the head, `wait` > 0 | until news, the hold time or the drain | the messages, or none |
//! | trimmed, of another epoch, ahead of the head | no, and no longer | a reset |
//!
//! A poll with a filter stands at the head when nothing that it looks for is behind its cursor. What else is published
//! while it is held moves its cursor and nothing more, until half of what the topic keeps has gone by: then the poll is
//! answered with the cursor alone, for should that answer not arrive, the client's own would be trimmed before long.
//! What a poll passes over in one go has a bound, [`Filter::SCAN`](crate::topic::Filter::SCAN): where nothing was found
//! up to there, the answer has no messages, and more.

use super::{Options, Request};
use crate::Instant;
use crate::step::later;
use crate::topic::{Cursor, Filter, Message, Messages, Reset, Selection, Topic};
use core::cmp::min;

/// Decides about a poll that has just arrived.
///
/// An expired message is served as long as the topic keeps it: call [`Topic::handle_timeout`] when it is due.
#[must_use]
pub fn poll<'t, I: Instant>(request: &Request, topic: &'t Topic<I>, options: &Options, now: I) -> Poll<'t, I> {
    // "oldest" and "now" are resolved here, once: what is published from now on belongs to this poll.
    let asked = topic.resolve(request.after);
    match topic.select(asked, &request.filter, options.batch_messages, options.batch_bytes) {
        // A cursor that cannot be served now never will be: hold none of these, not even one in the future.
        Err(reset) => Poll::Answer(Answer::Reset(reset)),
        Ok(found) if found.messages.len() > 0 || found.more || request.wait.is_zero() => {
            Poll::Answer(Answer::from(found))
        }
        // RFC 6202 §5.5: a hold has an end well before anybody on the way loses patience.
        Ok(Selection { next: cursor, .. }) => {
            let due = later(now, min(request.wait, options.hold_max));
            let filter = request.filter.clone();
            Poll::Hold(Held { asked, cursor, filter, due, coalescing: false, options: *options })
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
        /// Whether there is more after `next` already: poll again at once, it will not be held. With a filter that is
        /// more of what matches or, where so much was passed over that the poll came to no end, more to look through.
        more: bool,
    },
    /// 410: messages were lost, go on at [`Reset::oldest`].
    Reset(Reset),
}

impl Answer<'_> {
    /// The HTTP status: 200 or 410.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Events { .. } => 200,
            Self::Reset(_) => 410,
        }
    }
}

impl<'t> From<Selection<'t>> for Answer<'t> {
    fn from(Selection { messages, next, more }: Selection<'t>) -> Self {
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
    /// Where the client stands, for all that it knows.
    asked: Cursor,
    /// Where the poll stands: behind what was passed over, too.
    cursor: Cursor,
    filter: Filter,
    /// The end of the hold or, earlier, of the coalescing delay.
    due: I,
    coalescing: bool,
    options: Options,
}

impl<I: Instant> Held<I> {
    /// What it reads after. With a filter it moves on past what is not looked for.
    #[must_use]
    pub const fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// What it looks for.
    #[must_use]
    pub const fn filter(&self) -> &Filter {
        &self.filter
    }

    /// When it has to be answered at the latest.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<I> {
        Some(self.due)
    }

    /// The topic has changed. Gives the answer, unless there is nothing for this poll or its news waits for more.
    pub fn handle_news<'t>(&mut self, topic: &'t Topic<I>, now: I) -> Option<Answer<'t>> {
        let found = match self.select(topic) {
            Ok(found) => found,
            Err(reset) => return Some(Answer::Reset(reset)),
        };
        let is_worth_sending = if found.messages.len() > 0 {
            self.is_worth_sending(&found, topic, now)
        } else {
            // Nobody was waited for with this: the cursor moves on, and nobody is told while that can wait.
            self.cursor = found.next;
            found.more || (self.cursor != self.asked && self.asked.n() < topic.midst(now).n())
        };
        is_worth_sending.then(|| Answer::from(found))
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
        self.select(topic).map_or_else(Answer::Reset, Answer::from)
    }

    fn select<'t>(&self, topic: &'t Topic<I>) -> Result<Selection<'t>, Reset> {
        topic.select(self.cursor, &self.filter, self.options.batch_messages, self.options.batch_bytes)
    }

    /// Whether the news goes out now; if not, sees to it that it does after the delay.
    fn is_worth_sending(&mut self, found: &Selection<'_>, topic: &Topic<I>, now: I) -> bool {
        if !self.coalescing {
            self.coalescing = true;
            self.due = min(self.due, later(now, self.options.coalesce));
        }
        self.due <= now || self.is_full(found, topic)
    }

    /// Waiting for more is over when no more would fit, and before the topic could drop what waits: once that, and what
    /// was published with it, is half of what it keeps.
    fn is_full(&self, found: &Selection<'_>, topic: &Topic<I>) -> bool {
        let bytes = |messages: Messages<'_>| messages.map(Message::cost).fold(0, usize::saturating_add);
        let bounds = topic.bounds();
        found.more
            || found.messages.len() >= self.options.batch_messages
            || bytes(found.messages.clone()) >= self.options.batch_bytes
            || topic
                .read(self.cursor)
                .is_ok_and(|unread| unread.len() >= bounds.messages / 2 || bytes(unread) >= bounds.bytes / 2)
    }
}

//! One bounded log of messages, one cursor: what every transport serves.
//!
//! ```text
//!   dropped: too many, too big, too old          kept                     to come
//!  ┌ ─ ─ ─ ┬ ─ ─ ─ ┬ ─ ─ ─ ┬───────┬───────┬───────┬───────┬───────┐
//!      1       2       3   │   4   │   5   │   6   │   7   │   8   │ ◀── publish
//!  └ ─ ─ ─ ┴ ─ ─ ─ ┴ ─ ─ ─ ┴───────┴───────┴───────┴───────┴───────┘
//!      ▲                   ▲           ▲                           ▲
//!   read: Trimmed      oldest()     read(after 5)              newest()     beyond: Future
//!                     (the floor)   gives 6, 7, 8             (the head)
//! ```
//!
//! A [`Cursor`] names the gap behind a message: reading after it gives what follows, or a [`Reset`] that says why that
//! cannot be had. Subscribers keep a cursor and nothing else, so that a slow one costs no memory, and one that reads
//! up to the head, then waits for news and reads on from there can neither miss a message nor see one twice.
//!
//! The same cursor is an event stream's last event ID, a long poll's `after` and the resume point of the other
//! transports, which is why a client may change its transport in mid-stream.
//!
//! ```
//! use std::time::Duration;
//! use tidings::topic::{After, Bounds, ResetReason, Topic};
//!
//! let now = Duration::ZERO; // any clock will do
//! let mut topic = Topic::new(1_700_000_000_000, Bounds { messages: 2, ..Bounds::default() });
//! let reader = topic.resolve(After::Now);
//!
//! let first = topic.publish(None, "one", now)?;
//! topic.publish(None, "two", now)?;
//! let data: Vec<&str> = topic.read(reader)?.map(|message| &*message.data).collect();
//! assert_eq!(data, ["one", "two"]);
//!
//! topic.publish(None, "three", now)?; // only two are kept: "one" goes
//! assert_eq!(topic.read(first)?.len(), 2);
//! assert_eq!(topic.read(reader).unwrap_err().reason, ResetReason::Trimmed);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cursor;
mod filter;
mod message;
mod mirror;
mod name;
mod once;
mod reset;
mod selection;

pub use cursor::{After, Cursor, CursorError};
pub use filter::{Filter, FilterError};
pub use message::{Message, Messages};
pub use mirror::NotNext;
pub use name::{EventName, EventNameError, TopicName, TopicNameError};
pub use once::{IdempotencyKey, IdempotencyKeyError, Published};
pub use reset::{RESET_EVENT, Reset, ResetReason, ResetReasonError};
pub use selection::Selection;

use crate::Instant;
use crate::step::NEVER;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::fmt;
use core::time::Duration;
use once::Keys;

/// How much a [`Topic`] keeps. The oldest messages go as soon as one of the three bounds is passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// At most so many messages. Default 10,000: minutes of a busy topic, which is longer than a reconnection takes.
    pub messages: usize,
    /// At most so many bytes, each message counted as by [`Message::cost`] and its key, if it came with one, as by
    /// [`IdempotencyKey::cost`]. Default 16 MiB: what a topic may cost the
    /// process at the most, and room for a few messages of the greatest size that a server takes (1 MiB).
    pub bytes: usize,
    /// A message goes when it is so old. Default one hour: who was away for longer wants the state, not the news. From
    /// a hundred years on it means "never".
    pub age: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { messages: 10_000, bytes: 16 * 1024 * 1024, age: Duration::from_secs(3600) }
    }
}

/// A bounded log of messages.
///
/// * What there is: [`oldest`](Self::oldest), [`newest`](Self::newest), [`len`](Self::len), [`bytes`](Self::bytes).
/// * In: [`publish`](Self::publish), or [`publish_once`](Self::publish_once) as often as it takes; or, where another log
///   gives the numbers, [`mirror`](Self::mirror).
/// * Out: [`resolve`](Self::resolve) once, then [`read`](Self::read) or [`select`](Self::select) as often as wanted;
///   reading changes nothing.
/// * Time: when [`poll_timeout`](Self::poll_timeout) says so, call [`handle_timeout`](Self::handle_timeout).
#[derive(Debug, Clone)]
pub struct Topic<I> {
    bounds: Bounds,
    /// The last message that went, or the beginning.
    floor: Cursor,
    /// The last message that was published, or the beginning.
    head: Cursor,
    messages: VecDeque<Message>,
    /// When each of `messages` was published; never falling. Kept beside them, so that readers need not know the clock.
    times: VecDeque<I>,
    keys: Keys,
    bytes: usize,
}

impl<I: Instant> Topic<I> {
    /// An empty log. `epoch` must differ from that of every earlier topic of this name, for only by it a cursor into
    /// an earlier one is told from one into this; the milliseconds since 1970 are meant.
    #[must_use]
    pub fn new(epoch: u64, bounds: Bounds) -> Self {
        Self::resume(Cursor::new(epoch, 0), bounds)
    }

    /// An empty log that goes on behind `head`, for one whose numbering is kept elsewhere: the next message has the
    /// number after it, and what came before counts as trimmed.
    #[must_use]
    pub fn resume(head: Cursor, bounds: Bounds) -> Self {
        let (messages, times) = (VecDeque::new(), VecDeque::new());
        Self { bounds, floor: head, head, messages, times, keys: Keys::default(), bytes: 0 }
    }

    /// Appends a message and gives its id, which is the cursor behind it.
    ///
    /// # Errors
    /// It alone is more than [`Bounds::bytes`], or there is no further number. Nothing has changed.
    pub fn publish(
        &mut self,
        event: Option<EventName>,
        data: impl Into<Box<str>>,
        now: I,
    ) -> Result<Cursor, PublishError> {
        self.publish_with(None, event, data.into(), now)
    }

    fn publish_with(
        &mut self,
        key: Option<IdempotencyKey>,
        event: Option<EventName>,
        data: Box<str>,
        now: I,
    ) -> Result<Cursor, PublishError> {
        // Numbers count up by one from 1, so that two publishes at one instant have two cursors.
        let n = self.head.n().checked_add(1).ok_or(PublishError::Exhausted)?;
        let message = Message { id: Cursor::new(self.head.epoch(), n), event, data };
        let bytes = message.cost().saturating_add(key.as_ref().map_or(0, IdempotencyKey::cost));
        if bytes > self.bounds.bytes {
            return Err(PublishError::TooLarge { bytes, limit: self.bounds.bytes });
        }
        self.drop_old(now);
        self.append(message, bytes, now);
        if let Some(key) = key {
            self.keys.push(n, key);
        }
        self.drop_surplus();
        Ok(self.head)
    }

    /// The message that came with this key, if it is kept and not too old by now.
    fn kept_with(&self, key: &IdempotencyKey, now: I) -> Option<&Message> {
        let place = self.keys.find(key)?.checked_sub(self.floor.n())?.checked_sub(1)?;
        let place = usize::try_from(place).ok()?;
        let is_old = self.bounds.age < NEVER && *self.times.get(place)? + self.bounds.age <= now;
        self.messages.get(place).filter(|_| !is_old)
    }

    /// Everything that is kept and was published after `after`, oldest first; nothing at the head. Takes the same time
    /// wherever `after` is.
    ///
    /// # Errors
    /// Why nothing can be read after `after`, and where reading can go on.
    pub fn read(&self, after: Cursor) -> Result<Messages<'_>, Reset> {
        if after.epoch() != self.head.epoch() {
            return Err(self.reset(ResetReason::Epoch));
        }
        if after.n() > self.head.n() {
            return Err(self.reset(ResetReason::Future));
        }
        // At the floor itself nothing is missing: what comes after it is still there.
        let skipped = after.n().checked_sub(self.floor.n()).ok_or_else(|| self.reset(ResetReason::Trimmed))?;
        let start = usize::try_from(skipped).unwrap_or(usize::MAX).min(self.messages.len());
        Ok(Messages::new(self.messages.range(start..)))
    }

    /// Where a reader begins. Resolve once and go on from the cursors read: "now" moves.
    #[must_use]
    pub fn resolve(&self, after: After) -> Cursor {
        match after {
            After::Oldest => self.floor,
            After::Now => self.head,
            After::Cursor(cursor) => cursor,
        }
    }

    /// The floor: reading after it gives everything that is kept.
    #[must_use]
    pub const fn oldest(&self) -> Cursor {
        self.floor
    }

    /// The head: the id of the last message ever published, with number 0 if there was none.
    #[must_use]
    pub const fn newest(&self) -> Cursor {
        self.head
    }

    /// Whether nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// How many messages are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// What the messages that are kept and their keys add up to, as [`Bounds::bytes`] counts them.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The bounds that the topic was made with.
    #[must_use]
    pub const fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// When the oldest message is to go; `None` while there is none.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<I> {
        let published = *self.times.front()?;
        (self.bounds.age < NEVER).then(|| published + self.bounds.age)
    }

    /// Drops what is too old by now. Afterwards [`poll_timeout`](Self::poll_timeout) is later than `now`.
    pub fn handle_timeout(&mut self, now: I) {
        self.drop_old(now);
        if self.messages.is_empty() {
            // A topic that fell silent gives its memory back.
            self.messages.shrink_to_fit();
            self.times.shrink_to_fit();
            self.keys.shrink();
        }
    }

    /// The one place where the log grows, whoever gave the id.
    fn append(&mut self, message: Message, bytes: usize, now: I) {
        self.head = message.id;
        self.bytes = self.bytes.saturating_add(bytes);
        self.messages.push_back(message);
        // A clock that went back counts as standing still: the times must not fall.
        self.times.push_back(self.times.back().map_or(now, |last| now.max(*last)));
    }

    fn drop_old(&mut self, now: I) {
        while self.poll_timeout().is_some_and(|due| due <= now) {
            self.drop_first();
        }
    }

    fn drop_surplus(&mut self) {
        while self.messages.len() > self.bounds.messages || self.bytes > self.bounds.bytes {
            self.drop_first();
        }
    }

    /// Drops the oldest message, as if a bound had asked for it.
    pub(crate) fn drop_first(&mut self) {
        self.times.pop_front();
        if let Some(message) = self.messages.pop_front() {
            self.floor = message.id;
            let bytes = message.cost().saturating_add(self.keys.pop(message.id.n()));
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }

    const fn reset(&self, reason: ResetReason) -> Reset {
        Reset { reason, oldest: self.floor, newest: self.head }
    }
}

/// Why a message could not be published: the publisher's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishError {
    /// It alone is more than the topic may keep.
    TooLarge {
        /// What it counts, with its key.
        bytes: usize,
        /// [`Bounds::bytes`].
        limit: usize,
    },
    /// The topic has given out its last number.
    Exhausted,
    /// Another message that is kept came with this key.
    KeyReused,
}

impl fmt::Display for PublishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { bytes, limit } => write!(f, "the message counts {bytes} bytes, the topic keeps {limit}"),
            Self::Exhausted => f.write_str("the topic has given out its last number"),
            Self::KeyReused => f.write_str("another message was published with this idempotency key"),
        }
    }
}

impl core::error::Error for PublishError {}

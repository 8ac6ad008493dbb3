//! Publishing at most once, however often it is tried: messages with keys.
//!
//! A publisher that got no answer cannot know whether its message was taken. If it gives each message a key of its own
//! it can send it again: a key that the topic knows gives the id of the message that it came with. The topic knows it
//! for exactly as long as it keeps that message.
//!
//! ```
//! use std::time::Duration;
//! use tidings::topic::{Bounds, IdempotencyKey, Topic};
//!
//! let mut topic = Topic::new(1, Bounds::default());
//! let key: IdempotencyKey = "order-4711".parse()?;
//! let first = topic.publish_once(key.clone(), None, "paid", Duration::ZERO)?;
//! let again = topic.publish_once(key, None, "paid", Duration::ZERO)?;
//! assert_eq!((again.id, again.is_new, topic.len()), (first.id, false, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::{Cursor, EventName, PublishError, Topic};
use crate::Instant;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::str::FromStr;

/// What tells one message to be published from all others: 1 to 128 visible ASCII characters, of which `"`, `\`, `,`
/// and `;` are none, so that it stands in a header as it is. A random one for each message is best. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdempotencyKey(Arc<str>);

impl IdempotencyKey {
    /// The greatest length, in bytes: a UUID has 36, the longest digest in use 128, and it stays in memory with its
    /// message.
    pub const MAX_LEN: usize = 128;

    /// What a key costs beside its own bytes: its places in an index and in a queue (about 100 bytes on a 64-bit
    /// machine). The same number on every machine, as [`Message::OVERHEAD`](super::Message::OVERHEAD).
    pub const OVERHEAD: usize = 128;

    /// The key of the message number `n` of a publisher that has drawn a nonce at random, once: no two of its own
    /// messages have the same key, and hardly two of different publishers.
    #[must_use]
    pub fn numbered(nonce: [u8; 16], n: u64) -> Self {
        Self(alloc::format!("{:032x}-{n}", u128::from_be_bytes(nonce)).into())
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the key counts in a topic's [`Bounds`](super::Bounds), in bytes.
    #[must_use]
    pub fn cost(&self) -> usize {
        self.0.len().saturating_add(Self::OVERHEAD)
    }

    /// Reads it from an `Idempotency-Key` header. The header's draft has it in quotation marks, as a String (RFC 8941
    /// §3.3.3); many clients leave them out, and mean the same key.
    ///
    /// # Errors
    /// It is empty, too long, or has a character that no key has.
    pub fn from_header(value: &str) -> Result<Self, IdempotencyKeyError> {
        let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        quoted.unwrap_or(value).parse()
    }

    /// The header's value.
    #[must_use]
    pub fn to_header(&self) -> String {
        alloc::format!("\"{self}\"")
    }
}

impl FromStr for IdempotencyKey {
    type Err = IdempotencyKeyError;

    fn from_str(text: &str) -> Result<Self, IdempotencyKeyError> {
        let is_fine = |byte: u8| byte.is_ascii_graphic() && !b"\"\\,;".contains(&byte);
        match text.len() {
            0 => Err(IdempotencyKeyError::Empty),
            len if len > Self::MAX_LEN => Err(IdempotencyKeyError::TooLong),
            _ if text.bytes().all(is_fine) => Ok(Self(Arc::from(text))),
            _ => Err(IdempotencyKeyError::Character),
        }
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no [`IdempotencyKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdempotencyKeyError {
    /// There is nothing.
    Empty,
    /// More than [`IdempotencyKey::MAX_LEN`] bytes.
    TooLong,
    /// A blank, `"`, `\`, `,`, `;`, or what is not ASCII.
    Character,
}

impl fmt::Display for IdempotencyKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the idempotency key is empty"),
            Self::TooLong => write!(f, "the idempotency key is longer than {} bytes", IdempotencyKey::MAX_LEN),
            Self::Character => {
                f.write_str("an idempotency key has visible ASCII characters, without '\"', '\\', ',' and ';'")
            }
        }
    }
}

impl core::error::Error for IdempotencyKeyError {}

/// What became of a message with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// Its id.
    pub id: Cursor,
    /// Whether it was appended now; if not, it was before.
    pub is_new: bool,
}

impl<I: Instant> Topic<I> {
    /// Whether a message came with this key that is kept and not too old by now: to publish with it appends nothing.
    #[must_use]
    pub fn knows(&self, key: &IdempotencyKey, now: I) -> bool {
        self.kept_with(key, now).is_some()
    }

    /// [`publish`](Self::publish), unless a message that is kept came with this key: then that one's id.
    ///
    /// The key counts against [`Bounds::bytes`](super::Bounds::bytes) with its message. To find it takes time that grows
    /// with the logarithm of the number of keys, whatever they are: publishers choose them, and there is no randomness
    /// here that could keep a hash table from being filled with what collides.
    ///
    /// # Errors
    /// [`PublishError::KeyReused`] if it is another message than came with the key before; else as
    /// [`publish`](Self::publish). Nothing has changed.
    pub fn publish_once(
        &mut self,
        key: IdempotencyKey,
        event: Option<EventName>,
        data: impl Into<Box<str>>,
        now: I,
    ) -> Result<Published, PublishError> {
        let data = data.into();
        match self.kept_with(&key, now) {
            Some(message) if message.event == event && message.data == data => {
                Ok(Published { id: message.id, is_new: false })
            }
            Some(_) => Err(PublishError::KeyReused),
            None => {
                let id = self.publish_with(Some(key), event, data, now)?;
                Ok(Published { id, is_new: true })
            }
        }
    }
}

/// The keys of the messages that are kept, by key and by message.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys {
    numbers: BTreeMap<IdempotencyKey, u64>,
    /// Oldest first. Messages without a key cost nothing here.
    in_order: VecDeque<(u64, IdempotencyKey)>,
}

impl Keys {
    /// The number of the message that came with this key.
    pub(super) fn find(&self, key: &IdempotencyKey) -> Option<u64> {
        self.numbers.get(key).copied()
    }

    /// The message of this number, the newest, came with this key, which is not there yet.
    pub(super) fn push(&mut self, n: u64, key: IdempotencyKey) {
        self.numbers.insert(key.clone(), n);
        self.in_order.push_back((n, key));
    }

    /// The message of this number, the oldest, goes, and its key with it: what that one counted.
    pub(super) fn pop(&mut self, n: u64) -> usize {
        let is_its = self.in_order.front().is_some_and(|(first, _)| *first == n);
        let Some((_, key)) = is_its.then(|| self.in_order.pop_front()).flatten() else { return 0 };
        self.numbers.remove(&key);
        key.cost()
    }

    /// Gives back memory that is not used.
    pub(super) fn shrink(&mut self) {
        self.in_order.shrink_to_fit();
    }
}

//! Where messages are kept and numbered: in this process, or where several servers share them.
//!
//! What subscribers read is a topic of the registry in either case, and so is what the loop is told of. A store says how a
//! topic comes into the registry, and how messages come into a topic.

use super::PublishError;
use super::signal::Signal;
use super::topics::{TooManyTopics, TopicCell, Topics};
use crate::topic::{After, EventName, IdempotencyKey, Published, TopicName};
use std::boxed::Box;
use std::fmt;
use std::string::String;
use std::sync::Arc;
use std::time::Instant;

/// A message to be published.
#[derive(Debug)]
pub(super) struct NewMessage {
    pub(super) key: Option<IdempotencyKey>,
    pub(super) event: Option<EventName>,
    pub(super) data: Box<str>,
}

/// Why a topic cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OpenError {
    /// The server has as many topics as it may have.
    TooManyTopics,
    /// What keeps it, elsewhere, is not there.
    #[cfg(feature = "redis")]
    Unavailable,
}

impl From<TooManyTopics> for OpenError {
    fn from(TooManyTopics: TooManyTopics) -> Self {
        Self::TooManyTopics
    }
}

/// What keeps messages and numbers them.
pub(super) trait Store: fmt::Debug + Send + Sync {
    /// The topic of that name, made if there is none, for one who reads after `after`: if that is a cursor which the
    /// topic has given anywhere, it is behind it.
    fn open(&self, name: &TopicName, after: After, now: Instant) -> Result<Arc<TopicCell>, OpenError>;

    /// Appends a message, or finds that it has been, and tells the loop if it is new. `cell`: the topic of that name, if
    /// the caller has it.
    fn publish(
        &self,
        name: &TopicName,
        cell: Option<&Arc<TopicCell>>,
        message: NewMessage,
        now: Instant,
    ) -> Result<Published, PublishError>;

    /// Whether both may have to wait for what is elsewhere: then they are not for the loop.
    fn may_block(&self) -> bool;

    /// Whether [`open`](Self::open) waits for nothing.
    fn is_at_hand(&self, name: &TopicName, after: After) -> bool;

    /// What is counted of it, for `/metrics`.
    fn write_metrics(&self, out: &mut String) -> fmt::Result;

    /// The server has ended.
    fn close(&self);
}

/// Everything is in this process.
#[derive(Debug)]
pub(super) struct Embedded {
    topics: Arc<Topics>,
    signal: Arc<Signal>,
}

impl Embedded {
    pub(super) fn new(topics: &Arc<Topics>, signal: &Arc<Signal>) -> Self {
        Self { topics: Arc::clone(topics), signal: Arc::clone(signal) }
    }

    fn publish_to(&self, cell: &Arc<TopicCell>, message: NewMessage, now: Instant) -> Result<Published, PublishError> {
        let published = cell.append(message, now)?;
        if published.is_new {
            self.signal.news(cell, now);
        }
        Ok(published)
    }
}

impl Store for Embedded {
    fn open(&self, name: &TopicName, _: After, now: Instant) -> Result<Arc<TopicCell>, OpenError> {
        Ok(self.topics.open(name, now)?)
    }

    fn publish(
        &self,
        name: &TopicName,
        cell: Option<&Arc<TopicCell>>,
        message: NewMessage,
        now: Instant,
    ) -> Result<Published, PublishError> {
        if let Some(cell) = cell {
            return self.publish_to(cell, message, now);
        }
        let opened = self.topics.open(name, now).map_err(|TooManyTopics| PublishError::TooManyTopics);
        self.publish_to(&opened?, message, now)
    }

    fn may_block(&self) -> bool {
        false
    }

    fn is_at_hand(&self, _: &TopicName, _: After) -> bool {
        true
    }

    fn write_metrics(&self, _: &mut String) -> fmt::Result {
        Ok(())
    }

    fn close(&self) {}
}

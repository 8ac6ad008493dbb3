//! The server, from other threads.

use super::PublishError;
use super::shared::Shared;
use crate::topic::{Cursor, EventName, IdempotencyKey, Published, TopicName};
use std::boxed::Box;
use std::fmt;
use std::sync::Arc;

/// A way into a server that runs in another thread. Cheap to clone.
///
/// It publishes; it does not subscribe. What else in the same process is to hear the messages is told where they are
/// published, or is a client of the server (`client::WebSocketSource`, feature `client`), as a program elsewhere would
/// be, where others publish, too.
#[derive(Clone)]
pub struct Handle(pub(super) Arc<Shared>);

impl Handle {
    /// Publishes a message to a topic, which is made if there is none, and gives its id.
    ///
    /// Where topics are kept in this process it waits for nothing. Where they are in a Redis (`Builder::redis`, feature
    /// `redis`) it waits for that, and for seconds if it is slow or has just gone: call it where that does no harm.
    ///
    /// # Errors
    /// What is over one of the [`Limits`](super::Limits), and everything once draining has begun. With a Redis also
    /// [`Unavailable`](PublishError::Unavailable), if the message was certainly not taken, and
    /// [`Unknown`](PublishError::Unknown), if it may have been: who must publish it again, and only once, uses
    /// [`publish_once`](Self::publish_once) from the beginning.
    pub fn publish(
        &self,
        topic: &TopicName,
        event: Option<EventName>,
        data: impl Into<Box<str>>,
    ) -> Result<Cursor, PublishError> {
        self.0.publish(topic, None, event, data).map(|published| published.id)
    }

    /// The same, but at most once for each key, as long as the topic keeps the message: see
    /// [`Topic::publish_once`](crate::topic::Topic::publish_once).
    ///
    /// # Errors
    /// Beside those of [`publish`](Self::publish): the key came with another message. After
    /// [`Unknown`](PublishError::Unknown) it can be published again with the same key, and is taken once.
    pub fn publish_once(
        &self,
        topic: &TopicName,
        key: IdempotencyKey,
        event: Option<EventName>,
        data: impl Into<Box<str>>,
    ) -> Result<Published, PublishError> {
        self.0.publish(topic, Some(key), event, data)
    }

    /// Makes the server go away in good order, and [`Server::run`](super::Server::run) return: nobody is let in any
    /// more, held polls are answered, streams are told and ended, each WebSocket closed with 1001. May be called from a
    /// signal handler's thread, and more than once.
    pub fn drain(&self) {
        self.0.drain();
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("is_draining", &self.0.is_draining()).finish_non_exhaustive()
    }
}

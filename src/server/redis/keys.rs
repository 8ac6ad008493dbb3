//! What things are called in Redis.
//!
//! All keys of a topic have its name in braces, and nothing else: in a cluster they are in one place, and the topics are
//! spread over all.

use crate::topic::{IdempotencyKey, TopicName};
use std::format;
use std::string::String;

/// The two that every script is given.
#[derive(Debug, Clone)]
pub(super) struct TopicKeys {
    pub(super) stream: String,
    pub(super) known: String,
}

impl TopicKeys {
    pub(super) fn new(name: &TopicName) -> Self {
        let stream = format!("tidings:{{{name}}}");
        Self { known: format!("{stream}:known"), stream }
    }
}

/// Where a publisher's idempotency key is kept.
pub(super) fn given(name: &TopicName, key: &IdempotencyKey) -> String {
    format!("tidings:{{{name}}}:key:{key}")
}

/// Where one is kept that the server has made for a message without.
pub(super) fn made(name: &TopicName, key: &IdempotencyKey) -> String {
    format!("tidings:{{{name}}}:made:{key}")
}

/// The stream that wakes the server which drew this nonce.
pub(super) fn wake(nonce: [u8; 16]) -> String {
    format!("tidings:wake:{:032x}", u128::from_be_bytes(nonce))
}

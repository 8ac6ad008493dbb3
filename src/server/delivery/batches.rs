//! Each batch of the log is encoded once, however many subscribers stand at its cursor.

use super::super::answer;
use super::super::topics::TopicCell;
use super::format::{Encoding, Format};
use crate::http::Status;
use crate::longpoll::Answer;
use crate::topic::{Cursor, Reset};
use bytes::{Bytes, BytesMut};
use std::collections::HashMap;
use std::time::Instant;

/// The batches of one turn of the loop. What is in here may be older than the log: then `more` will not tell, but the
/// publish that made it so has told the loop, and the next turn reads on.
#[derive(Debug, Default)]
pub(super) struct Batches {
    /// By topic, too: a cursor that came from outside may be one of another topic.
    encoded: HashMap<(u64, Format, Cursor), Batch>,
    answers: HashMap<(u64, Cursor, Cursor, bool), Bytes>,
    encoding: Encoding,
}

/// So many batches are remembered. Subscribers that keep up share a few; those that lag each stand somewhere else, and
/// remembering theirs would only cost memory.
const MAX_BATCHES: usize = 64;

/// Some messages, encoded.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    pub(super) bytes: Bytes,
    pub(super) messages: u64,
    /// The cursor behind them.
    pub(super) next: Cursor,
    /// Whether there was more.
    pub(super) more: bool,
}

impl Batches {
    pub(super) fn new(encoding: Encoding) -> Self {
        Self { encoding, ..Self::default() }
    }

    /// Begins a turn: what was encoded in the one before is forgotten.
    pub(super) fn renew(&mut self) {
        self.encoded.clear();
        self.answers.clear();
    }

    /// What comes after `cursor`, in at most `limit` bytes if one message is not more; `None` at the head.
    pub(super) fn get(
        &mut self,
        cell: &TopicCell,
        format: Format,
        cursor: Cursor,
        limit: usize,
        now: Instant,
    ) -> Result<Option<Batch>, Reset> {
        let key = (cell.epoch(), format, cursor);
        if let Some(batch) = self.encoded.get(&key) {
            return Ok(Some(batch.clone()));
        }
        let topic = cell.read(now);
        let unread = topic.read(cursor)?;
        let messages = unread.batch(usize::MAX, limit);
        let Some(last) = messages.clone().last() else { return Ok(None) };
        let mut bytes = BytesMut::with_capacity(limit.min(messages.clone().map(crate::topic::Message::cost).sum()));
        format.messages(messages.clone(), &mut self.encoding, &mut bytes);
        let (next, count, more) = (last.id, messages.len() as u64, messages.len() < unread.len());
        drop(topic);
        self.encoding.compress(&mut bytes);
        let batch = Batch { bytes: bytes.freeze(), messages: count, next, more };
        if self.encoded.len() >= MAX_BATCHES {
            self.encoded.clear();
        }
        self.encoded.insert(key, batch.clone());
        Ok(Some(batch))
    }

    /// A poll's answer, status and body.
    pub(super) fn answer(&mut self, cell: &TopicCell, cursor: Cursor, answer: &Answer<'_>) -> (Status, Bytes) {
        match answer {
            Answer::Events { next, more, .. } => {
                let key = (cell.epoch(), cursor, *next, *more);
                let body = self.answers.entry(key).or_insert_with(|| answer::encode(answer).1.freeze());
                (Status::OK, body.clone())
            }
            Answer::Reset(_) => {
                let (status, body) = answer::encode(answer);
                (status, body.freeze())
            }
        }
    }
}

//! Each batch of the log is encoded once, however many subscribers stand at its cursor and want the same of it.

use super::super::answer;
use super::super::topics::TopicCell;
use super::format::{Encoding, Format};
use crate::http::Status;
use crate::longpoll::Answer;
use crate::topic::{Cursor, Filter, Message, Reset, Selection};
use bytes::{Bytes, BytesMut};
use std::collections::HashMap;
use std::time::Instant;

/// The batches of one turn of the loop. What is in here may be older than the log: then `more` will not tell, but the
/// publish that made it so has told the loop, and the next turn reads on.
#[derive(Debug, Default)]
pub(super) struct Batches {
    /// By the topic's number, too: a cursor that came from outside may be one of another topic.
    encoded: HashMap<(u64, Format, Cursor, Filter), Batch>,
    answers: HashMap<(u64, Cursor, Cursor, bool, Filter), Bytes>,
    encoding: Encoding,
}

/// So many batches are remembered. Subscribers that keep up share a few; those that lag each stand somewhere else, and
/// remembering theirs would only cost memory.
const MAX_BATCHES: usize = 64;

/// Some messages, encoded.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    /// Nothing, if all that there was is passed over.
    pub(super) bytes: Bytes,
    pub(super) messages: u64,
    /// The id of the last of them, if there is one.
    pub(super) last: Option<Cursor>,
    /// The cursor behind them, and behind what was passed over.
    pub(super) next: Cursor,
    /// Whether there was more.
    pub(super) more: bool,
    /// [`Topic::midst`](crate::topic::Topic::midst), for who was not told of `next`.
    pub(super) midst: Cursor,
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

    /// What the filter lets through after `cursor`, in at most `limit` bytes if one message is not more; `None` at the
    /// head.
    pub(super) fn get(
        &mut self,
        cell: &TopicCell,
        format: Format,
        cursor: Cursor,
        filter: &Filter,
        limit: usize,
        now: Instant,
    ) -> Result<Option<Batch>, Reset> {
        let key = (cell.id(), format, cursor, filter.clone());
        if let Some(batch) = self.encoded.get(&key) {
            return Ok(Some(batch.clone()));
        }
        let topic = cell.read(now);
        let Selection { messages, next, more } = topic.select(cursor, filter, usize::MAX, limit)?;
        if next == cursor {
            return Ok(None);
        }
        let mut bytes = BytesMut::with_capacity(limit.min(messages.clone().map(Message::cost).sum()));
        format.messages(messages.clone(), &mut self.encoding, &mut bytes);
        let (count, last) = (messages.len() as u64, messages.last().map(|message| message.id));
        // Who gets everything is told of everything.
        let midst = if filter.is_everything() { topic.oldest() } else { topic.midst(now) };
        drop(topic);
        self.encoding.compress(&mut bytes);
        let batch = Batch { bytes: bytes.freeze(), messages: count, last, next, more, midst };
        if self.encoded.len() >= MAX_BATCHES {
            self.encoded.clear();
        }
        self.encoded.insert(key, batch.clone());
        Ok(Some(batch))
    }

    /// A poll's answer, status and body.
    pub(super) fn answer(
        &mut self,
        cell: &TopicCell,
        cursor: Cursor,
        filter: &Filter,
        answer: &Answer<'_>,
    ) -> (Status, Bytes) {
        match answer {
            Answer::Events { next, more, .. } => {
                let key = (cell.id(), cursor, *next, *more, filter.clone());
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

//! A client that hears of a topic, whatever the transport.

use super::Format;
use super::batches::Batches;
use super::connection::Turn;
use super::outgoing::Outgoing;
use crate::server::metrics::{Present, Via};
use crate::server::topics::TopicCell;
use crate::topic::{Cursor, Reset};
use std::sync::Arc;

/// A cursor into a topic, and how what follows it is written. No queue: what it has not read yet is in the log.
#[derive(Debug)]
pub(in super::super) struct Subscriber {
    pub(in super::super) cell: Arc<TopicCell>,
    pub(in super::super) cursor: Cursor,
    pub(in super::super) format: Format,
    pub(in super::super) via: Via,
    pub(in super::super) _present: Present,
}

impl Subscriber {
    /// Puts the next batch into `out`, which is empty; whether there is more.
    pub(super) fn next(&mut self, out: &mut Outgoing, batches: &mut Batches, turn: &Turn<'_>) -> bool {
        match self.batch(out, batches, turn) {
            Ok(more) => more,
            Err(reset) => {
                // It is told, and goes on with what is left.
                self.format.reset(&reset, out.own(turn.now));
                self.cursor = reset.oldest;
                true
            }
        }
    }

    /// The same, but what to do about a reset is the caller's.
    pub(super) fn batch(&mut self, out: &mut Outgoing, batches: &mut Batches, turn: &Turn<'_>) -> Result<bool, Reset> {
        let delivery = turn.shared.metrics.delivery(self.via);
        let limit = turn.shared.limits.batch_bytes;
        let batch = batches
            .get(&self.cell, self.format, self.cursor, limit, turn.now)
            .inspect_err(|_| delivery.resets.add(1))?;
        let Some(batch) = batch else { return Ok(false) };
        self.cursor = batch.next;
        delivery.messages.add(batch.messages);
        delivery.bytes.add(batch.bytes.len() as u64);
        out.share(batch.bytes, turn.now);
        Ok(batch.more)
    }
}

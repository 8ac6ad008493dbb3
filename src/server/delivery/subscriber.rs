//! A client that hears of a topic, whatever the transport.

use super::Format;
use super::batches::Batches;
use super::connection::Turn;
use super::outgoing::Outgoing;
use crate::server::metrics::{Present, Via};
use crate::server::topics::TopicCell;
use crate::topic::{Cursor, Filter, Reset};
use bytes::BytesMut;
use std::sync::Arc;
use std::time::Instant;

/// A cursor into a topic, and how what follows it is written. No queue: what it has not read yet is in the log.
#[derive(Debug)]
pub(in super::super) struct Subscriber {
    pub(in super::super) cell: Arc<TopicCell>,
    cursor: Cursor,
    /// Where the client stands, for all that it was told. What its filter does not let through moves the cursor only.
    told: Cursor,
    filter: Filter,
    pub(in super::super) format: Format,
    pub(in super::super) via: Via,
    pub(in super::super) _present: Present,
}

impl Subscriber {
    /// A subscriber that has been told that it stands at `cursor`.
    pub(in super::super) fn new(
        cell: Arc<TopicCell>,
        cursor: Cursor,
        filter: Filter,
        format: Format,
        via: Via,
        present: Present,
    ) -> Self {
        Self { cell, cursor, told: cursor, filter, format, via, _present: present }
    }

    /// Tells where it stands.
    pub(super) fn bookmark(&mut self, output: &mut BytesMut) {
        self.format.bookmark(self.cursor, output);
        self.told = self.cursor;
    }

    /// The same, unless it knows already.
    pub(super) fn bookmark_if_moved(&mut self, output: &mut BytesMut) {
        if self.told != self.cursor {
            self.bookmark(output);
        }
    }

    /// Puts the next batch into `out`, which is empty; whether there is more.
    pub(super) fn next(&mut self, out: &mut Outgoing, batches: &mut Batches, turn: &Turn<'_>) -> bool {
        match self.batch(out, batches, turn) {
            Ok(more) => more,
            Err(reset) => {
                // It is told, and goes on with what is left.
                self.format.reset(&reset, out.own(turn.now));
                (self.cursor, self.told) = (reset.oldest, reset.oldest);
                true
            }
        }
    }

    /// The same, but what to do about a reset is the caller's.
    pub(super) fn batch(&mut self, out: &mut Outgoing, batches: &mut Batches, turn: &Turn<'_>) -> Result<bool, Reset> {
        let delivery = turn.shared.metrics.delivery(self.via);
        let limit = turn.shared.limits.batch_bytes;
        let batch = batches
            .get(&self.cell, self.format, self.cursor, &self.filter, limit, turn.now)
            .inspect_err(|_| delivery.resets.add(1))?;
        let Some(batch) = batch else { return Ok(false) };
        self.cursor = batch.next;
        if let Some(last) = batch.last {
            self.told = last;
            delivery.messages.add(batch.messages);
            delivery.bytes.add(batch.bytes.len() as u64);
            out.share(batch.bytes, turn.now);
        }
        self.keep_up(batch.midst, out, turn.now);
        Ok(batch.more)
    }

    /// On a busy topic what a client was told last may be dropped before the next keepalive: should it come back, it must
    /// not hear of a loss where it lost nothing.
    fn keep_up(&mut self, midst: Cursor, out: &mut Outgoing, now: Instant) {
        if self.told.n() < midst.n() {
            self.bookmark_if_moved(out.own(now));
        }
    }
}

//! Whether what arrives is each message once and in order, or a reset that says what was lost.

use crate::run::{Published, data};
use std::sync::Mutex;
use tidings::client::Received;
use tidings::topic::{Cursor, Reset, ResetReason};

/// Looks at everything that a client gives.
pub struct Check<'a> {
    seed: u64,
    published: &'a Mutex<Published>,
    /// What has arrived; `None` before anything has.
    pub at: Option<Cursor>,
    pub messages: u64,
    /// Messages that a reset of this epoch covered.
    pub trimmed: u64,
    pub resets: u64,
    pub cuts: u64,
}

impl<'a> Check<'a> {
    pub fn new(seed: u64, published: &'a Mutex<Published>) -> Self {
        Self { seed, published, at: None, messages: 0, trimmed: 0, resets: 0, cuts: 0 }
    }

    pub fn take(&mut self, received: &Received) {
        match received {
            Received::Message { id, event, data } => {
                let id: Cursor = id.as_deref().expect("every message has an id").parse().unwrap();
                self.message(id, data);
                assert_eq!(*event, None);
            }
            // Where it moves the cursor over messages, they are lost; it stands before the first.
            Received::Bookmark { id } => {
                let id: Cursor = id.parse().unwrap();
                assert!(self.at.is_none() && id.n() == 0, "a bookmark moves the cursor from {:?} to {id}", self.at);
                self.at = Some(id);
            }
            Received::Reset(reset) => self.reset(reset),
            Received::Reconnecting { .. } => self.cuts += 1,
            Received::Connected | Received::Drain => {}
            other => panic!("unexpected: {other:?}"),
        }
    }

    fn message(&mut self, id: Cursor, found: &str) {
        let at = self.at.unwrap_or_else(|| Cursor::new(id.epoch(), 0));
        assert_eq!(id, Cursor::new(at.epoch(), at.n() + 1), "behind {at}");
        let log = self.number_of(id.epoch());
        assert_eq!(found, data(self.seed, log, id.n()), "the data of {id}");
        self.at = Some(id);
        self.messages += 1;
    }

    /// Which of the servers had that epoch. Its topic may be known to a client before it is to the publisher.
    fn number_of(&self, epoch: u64) -> usize {
        let epochs = &self.published.lock().unwrap().epochs;
        epochs.iter().position(|known| *known == epoch).unwrap_or(epochs.len())
    }

    fn reset(&mut self, reset: &Reset) {
        let at = self.at.expect("a reset without a cursor");
        let Reset { reason, oldest, newest } = reset;
        if oldest.epoch() == at.epoch() {
            assert_eq!(*reason, ResetReason::Trimmed, "{at}: {reset:?}");
            assert!(at.n() < oldest.n() && oldest.n() <= newest.n(), "{at}: {reset:?}");
            self.trimmed += oldest.n() - at.n();
        } else {
            assert_eq!(*reason, ResetReason::Epoch, "{at}: {reset:?}");
            assert!(self.number_of(oldest.epoch()) > self.number_of(at.epoch()), "{at}: {reset:?}");
            assert_eq!(oldest.n(), 0, "all of the new log is there: {at}: {reset:?}");
        }
        self.at = Some(*oldest);
        self.resets += 1;
    }
}

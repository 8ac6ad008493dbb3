//! Whether what arrives is each message once and in order, or a reset that says what was lost.

use crate::position::Position;
use crate::run::{Published, data};
use std::sync::Mutex;
use tidings::client::Received;
use tidings::topic::{Cursor, Reset};

/// Looks at everything that a client gives.
pub struct Check<'a> {
    seed: u64,
    published: &'a Mutex<Published>,
    pub position: Position,
    pub cuts: u64,
}

impl<'a> Check<'a> {
    pub fn new(seed: u64, published: &'a Mutex<Published>) -> Self {
        Self { seed, published, position: Position::default(), cuts: 0 }
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
                let at = &mut self.position.at;
                assert!(at.is_none() && id.n() == 0, "a bookmark moves the cursor from {at:?} to {id}");
                *at = Some(id);
            }
            Received::Reset(reset) => self.reset(reset),
            Received::Reconnecting { .. } => self.cuts += 1,
            Received::Connected | Received::Drain => {}
            other => panic!("unexpected: {other:?}"),
        }
    }

    fn message(&mut self, id: Cursor, found: &str) {
        self.position.message(id);
        let log = self.number_of(id.epoch());
        assert_eq!(found, data(self.seed, log, id.n()), "the data of {id}");
    }

    /// Which of the servers had that epoch. Its topic may be known to a client before it is to the publisher.
    fn number_of(&self, epoch: u64) -> usize {
        let epochs = &self.published.lock().unwrap().epochs;
        epochs.iter().position(|known| *known == epoch).unwrap_or(epochs.len())
    }

    fn reset(&mut self, reset: &Reset) {
        let before = self.position.at;
        self.position.reset(reset);
        let (oldest, before) = (reset.oldest, before.map_or(0, Cursor::epoch));
        if oldest.epoch() != before {
            assert!(self.number_of(oldest.epoch()) > self.number_of(before), "{before}: {reset:?}");
            assert_eq!(oldest.n(), 0, "all of the new log is there: {before}: {reset:?}");
        }
    }
}

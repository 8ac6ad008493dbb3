//! Where a subscriber is in its topic, and whether it can have come there from where it was: each message once and in
//! order, or a reset that says what was lost.

use tidings::topic::{Cursor, Reset, ResetReason};

#[derive(Debug, Default)]
pub struct Position {
    /// What has arrived; `None` before anything has.
    pub at: Option<Cursor>,
    pub messages: u64,
    /// Messages that a reset of the same epoch covered.
    pub trimmed: u64,
    pub resets: u64,
}

impl Position {
    pub fn message(&mut self, id: Cursor) {
        let at = self.at.unwrap_or_else(|| Cursor::new(id.epoch(), 0));
        assert_eq!(id, Cursor::new(at.epoch(), at.n() + 1), "behind {at}");
        self.at = Some(id);
        self.messages += 1;
    }

    pub fn reset(&mut self, reset: &Reset) {
        let at = self.at.expect("a reset without a cursor");
        let Reset { reason, oldest, newest } = reset;
        if oldest.epoch() == at.epoch() {
            assert_eq!(*reason, ResetReason::Trimmed, "{at}: {reset:?}");
            assert!(at.n() < oldest.n() && oldest.n() <= newest.n(), "{at}: {reset:?}");
            self.trimmed += oldest.n() - at.n();
        } else {
            assert_eq!(*reason, ResetReason::Epoch, "{at}: {reset:?}");
            assert!(oldest.epoch() > at.epoch(), "{at}: {reset:?}");
        }
        self.at = Some(*oldest);
        self.resets += 1;
    }
}

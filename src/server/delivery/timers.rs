//! One timer for each connection, in order of time.
//!
//! Most deadlines are put off by the next byte. So a timer that is set may go off early: its owner then looks what it is
//! due for and sets it anew. That costs one look in each period of silence instead of two changes of the order for each
//! message.

use mio::Token;
use std::collections::BTreeSet;
use std::time::Instant;

#[derive(Debug, Default)]
pub(super) struct Timers {
    order: BTreeSet<(Instant, Token)>,
}

impl Timers {
    /// Sees to it that the timer goes off at `due` or before. `armed`: what it is set to, kept by its owner.
    pub(super) fn arm(&mut self, token: Token, armed: &mut Option<Instant>, due: Instant) {
        if armed.is_some_and(|armed| armed <= due) {
            return;
        }
        self.disarm(token, armed);
        self.order.insert((due, token));
        *armed = Some(due);
    }

    pub(super) fn disarm(&mut self, token: Token, armed: &mut Option<Instant>) {
        if let Some(at) = armed.take() {
            self.order.remove(&(at, token));
        }
    }

    /// When the next one goes off.
    pub(super) fn next(&self) -> Option<Instant> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Takes one that is due. Its owner must forget that it was set.
    pub(super) fn expired(&mut self, now: Instant) -> Option<Token> {
        let (at, token) = *self.order.first()?;
        if at > now {
            return None;
        }
        self.order.pop_first();
        Some(token)
    }
}

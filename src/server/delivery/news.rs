//! What was published, to those who hear of it.

use super::Delivery;
use super::batches::Batches;
use crate::server::signal::News;
use std::mem;
use std::time::Instant;
use std::vec::Vec;

impl Delivery {
    /// Topics with news, and connections that have room again.
    pub(super) fn deliver(&mut self, dirty: Vec<News>, batches: &mut Batches, now: Instant) {
        let mut tokens = mem::take(&mut self.hungry);
        let (was_hungry, mut published) = (!tokens.is_empty(), Vec::new());
        for News { cell, since } in dirty {
            // Before anything of it is read: see there.
            cell.clear_dirty();
            if let Some(audience) = self.audiences.get(&cell.id()) {
                tokens.extend(&audience.members);
                published.push(since);
            }
        }
        if was_hungry && !published.is_empty() {
            // Who catches up is in the audience, too.
            tokens.sort_unstable();
            tokens.dedup();
        }
        for token in tokens {
            self.step(token, now, |connection, turn| connection.deliver(batches, turn));
        }
        if !published.is_empty() {
            let now = Instant::now();
            for since in published {
                self.shared.metrics.lag.observe(now.saturating_duration_since(since));
            }
        }
    }
}

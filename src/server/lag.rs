//! How long messages take from their publishing to the sockets of those who read, as a Prometheus histogram.

use super::metrics::{Counter, title};
use std::fmt::{self, Write};
use std::string::String;
use std::time::Duration;

/// Upper bounds in seconds, and in microseconds. A loop that keeps up is in the first ones; a minute is the last that a
/// client waits for anything.
const BUCKETS: [(&str, u64); 9] = [
    ("0.0001", 100),
    ("0.0005", 500),
    ("0.001", 1_000),
    ("0.005", 5_000),
    ("0.01", 10_000),
    ("0.1", 100_000),
    ("1", 1_000_000),
    ("10", 10_000_000),
    ("60", 60_000_000),
];

#[derive(Debug, Default)]
pub(super) struct Lag {
    buckets: [Counter; BUCKETS.len()],
    count: Counter,
    micros: Counter,
}

impl Lag {
    pub(super) fn observe(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        // Each bucket holds what is in those below it, too.
        for (counter, _) in self.buckets.iter().zip(BUCKETS).filter(|(_, (_, bound))| micros <= *bound) {
            counter.add(1);
        }
        self.micros.add(micros);
        self.count.add(1);
    }

    pub(super) fn write(&self, out: &mut String) -> fmt::Result {
        const NAME: &str = "delivery_lag_seconds";
        title(out, NAME, "histogram", "From a publish to the sockets of those who read, for each turn of a topic.")?;
        for (counter, (bound, _)) in self.buckets.iter().zip(BUCKETS) {
            writeln!(out, "tidings_{NAME}_bucket{{le=\"{bound}\"}} {}", counter.value())?;
        }
        let (count, micros) = (self.count.value(), self.micros.value());
        writeln!(out, "tidings_{NAME}_bucket{{le=\"+Inf\"}} {count}")?;
        writeln!(out, "tidings_{NAME}_sum {}.{:06}", micros / 1_000_000, micros % 1_000_000)?;
        writeln!(out, "tidings_{NAME}_count {count}")
    }
}

//! What can happen to a connection, and what did.

use crate::random::Random;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The server's bytes end somewhere, even in the head.
    Cut,
    /// They end somewhere behind the head.
    Truncated,
    /// The connection is reset, somewhere.
    Reset,
    /// The client's bytes end somewhere, even in the request.
    Upstream,
    /// A gateway answers that it did not reach the server.
    BadGateway,
    /// From somewhere on nothing comes any more, and nothing says why.
    Stall,
}

/// Each connection gets the next of these, once they are shuffled. Stalls are rare, for each takes as long as the client
/// is patient.
const DECK: &[(Kind, usize)] = &[
    (Kind::Cut, 11),
    (Kind::Truncated, 8),
    (Kind::Reset, 8),
    (Kind::Upstream, 8),
    (Kind::BadGateway, 4),
    (Kind::Stall, 1),
];

/// What is to happen to one connection.
#[derive(Debug, Clone)]
pub struct Plan {
    pub kind: Kind,
    /// After so many bytes of the server's.
    pub at: u64,
    /// After so many bytes of the client's, if those have not come to be before.
    pub up: Option<u64>,
    /// After so many bytes everything waits for so long, whatever comes then.
    pub delay: Option<(u64, Duration)>,
    /// How much is passed on at once: the receiver's reads end where the sender's writes did not.
    pub piece: usize,
}

/// Draws plans.
#[derive(Debug)]
pub struct Plans {
    random: Random,
    /// Bytes of the server between two faults, on average.
    gap: u64,
    gentle: bool,
    deck: Vec<Kind>,
}

impl Plans {
    pub fn new(random: Random, gap: u64) -> Self {
        Self { random, gap, gentle: false, deck: Vec::new() }
    }

    /// For the program, whose waits are its users': a stall takes 40 s, and so do a few cuts without a message between
    /// them.
    pub fn gentle(random: Random, gap: u64) -> Self {
        Self { gentle: true, ..Self::new(random, gap) }
    }

    pub fn draw(&mut self) -> Plan {
        let random = &mut self.random;
        if self.deck.is_empty() {
            let cards = DECK.iter().filter(|(kind, _)| !self.gentle || *kind != Kind::Stall);
            self.deck = cards.flat_map(|&(kind, count)| vec![kind; count]).collect();
            for n in (1..self.deck.len()).rev() {
                self.deck.swap(n, usize::try_from(random.below(n as u64 + 1)).unwrap());
            }
            // A client that knows nothing of a server yet has no reason to take its silence for a fault.
            if self.deck.last() == Some(&Kind::Stall) {
                self.deck.rotate_right(1);
            }
        }
        let kind = self.deck.pop().unwrap();
        // One in four falls into the head of an answer, or nearly.
        let at = if !self.gentle && random.one_in(4) { random.below(400) } else { random.about(self.gap) };
        // Into the first request, or one of the next over a connection that is kept.
        let up = (kind == Kind::Upstream).then(|| random.about(if self.gentle { self.gap } else { 300 }));
        let delay = random.one_in(4).then(|| (random.below(at + 1), Duration::from_millis(1 + random.below(20))));
        let piece = [7, 1_000, 16_384, 16_384][usize::try_from(random.below(4)).unwrap()];
        Plan { kind, at, up, delay, piece }
    }
}

/// How often each has happened.
#[derive(Debug, Default)]
pub struct Counts(Mutex<(BTreeMap<Kind, u64>, u64)>);

impl Counts {
    pub fn add(&self, kind: Kind) {
        *self.0.lock().unwrap().0.entry(kind).or_default() += 1;
    }

    pub fn add_delay(&self) {
        self.0.lock().unwrap().1 += 1;
    }

    /// Whether all kinds have happened, and this often together: a test without faults would show nothing.
    pub fn are_enough(&self, total: u64) -> Result<(), String> {
        let counts = self.0.lock().unwrap();
        let (kinds, delays) = &*counts;
        let cards: u64 = DECK.iter().map(|(_, count)| *count as u64).sum();
        for &(kind, count) in DECK {
            // Half of its share: a connection may end before its fault is due.
            let least = (total * count as u64 / cards / 2).max(1);
            let happened = kinds.get(&kind).copied().unwrap_or_default();
            if happened < least {
                return Err(format!("{kind:?} happened {happened} times and not {least}: {counts:?}"));
            }
        }
        let all: u64 = kinds.values().sum();
        if all < total || *delays < total / 16 {
            return Err(format!("not {total} faults and {} delays: {counts:?}", total / 16));
        }
        Ok(())
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.0.lock().unwrap();
        write!(f, "{:?}, {} delays", counts.0, counts.1)
    }
}

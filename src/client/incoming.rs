//! A body without an end: what event streams and streams of lines have in common.

use super::Cut;
use super::error::Trouble;
use super::exchange::Answer;
use super::wire::{Filled, Wire};
use crate::blocking::SHORTEST;
use crate::http::{BodyEvent, BodyReader};
use std::time::Instant;

/// The connection and its body, once the server has agreed to send one.
#[derive(Debug)]
pub(super) struct Incoming {
    wire: Wire,
    body: BodyReader,
}

impl Incoming {
    pub(super) fn new(wire: Wire, answer: Answer) -> Self {
        Self { wire, body: answer.body }
    }

    /// Gives what has come of the body to `sink`.
    pub(super) fn take(&mut self, mut sink: impl FnMut(&[u8]) -> Result<(), Trouble>) -> Result<(), Trouble> {
        loop {
            let step = self.body.receive(self.wire.unread())?;
            let consumed = step.consumed;
            match step.event {
                Some(BodyEvent::Data(data)) => sink(data)?,
                Some(BodyEvent::End) => return Err(Cut::Ended.into()),
                None => {
                    self.wire.consume(consumed);
                    return Ok(());
                }
            }
            self.wire.consume(consumed);
        }
    }

    /// Waits for more.
    pub(super) fn fill(&mut self, deadline: Option<Instant>) -> Result<(), Trouble> {
        // Who was away for long finds the time over, and the bytes maybe there.
        let deadline = deadline.map(|deadline| deadline.max(Instant::now() + SHORTEST));
        match self.wire.fill(deadline)? {
            Filled::Bytes => Ok(()),
            Filled::Eof => Err(Cut::Ended.into()),
            Filled::TimedOut => Err(Cut::Silent.into()),
        }
    }
}

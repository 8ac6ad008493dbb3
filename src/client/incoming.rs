//! A body without an end: what event streams and streams of lines have in common.

use super::Cut;
use super::error::Trouble;
use super::exchange::{self, Get};
use super::feed::Link;
use super::wire::{Filled, Wire};
use crate::http::{BodyEvent, BodyReader};
use alloc::vec::Vec;
use core::time::Duration;
use std::time::Instant;

/// The connection and its body, once the server has agreed to send one.
#[derive(Debug)]
pub(super) struct Incoming {
    wire: Wire,
    body: BodyReader,
}

impl Incoming {
    /// Asks for a body of that media type.
    pub(super) fn open(
        link: &Link,
        media_type: &str,
        parameters: &[(&str, &str)],
        header: Option<(&str, &str)>,
    ) -> Result<Self, Trouble> {
        let headers: Vec<(&str, &str)> = [("Accept", media_type)].into_iter().chain(header).collect();
        let get = Get { parameters, headers: &headers, limit: u64::MAX, hold: Duration::ZERO };
        let (mut wire, mut answer) = exchange::get(&mut None, &link.target, &link.options, &link.stop, &get)?;
        if answer.status.as_u16() != 200 {
            return Err(answer.refusal(&mut wire));
        }
        answer.expect_type(media_type)?;
        Ok(Self { wire, body: answer.body })
    }

    /// Waits for data and gives it to `sink`, until that has put something into the queue.
    pub(super) fn read(
        &mut self,
        link: &mut Link,
        mut sink: impl FnMut(&[u8], &mut Link) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        loop {
            let step = self.body.receive(self.wire.unread())?;
            match step.event {
                Some(BodyEvent::Data(data)) => {
                    sink(data, link)?;
                    self.wire.consume(step.consumed);
                }
                Some(BodyEvent::End) => return Err(Cut::Ended.into()),
                None => {
                    self.wire.consume(step.consumed);
                    if !link.queue.is_empty() {
                        return Ok(());
                    }
                    match self.wire.fill(link.deadline())? {
                        Filled::Bytes => link.session.handle_bytes(Instant::now()),
                        Filled::Eof => return Err(Cut::Ended.into()),
                        Filled::TimedOut => return Err(Cut::Silent.into()),
                    }
                }
            }
        }
    }
}

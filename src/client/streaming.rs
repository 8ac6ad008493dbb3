//! What the transports over one lasting connection share: it is opened, read until it breaks, and opened again.

use super::Cut;
use super::error::Trouble;
use super::feed::{Link, Transport};
use crate::reconnect::{Reconnect, State};
use core::time::Duration;
use std::time::Instant;

/// A transport whose connection lasts, and is made again when [`Reconnect`] says so.
pub(super) trait Streaming {
    /// Makes a connection.
    fn open(&mut self, link: &mut Link) -> Result<(), Trouble>;
    /// Reads from it.
    fn read(&mut self, link: &mut Link) -> Result<(), Trouble>;
    /// Lets it go, with what it has begun.
    fn let_go(&mut self);
    /// When to make the next.
    fn reconnect(&mut self) -> &mut Reconnect<Instant>;
}

impl<T: Streaming> Transport for T {
    fn step(&mut self, link: &mut Link) -> Result<(), Trouble> {
        match self.reconnect().state() {
            State::Connecting => {
                self.open(link)?;
                self.reconnect().handle_connected(Instant::now());
                link.connected();
            }
            State::Open => self.read(link)?,
            State::Waiting | State::Closed => {
                link.wait_until(self.reconnect().poll_timeout());
                self.reconnect().handle_timeout(Instant::now());
            }
        }
        Ok(())
    }

    fn cut(&mut self, _: &Cut, retry_after: Option<Duration>, now: Instant) -> Option<Duration> {
        self.let_go();
        self.reconnect().handle_cut(retry_after, now)
    }

    fn close(&mut self) {
        self.let_go();
        self.reconnect().close();
    }
}

//! Long and short polling.

use super::error::Trouble;
use super::exchange::{self, Answer, Get};
use super::feed::{Feed, Link, Transport, subscriber};
use super::wire::Wire;
use super::{Cut, Error, Options};
use crate::envelope::{self, Batch};
use crate::longpoll::{self, Ask, PollDue, PollResponse, PollerOptions};
use crate::reconnect::Backoff;
use crate::topic::After;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;
use std::time::Instant;

/// Subscribes by asking again and again, over one connection as long as the server keeps it.
///
/// A long poll is asked again at once after each answer, and with the same cursor after a cut: reads take nothing away,
/// so that a lost answer comes again as it was (RFC 6202 §2.2). If somebody on the way cuts held polls short, it learns
/// to ask for less. A short poll is asked at intervals, shorter ones while there is news and longer ones while there is
/// none, and at once where there is more already. The decisions are those of [`longpoll::Poller`].
#[derive(Debug)]
pub struct Poller(Feed<Polls>);

impl Poller {
    /// Long polling, held for up to [`Options::wait`]. Nothing is sent before the first [`next`](Iterator::next).
    ///
    /// # Errors
    /// A URL that cannot be used, or an [`Options::after`] that is neither a cursor nor a word.
    pub fn long(url: &str, options: Options) -> Result<Self, Error> {
        Self::new(url, options, longpoll::Poller::long)
    }

    /// Short polling, each [`Options::interval`] to [`Options::interval_max`].
    ///
    /// # Errors
    /// As [`long`](Self::long).
    pub fn short(url: &str, options: Options) -> Result<Self, Error> {
        Self::new(url, options, longpoll::Poller::short)
    }

    fn new(
        url: &str,
        options: Options,
        make: fn(After, PollerOptions, Backoff, Instant) -> longpoll::Poller<Instant>,
    ) -> Result<Self, Error> {
        let link = Link::new(url, options)?;
        let after = link.after().parse().map_err(Error::After)?;
        let Options { wait, interval, interval_max, response_timeout: patience, .. } = link.options;
        let options = PollerOptions { wait, interval, interval_max, patience };
        let backoff = Backoff::new(link.options.retry, link.options.retry_max, link.options.random);
        let machine = make(after, options, backoff, Instant::now());
        Ok(Self(Feed::new(link, Polls { machine, wire: None })))
    }
}

subscriber!(Poller);

#[derive(Debug)]
struct Polls {
    machine: longpoll::Poller<Instant>,
    wire: Option<Wire>,
}

const MEDIA_TYPE: &str = "application/json";

impl Transport for Polls {
    fn step(&mut self, link: &mut Link) -> Result<(), Trouble> {
        link.wait_until(self.machine.poll_timeout());
        if link.stop.is_stopped() {
            return Ok(());
        }
        let Some(PollDue::Ask(ask)) = self.machine.handle_timeout(Instant::now()) else { return Ok(()) };
        let (mut wire, mut answer) = self.ask(ask, link)?;
        let response = self.machine.handle_response(answer.status, answer.retry_after, Instant::now());
        match response {
            PollResponse::Events => answer.expect_type(MEDIA_TYPE)?,
            PollResponse::Reset if answer.expect_type(MEDIA_TYPE).is_ok() => {}
            PollResponse::Later(after) => {
                link.reconnecting(after, Cut::Status(answer.status));
                return Ok(());
            }
            PollResponse::Reset | PollResponse::Redirect | PollResponse::Refused => {
                return Err(answer.refusal(&mut wire));
            }
        }
        let deadline = self.machine.poll_timeout().unwrap_or_else(|| wire.response_deadline());
        let body = exchange::read_body(&mut wire, &mut answer.body, link.options.max_message, deadline)?;
        self.wire = Some(wire).filter(|_| answer.keep_alive);
        self.take(&body, response == PollResponse::Reset, link)
    }

    fn cut(&mut self, why: &Cut, _: Option<Duration>, now: Instant) -> Option<Duration> {
        self.wire = None;
        match why {
            Cut::Connect(_) => self.machine.handle_unreachable(now),
            _ => self.machine.handle_cut(now),
        }
    }

    fn close(&mut self) {
        self.wire = None;
        self.machine.stop();
    }
}

impl Polls {
    /// One request, through redirects.
    fn ask(&mut self, ask: Ask, link: &Link) -> Result<(Wire, Answer), Trouble> {
        let (after, wait) = (ask.after.to_string(), ask.wait.as_secs().to_string());
        let mut parameters = Vec::from([("after", after.as_str())]);
        parameters.extend((!ask.wait.is_zero()).then_some(("wait", wait.as_str())));
        let limit = link.options.max_message as u64;
        let headers = [("Accept", MEDIA_TYPE)];
        let get = Get { parameters: &parameters, headers: &headers, limit, deadline: self.machine.poll_timeout() };
        exchange::get(&mut self.wire, link, &get)
    }

    /// What a whole answer says.
    fn take(&mut self, body: &[u8], is_reset: bool, link: &mut Link) -> Result<(), Trouble> {
        let body = String::from_utf8_lossy(body);
        if !self.machine.is_connected() {
            link.connected();
        }
        if is_reset {
            let reset = envelope::parse_reset(&body)?;
            self.machine.handle_reset(&reset, Instant::now());
            link.reset(reset);
            return Ok(());
        }
        let batch = Batch::parse(&body)?;
        for entry in &batch.events {
            link.message(Some(&entry.id.to_string()), entry.event.as_deref(), &entry.data);
        }
        link.bookmark(&batch.next.to_string());
        self.machine.handle_events(batch.events.len(), batch.next, batch.more, Instant::now());
        Ok(())
    }
}

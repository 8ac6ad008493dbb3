//! The loop that all subscribers share: connect, read, wait, and again.

use super::error::Trouble;
use super::session::{Due, Session};
use super::target::Target;
use super::{Cut, Error, Options, Received, Stop, headers};
use crate::reconnect::Backoff;
use crate::topic::After;
use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use core::time::Duration;
use std::time::Instant;

/// What is different from one transport to the next.
pub(super) trait Transport {
    /// Connects and asks; gives up and reports where that fails.
    fn open(&mut self, link: &mut Link) -> Result<(), Trouble>;
    /// Waits for what comes next and puts it into [`Link::queue`].
    fn read(&mut self, link: &mut Link) -> Result<(), Trouble>;
    /// Lets the connection go.
    fn close(&mut self);
}

/// What is the same for all transports.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) target: Target,
    pub(super) options: Options,
    pub(super) session: Session<Instant>,
    /// What was read and not given out yet: at most what one read gave.
    pub(super) queue: VecDeque<Received>,
    /// What to resume after for who has got no more than what was given out: the session is ahead of it by the queue.
    given: Option<String>,
    pub(super) stop: Stop,
}

impl Link {
    /// When the connection has been silent for too long.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.session.poll_timeout()
    }

    /// Where to read on: what was reached, or where it was to begin.
    pub(super) fn after(&self) -> &str {
        let given = self.options.after.as_deref().or_else(|| self.target.parameter("after"));
        self.session.resume().or(given).unwrap_or("now")
    }

    pub(super) fn connected(&mut self) {
        self.session.handle_connected(Instant::now());
        self.queue.push_back(Received::Connected);
    }

    /// A message with its own id, or with that of the stream.
    pub(super) fn message(&mut self, id: Option<&str>, event: Option<&str>, data: &str) {
        self.session.handle_message(id);
        let id = id.filter(|id| !id.is_empty()).map(Into::into);
        self.queue.push_back(Received::Message { id, event: event.map(Into::into), data: data.into() });
    }

    /// A bookmark is given out only where it moves the cursor: keepalives are nobody's business.
    pub(super) fn bookmark(&mut self, id: &str) {
        if self.session.handle_bookmark(id) {
            self.queue.push_back(Received::Bookmark { id: id.into() });
        }
    }

    pub(super) fn reset(&mut self, reset: crate::topic::Reset) {
        self.session.handle_reset(&reset);
        self.queue.push_back(Received::Reset(reset));
    }

    /// This goes out to the caller.
    fn give(&mut self, received: &Received) {
        match received {
            Received::Message { id: Some(id), .. } | Received::Bookmark { id } => {
                let given = self.given.get_or_insert_default();
                given.clear();
                given.push_str(id);
            }
            Received::Reset(reset) => self.given = Some(reset.oldest.to_string()),
            // An event stream may take its last id back: the session knows.
            Received::Message { id: None, .. } if self.queue.is_empty() => {
                self.given = self.session.resume().map(Into::into);
            }
            _ => {}
        }
    }
}

/// Whether it is a word for a place in the log, and no cursor.
pub(super) fn is_word(after: &str) -> bool {
    matches!(after.parse(), Ok(After::Oldest | After::Now))
}

/// A subscriber over some transport.
#[derive(Debug)]
pub(super) struct Feed<T> {
    transport: T,
    link: Link,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Connecting,
    Open,
    Waiting,
    Over,
}

impl<T: Transport> Feed<T> {
    pub(super) fn new(url: &str, options: Options, transport: T) -> Result<Self, Error> {
        let target = Target::parse(url)?;
        headers::check(&options.headers)?;
        let backoff = Backoff::new(options.retry, options.retry_max, options.random);
        let resume = options.after.clone().filter(|after| after.parse::<crate::topic::Cursor>().is_ok());
        let session = Session::new(resume, backoff);
        let given = options.after.clone().filter(|after| !is_word(after));
        let link = Link { target, options, session, queue: VecDeque::new(), given, stop: Stop::default() };
        Ok(Self { transport, link, phase: Phase::Connecting })
    }

    pub(super) fn stop(&self) -> Stop {
        self.link.stop.clone()
    }

    pub(super) fn resume(&self) -> Option<&str> {
        self.link.given.as_deref()
    }

    pub(super) fn buffered(&self) -> usize {
        self.link.queue.len()
    }

    pub(super) fn next(&mut self) -> Option<Result<Received, Error>> {
        loop {
            if let Some(received) = self.link.queue.pop_front() {
                self.link.give(&received);
                return Some(Ok(received));
            }
            if self.link.stop.is_stopped() {
                self.end();
            }
            let result = match self.phase {
                Phase::Over => return None,
                Phase::Connecting => self.transport.open(&mut self.link).map(|()| Phase::Open),
                Phase::Open => self.transport.read(&mut self.link).map(|()| Phase::Open),
                Phase::Waiting => Ok(self.wait()),
            };
            match result {
                Ok(phase) => self.phase = phase,
                Err(Trouble::Cut(Cut::Stopped, _)) => self.end(),
                Err(Trouble::Cut(why, retry_after)) => self.cut(why, retry_after),
                Err(Trouble::Fatal(error)) => {
                    self.end();
                    return Some(Err(error));
                }
            }
        }
    }

    fn wait(&mut self) -> Phase {
        if let Some(until) = self.link.session.poll_timeout() {
            self.link.stop.wait_until(until);
        }
        match self.link.session.handle_timeout(Instant::now()) {
            Some(Due::Connect) => Phase::Connecting,
            _ => Phase::Waiting,
        }
    }

    fn cut(&mut self, why: Cut, retry_after: Option<Duration>) {
        self.transport.close();
        self.phase = Phase::Waiting;
        let after = self.link.session.handle_cut(retry_after, Instant::now());
        self.link.queue.push_back(Received::Reconnecting { after, why });
    }

    fn end(&mut self) {
        self.transport.close();
        self.phase = Phase::Over;
    }
}

/// A public subscriber around a [`Feed`].
macro_rules! subscriber {
    ($name:ident, $transport:ty) => {
        impl $name {
            /// Ends the iterator from another thread.
            #[must_use]
            pub fn stop_handle(&self) -> $crate::client::Stop {
                self.0.stop()
            }

            /// The cursor to go on with, here or over another transport, behind what [`next`](Iterator::next) has given so
            /// far. `None`: the server has given none, nor was there one in
            /// [`Options::after`]($crate::client::Options::after).
            #[must_use]
            pub fn resume(&self) -> Option<&str> {
                self.0.resume()
            }

            /// How many things have arrived that [`next`](Iterator::next) gives without waiting: where it is 0, write
            /// out what you have.
            #[must_use]
            pub fn buffered(&self) -> usize {
                self.0.buffered()
            }
        }

        impl Iterator for $name {
            type Item = Result<$crate::client::Received, $crate::client::Error>;

            fn next(&mut self) -> Option<Self::Item> {
                self.0.next()
            }
        }
    };
}
pub(super) use subscriber;

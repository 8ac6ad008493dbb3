//! The loop that all subscribers share. What to do next is for the machines of the core; here it is done.

use super::error::Trouble;
use super::target::Target;
use super::{Cut, Error, Options, Received, Stop, headers};
use crate::topic::{After, Reset};
use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use core::time::Duration;
use std::time::Instant;

/// What is different from one transport to the next.
pub(super) trait Transport {
    /// Does what is due, once: connects, reads or waits. What comes of it goes into [`Link::queue`].
    fn step(&mut self, link: &mut Link) -> Result<(), Trouble>;
    /// That did not work: lets the connection go. How long it waits before it makes the next; `None`: it makes none.
    fn cut(&mut self, why: &Cut, retry_after: Option<Duration>, now: Instant) -> Option<Duration>;
    /// Lets the connection go.
    fn close(&mut self);
}

/// What is the same for all transports.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) target: Target,
    pub(super) options: Options,
    /// What was read and not given out yet: at most what one read gave.
    pub(super) queue: VecDeque<Received>,
    /// What to resume after: the id of the last message, the last bookmark, where a reset said that reading goes on.
    reached: Option<String>,
    /// The same for who has got no more than what was given out: it is behind by the queue.
    given: Option<String>,
    pub(super) stop: Stop,
}

impl Link {
    pub(super) fn new(url: &str, options: Options) -> Result<Self, Error> {
        let target = Target::parse(url)?;
        headers::check(&options.headers)?;
        let given = options.after.clone().filter(|after| !is_word(after));
        Ok(Self { target, options, queue: VecDeque::new(), reached: given.clone(), given, stop: Stop::default() })
    }

    /// Where to read on, if there is anything to say about it beside the URL: what was reached, or where it was to begin.
    pub(super) fn resume(&self) -> Option<&str> {
        self.reached.as_deref().or(self.options.after.as_deref())
    }

    /// Where to read on.
    pub(super) fn after(&self) -> &str {
        self.resume().or_else(|| self.target.parameter("after")).unwrap_or("now")
    }

    /// Waits until then, or until it is stopped.
    pub(super) fn wait_until(&self, until: Option<Instant>) {
        if let Some(until) = until {
            self.stop.wait_until(until);
        }
    }

    pub(super) fn connected(&mut self) {
        self.queue.push_back(Received::Connected);
    }

    pub(super) fn reconnecting(&mut self, after: Duration, why: Cut) {
        self.queue.push_back(Received::Reconnecting { after, why });
    }

    /// A message with its own id, or with that of the stream. An empty id takes the one before back, as in an event
    /// stream. Whether the next connection has another place to resume at.
    pub(super) fn message(&mut self, id: Option<&str>, event: Option<&str>, data: &str) -> bool {
        let has_moved = id.is_some_and(|id| self.move_to(id));
        let id = id.filter(|id| !id.is_empty()).map(Into::into);
        self.queue.push_back(Received::Message { id, event: event.map(Into::into), data: data.into() });
        has_moved
    }

    /// A bookmark is given out only where it moves the cursor: keepalives are nobody's business.
    pub(super) fn bookmark(&mut self, id: &str) {
        if self.move_to(id) {
            self.queue.push_back(Received::Bookmark { id: id.into() });
        }
    }

    /// Messages were lost, and reading goes on at the oldest.
    pub(super) fn reset(&mut self, reset: Reset) {
        self.reached = Some(reset.oldest.to_string());
        self.queue.push_back(Received::Reset(reset));
    }

    /// Whether that is another place than before.
    fn move_to(&mut self, id: &str) -> bool {
        let has_moved = self.reached.as_deref().unwrap_or_default() != id;
        if has_moved {
            set(&mut self.reached, id);
        }
        has_moved
    }

    /// This goes out to the caller.
    fn give(&mut self, received: &Received) {
        match received {
            Received::Message { id: Some(id), .. } | Received::Bookmark { id } => set(&mut self.given, id),
            Received::Reset(reset) => self.given = Some(reset.oldest.to_string()),
            // An event stream may have taken its last id back.
            Received::Message { id: None, .. } if self.queue.is_empty() => self.given = self.reached.clone(),
            _ => {}
        }
    }
}

/// Without a new allocation where there was one; an empty id is none.
fn set(place: &mut Option<String>, id: &str) {
    if id.is_empty() {
        *place = None;
    } else {
        let text = place.get_or_insert_default();
        text.clear();
        text.push_str(id);
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
    is_over: bool,
    /// What ended it, behind what came before.
    error: Option<Error>,
}

impl<T: Transport> Feed<T> {
    pub(super) fn new(link: Link, transport: T) -> Self {
        Self { transport, link, is_over: false, error: None }
    }

    /// The same with something changed about its transport.
    pub(super) fn map(self, change: impl FnOnce(T) -> T) -> Self {
        Self { transport: change(self.transport), ..self }
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
            if self.is_over {
                return self.error.take().map(Err);
            }
            match self.transport.step(&mut self.link) {
                Ok(()) => {}
                Err(Trouble::Cut(Cut::Stopped, _)) => self.end(),
                Err(Trouble::Cut(why, retry_after)) => self.cut(why, retry_after),
                Err(Trouble::Fatal(error)) => {
                    self.end();
                    self.error = Some(error);
                }
            }
        }
    }

    fn cut(&mut self, why: Cut, retry_after: Option<Duration>) {
        match self.transport.cut(&why, retry_after, Instant::now()) {
            Some(after) => self.link.reconnecting(after, why),
            None => self.end(),
        }
    }

    fn end(&mut self) {
        self.transport.close();
        self.is_over = true;
    }
}

/// A public subscriber around a [`Feed`].
macro_rules! subscriber {
    ($name:ident) => {
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

//! Short and long polling (RFC 6202 §2): what to answer a poll and when, and what to ask and when.
//!
//! ```text
//!   Request::new ─▶ poll ─┬─ reset, news, or no wait asked for ───────────▶ Answer
//!                         │
//!                         └─▶ Held ─┬─ handle_news ─ (coalescing delay) ───▶ Answer
//!                                   ├─ handle_timeout: the hold is over ───▶ Answer, no messages
//!                                   └─ drain: the server goes away ────────▶ Answer
//! ```
//!
//! The machine decides on the caller's clock and writes nothing: the caller turns an [`Answer`] into a response, with
//! `Cache-Control: no-store`, for an answer kept by a cache would be a lie (§5.6). A poll never changes the topic, so
//! that an answer lost on its way can be asked for again.
//!
//! The other side is [`Poller`], which keeps the cursor and says what to ask next and how long to wait before:
//!
//! ```text
//!   Poller ── handle_timeout ─▶ Ask ─▶ handle_response ─┬─ Events ─▶ handle_events ─┐
//!      ▲                                                ├─ Reset ──▶ handle_reset ──┤
//!      │            nobody there, a cut, a time-out ────┼─ Later                    │
//!      └────────────── at poll_timeout ◀────────────────┴───────────────────────────┘
//!                                                       └─ Refused: the end
//! ```
//!
//! ```
//! use std::time::Duration;
//! use tidings::longpoll::{self, Answer, Options, Poll, Request};
//! use tidings::topic::{Bounds, Topic};
//!
//! let mut topic = Topic::new(1, Bounds::default());
//! let now = Duration::ZERO;
//! let options = Options::default();
//!
//! let request = Request::new(Some("now"), Some("20"), [].into_iter(), &options)?;
//! let poll = longpoll::poll(&request, &topic, &options, now);
//! let Poll::Hold(mut held) = poll else { panic!("there is no news") };
//! assert_eq!(held.poll_timeout(), Some(Duration::from_secs(20)));
//!
//! let id = topic.publish(None, "news", now)?;
//! let answer = held.handle_news(&topic, now);
//! let Some(Answer::Events { next, .. }) = answer else { panic!("there is news") };
//! assert_eq!(next, id);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod client;
mod pace;
mod prefer;
mod request;
mod server;

pub use client::{Ask, PollDue, PollResponse, Poller, PollerOptions};
pub use request::{Request, RequestError};
pub use server::{Answer, Held, Poll, poll};

use core::time::Duration;

/// How polls are served. For how they are made see [`PollerOptions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// A longer hold is not granted. Default 60 s: many proxies give up on a silent request not long after.
    pub hold_max: Duration,
    /// The hold for who asks for one without saying how long. Default 30 s: what RFC 6202 §5.5 found to be safe.
    pub hold_default: Duration,
    /// At most so many messages in an answer. Default 500.
    pub batch_messages: usize,
    /// At most so many bytes of messages in an answer, counted as by [`Message::cost`](crate::topic::Message::cost),
    /// unless one message alone is more. Default 256 KiB: an answer is built and parsed whole, and lost whole where its
    /// connection is cut.
    pub batch_bytes: usize,
    /// How long news that reaches a held poll waits for more to share the answer with. Default zero: not at all. In a
    /// burst it saves a round trip for each message, and costs each first one the delay.
    pub coalesce: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            hold_max: Duration::from_secs(60),
            hold_default: Duration::from_secs(30),
            batch_messages: 500,
            batch_bytes: 256 * 1024,
            coalesce: Duration::ZERO,
        }
    }
}

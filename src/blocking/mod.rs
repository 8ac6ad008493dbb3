//! The blocking WebSocket of `client` and `server`: one connection on one socket, for a thread that reads and for others
//! that send.
//!
//! ```text
//!             without the lock          with it             without it
//!   socket ───▶ Reading: input ──▶ ┌─── Duplex ────┐
//!                  │ Message       │ connection    │ ◀── send_text, ping, close … of any thread
//!                  ▼               │ keepalive     │
//!            the reader's own      │ output ───────┼───▶ socket, by one sender at a time
//!                                  └───────────────┘
//! ```
//!
//! As long as nobody has split it, the lock is passed by for each message.
//!
//! Nobody waits for the peer while holding the lock, and the reader never waits for it to read: a peer that does not
//! read keeps senders waiting and nobody else. If both sides have filled the sockets between them, their readers still
//! read, which lets their senders go on.
//!
//! What the two sides add stands in their own `websocket.rs`: how a connection begins and ends, and their errors.

mod access;
mod duplex;
mod failure;
mod input;
mod reading;
mod sending;
mod tap;

pub use crate::message::Message;
pub(crate) use access::Access;
pub(crate) use duplex::Duplex;
#[cfg(feature = "client")]
pub(crate) use duplex::End;
pub(crate) use failure::Failure;
pub(crate) use input::Input;
pub(crate) use reading::{Reading, Wait};
pub(crate) use sending::sending;
pub use tap::{Tap, Traffic};

use crate::ws::{Config, Delivery};
use core::time::Duration;

/// No wait for a peer that may have fallen silent is shorter, so that what is there is read.
pub(crate) const SHORTEST: Duration = Duration::from_millis(1);

/// The user's limits, for a reader that gives whole messages out of an [`Input`].
pub(crate) fn config(limits: &Config) -> Config {
    let input_buffer = limits.input_buffer.min(Input::MOST);
    Config { delivery: Delivery::Whole, input_buffer, ..limits.clone() }
}

/// What a read gives that does not wait for longer than it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimedRead {
    /// A message.
    Message(Message),
    /// The time is over.
    TimedOut,
    /// The connection is closed. On a server's side maybe only this: the server is draining, return.
    Closed,
}

impl TimedRead {
    /// For a read without a time.
    pub(crate) fn message(self) -> Option<Message> {
        match self {
            Self::Message(message) => Some(message),
            Self::TimedOut | Self::Closed => None,
        }
    }
}

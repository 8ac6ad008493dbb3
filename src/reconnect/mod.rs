//! Coming back: what the clients of all transports decide alike.
//!
//! ```text
//!               handle_connected               handle_cut: Backoff::next_wait
//!   Connecting ─────────────────▶ Open ─────────────────────────────────────▶ Waiting
//!       ▲  │                       │                                             │
//!       │  └── handle_cut ────────────────────────────────────────────────────▶ │
//!       └───────────────────────── handle_timeout: the wait is over ─────────────┘
//!                                  close, from anywhere ▶ Closed
//! ```
//!
//! [`Backoff`] says how long, [`Verdict`] what a status means, [`Redirects`] how far one is followed and with what.
//! [`Reconnect`] puts a connection's life together of them, and is what an event stream, a stream of lines and a
//! WebSocket are resumed by; a poll has no connection to speak of and makes do with the parts. No sockets and no clock.

mod backoff;
mod machine;
mod verdict;

pub use backoff::Backoff;
pub use machine::{Due, Reconnect, State};
pub use verdict::{Origin, Redirects, Verdict};

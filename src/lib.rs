//! How a web server sends news to its clients: WebSocket, Server-Sent Events, HTTP streaming, long polling and short
//! polling, both sides of the wire, without doing any I/O of its own.
//!
//! # The map
//!
//! ```text
//!  tidings (the program)      serve · publish · subscribe · inspect
//!  ───────────────────────────────────────────────────────────────
//!  server/   client/          sockets, threads, clocks: the only code that does I/O
//!  envelope/                  the JSON that goes between the two
//!  ───────────────────────────────────────────────────────────────
//!  ws/    sse/    longpoll/   protocol state machines: bytes in → events, events → bytes
//!  topic/                     one bounded log, one cursor: what every transport serves
//!  http/                      HTTP/1.1 heads and bodies, as far as push needs them
//! ```
//!
//! Imports run downwards only. Everything below the second line is `no_std` + `alloc` and makes up the *core*.
//!
//! # One shape
//!
//! Whoever has learnt one state machine of the core knows them all:
//!
//! ```text
//!            socket ──read──▶ ┌──────────────┐ ──event──▶ you
//!                      input  │ receive(…)   │
//!                             │   machine    │
//!                     output  │ send_…(…)    │
//!            socket ◀─write── └──────────────┘ ◀──call─── you
//! ```
//!
//! * The caller owns both buffers. `receive` takes a slice of input, says in a [`Step`] how much of it was consumed,
//!   and appends what must be answered to `output`.
//! * One step gives at most one event. `event: None` means that nothing more can be made of this input: keep what was
//!   not consumed at the front of the buffer, read more behind it, and call again.
//! * Events borrow from the input where the bytes lie there in one piece.
//! * An error is the peer's fault and final; the goodbye it deserves is already in `output`.
//! * Time is an argument, anything that is an [`Instant`]; random bytes come from a function of the caller's.

#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(any(feature = "server", feature = "client"))]
pub mod envelope;
pub mod http;
pub mod longpoll;
#[cfg(feature = "server")]
pub mod server;
pub mod sse;
pub mod topic;
pub mod ws;

#[cfg(feature = "std")]
mod random;
mod step;

#[cfg(feature = "std")]
pub use random::system_random;
pub use step::{Instant, Step, Transport};

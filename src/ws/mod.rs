//! WebSocket (RFC 6455) and permessage-deflate (RFC 7692), both roles: handshake, frames, messages, closing.
//!
//! ```text
//!              ┌────────────────── Connection ──────────────────┐
//!  input ─────▶│ frame ▶ mask ▶ (inflate) ▶ (assembly) ▶ utf8   │─────▶ Event
//!              │                  └▶ Pong, Close ───────────┐   │
//!  output ◀────│ frame ◀ mask ◀ (deflate) ◀─────────────────┴───│◀───── send_text, ping, close …
//!              └────────────────────────────────────────────────┘
//! ```
//!
//! A connection's life, step by step:
//!
//! 1. [`handshake`] turns an HTTP exchange into the [extensions](handshake::Extensions) that both sides agree on. What
//!    follows behind it in the input is frames.
//! 2. [`Connection`] takes input and gives events; what it has to answer by itself, Pongs and a Close, it puts into the
//!    output, where [`Connection::send_text`] and its kind append, too. After each read: all events, then one write.
//! 3. [`Keepalive`] beside it says when to ping, and when the peer is gone.
//! 4. [`Connection::transport`] says what becomes of the socket: go on, end the writing side and read on, or close.
//!
//! A message that lies whole in the input is unmasked in place and handed out as it lies there; only fragments, frames
//! larger than [`Config::input_buffer`] and compressed messages take memory of the connection's own, as much as has
//! arrived. Where one task receives and another sends, [`Connection::split`] makes two of it. For messages to many
//! connections see [`Prepared`]; for messages too large to hold, [`Delivery::Chunks`] and
//! [`Connection::send_text_fragment`]. [`frame`] and [`mask`] are the pure functions that all stands on.
//!
//! A section (§) without the name of an RFC is one of RFC 6455, here and in all of this module but [`deflate`].

#[cfg_attr(not(feature = "deflate"), path = "no_deflate.rs")]
pub mod deflate;
pub mod frame;
pub mod handshake;
pub mod mask;

mod assembly;
mod close;
mod config;
mod connection;
mod error;
mod event;
mod halves;
mod keepalive;
mod prepared;
mod receive;
mod send;
mod utf8;

pub use close::{CloseCode, CloseFrame, MAX_REASON};
pub use config::{Config, Delivery};
pub use connection::Connection;
pub use error::{ProtocolError, SendError};
pub use event::{Ending, Event};
pub use halves::{Answers, Receiver, Sender};
pub use keepalive::{Keepalive, KeepaliveEvent, KeepaliveOptions};
pub use prepared::Prepared;
pub use send::encode_text;
#[cfg(feature = "server")]
pub(crate) use send::encode_text_bytes;

use deflate::Codec;

/// Which side of the connection this is. A client masks what it sends, a server does not (RFC 6455 §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// It opened the connection.
    Client,
    /// It was connected to.
    Server,
}

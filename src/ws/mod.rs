//! WebSocket (RFC 6455), both roles: handshake, frames, masking, fragmentation, closing.
//!
//! ```text
//!              ┌───────────── Connection ─────────────┐
//!  input ─────▶│ frame ▶ mask ▶ (assembly) ▶ utf8     │─────▶ Event
//!              │                  └▶ Pong, Close ─┐   │
//!  output ◀────│ frame ◀ mask ◀───────────────────┴───│◀───── send_text, ping, close …
//!              └──────────────────────────────────────┘
//! ```
//!
//! [`handshake`] turns an HTTP exchange into a connection; [`Connection`] is everything after it. [`frame`] and
//! [`mask`] are the pure functions that it stands on. A message that lies whole in the input is unmasked in place and
//! handed out as it lies there; only fragments and frames larger than [`Connection::MIN_INPUT`] are assembled in memory
//! of the connection's own.

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

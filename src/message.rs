//! What a WebSocket that does I/O gives and takes.

use alloc::string::String;
use alloc::vec::Vec;

/// A whole message, of either of the two kinds that WebSocket has (RFC 6455 §5.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Binary data.
    Binary(Vec<u8>),
}

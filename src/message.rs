//! What a WebSocket that does I/O gives and takes.

use alloc::string::String;
use alloc::vec::Vec;

/// A whole message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Binary data.
    Binary(Vec<u8>),
}

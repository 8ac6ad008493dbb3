//! What a WebSocket gives and takes.

use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;

/// A whole message, of either of the two kinds that WebSocket has (RFC 6455 §5.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Binary data. Of a large message no copy is made where that can be helped: it lies where it was read, in memory of up
    /// to four times its length, and goes from here to a stream that [takes pieces](::tokio::io::AsyncWrite::is_write_vectored).
    /// A clone shares it.
    Binary(Bytes),
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<Bytes> for Message {
    fn from(data: Bytes) -> Self {
        Self::Binary(data)
    }
}

impl From<Vec<u8>> for Message {
    fn from(data: Vec<u8>) -> Self {
        Self::Binary(data.into())
    }
}

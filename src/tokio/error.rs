//! What ends a WebSocket, or refuses a message.

use crate::ws::{ProtocolError, SendError};
use core::fmt;
use std::io;

/// Why reading or sending did not go.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The peer broke the protocol. It was told so in a Close.
    Protocol(ProtocolError),
    /// That cannot be sent, or, [`SendError::Closed`], not any more.
    Send(SendError),
    /// The stream's; [`io::ErrorKind::TimedOut`] if the peer takes nothing of what is written for
    /// [`Options::write_within`](super::Options::write_within).
    Io(io::Error),
    /// The stream ended without a Close: messages may have been lost (RFC 6455 §7.1.5: code 1006).
    Cut,
    /// The peer gives no sign of life, or does not answer a Close.
    Silent,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protocol(error) => error.fmt(f),
            Self::Send(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
            Self::Cut => f.write_str("the stream ended without a Close frame"),
            Self::Silent => f.write_str("the peer gives no sign of life"),
        }
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Protocol(error) => Some(error),
            Self::Send(error) => Some(error),
            Self::Io(error) => Some(error),
            Self::Cut | Self::Silent => None,
        }
    }
}

impl From<ProtocolError> for Error {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(error)
    }
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Io(_) => None,
            Error::Protocol(_) => Some(io::ErrorKind::InvalidData),
            Error::Send(SendError::Closed) => Some(io::ErrorKind::BrokenPipe),
            Error::Send(_) => Some(io::ErrorKind::InvalidInput),
            Error::Cut => Some(io::ErrorKind::UnexpectedEof),
            Error::Silent => Some(io::ErrorKind::TimedOut),
        };
        match (error, kind) {
            (Error::Io(error), _) => error,
            (error, Some(kind)) => Self::new(kind, error),
            (error, None) => Self::other(error),
        }
    }
}

//! Why no WebSocket has come of a stream.

use crate::http::{HeadError, SendError, Status};
use crate::ws::handshake::{AcceptError, HandshakeError, HandshakeFailure};
use core::fmt;
use std::io;

/// Why a handshake did not go. The stream is closed, and a client has been told by its status what is the matter.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// The client's request is not HTTP, or too much of it.
    Head(HeadError),
    /// It is no handshake.
    Request(HandshakeError),
    /// The server did not let the client in, with this status, or it has sent the client elsewhere.
    Refused(Status),
    /// The server's answer is wrong.
    Response(HandshakeFailure),
    /// What was to be sent cannot be: a host, a target, a header.
    Send(SendError),
    /// The stream's; [`io::ErrorKind::UnexpectedEof`] if it has ended, [`io::ErrorKind::TimedOut`] if it took longer than
    /// [`Options::handshake_within`](super::Options::handshake_within).
    Io(io::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head(error) => error.fmt(f),
            Self::Request(error) => error.fmt(f),
            Self::Refused(status) => write!(f, "refused with status {}", status.as_u16()),
            Self::Response(error) => error.fmt(f),
            Self::Send(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for OpenError {}

impl From<HandshakeFailure> for OpenError {
    fn from(error: HandshakeFailure) -> Self {
        Self::Response(error)
    }
}

impl From<AcceptError> for OpenError {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::Http(error) => Self::Send(error),
            // Chosen among those that were offered, so that it does not come to this.
            AcceptError::UnofferedSubprotocol => Self::Refused(Status::INTERNAL_SERVER_ERROR),
        }
    }
}

impl From<SendError> for OpenError {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

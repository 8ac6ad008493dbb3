//! What can go wrong, before either side makes its own error of it.

use crate::ws::{ProtocolError, SendError};
use std::io;

/// Why reading or sending did not go.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The peer broke the protocol, and its Close frame is in the output.
    Protocol(ProtocolError),
    /// That cannot be sent, or not any more.
    Send(SendError),
    /// The socket's, or the peer takes nothing: [`TimedOut`](io::ErrorKind::TimedOut).
    Io(io::Error),
    /// The stream ended without a Close.
    Ended,
    /// The peer gives no sign of life.
    Silent,
}

impl From<ProtocolError> for Failure {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(error)
    }
}

impl From<SendError> for Failure {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

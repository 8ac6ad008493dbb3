//! What can be wrong with a handshake, and whose fault it is.

use crate::http::{self, HeadError, Status};
use bytes::BytesMut;
use core::fmt;

/// The client's request is no handshake (RFC 6455 §4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HandshakeError {
    /// Not a GET (step 1).
    Method,
    /// Not HTTP/1.1 (step 1).
    HttpVersion,
    /// No `Host`, or more than one (step 2).
    Host,
    /// `Upgrade` does not name `websocket` (step 3).
    Upgrade,
    /// `Connection` does not name `Upgrade` (step 4).
    Connection,
    /// `Sec-WebSocket-Key` is missing, repeated or not the base64 of 16 bytes (step 5).
    Key,
    /// `Sec-WebSocket-Version` is missing, repeated or not 13 (step 6, §4.4).
    Version,
}

impl HandshakeError {
    /// The status that names it: 426 for another version, 405 for another method, else 400.
    #[must_use]
    pub const fn status(self) -> Status {
        match self {
            Self::Version => Status::UPGRADE_REQUIRED,
            Self::Method => Status::METHOD_NOT_ALLOWED,
            _ => Status::BAD_REQUEST,
        }
    }

    /// The headers that go with the status: which version would do, or which method.
    #[must_use]
    pub const fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            // §4.4; RFC 9110 §15.5.22: a 426 names the protocol in Upgrade, and that one goes with the word in Connection.
            Self::Version => {
                &[("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", super::VERSION)]
            }
            // RFC 9110 §15.5.6
            Self::Method => &[("Allow", "GET")],
            _ => &[],
        }
    }

    /// Appends the whole answer that refuses it; the connection is to be closed behind it. Who answers through another HTTP
    /// server takes [`status`](Self::status), [`headers`](Self::headers) and its own words.
    pub fn reject(self, output: &mut BytesMut) {
        let headers = [&[("Connection", "close")], self.headers()].concat();
        // Constant headers are valid, so this cannot fail.
        let _ = http::respond(self.status(), &headers, self.as_str().as_bytes(), output);
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Method => "a WebSocket handshake is a GET",
            Self::HttpVersion => "a WebSocket handshake is of HTTP/1.1",
            Self::Host => "a WebSocket handshake has one Host",
            Self::Upgrade => "Upgrade does not name websocket",
            Self::Connection => "Connection does not name Upgrade",
            Self::Key => "Sec-WebSocket-Key is not the base64 of 16 bytes",
            Self::Version => "Sec-WebSocket-Version is not 13",
        }
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for HandshakeError {}

/// The server wanted to accept with something that it must not send. Nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AcceptError {
    /// A subprotocol that the client did not offer (§4.2.2 step 5.5).
    UnofferedSubprotocol,
    /// An extra header that is not one.
    Http(http::SendError),
}

impl fmt::Display for AcceptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnofferedSubprotocol => f.write_str("the client did not offer that subprotocol"),
            Self::Http(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for AcceptError {}

/// The server's answer says that it accepts, and is wrong (§4.1): the connection is to be dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HandshakeFailure {
    /// It is not even HTTP.
    Head(HeadError),
    /// `Upgrade` is not `websocket`.
    Upgrade,
    /// `Connection` does not name `Upgrade`.
    Connection,
    /// `Sec-WebSocket-Accept` does not answer the key: whoever this is, it does not speak WebSocket.
    Accept,
    /// An extension that was not offered.
    UnofferedExtension,
    /// An extension on terms that were not offered, or malformed ones (RFC 7692 §7).
    Extension,
    /// A subprotocol that was not offered.
    UnofferedSubprotocol,
}

impl fmt::Display for HandshakeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head(error) => return error.fmt(f),
            Self::Upgrade => "the server's Upgrade is not websocket",
            Self::Connection => "the server's Connection does not name Upgrade",
            Self::Accept => "the server's Sec-WebSocket-Accept does not answer the key",
            Self::UnofferedExtension => "the server chose an extension that was not offered",
            Self::Extension => "the server chose an extension on terms that were not offered",
            Self::UnofferedSubprotocol => "the server chose a subprotocol that was not offered",
        })
    }
}

impl core::error::Error for HandshakeFailure {}

impl From<HeadError> for HandshakeFailure {
    fn from(error: HeadError) -> Self {
        Self::Head(error)
    }
}

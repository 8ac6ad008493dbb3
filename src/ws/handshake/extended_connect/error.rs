//! What can be wrong with an extended CONNECT (RFC 8441).

use super::VERSION_NAME;
use crate::http::Status;
use crate::ws::handshake::VERSION;
use core::fmt;

/// The client's request opens no WebSocket (RFC 8441 §4, §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectError {
    /// Not a CONNECT (§5).
    Method,
    /// `:protocol` is not `websocket`, or is not there: then it is the CONNECT of old, which asks for a proxy (§4, §5).
    Protocol,
    /// `:scheme` is missing, or neither `https` nor `http` (§4, §5).
    Scheme,
    /// `:authority` is missing or empty (§5).
    Authority,
    /// `:path` is missing, or begins with no slash (§4).
    Path,
    /// `Connection` or `Upgrade`, of which HTTP/2 knows nothing (§5).
    Upgrade,
    /// `Sec-WebSocket-Version` is missing, repeated or not 13 (§5, RFC 6455 §4.4).
    Version,
}

impl ConnectError {
    /// The status that names it: 405 for another method, 501 for another protocol, else 400. There is no 426 in HTTP/2, as
    /// it comes with an `Upgrade`.
    #[must_use]
    pub const fn status(self) -> Status {
        match self {
            Self::Method => Status::METHOD_NOT_ALLOWED,
            Self::Protocol => Status::NOT_IMPLEMENTED,
            _ => Status::BAD_REQUEST,
        }
    }

    /// The header that goes with the status, if there is one: which method or version would do (RFC 6455 §4.4).
    #[must_use]
    pub const fn header(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Method => Some(("allow", super::METHOD)),
            Self::Version => Some((VERSION_NAME, VERSION)),
            _ => None,
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Method => "a WebSocket over HTTP/2 is a CONNECT",
            Self::Protocol => ":protocol is not websocket",
            Self::Scheme => ":scheme is neither https nor http",
            Self::Authority => ":authority names no host",
            Self::Path => ":path is no path",
            Self::Upgrade => "HTTP/2 has no Connection and no Upgrade",
            Self::Version => "sec-websocket-version is not 13",
        })
    }
}

impl core::error::Error for ConnectError {}

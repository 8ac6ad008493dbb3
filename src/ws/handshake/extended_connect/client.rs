//! The client's side: the request, and whether the answer accepts it (RFC 8441 §5).

use super::{EXTENSIONS_NAME, PROTOCOL_NAME, VERSION_NAME};
use crate::http::{Headers, SendError};
use crate::ws::deflate;
use crate::ws::handshake::offer::Offer;
use crate::ws::handshake::{Extensions, HandshakeFailure, VERSION};
use alloc::string::String;
use alloc::vec::Vec;

/// The client's handshake: what goes out with [`Pseudo::websocket`](super::Pseudo::websocket), and what came back.
///
/// It may begin once the server's `SETTINGS_ENABLE_CONNECT_PROTOCOL` has come as 1 (§3), which the caller's HTTP/2 knows:
/// another server takes it for a malformed request.
#[derive(Debug)]
pub struct ClientHandshake {
    offer: Offer,
}

/// The server's answer, once all was checked that RFC 8441 leaves of RFC 6455 §4.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response<'a> {
    /// The connection is open: the stream's DATA is frames.
    Accepted {
        /// The server's choice among those that were offered.
        subprotocol: Option<&'a str>,
        /// What the connection is to be made with: `Connection::client(…).with_extensions(&extensions)`.
        extensions: Extensions,
    },
    /// The server said no, or something else first, by its status. What it says about it follows.
    Refused,
}

impl ClientHandshake {
    /// Offers subprotocols, best first, and to compress messages (RFC 7692).
    ///
    /// # Errors
    /// A subprotocol that is no token, or is there twice.
    pub fn new(subprotocols: &[&str], deflate: Option<&deflate::Options>) -> Result<Self, SendError> {
        Ok(Self { offer: Offer::new(subprotocols, deflate)? })
    }

    /// The headers of the request; others, such as `origin` or `authorization`, may go beside them.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = Vec::with_capacity(3);
        headers.push((VERSION_NAME, String::from(VERSION)));
        headers.extend(self.offer.subprotocols().map(|names| (PROTOCOL_NAME, names)));
        headers.extend(self.offer.extensions().map(|offer| (EXTENSIONS_NAME, offer)));
        headers
    }

    /// Checks the final answer by its `:status` and headers: any 2xx is how a CONNECT is accepted.
    ///
    /// # Errors
    /// The server chose what was not offered: cancel the stream.
    pub fn check<'a>(&self, status: u16, headers: &Headers<'a>) -> Result<Response<'a>, HandshakeFailure> {
        if !matches!(status, 200..=299) {
            return Ok(Response::Refused);
        }
        let (subprotocol, extensions) = self.offer.check(headers)?;
        Ok(Response::Accepted { subprotocol, extensions })
    }
}

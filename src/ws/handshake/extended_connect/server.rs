//! The server's side: does this CONNECT open a WebSocket, and what to answer (RFC 8441 §5).

use super::{ConnectError, EXTENSIONS_NAME, METHOD, PROTOCOL_NAME, Pseudo, VERSION_NAME, WEBSOCKET};
use crate::http::Headers;
use crate::ws::deflate;
use crate::ws::handshake::server::{choose, sole};
use crate::ws::handshake::{AcceptError, Extensions, VERSION};
use alloc::string::String;
use alloc::vec::Vec;

/// A client's extended CONNECT in which all of §4 and §5 holds.
///
/// Whether the client may come in is the caller's to decide, by path, [`origin`](Self::origin) and credentials; then
/// [`accept`](Self::accept), or any answer of HTTP. No other host is connected to, whatever `:authority` says (§4).
#[derive(Debug, Clone)]
pub struct Request<'a> {
    headers: &'a Headers<'a>,
}

impl<'a> Request<'a> {
    /// Checks a request. It does not matter whether the pseudo-header fields are among the `headers`, too.
    ///
    /// # Errors
    /// What is wrong with it, in a status and a header.
    pub fn check(pseudo: &Pseudo<'_>, headers: &'a Headers<'a>) -> Result<Self, ConnectError> {
        if pseudo.method != METHOD {
            return Err(ConnectError::Method);
        }
        if pseudo.protocol != Some(WEBSOCKET) {
            return Err(ConnectError::Protocol);
        }
        // §4: scheme and path are there, other than in the CONNECT of old. §5: they are those of the WebSocket's URL.
        if !matches!(pseudo.scheme, Some("https" | "http")) {
            return Err(ConnectError::Scheme);
        }
        if pseudo.authority.is_none_or(str::is_empty) {
            return Err(ConnectError::Authority);
        }
        if !pseudo.path.is_some_and(|path| path.starts_with('/')) {
            return Err(ConnectError::Path);
        }
        // §5
        if headers.get("connection").is_some() || headers.get("upgrade").is_some() {
            return Err(ConnectError::Upgrade);
        }
        if sole(headers, VERSION_NAME) != Some(VERSION) {
            return Err(ConnectError::Version);
        }
        // §5: a key is not looked at, :protocol says as much.
        Ok(Self { headers })
    }

    /// The page that a browser's request comes from; other clients send none. A server that does not want every page to use
    /// it in its visitors' name compares it (RFC 6455 §10.2).
    #[must_use]
    pub fn origin(&self) -> Option<&'a str> {
        self.headers.get_str("origin")
    }

    /// The subprotocols that the client offers, best first.
    pub fn subprotocols(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.headers.tokens(PROTOCOL_NAME)
    }

    /// Chooses one of the subprotocols that the client offers, or none, and compression if it offers that on terms that can be
    /// kept (RFC 7692). The answer that says so has `:status` 200; behind it the stream's DATA is frames.
    ///
    /// # Errors
    /// A subprotocol that was not offered.
    pub fn accept(
        &self,
        subprotocol: Option<&str>,
        deflate: Option<&deflate::Options>,
    ) -> Result<Accepted, AcceptError> {
        let extensions = choose(self.headers, subprotocol, deflate)?;
        let mut headers = Vec::with_capacity(2);
        headers.extend(subprotocol.map(|chosen| (PROTOCOL_NAME, String::from(chosen))));
        headers.extend(extensions.header().map(|agreed| (EXTENSIONS_NAME, agreed)));
        Ok(Accepted { headers, extensions })
    }
}

/// How a WebSocket was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The headers of the 200; others, such as cookies, may go beside them.
    pub headers: Vec<(&'static str, String)>,
    /// What the connection is to be made with: `Connection::server(…).with_extensions(&extensions)`.
    pub extensions: Extensions,
}

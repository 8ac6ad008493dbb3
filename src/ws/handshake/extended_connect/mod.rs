//! The opening handshake over HTTP/2, the extended CONNECT of RFC 8441: one stream becomes a WebSocket, the other streams of
//! the connection go on beside it.
//!
//! ```text
//!   client                                                 server
//!                   ◀── SETTINGS_ENABLE_CONNECT_PROTOCOL = 1
//!   Pseudo::websocket,
//!   ClientHandshake::headers ── HEADERS ──────────────────▶ Request::check
//!                                                             │ §5 holds?
//!   ClientHandshake::check ◀── HEADERS: 200 ───────────────── ├─ Request::accept
//!              or          ◀── HEADERS: 400, 403, 501 … ───── └─ ConnectError::status
//!
//!                   ◀═══ DATA: the bytes of a Connection ═══▶        as if the stream were the TCP connection
//! ```
//!
//! Key and accept, `Upgrade` and `Connection` are gone: only HTTP/2 itself can write `:protocol`. Version, origin,
//! subprotocols and extensions are what they are in HTTP/1.1.
//!
//! There is no HTTP/2 in this crate. Its stack, the caller's, sends the setting (§3), writes and reads the headers, and
//! keeps to flow control. It ends the stream as the WebSocket would end its socket (§5): `END_STREAM` where
//! [`Transport`](crate::Transport) says half-close or close, `RST_STREAM` with CANCEL where it would be reset. A whole driver,
//! on the crates `h2` and tokio, is `h2_echo.rs` in the repository's `examples/`.
//!
//! ```
//! use tidings::http::Headers;
//! use tidings::ws::handshake::extended_connect::{ClientHandshake, Pseudo, Request, Response};
//!
//! let client = ClientHandshake::new(&["v2", "v1"], None)?;
//! let (pseudo, sent) = (Pseudo::websocket(true, "example.org", "/chat"), client.headers());
//!
//! let headers: Headers = sent.iter().map(|(name, value)| (*name, value.as_str())).collect();
//! let request = Request::check(&pseudo, &headers)?;
//! let accepted = request.accept(request.subprotocols().find(|name| *name == "v1"), None)?;
//! assert_eq!(accepted.headers, [("sec-websocket-protocol", "v1".to_string())]); // with `:status` 200
//!
//! let headers = accepted.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
//! let Response::Accepted { subprotocol, .. } = client.check(200, &headers)? else { panic!() };
//! assert_eq!(subprotocol, Some("v1"));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod client;
mod error;
mod server;

pub use client::{ClientHandshake, Response};
pub use error::ConnectError;
pub use server::{Accepted, Request};

use super::server::sole;
use crate::http::Headers;

const METHOD: &str = "CONNECT";
/// What `:protocol` says (§5).
const WEBSOCKET: &str = "websocket";
// §5: HTTP/2 writes names in lowercase.
const VERSION_NAME: &str = "sec-websocket-version";
const PROTOCOL_NAME: &str = "sec-websocket-protocol";
const EXTENSIONS_NAME: &str = "sec-websocket-extensions";

/// The pseudo-header fields of a request in HTTP/2, which stand in place of the request line and of `Host`.
///
/// In the types of the crates `http` and `h2`, in this order: `method()`, the extension `h2::ext::Protocol`, and of `uri()`
/// the `scheme_str()`, `authority()` and `path_and_query()`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pseudo<'a> {
    /// `:method`
    pub method: &'a str,
    /// `:protocol`, which makes a CONNECT an extended one.
    pub protocol: Option<&'a str>,
    /// `:scheme`
    pub scheme: Option<&'a str>,
    /// `:authority`: host, and port unless it is the scheme's own.
    pub authority: Option<&'a str>,
    /// `:path`, with the query.
    pub path: Option<&'a str>,
}

impl<'a> Pseudo<'a> {
    /// What a client sends for `wss://` (`is_secure`) or `ws://`, then `authority` and `path` (§4, §5).
    #[must_use]
    pub const fn websocket(is_secure: bool, authority: &'a str, path: &'a str) -> Self {
        let scheme = if is_secure { "https" } else { "http" };
        Self {
            method: METHOD,
            protocol: Some(WEBSOCKET),
            scheme: Some(scheme),
            authority: Some(authority),
            path: Some(path),
        }
    }

    /// From the headers of a stack that gives these fields among them, names with their colon. A field that is there twice
    /// is none: each has one value.
    #[must_use]
    pub fn of(headers: &Headers<'a>) -> Self {
        Self {
            method: sole(headers, ":method").unwrap_or_default(),
            protocol: sole(headers, ":protocol"),
            scheme: sole(headers, ":scheme"),
            authority: sole(headers, ":authority"),
            path: sole(headers, ":path"),
        }
    }

    /// Whether the request asks to become a WebSocket: what to look at where a resource has other transports too.
    #[must_use]
    pub fn is_websocket(&self) -> bool {
        self.method == METHOD && self.protocol == Some(WEBSOCKET)
    }
}

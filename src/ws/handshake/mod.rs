//! The opening handshake (RFC 6455 §4): one HTTP exchange, after which the connection speaks frames.
//!
//! ```text
//!   client                                           server
//!   ClientHandshake::new ── GET, Upgrade, key ─────▶ Request::from_head
//!                                                      │ all of §4.2.1 holds?
//!   ClientHandshake::receive ◀── 101, accept ───────── ├─ Request::accept
//!              or            ◀── 400, 403, 426 … ───── └─ HandshakeError::reject, http::respond
//! ```
//!
//! Bytes behind either head belong to the [`Connection`](super::Connection). The checks themselves work on
//! [`Headers`](crate::http::Headers), which another HTTP stack can build from its pairs. Over HTTP/2 the exchange is another
//! one: [`extended_connect`].
//!
//! ```
//! use bytes::BytesMut;
//! use tidings::http::RequestReader;
//! use tidings::ws::handshake::{Answer, ClientHandshake, Opening, Request, Response};
//! use tidings::ws::{Config, Connection};
//!
//! let mut wire = BytesMut::new();
//! let subprotocols = &["v2", "v1"];
//! let opening = Opening { host: "example.org", target: "/chat", subprotocols, ..Opening::default() };
//! let mut client = ClientHandshake::new(&opening, tidings::system_random, &mut wire)?;
//!
//! let mut answer = BytesMut::new();
//! let head = RequestReader::default().receive(&wire, &mut answer)?.event.expect("the head is whole");
//! let request = Request::from_head(&head)?;
//! let subprotocol = request.subprotocols().find(|name| *name == "v1");
//! let extensions = request.accept(&Answer { subprotocol, ..Answer::default() }, &mut answer)?;
//! let server = Connection::server(Config::default()).with_extensions(&extensions);
//!
//! let step = client.receive(&answer)?;
//! let Some(Response::Accepted { subprotocol, extensions, .. }) = step.event else { panic!() };
//! assert_eq!(subprotocol, Some("v1"));
//! let client = Connection::client(Config::default(), tidings::system_random);
//! let client = client.with_extensions(&extensions);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

pub mod extended_connect;

mod client;
mod error;
mod extensions;
mod offer;
mod server;

pub use client::{ClientHandshake, Opening, Response};
pub use error::{AcceptError, HandshakeError, HandshakeFailure};
pub use extensions::Extensions;
pub use server::{Answer, Request, is_upgrade};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// The version of the protocol (§4.1 step 9).
const VERSION: &str = "13";
const PROTOCOL: &str = "Sec-WebSocket-Protocol";
const EXTENSIONS: &str = "Sec-WebSocket-Extensions";
/// What is hashed behind the key (§1.3), so that only a server that knows the protocol can answer.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Base64 of the hash's 20 bytes.
const ACCEPT_LEN: usize = 28;

/// The same as text, for who only looks on.
#[cfg(any(feature = "server", feature = "client"))]
pub(crate) fn accept_of(key: &str) -> alloc::string::String {
    Accept::of(key).as_str().into()
}

/// The `Sec-WebSocket-Accept` that answers a `Sec-WebSocket-Key` (§4.2.2 step 5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Accept([u8; ACCEPT_LEN]);

impl Accept {
    fn of(key: &str) -> Self {
        let hash = Sha1::new().chain_update(key).chain_update(GUID).finalize();
        let mut text = [0; ACCEPT_LEN];
        // 20 bytes are 28 characters: it always fits.
        let _ = STANDARD.encode_slice(&hash[..], &mut text);
        Self(text)
    }

    fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

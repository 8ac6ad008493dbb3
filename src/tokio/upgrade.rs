//! A handshake that another HTTP server has read and answers.

use super::input::Input;
use super::options::Terms;
use super::{OpenError, Options, WebSocket};
use crate::http::Headers;
use crate::ws::Connection;
use crate::ws::handshake::{Extensions, Request};
use ::tokio::io::{AsyncRead, AsyncWrite};
use alloc::string::String;
use alloc::vec::Vec;

/// A client's handshake that is to be accepted, from a request that hyper, axum or another server has read.
///
/// Answer with the status 101 and these [`headers`](Self::headers), and make a [`websocket`](Self::websocket) of what the
/// server gives out as the upgraded connection. Who may come in is to be decided before; see
/// [`accept_with`](super::accept_with) for what there is to look at.
///
/// ```
/// use tidings::tokio::{Terms, Upgrade};
///
/// let headers = [
///     ("host", &b"example.org"[..]),
///     ("connection", b"Upgrade"),
///     ("upgrade", b"websocket"),
///     ("sec-websocket-version", b"13"),
///     ("sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
/// ];
/// let upgrade = Upgrade::check("GET", true, headers, &Terms::default())?;
/// assert!(upgrade.headers().any(|header| header == ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
/// # Ok::<(), tidings::tokio::OpenError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Upgrade {
    headers: Vec<(String, String)>,
    extensions: Extensions,
    subprotocol: Option<String>,
}

impl Upgrade {
    /// Checks a request by its method, whether it is of HTTP/1.1, and its headers (RFC 6455 §4.2.1).
    ///
    /// # Errors
    /// [`OpenError::Request`], whose [`status`](crate::ws::handshake::HandshakeError::status) to answer with.
    pub fn check<'a>(
        method: &str,
        is_http_1_1: bool,
        headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
        terms: &Terms<'_>,
    ) -> Result<Self, OpenError> {
        let headers: Headers<'_> = headers.into_iter().collect();
        let request = Request::check(method, is_http_1_1, &headers).map_err(OpenError::Request)?;
        let answer = terms.answer(&request);
        let (headers, extensions) = request.accept_headers(&answer)?;
        Ok(Self { headers, extensions, subprotocol: answer.subprotocol.map(String::from) })
    }

    /// The headers of the 101.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The subprotocol that was chosen.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// The connection, once it was upgraded: a stream that begins with what the client has sent behind its request, as
    /// hyper's does.
    pub fn websocket<S: AsyncRead + AsyncWrite + Unpin>(self, stream: S, options: &Options) -> WebSocket<S> {
        let connection = Connection::server(options.config()).with_extensions(&self.extensions);
        WebSocket::open(stream, connection, Input::new(&[]), self.subprotocol, options)
    }
}

//! The server's side: is this a handshake, and what to answer (RFC 6455 §4.2).

use super::{Accept, AcceptError, EXTENSIONS, Extensions, HandshakeError, PROTOCOL, VERSION};
use crate::http::{self, Headers, RequestHead, Status, Version};
use crate::ws::deflate;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, PAD};
use bytes::BytesMut;

/// Bytes of a decoded key (§4.1 step 7).
const KEY_LEN: usize = 16;

/// Whether a request asks to become a WebSocket: what to look at where a resource has other transports too.
#[must_use]
pub fn is_upgrade(head: &RequestHead<'_>) -> bool {
    head.headers.has_token("upgrade", "websocket")
}

/// A client's handshake in which all of §4.2.1 holds.
///
/// Whether the client may come in is the caller's to decide, by path, [`origin`](Self::origin) and credentials; then
/// [`accept`](Self::accept), or any answer of [`http::respond`].
#[derive(Debug, Clone)]
pub struct Request<'a> {
    headers: &'a Headers<'a>,
    accept: Accept,
}

impl<'a> Request<'a> {
    /// Checks a request that this crate has read, by all of §4.2.1.
    ///
    /// # Errors
    /// What is wrong with it: [`HandshakeError::reject`] writes the answer.
    pub fn from_head(head: &'a RequestHead<'a>) -> Result<Self, HandshakeError> {
        Self::check(head.method, head.version == Version::Http11, &head.headers)
    }

    /// Checks the parts of a request; `is_http_1_1`: HTTP/1.1, the only version whose connections can be upgraded.
    ///
    /// # Errors
    /// As [`from_head`](Self::from_head).
    pub fn check(method: &str, is_http_1_1: bool, headers: &'a Headers<'a>) -> Result<Self, HandshakeError> {
        // Step 1
        if method != "GET" {
            return Err(HandshakeError::Method);
        }
        if !is_http_1_1 {
            return Err(HandshakeError::HttpVersion);
        }
        // Step 2
        sole(headers, "host").ok_or(HandshakeError::Host)?;
        // Steps 3 and 4: a word in a list, whatever its case and however often the header comes
        if !headers.has_token("upgrade", "websocket") {
            return Err(HandshakeError::Upgrade);
        }
        if !headers.has_token("connection", "upgrade") {
            return Err(HandshakeError::Connection);
        }
        // Step 6, before the key: a client of another version may know no key
        if sole(headers, "sec-websocket-version") != Some(VERSION) {
            return Err(HandshakeError::Version);
        }
        // Step 5
        let key = sole(headers, "sec-websocket-key").filter(|key| is_key(key)).ok_or(HandshakeError::Key)?;
        Ok(Self { headers, accept: Accept::of(key) })
    }

    /// The page that a browser's request comes from; other clients send none (step 7). A server that does not want
    /// every page to use it in its visitors' name compares it (§10.2).
    #[must_use]
    pub fn origin(&self) -> Option<&'a str> {
        self.headers.get_str("origin")
    }

    /// The subprotocols that the client offers, best first (step 8).
    pub fn subprotocols(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.headers.tokens(PROTOCOL)
    }

    /// Appends the 101 that accepts (§4.2.2 step 5), and gives the extensions that the connection is to be made with:
    /// `Connection::server(config).with_extensions(&extensions)`. Everything behind it is frames.
    ///
    /// # Errors
    /// A subprotocol that was not offered, or a header that is not one; nothing was written.
    pub fn accept(&self, answer: &Answer<'_>, output: &mut BytesMut) -> Result<Extensions, AcceptError> {
        let extensions = choose(self.headers, answer.subprotocol, answer.deflate)?;
        let agreed = extensions.header();

        let mut headers = Vec::with_capacity(5 + answer.headers.len());
        headers.extend([
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", self.accept.as_str()),
        ]);
        headers.extend(answer.subprotocol.map(|chosen| (PROTOCOL, chosen)));
        headers.extend(agreed.as_deref().map(|agreed| (EXTENSIONS, agreed)));
        headers.extend(answer.headers);
        http::encode_response(Status::SWITCHING_PROTOCOLS, &headers, output).map_err(AcceptError::Http)?;
        Ok(extensions)
    }

    /// The headers of that 101, for a server whose HTTP is somebody else's, who has to see that
    /// [`Answer::headers`] are some.
    ///
    /// # Errors
    /// A subprotocol that was not offered.
    pub fn accept_headers(&self, answer: &Answer<'_>) -> Result<(Vec<(String, String)>, Extensions), AcceptError> {
        let extensions = choose(self.headers, answer.subprotocol, answer.deflate)?;
        let owned = |name: &str, value: &str| (String::from(name), String::from(value));
        let mut headers = Vec::from([
            owned("Upgrade", "websocket"),
            owned("Connection", "Upgrade"),
            owned("Sec-WebSocket-Accept", self.accept.as_str()),
        ]);
        headers.extend(answer.subprotocol.map(|chosen| owned(PROTOCOL, chosen)));
        headers.extend(extensions.header().map(|agreed| owned(EXTENSIONS, &agreed)));
        headers.extend(answer.headers.iter().map(|(name, value)| owned(name, value)));
        Ok((headers, extensions))
    }
}

/// How a server accepts. The default: no subprotocol, no extension, no further headers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answer<'a> {
    /// One of the subprotocols that the client offers.
    pub subprotocol: Option<&'a str>,
    /// Compress messages if the client offers it on terms that can be kept (RFC 7692).
    pub deflate: Option<&'a deflate::Options>,
    /// Further headers, such as cookies.
    pub headers: &'a [(&'a str, &'a str)],
}

/// The extensions of the answer to these headers, if the subprotocol may be in it (§4.2.2 steps 5.5 and 5.6).
pub(super) fn choose(
    headers: &Headers<'_>,
    subprotocol: Option<&str>,
    deflate: Option<&deflate::Options>,
) -> Result<Extensions, AcceptError> {
    if subprotocol.is_some_and(|chosen| !headers.tokens(PROTOCOL).any(|offered| offered == chosen)) {
        return Err(AcceptError::UnofferedSubprotocol);
    }
    Ok(Extensions::choose(headers.tokens(EXTENSIONS), deflate))
}

/// The value of a header that must come exactly once (§4.2.1 step 2, §11.3.1, §11.3.5).
pub(super) fn sole<'a>(headers: &Headers<'a>, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name);
    let value = values.next()?;
    if values.next().is_some() { None } else { core::str::from_utf8(value).ok() }
}

/// Whether it is the base64 of 16 bytes (§4.1 step 7). The four bits that its last digit has to spare may be anything:
/// they are not zero in the example there either.
fn is_key(key: &str) -> bool {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, PAD.with_decode_allow_trailing_bits(true));
    let mut decoded = [0; KEY_LEN + 2];
    LENIENT.decode_slice(key, &mut decoded) == Ok(KEY_LEN)
}

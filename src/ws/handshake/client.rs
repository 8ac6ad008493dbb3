//! The client's side: the request, and whether the answer accepts it (RFC 6455 §4.1).

use super::offer::Offer;
use super::{Accept, EXTENSIONS, Extensions, HandshakeFailure, PROTOCOL, VERSION};
use crate::Step;
use crate::http::{self, Headers, ResponseHead, ResponseReader, SendError, Status};
use crate::ws::deflate;
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;

/// What a client asks for: the parts of its request (§4.1).
#[derive(Debug, Clone, Copy, Default)]
pub struct Opening<'a> {
    /// Host, and port unless it is the scheme's own: `example.org:8080`.
    pub host: &'a str,
    /// Path and query: `/chat?room=1`.
    pub target: &'a str,
    /// Subprotocols, best first, each a token and none twice; may be empty.
    pub subprotocols: &'a [&'a str],
    /// Offer to compress messages (RFC 7692).
    pub deflate: Option<&'a deflate::Options>,
    /// Further headers, such as `Origin` or `Authorization`.
    pub headers: &'a [(&'a str, &'a str)],
}

/// The client's handshake: [`new`](Self::new) writes the request, [`receive`](Self::receive) reads the answer.
#[derive(Debug)]
pub struct ClientHandshake {
    reader: ResponseReader,
    accept: Accept,
    offer: Offer,
}

/// The server's answer, once all that §4.1 wants of it was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response<'a> {
    /// The connection is open; what follows in the input is frames.
    Accepted {
        /// The server's choice among those that were offered.
        subprotocol: Option<&'a str>,
        /// What the connection is to be made with: `Connection::client(…).with_extensions(&extensions)`.
        extensions: Extensions,
        /// The whole head.
        head: ResponseHead<'a>,
    },
    /// The server said no, or something else first: a redirect, a 401, a 503 by its status. Its body follows.
    Refused(ResponseHead<'a>),
}

impl ClientHandshake {
    /// Appends the request. `random` fills the nonce of the key (§4.1 step 7).
    ///
    /// # Errors
    /// A host, target, subprotocol or header that cannot go into a request; nothing was written.
    pub fn new(opening: &Opening<'_>, random: fn(&mut [u8]), output: &mut BytesMut) -> Result<Self, SendError> {
        let offer = Offer::new(opening.subprotocols, opening.deflate)?;
        let mut nonce = [0; 16];
        random(&mut nonce);
        let key = STANDARD.encode(nonce);
        let (subprotocols, extensions) = (offer.subprotocols(), offer.extensions());

        let mut headers = Vec::with_capacity(6 + opening.headers.len());
        headers.extend([
            ("Host", opening.host),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", &key),
            ("Sec-WebSocket-Version", VERSION),
        ]);
        headers.extend(subprotocols.as_deref().map(|names| (PROTOCOL, names)));
        headers.extend(extensions.as_deref().map(|offer| (EXTENSIONS, offer)));
        headers.extend(opening.headers);
        http::encode_request("GET", opening.target, &headers, output)?;
        Ok(Self { reader: ResponseReader::default(), accept: Accept::of(&key), offer })
    }

    /// Takes input; the answer's head stays unconsumed until it is whole. Interim answers (1xx) are passed over.
    ///
    /// # Errors
    /// An answer that is not HTTP, or a 101 that is not right: drop the connection.
    pub fn receive<'a>(&mut self, input: &'a [u8]) -> Result<Step<Response<'a>>, HandshakeFailure> {
        let mut consumed = 0;
        loop {
            let step = self.reader.receive(&input[consumed..])?;
            consumed += step.consumed;
            let Some(head) = step.event else { return Ok(Step::incomplete(consumed)) };
            if head.status == Status::SWITCHING_PROTOCOLS {
                let (subprotocol, extensions) = self.check(&head.headers)?;
                return Ok(Step::event(consumed, Response::Accepted { subprotocol, extensions, head }));
            }
            if !head.status.is_informational() {
                return Ok(Step::event(consumed, Response::Refused(head)));
            }
        }
    }

    /// Checks the headers of a 101 (§4.1, the list behind the request's): the subprotocol and the extensions that
    /// were chosen.
    ///
    /// # Errors
    /// The server does not speak WebSocket, or chose what was not offered.
    pub fn check<'a>(&self, headers: &Headers<'a>) -> Result<(Option<&'a str>, Extensions), HandshakeFailure> {
        // Step 2: this, and nothing beside it
        let is_websocket = |protocol: &str| protocol.eq_ignore_ascii_case("websocket");
        if !headers.tokens("upgrade").any(is_websocket) || !headers.tokens("upgrade").all(is_websocket) {
            return Err(HandshakeFailure::Upgrade);
        }
        // Step 3
        if !headers.has_token("connection", "upgrade") {
            return Err(HandshakeFailure::Connection);
        }
        // Step 4; §11.3.3: it comes once
        let mut accept = headers.get_all("sec-websocket-accept");
        if accept.next() != Some(self.accept.as_str().as_bytes()) || accept.next().is_some() {
            return Err(HandshakeFailure::Accept);
        }
        // Steps 5 and 6
        self.offer.check(headers)
    }
}

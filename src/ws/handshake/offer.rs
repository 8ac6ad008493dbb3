//! What a client offers, and whether what the server chose is of it (RFC 6455 §4.1).

use super::{EXTENSIONS, Extensions, HandshakeFailure, PROTOCOL};
use crate::http::{Headers, SendError};
use crate::ws::deflate;
use alloc::string::String;
use alloc::vec::Vec;

/// The same over HTTP/1.1 and HTTP/2.
#[derive(Debug)]
pub(super) struct Offer {
    subprotocols: Vec<String>,
    deflate: Option<deflate::Options>,
}

impl Offer {
    /// Fails on a subprotocol that is no token, or is there twice.
    pub(super) fn new(subprotocols: &[&str], deflate: Option<&deflate::Options>) -> Result<Self, SendError> {
        if !are_subprotocols(subprotocols) {
            return Err(SendError::HeaderValue);
        }
        let subprotocols = subprotocols.iter().map(|&name| String::from(name)).collect();
        Ok(Self { subprotocols, deflate: deflate.cloned() })
    }

    /// The header's value, if any is offered (step 10 of the request).
    pub(super) fn subprotocols(&self) -> Option<String> {
        (!self.subprotocols.is_empty()).then(|| self.subprotocols.join(", "))
    }

    /// Likewise (step 11).
    pub(super) fn extensions(&self) -> Option<String> {
        self.deflate.as_ref().map(deflate::Options::offer)
    }

    /// The subprotocol and the extensions that the headers of an answer choose.
    pub(super) fn check<'a>(&self, headers: &Headers<'a>) -> Result<(Option<&'a str>, Extensions), HandshakeFailure> {
        // Step 5 of the answer
        let extensions = Extensions::check(headers.tokens(EXTENSIONS), self.deflate.as_ref())?;
        // Step 6: one of those offered, and one only
        let mut chosen = headers.get_all(PROTOCOL);
        let subprotocol = match (chosen.next(), chosen.next()) {
            (None, _) => None,
            (Some(name), None) => Some(self.offered_as(name).ok_or(HandshakeFailure::UnofferedSubprotocol)?),
            _ => return Err(HandshakeFailure::UnofferedSubprotocol),
        };
        Ok((subprotocol, extensions))
    }

    fn offered_as<'a>(&self, name: &'a [u8]) -> Option<&'a str> {
        let name = core::str::from_utf8(name).ok()?;
        self.subprotocols.iter().any(|offered| offered == name).then_some(name)
    }
}

/// §4.1 step 10: tokens, and none of them twice.
fn are_subprotocols(names: &[&str]) -> bool {
    names.iter().enumerate().all(|(n, name)| is_token(name) && !names[..n].contains(name))
}

fn is_token(text: &str) -> bool {
    const SEPARATORS: &[u8] = br#"()<>@,;:\"/[]?={}"#;
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !SEPARATORS.contains(&byte))
}

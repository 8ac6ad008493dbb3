//! Extensions in the handshake (RFC 6455 §9.1); permessage-deflate is the one there is.

use super::HandshakeFailure;
use crate::ws::Role;
use crate::ws::deflate::{Agreement, Codec, Options};
use alloc::boxed::Box;
use alloc::string::{String, ToString};

/// The extensions that both sides have agreed on. The default: none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extensions {
    /// Messages may be compressed, on these terms.
    pub deflate: Option<Agreement>,
}

impl Extensions {
    /// The server's choice among what the client offers.
    pub(super) fn choose<'o>(offers: impl Iterator<Item = &'o str>, deflate: Option<&Options>) -> Self {
        Self { deflate: deflate.and_then(|options| Agreement::choose(offers, options)) }
    }

    /// The client's check of the server's choice (§4.1, step 5 of the answer).
    pub(super) fn check<'r>(
        chosen: impl Iterator<Item = &'r str>,
        deflate: Option<&Options>,
    ) -> Result<Self, HandshakeFailure> {
        let mut chosen = chosen.peekable();
        match deflate {
            _ if chosen.peek().is_none() => Ok(Self::default()),
            None => Err(HandshakeFailure::UnofferedExtension),
            Some(options) => {
                let agreement = Agreement::check(chosen, options).ok_or(HandshakeFailure::Extension)?;
                Ok(Self { deflate: Some(agreement) })
            }
        }
    }

    /// The server's header, if anything was agreed on.
    pub(super) fn header(&self) -> Option<String> {
        self.deflate.as_ref().map(ToString::to_string)
    }

    pub(in crate::ws) fn codec(&self, role: Role) -> Option<Box<Codec>> {
        self.deflate.as_ref().map(|agreement| Box::new(Codec::new(agreement, role)))
    }
}

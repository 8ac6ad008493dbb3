//! Close codes and the payload of a Close frame (RFC 6455 §5.5.1, §7.4).

use super::ProtocolError;
use super::frame::MAX_CONTROL_PAYLOAD;
use super::utf8;
use core::fmt;

/// The longest reason in bytes: what a control frame can hold, less the code.
pub const MAX_REASON: usize = MAX_CONTROL_PAYLOAD - 2;

/// A close code that may stand in a Close frame. 1005, 1006 and 1015 are no such codes: they are names for what the
/// local side saw, and never sent (§7.4.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CloseCode(u16);

/// Code, name as in the registry of §11.7.
macro_rules! close_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        impl CloseCode {
            $($(#[$doc])* pub const $name: Self = Self($code);)*

            /// The name of a registered code, or what its range is for.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self.0 {
                    $($code => $text,)*
                    3000..=3999 => "registered by a library or framework",
                    4000..=4999 => "private use",
                    _ => "unassigned",
                }
            }
        }
    };
}

close_codes! {
    /// The purpose of the connection is fulfilled.
    NORMAL = 1000, "normal closure";
    /// A server goes down, or a browser leaves the page.
    GOING_AWAY = 1001, "going away";
    /// The peer broke the protocol.
    PROTOCOL_ERROR = 1002, "protocol error";
    /// A kind of data that this endpoint does not take.
    UNSUPPORTED_DATA = 1003, "unsupported data";
    /// Data that does not fit the type of the message, such as text that is not UTF-8.
    INVALID_DATA = 1007, "invalid payload data";
    /// A policy was violated and no other code fits.
    POLICY_VIOLATION = 1008, "policy violation";
    /// A message too big to process.
    TOO_BIG = 1009, "message too big";
    /// The client needs an extension that the server did not negotiate.
    EXTENSION_REQUIRED = 1010, "mandatory extension";
    /// The server met a condition that it did not expect.
    INTERNAL_ERROR = 1011, "internal error";
    /// The service restarts; come back.
    SERVICE_RESTART = 1012, "service restart";
    /// The service is overloaded; come back later.
    TRY_AGAIN_LATER = 1013, "try again later";
    /// A gateway got a bad answer from upstream.
    BAD_GATEWAY = 1014, "bad gateway";
}

impl CloseCode {
    /// The code, if it may be sent: 1000 to 1003, 1007 to 1014, 3000 to 4999 (§7.4.2 and the registry).
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        match code {
            1000..=1003 | 1007..=1014 | 3000..=4999 => Some(Self(code)),
            _ => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn as_u16(self) -> u16 {
        self.0
    }
}

impl fmt::Debug for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloseCode({self})")
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.name())
    }
}

/// What a Close frame says, if it says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloseFrame<'a> {
    /// Why.
    pub code: CloseCode,
    /// The same in words, at most [`MAX_REASON`] bytes; not necessarily for people (§5.5.1).
    pub reason: &'a str,
}

impl<'a> CloseFrame<'a> {
    /// Reads the payload of a Close frame; `None` when it is empty.
    ///
    /// # Errors
    /// A payload of one byte, a code that must not be sent, a reason that is not UTF-8.
    pub fn parse(payload: &'a [u8]) -> Result<Option<Self>, ProtocolError> {
        let Some((code, reason)) = payload.split_first_chunk() else {
            // §5.5.1: if there is a body, its first two bytes are the code.
            return if payload.is_empty() { Ok(None) } else { Err(ProtocolError::CloseTooShort) };
        };
        let code = u16::from_be_bytes(*code);
        let code = CloseCode::new(code).ok_or(ProtocolError::InvalidCloseCode(code))?; // §7.4
        let reason = utf8::whole(reason).map_err(|utf8::Invalid| ProtocolError::InvalidUtf8)?; // §8.1
        Ok(Some(Self { code, reason }))
    }
}

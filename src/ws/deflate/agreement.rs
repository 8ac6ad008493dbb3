//! Negotiation: offers, the server's choice among them, the client's check of it (RFC 7692 §5, §7.1).

use super::params::{
    CLIENT_MAX_WINDOW_BITS, CLIENT_NO_CONTEXT_TAKEOVER, ClientWindow, NAME, Params, SERVER_MAX_WINDOW_BITS,
    SERVER_NO_CONTEXT_TAKEOVER,
};
use super::{MAX_WINDOW_BITS, MIN_WINDOW_BITS, Options};
use alloc::string::{String, ToString};
use core::fmt;

/// What both sides have agreed on. Its `Display` is the server's `Sec-WebSocket-Extensions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    pub(super) server_no_context_takeover: bool,
    pub(super) client_no_context_takeover: bool,
    pub(super) server_max_window_bits: u8,
    /// Whether it was asked for, even if with the default: then the answer names it.
    names_server_window: bool,
    pub(super) client_max_window_bits: u8,
    pub(super) level: u32,
    pub(super) min_len: usize,
}

impl Agreement {
    /// The server's choice: the first of the client's offers that it can keep to, or none.
    ///
    /// `offers`: the elements of the request's `Sec-WebSocket-Extensions`, as from
    /// [`Headers::tokens`](crate::http::Headers::tokens).
    pub(in crate::ws) fn choose<'o>(offers: impl Iterator<Item = &'o str>, options: &Options) -> Option<Self> {
        offers.filter_map(Params::parse).find_map(|offer| Self::accept(offer.ok()?, options))
    }

    fn accept(offer: Params, options: &Options) -> Option<Self> {
        // §7.1.2.1: the server's window is at most what the client asks for; one that is too small to keep to declines.
        let server_max_window_bits =
            clamp(options.server_max_window_bits).min(offer.server_max_window_bits.unwrap_or(MAX_WINDOW_BITS));
        if server_max_window_bits < MIN_WINDOW_BITS {
            return None;
        }
        // §7.1.2.2: only a client that names the parameter may be limited; its own value is a hint that costs nothing.
        let client_max_window_bits = match offer.client_max_window_bits {
            ClientWindow::Absent => MAX_WINDOW_BITS,
            ClientWindow::Unspecified => clamp(options.client_max_window_bits),
            ClientWindow::Bits(hint) => clamp(options.client_max_window_bits).min(hint),
        };
        Some(Self {
            server_no_context_takeover: options.server_no_context_takeover || offer.server_no_context_takeover,
            client_no_context_takeover: options.client_no_context_takeover || offer.client_no_context_takeover,
            server_max_window_bits,
            names_server_window: offer.server_max_window_bits.is_some(),
            client_max_window_bits,
            level: options.level,
            min_len: options.min_len,
        })
    }

    /// Whether clients can be sent messages that an [`Encoder`](super::Encoder) has compressed, which uses the largest
    /// window: they can unless they have asked for a smaller one.
    #[must_use]
    pub fn takes_shared(&self) -> bool {
        self.server_max_window_bits == MAX_WINDOW_BITS
    }

    /// The client's check of the server's answer to `options`: `None` if it is not what was offered (§7).
    pub(in crate::ws) fn check<'r>(response: impl Iterator<Item = &'r str>, options: &Options) -> Option<Self> {
        let mut elements = response.map(Params::parse);
        let (Some(Some(Ok(answer))), None) = (elements.next(), elements.next()) else { return None };
        // §7.1.1.1, §7.1.2.1: what was asked of the server it must have taken on.
        let server_max_window_bits = answer.server_max_window_bits.unwrap_or(MAX_WINDOW_BITS);
        if (options.server_no_context_takeover && !answer.server_no_context_takeover)
            || server_max_window_bits > clamp(options.server_max_window_bits)
        {
            return None;
        }
        let client_max_window_bits = match answer.client_max_window_bits {
            ClientWindow::Absent => MAX_WINDOW_BITS,
            ClientWindow::Unspecified => return None, // §7.1.2.2: in an answer it has a value
            ClientWindow::Bits(bits) => bits,
        };
        Some(Self {
            server_no_context_takeover: answer.server_no_context_takeover,
            // §7.1.1.2: a client may always do without, as it said it would.
            client_no_context_takeover: answer.client_no_context_takeover || options.client_no_context_takeover,
            server_max_window_bits,
            names_server_window: answer.server_max_window_bits.is_some(),
            client_max_window_bits: client_max_window_bits.min(clamp(options.client_max_window_bits)),
            level: options.level,
            min_len: options.min_len,
        })
    }
}

impl Options {
    /// The client's offer, as it stands in `Sec-WebSocket-Extensions`. Supporting `client_max_window_bits` is always
    /// said, so that the server may save memory.
    pub(in crate::ws) fn offer(&self) -> String {
        let mut offer = String::from(NAME);
        let mut push = |parameter: &str, value: Option<u8>| {
            offer.push_str("; ");
            offer.push_str(parameter);
            if let Some(value) = value {
                offer.push('=');
                offer.push_str(&value.to_string());
            }
        };
        let below_default = |bits| Some(clamp(bits)).filter(|bits| *bits < MAX_WINDOW_BITS);
        push(CLIENT_MAX_WINDOW_BITS, below_default(self.client_max_window_bits));
        if let Some(bits) = below_default(self.server_max_window_bits) {
            push(SERVER_MAX_WINDOW_BITS, Some(bits));
        }
        if self.server_no_context_takeover {
            push(SERVER_NO_CONTEXT_TAKEOVER, None);
        }
        if self.client_no_context_takeover {
            push(CLIENT_NO_CONTEXT_TAKEOVER, None);
        }
        offer
    }
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)?;
        if self.server_no_context_takeover {
            write!(f, "; {SERVER_NO_CONTEXT_TAKEOVER}")?;
        }
        if self.client_no_context_takeover {
            write!(f, "; {CLIENT_NO_CONTEXT_TAKEOVER}")?;
        }
        // §7.1.2.1: an offer with the parameter is accepted by an answer with it.
        if self.names_server_window || self.server_max_window_bits < MAX_WINDOW_BITS {
            write!(f, "; {SERVER_MAX_WINDOW_BITS}={}", self.server_max_window_bits)?;
        }
        if self.client_max_window_bits < MAX_WINDOW_BITS {
            write!(f, "; {CLIENT_MAX_WINDOW_BITS}={}", self.client_max_window_bits)?;
        }
        Ok(())
    }
}

/// A window of the caller's wish, as far as it can be kept to.
fn clamp(bits: u8) -> u8 {
    bits.clamp(MIN_WINDOW_BITS, MAX_WINDOW_BITS)
}

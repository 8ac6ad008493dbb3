//! The extension's parameters as they stand in `Sec-WebSocket-Extensions` (RFC 7692 §7.1, RFC 6455 §9.1).

use super::MAX_WINDOW_BITS;

pub(super) const NAME: &str = "permessage-deflate";
pub(super) const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
pub(super) const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
pub(super) const SERVER_MAX_WINDOW_BITS: &str = "server_max_window_bits";
pub(super) const CLIENT_MAX_WINDOW_BITS: &str = "client_max_window_bits";

/// The smallest window that may be named, although not every compressor can keep to it.
const LEAST_NAMED_WINDOW_BITS: u8 = 8;

/// One element of the list: what is asked or answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Params {
    pub server_no_context_takeover: bool,
    pub client_no_context_takeover: bool,
    pub server_max_window_bits: Option<u8>,
    pub client_max_window_bits: ClientWindow,
}

/// `client_max_window_bits` may stand without a value in an offer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum ClientWindow {
    #[default]
    Absent,
    Unspecified,
    Bits(u8),
}

impl Params {
    /// Reads one element; `None` if it is another extension.
    ///
    /// An unknown parameter, one twice or one with a wrong value is an error (§7).
    pub(super) fn parse(element: &str) -> Option<Result<Self, ()>> {
        let mut parts = element.split(';').map(trim);
        if parts.next() != Some(NAME) {
            return None;
        }
        let mut params = Self::default();
        Some(parts.try_for_each(|part| params.set(part)).map(|()| params))
    }

    fn set(&mut self, part: &str) -> Result<(), ()> {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (trim(name), Some(unquoted(trim(value)))),
            None => (part, None),
        };
        match name {
            SERVER_NO_CONTEXT_TAKEOVER => set_flag(&mut self.server_no_context_takeover, value),
            CLIENT_NO_CONTEXT_TAKEOVER => set_flag(&mut self.client_no_context_takeover, value),
            SERVER_MAX_WINDOW_BITS => set_once(&mut self.server_max_window_bits, window_bits(value.ok_or(())?)?),
            CLIENT_MAX_WINDOW_BITS if self.client_max_window_bits == ClientWindow::Absent => {
                let bits = value.map(window_bits).transpose()?;
                self.client_max_window_bits = bits.map_or(ClientWindow::Unspecified, ClientWindow::Bits);
                Ok(())
            }
            _ => Err(()),
        }
    }
}

/// §7.1.1: these have no value, and stand once.
fn set_flag(flag: &mut bool, value: Option<&str>) -> Result<(), ()> {
    if value.is_some() || *flag {
        return Err(());
    }
    *flag = true;
    Ok(())
}

fn set_once<T>(place: &mut Option<T>, value: T) -> Result<(), ()> {
    if place.replace(value).is_some() { Err(()) } else { Ok(()) }
}

/// §7.1.2: 8 to 15 in decimal, without leading zeros.
fn window_bits(value: &str) -> Result<u8, ()> {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit()) && !value.starts_with('0');
    match value.parse() {
        Ok(bits) if is_plain && (LEAST_NAMED_WINDOW_BITS..=MAX_WINDOW_BITS).contains(&bits) => Ok(bits),
        _ => Err(()),
    }
}

/// RFC 6455 §9.1: a value may stand in quotation marks, if what they hold is a token.
fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

fn trim(part: &str) -> &str {
    part.trim_matches([' ', '\t'])
}

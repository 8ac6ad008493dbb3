//! Who asks, where proxies stand in between: the addresses that they wrote into `X-Forwarded-For` or `Forwarded`
//! (RFC 7239), as far as they can be believed.
//!
//! ```text
//!   client ──▶ proxy A ──▶ proxy B ──▶ this server
//!   X-Forwarded-For:  (what the client made up), client, A
//!                      ◀──────── read from the right ─────    B is the peer
//! ```
//!
//! Each proxy writes behind what it got whom it got it from. So the last entry is the peer's word, the one before that of
//! the machine that the last entry names, and so on: an entry is believed if who wrote it is a trusted proxy, and what
//! stands left of the first that is none could be anybody's. That text is not even parsed: an open quotation mark in it
//! must not swallow what a proxy has written behind it.

use crate::http::RequestHead;
use ipnet::IpNet;
use std::borrow::Cow;
use std::net::IpAddr;
use std::vec::Vec;

/// In which header the proxies of [`Builder::trust_proxy`](super::Builder::trust_proxy) tell whom they ask for.
///
/// The other one is never read, and neither is a guess: a proxy that writes one passes the other on as the client made it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ProxyHeader {
    /// `X-Forwarded-For`: addresses with commas between them. It has no standard, and nearly every proxy writes it.
    #[default]
    XForwardedFor,
    /// `Forwarded`: `for=` in each of its elements (RFC 7239 §5.2).
    Forwarded,
}

/// The proxies whose word is taken.
#[derive(Debug, Default)]
pub(super) struct Proxies {
    trusted: Vec<IpNet>,
    header: ProxyHeader,
}

impl Proxies {
    pub(super) fn trust(&mut self, proxies: IpNet) {
        /// What stands in front of an IPv4 address that is written as an IPv6 one, in bits.
        const MAPPED: u8 = 96;
        // Addresses are looked at as what they are, and so prefixes must be.
        let mapped = match proxies.addr() {
            IpAddr::V6(addr) => addr.to_ipv4_mapped().zip(proxies.prefix_len().checked_sub(MAPPED)),
            IpAddr::V4(_) => None,
        };
        let mapped = mapped.and_then(|(addr, prefix)| IpNet::new(addr.into(), prefix).ok());
        self.trusted.push(mapped.unwrap_or(proxies));
    }

    pub(super) fn read(&mut self, header: ProxyHeader) {
        self.header = header;
    }

    /// Whether this is the address of one of them.
    pub(super) fn is_trusted(&self, addr: IpAddr) -> bool {
        let addr = addr.to_canonical();
        self.trusted.iter().any(|proxies| proxies.contains(&addr))
    }

    /// Who asks: the peer itself, unless it is a trusted proxy; then the last address in the header that is none. Where
    /// the trail ends before that, in what is no address or at its beginning, it is the last proxy that was come by.
    pub(super) fn client_addr(&self, head: &RequestHead<'_>, peer: IpAddr) -> IpAddr {
        let mut addr = peer.to_canonical();
        if !self.is_trusted(addr) {
            return addr;
        }
        let name = match self.header {
            ProxyHeader::XForwardedFor => "x-forwarded-for",
            ProxyHeader::Forwarded => "forwarded",
        };
        // RFC 9110 §5.3: several lines are one, in their order.
        let mut lines: Vec<&[u8]> = head.headers.get_all(name).collect();
        while self.is_trusted(addr) {
            let Some(line) = lines.pop() else { break };
            let (before, element) = split_last(line, b',');
            lines.extend(before);
            let found = match self.header {
                ProxyHeader::XForwardedFor => node(element),
                ProxyHeader::Forwarded => node_of_element(element),
            };
            match found {
                Some(before) => addr = before.to_canonical(),
                // RFC 7239 §6.2, §6.3: `unknown` and hidden names are no addresses, nor is what is broken.
                None => break,
            }
        }
        addr
    }
}

/// What stands before and behind the last separator that is not within a quoted string. Read from the end: what begins
/// in front of it does not change what is found.
fn split_last(text: &[u8], separator: u8) -> (Option<&[u8]>, &[u8]) {
    let mut is_quoted = false;
    for (at, byte) in text.iter().enumerate().rev() {
        match *byte {
            // RFC 9110 §5.6.4: within a quoted string a backslash takes a quotation mark's meaning away.
            b'"' if !(is_quoted && is_escaped(text, at)) => is_quoted = !is_quoted,
            byte if byte == separator && !is_quoted => {
                return (text.get(..at), text.get(at + 1..).unwrap_or_default());
            }
            _ => {}
        }
    }
    (None, text)
}

fn is_escaped(text: &[u8], at: usize) -> bool {
    text.iter().take(at).rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// RFC 7239 §4: pairs with semicolons between them, of which one is `for`, in any case. Twice is one time too many.
fn node_of_element(element: &[u8]) -> Option<IpAddr> {
    let mut found = None;
    let mut rest = Some(element);
    while let Some(pairs) = rest {
        let (before, pair) = split_last(pairs, b';');
        rest = before;
        if pair.trim_ascii().is_empty() {
            continue;
        }
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = pair.split_at(equals);
        if name.trim_ascii().eq_ignore_ascii_case(b"for") {
            if found.is_some() {
                return None;
            }
            found = Some(node(&unquoted(value.get(1..).unwrap_or_default().trim_ascii())?)?);
        }
    }
    found
}

/// RFC 9110 §5.6.4: a quoted string without its marks and backslashes; anything else is as it is.
fn unquoted(value: &[u8]) -> Option<Cow<'_, [u8]>> {
    let Some(quoted) = value.strip_prefix(b"\"") else { return Some(value.into()) };
    let mut bytes = quoted.strip_suffix(b"\"")?.iter();
    let mut plain = Vec::new();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => *bytes.next()?,
            byte => *byte,
        });
    }
    Some(plain.into())
}

/// RFC 7239 §6: an address, of IPv6 in brackets, and maybe a port, hidden or not. `X-Forwarded-For` has IPv6 without
/// brackets as well (§7.4).
fn node(text: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(text).ok()?.trim_ascii();
    if let Some(bracketed) = text.strip_prefix('[') {
        let (addr, port) = bracketed.split_once(']')?;
        let is_whole = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return addr.parse().ok().filter(|_| is_whole).map(IpAddr::V6);
    }
    if let Ok(addr) = text.parse() {
        return Some(addr);
    }
    let (addr, port) = text.split_once(':')?;
    addr.parse().ok().filter(|_| is_port(port)).map(IpAddr::V4)
}

fn is_port(port: &str) -> bool {
    let is_hidden = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let is_number = (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
    is_number || port.strip_prefix('_').is_some_and(is_hidden)
}

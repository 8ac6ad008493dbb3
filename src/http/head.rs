//! What a head says: of a request (RFC 9112 §3) and of a response (§4).

use super::{Headers, Status};
use core::str;

/// The versions of HTTP that this crate speaks (§2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// `HTTP/1.0`
    Http10,
    /// `HTTP/1.1`
    Http11,
}

/// A request without its body, borrowed from the bytes that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHead<'a> {
    /// A token; its case matters (§3.1).
    pub method: &'a str,
    /// As it came, in visible ASCII: mostly `/path?query` (§3.2).
    pub target: &'a str,
    /// The version of HTTP.
    pub version: Version,
    /// The headers, in order.
    pub headers: Headers<'a>,
}

impl<'a> RequestHead<'a> {
    /// The path, still percent-encoded, of a target in origin-form or in absolute-form; empty for `*` and for `CONNECT`
    /// (§3.3).
    #[must_use]
    pub fn path(&self) -> &'a str {
        let path = self.path_and_query().split('?').next().unwrap_or_default();
        // §3.2.1: an absolute target without a path means the root.
        if path.is_empty() && self.absolute().is_some() { "/" } else { path }
    }

    /// What follows the `?`, still percent-encoded.
    #[must_use]
    pub fn query(&self) -> Option<&'a str> {
        self.path_and_query().split_once('?').map(|(_, query)| query)
    }

    /// Host and port that the request is for: those of an absolute target, which outdo the header (§3.2.2), else `Host`.
    #[must_use]
    pub fn authority(&self) -> Option<&'a str> {
        match self.absolute() {
            Some((authority, _)) => Some(authority),
            None => self.headers.get_str("host"),
        }
    }

    /// Whether the client means to send another request on this connection (§9.3).
    #[must_use]
    pub fn keep_alive(&self) -> bool {
        keep_alive(self.version, &self.headers)
    }

    fn path_and_query(&self) -> &'a str {
        match self.absolute() {
            Some((_, rest)) => rest,
            None if self.target.starts_with('/') => self.target,
            None => "",
        }
    }

    /// The authority of an absolute target, and what follows it.
    fn absolute(&self) -> Option<(&'a str, &'a str)> {
        if self.target.starts_with('/') {
            return None;
        }
        let (_, rest) = self.target.split_once("://")?;
        Some(rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len())))
    }
}

/// A response without its body, borrowed from the bytes that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseHead<'a> {
    /// The version of HTTP.
    pub version: Version,
    /// The status code.
    pub status: Status,
    /// The phrase behind it, for eyes only (§4); empty if it is not ASCII.
    pub reason: &'a str,
    /// The headers, in order.
    pub headers: Headers<'a>,
}

impl ResponseHead<'_> {
    /// Whether the server will take another request on this connection (§9.3).
    #[must_use]
    pub fn keep_alive(&self) -> bool {
        keep_alive(self.version, &self.headers)
    }
}

/// §9.3: `close` ends it; else HTTP/1.1 stays by itself, and HTTP/1.0 if it asks to.
fn keep_alive(version: Version, headers: &Headers<'_>) -> bool {
    !headers.has_token("connection", "close")
        && (version == Version::Http11 || headers.has_token("connection", "keep-alive"))
}

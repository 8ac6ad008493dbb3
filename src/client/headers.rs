//! The caller's headers of each request: which of them can be sent, and how they join those of the client's own.

use super::Error;
use crate::http::{self, SendError};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::BytesMut;

/// What frames the request or opens the WebSocket: a caller's word there would make the server wait for a body that
/// never comes, or break the handshake (RFC 9112 §6.1, RFC 6455 §11.3).
const RESERVED: [&str; 3] = ["content-length", "transfer-encoding", "upgrade"];
const RESERVED_PREFIX: &str = "sec-websocket-";

/// Refuses what no request could be sent with, before anything is connected to.
pub(super) fn check(headers: &[(String, String)]) -> Result<(), Error> {
    headers.iter().try_for_each(|(name, value)| check_one(name, value))?;
    let hosts = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("host")).count();
    // RFC 9112 §3.2
    if hosts > 1 { Err(Error::Header("Host: it is there twice".into())) } else { Ok(()) }
}

/// Refuses one header that cannot be sent.
pub(super) fn check_one(name: &str, value: &str) -> Result<(), Error> {
    let lower = name.to_ascii_lowercase();
    if RESERVED.contains(&lower.as_str()) || lower.starts_with(RESERVED_PREFIX) {
        return Err(Error::Header(format!("{name}: this one is set by the client")));
    }
    let host = Some(("Host", "h")).filter(|_| lower != "host");
    let headers: Vec<(&str, &str)> = host.into_iter().chain([(name, value)]).collect();
    http::encode_request("GET", "/", &headers, &mut BytesMut::new()).map_err(|error| {
        let name: String = name.chars().flat_map(char::escape_debug).collect();
        match error {
            SendError::HeaderName => Error::Header(format!("{name:?}: a name has no blanks, and is not empty")),
            error => Error::Header(format!("{name}: {error}")),
        }
    })
}

/// The client's own headers and the caller's, which take the place of those of the same name.
pub(super) fn join<'a>(own: &[(&'a str, &'a str)], callers: &'a [(String, String)]) -> Vec<(&'a str, &'a str)> {
    let callers: Vec<_> = callers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    http::overlay(own, &callers)
}

/// The `Host` to send: the caller's, if there is one.
pub(super) fn host<'a>(own: &'a str, callers: &'a [(String, String)]) -> &'a str {
    callers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host")).map_or(own, |(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::{check, join};
    use alloc::string::String;

    fn headers(list: &[(&str, &str)]) -> alloc::vec::Vec<(String, String)> {
        list.iter().map(|&(name, value)| (name.into(), value.into())).collect()
    }

    #[test]
    fn what_cannot_be_sent_is_refused_by_its_name() {
        for (name, value) in [
            ("A B", "b"),
            ("", "b"),
            ("A", "b\r\nC: d"),
            ("A", "\0"),
            ("Transfer-Encoding", "chunked"),
            ("content-length", "5"),
            ("Upgrade", "h2c"),
            ("Sec-WebSocket-Key", "x"),
        ] {
            let error = check(&headers(&[(name, value)])).unwrap_err();
            assert!(alloc::format!("{error}").contains(name), "{error}");
        }
        assert!(check(&headers(&[("Host", "a"), ("host", "b")])).is_err());
        assert!(check(&headers(&[("Host", "a"), ("X", "ü"), ("x", "")])).is_ok());
    }

    #[test]
    fn the_callers_take_the_place_of_the_clients() {
        let callers = headers(&[("host", "b"), ("X", "1")]);
        let own = [("Host", "a"), ("Accept", "c")];
        assert_eq!(join(&own, &callers), [("Accept", "c"), ("host", "b"), ("X", "1")]);
    }
}

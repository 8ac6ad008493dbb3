//! The request that a handler of the embedder's serves, kept for it.

use crate::http::RequestHead;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::string::String;
use std::vec::Vec;

/// What a handler may ask of the head, which is gone when it runs. No larger than
/// [`Limits::head`](super::Limits::head) allows.
pub(super) struct Opening {
    pub(super) path: String,
    pub(super) query: Option<String>,
    /// In order; no value where it is not UTF-8.
    headers: Vec<(String, Option<String>)>,
    pub(super) peer_addr: SocketAddr,
    pub(super) client_addr: IpAddr,
    /// What was agreed on, for a WebSocket.
    pub(super) subprotocol: Option<String>,
}

impl Opening {
    pub(super) fn new(head: &RequestHead<'_>, peer_addr: SocketAddr, client_addr: IpAddr) -> Self {
        let headers = head.headers.iter();
        let headers = headers.map(|header| (header.name.into(), str::from_utf8(header.value).ok().map(String::from)));
        Self {
            path: head.path().into(),
            query: head.query().map(String::from),
            headers: headers.collect(),
            peer_addr,
            client_addr,
            subprotocol: None,
        }
    }

    /// The first value of that name, as [`Headers::get_str`](crate::http::Headers::get_str).
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| value.as_deref())
    }

    /// Which connection it is, without its headers: they hold secrets.
    pub(super) fn fmt_as(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct(name);
        fields.field("path", &self.path).field("peer_addr", &self.peer_addr).finish_non_exhaustive()
    }
}

/// The same getters for each kind of handler's connection: they look into its `opening`.
macro_rules! opening_getters {
    () => {
        /// The server that runs the handler: a way to publish what the client has said, say.
        #[must_use]
        pub fn server(&self) -> $crate::server::Handle {
            $crate::server::Handle(std::sync::Arc::clone(&self.shared))
        }

        /// The path that the client asked for, still percent-encoded.
        #[must_use]
        pub fn path(&self) -> &str {
            &self.opening.path
        }

        /// What followed the `?`, still percent-encoded.
        #[must_use]
        pub fn query(&self) -> Option<&str> {
            self.opening.query.as_deref()
        }

        /// The first header of that name, in any case, if it is UTF-8: a cookie, an `Authorization`.
        #[must_use]
        pub fn header(&self, name: &str) -> Option<&str> {
            self.opening.header(name)
        }

        /// The other end of the connection: the client, or the last proxy before this server.
        #[must_use]
        pub fn peer_addr(&self) -> std::net::SocketAddr {
            self.opening.peer_addr
        }

        /// Who is at the other end: the peer, or whom [trusted proxies](crate::server::Builder::trust_proxy) say that they
        /// ask for.
        #[must_use]
        pub fn client_addr(&self) -> std::net::IpAddr {
            self.opening.client_addr
        }
    };
}

pub(super) use opening_getters;

//! Who may do what: the `authorize` hook, and the rules for requests that come from web pages of other origins.

use super::journal;
use super::response::Response;
use super::shared::Shared;
use crate::http::{RequestHead, Status};
use crate::topic::TopicName;
use std::borrow::Cow;
use std::boxed::Box;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::panic::{self, AssertUnwindSafe};
use std::string::String;
use std::vec::Vec;

/// A request, as an [`authorize`](super::Builder::authorize) hook sees it.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct AccessRequest<'a> {
    /// What it wants to do.
    pub action: Action<'a>,
    /// Its head: path, query and headers.
    pub head: &'a RequestHead<'a>,
    /// The other end of its connection: the client, or the last proxy before this server.
    pub peer_addr: SocketAddr,
    /// Who asks: the peer, or whom [trusted proxies](super::Builder::trust_proxy) say that they ask for. An IPv4 address
    /// that came as an IPv6 one is an IPv4 address here.
    pub client_addr: IpAddr,
}

/// What a request wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action<'a> {
    /// Append a message to this topic. A WebSocket is asked about once, when it opens, and the answer remembered.
    Publish(&'a TopicName),
    /// Read the messages of this topic, over any transport.
    Subscribe(&'a TopicName),
    /// Be served by a handler of the embedder's; by which one, the path of the head says.
    Connect,
}

/// The answer of an `authorize` hook.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Go on.
    Granted,
    /// 401: nobody knows who asks. `challenge` is the value of `WWW-Authenticate` that says how to tell, for example
    /// `Bearer` (RFC 9110 §11.6.1).
    Unauthorized {
        /// The scheme and its parameters.
        challenge: Cow<'static, str>,
    },
    /// 403: it is known who asks, and they may not.
    Forbidden,
    /// 400: what was shown to tell who asks is not as its scheme has it, for example two things at once.
    Malformed {
        /// As for [`Unauthorized`](Self::Unauthorized).
        challenge: Cow<'static, str>,
    },
    /// 403, with a challenge: what was shown is good, but not for this (RFC 6750 §3.1).
    Insufficient {
        /// As for [`Unauthorized`](Self::Unauthorized).
        challenge: Cow<'static, str>,
    },
}

/// A hook of the embedder's: it sees the request and says whether it may.
pub(super) type Authorize = dyn Fn(&AccessRequest<'_>) -> Access + Send + Sync;

/// The hook, if there is one.
#[derive(Default)]
pub(super) struct Gate(Option<Box<Authorize>>);

impl Gate {
    pub(super) fn new(hook: Box<Authorize>) -> Self {
        Self(Some(hook))
    }

    /// Asks the hook. `Err` is the answer for who must not; a hook that panics lets nobody in.
    pub(super) fn ask(
        &self,
        head: &RequestHead<'_>,
        peer_addr: SocketAddr,
        action: Action<'_>,
        shared: &Shared,
    ) -> Result<(), Response> {
        let Some(hook) = &self.0 else { return Ok(()) };
        let client_addr = shared.proxies.client_addr(head, peer_addr.ip());
        let request = AccessRequest { action, head, peer_addr, client_addr };
        let (status, text, challenge) = match panic::catch_unwind(AssertUnwindSafe(|| hook(&request))) {
            Ok(Access::Granted) => return Ok(()),
            Ok(Access::Unauthorized { challenge }) => (Status::UNAUTHORIZED, "credentials are needed", Some(challenge)),
            Ok(Access::Forbidden) => (Status::FORBIDDEN, "not allowed", None),
            Ok(Access::Malformed { challenge }) => {
                (Status::BAD_REQUEST, "the credentials are malformed", Some(challenge))
            }
            Ok(Access::Insufficient { challenge }) => (Status::FORBIDDEN, "not allowed", Some(challenge)),
            Err(_) => {
                shared.metrics.panics.add(1);
                journal::panicked("the authorize hook", head.path());
                (Status::INTERNAL_SERVER_ERROR, "the server failed", None)
            }
        };
        let refusal = Response::fault(status, text);
        Err(challenge.into_iter().fold(refusal, |refusal, value| refusal.with_header("WWW-Authenticate", value)))
    }
}

/// Which request it is, without its query and its headers: they hold secrets.
impl fmt::Debug for AccessRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, head, peer_addr, client_addr } = self;
        let mut fields = f.debug_struct("AccessRequest");
        fields.field("action", action).field("path", &head.path()).field("peer_addr", peer_addr);
        fields.field("client_addr", client_addr).finish_non_exhaustive()
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gate").field(&self.0.is_some()).finish()
    }
}

/// Where a request comes from, as its `Origin` header says: only browsers send one, and no page can forge it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin<'a> {
    /// From no page, or from one of this server's.
    Own,
    /// From a page of another server that is in the list.
    Allowed(&'a str),
    /// From any other page: it gets no CORS headers, and must not open a WebSocket or publish.
    Foreign,
}

/// The origins whose pages may use the server.
#[derive(Debug, Default)]
pub(super) struct Origins {
    allowed: Vec<String>,
    /// Whether only this machine reaches the server, so that a page's own origin names this machine, too.
    loopback: bool,
    /// Whether it speaks TLS itself, so that a page in the clear is none of its own.
    secure: bool,
}

impl Origins {
    /// `*` means all.
    pub(super) fn allow(&mut self, origin: String) {
        self.allowed.push(origin);
    }

    /// Tells where the server listens.
    pub(super) fn listening_on(&mut self, addr: SocketAddr, secure: bool) {
        (self.loopback, self.secure) = (addr.ip().is_loopback(), secure);
    }

    /// Says what is wrong with the list, if anything is.
    pub(super) fn check(&self) -> Result<(), String> {
        match self.allowed.iter().find(|origin| *origin != "*" && !is_origin(origin)) {
            None => Ok(()),
            Some(origin) => {
                Err(std::format!("{origin:?} is no origin: it is like https://example.org, without a path"))
            }
        }
    }

    pub(super) fn judge<'a>(&self, head: &RequestHead<'a>) -> Origin<'a> {
        let mut values = head.headers.get_all("origin");
        let Some(value) = values.next() else { return Origin::Own };
        // Two origins are none that can be trusted.
        let (Ok(origin), None) = (std::str::from_utf8(value), values.next()) else { return Origin::Foreign };
        let (scheme, authority) = origin.split_once("://").unwrap_or_default();
        // In the clear the scheme is not compared: behind a proxy that ends TLS only the page knows it.
        let is_own = head.authority().is_some_and(|host| authority.eq_ignore_ascii_case(host))
            && (!self.secure || scheme.eq_ignore_ascii_case("https"));
        // Any site may have its name lead to 127.0.0.1 once its page is loaded (DNS rebinding): then `Host` says what the
        // page says. No site can do that with a number, nor with `localhost` (RFC 6761 §6.3).
        if is_own && (!self.loopback || is_local(authority)) {
            Origin::Own
        } else if self.allowed.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin)) {
            Origin::Allowed(origin)
        } else {
            Origin::Foreign
        }
    }

    /// The headers by which a browser lets a page of an allowed origin see the answer. RFC 9110 §12.5.5: where there is
    /// such an origin, whoever else asks is told, too, that the answer depends on where it was asked from, lest a cache
    /// gives a page the answer that was not for it.
    pub(super) fn headers<'a>(&self, origin: Origin<'a>) -> Vec<(&'static str, &'a str)> {
        let mut headers = Vec::new();
        if !self.allowed.is_empty() {
            headers.push(("Vary", "Origin"));
        }
        if let Origin::Allowed(origin) = origin {
            headers.push(("Access-Control-Allow-Origin", origin));
            headers.push(("Access-Control-Expose-Headers", "Retry-After"));
        }
        headers
    }
}

/// Whether this authority is an IP address, `localhost` or a name below it.
fn is_local(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => host,
        _ => authority,
    };
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let (_, top) = host.rsplit_once('.').unwrap_or(("", host));
    address.parse::<IpAddr>().is_ok() || top.eq_ignore_ascii_case("localhost")
}

/// Whether a browser could say that a page comes from there: scheme, host and maybe a port. `null` is what it says of
/// pages that are from nowhere, and any page can make one of those.
fn is_origin(origin: &str) -> bool {
    let is_host = |host: &str| host.bytes().all(|byte| byte.is_ascii_graphic()) && !host.contains(['/', '?', '#', '@']);
    origin
        .split_once("://")
        .is_some_and(|(scheme, host)| !scheme.is_empty() && !host.is_empty() && is_host(scheme) && is_host(host))
}

impl Origin<'_> {
    /// The 403 for what a page of another origin must not do.
    pub(super) fn check(self) -> Result<(), Response> {
        match self {
            Self::Foreign => Err(Response::fault(Status::FORBIDDEN, "this server is not for pages of that origin")),
            Self::Own | Self::Allowed(_) => Ok(()),
        }
    }
}

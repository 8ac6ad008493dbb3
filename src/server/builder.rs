//! Setting a server up.

use super::access::{Access, AccessRequest, Gate, Origins};
use super::compression;
use super::delivery::{Delivery, WAKER};
use super::forwarded::{Proxies, ProxyHeader};
use super::journal;
#[cfg(feature = "redis")]
use super::redis::{Redis, RedisUrl};
use super::routes::{Handler, Page, Pages, Routes};
use super::shared::Shared;
use super::signal::Signal;
use super::store::{Embedded, Store};
use super::topics::Topics;
use super::{EventStream, Limits, Server, WebSocket, WebSocketOptions};
use crate::socket;
use crate::ws::deflate::Options;
use bytes::Bytes;
use ipnet::IpNet;
use std::boxed::Box;
use std::fmt;
use std::io;
use std::net::{TcpListener, ToSocketAddrs};
use std::string::String;
use std::sync::Arc;

/// Sets a [`Server`] up; from [`Server::builder`].
pub struct Builder {
    pub(super) limits: Limits,
    pub(super) gate: Gate,
    pub(super) origins: Origins,
    pub(super) proxies: Proxies,
    pub(super) routes: Routes,
    pub(super) pages: Pages,
    pub(super) deflate: Option<Options>,
    pub(super) tls: Option<Arc<socket::Server>>,
    #[cfg(feature = "redis")]
    pub(super) redis: Option<RedisUrl>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            gate: Gate::default(),
            origins: Origins::default(),
            proxies: Proxies::default(),
            routes: Routes::default(),
            pages: Pages::default(),
            deflate: compression::by_default(),
            tls: None,
            #[cfg(feature = "redis")]
            redis: None,
        }
    }
}

impl Builder {
    /// Other limits than the default ones.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits.sane();
        self
    }

    /// Lets pages of another origin (`https://example.org`, or `*` for all) open a WebSocket or a handler's event stream,
    /// publish and read answers. Pages of the server's own may anyway: those whose origin has the `Host` that was asked
    /// for. But where the server listens on a loopback address, that must be an IP address or `localhost`: any site can
    /// have its name lead there, so that one behind a proxy on the same machine is named here. May be called more than
    /// once. An origin has no path, not even a `/` at its end; [`bind`](Self::bind) refuses what is none.
    #[must_use]
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.allow(origin.into());
        self
    }

    /// Takes the word of the proxies at these addresses, one or a prefix, for whom they ask:
    /// [`AccessRequest::client_addr`] is then the client's and not the proxy's. May be called more than once, for each that
    /// requests go through. Without it no such header is read: everybody can write one.
    ///
    /// ```
    /// use std::net::IpAddr;
    /// use tidings::server::{IpNet, Server};
    ///
    /// let (one, many): (IpAddr, IpNet) = ("127.0.0.1".parse()?, "10.1.0.0/16".parse()?);
    /// let builder = Server::builder().trust_proxy(one).trust_proxy(many);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A proxy that is trusted has to write the header itself, and behind what it was sent, or in its place: one that only
    /// passes on what came lets each client be whom it likes. Which header, [`proxy_header`](Self::proxy_header) says.
    #[must_use]
    pub fn trust_proxy(mut self, proxies: impl Into<IpNet>) -> Self {
        self.proxies.trust(proxies.into());
        self
    }

    /// Where trusted proxies tell whom they ask for. Default: [`ProxyHeader::XForwardedFor`].
    #[must_use]
    pub fn proxy_header(mut self, header: ProxyHeader) -> Self {
        self.proxies.read(header);
        self
    }

    /// How the messages of topics are compressed for those WebSocket clients that offer it (RFC 7692); `None`: not at
    /// all. Each message is compressed once for all of them, so that neither side ever keeps a context: what the options
    /// say of takeover and windows does not count. Without the feature `deflate` there is nothing to give but `None`.
    #[must_use]
    pub fn deflate(mut self, options: Option<Options>) -> Self {
        self.deflate = options.map(compression::without_contexts);
        self
    }

    /// Speaks TLS, and nothing else: `https` and `wss` in place of `http` and `ws`. Feature `tls`, as are the other things of
    /// TLS.
    ///
    /// ```no_run
    /// use tidings::server::{Certificate, Server};
    ///
    /// let certificate = Certificate::from_pem(&std::fs::read("chain.pem")?, &std::fs::read("key.pem")?)?;
    /// let server = Server::builder().tls(&certificate).bind("0.0.0.0:443")?;
    /// # let _ = server;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Who is over [`Limits::connections`] learns so by an alert and not by a 503, which could not be read yet. A request in
    /// the clear is answered with 400.
    ///
    /// It is rustls that speaks it, with the arithmetic of `ring`, whatever provider the process has installed. A program that
    /// uses rustls itself, with another one, must say which (`CryptoProvider::install_default`), as rustls then has both.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, certificate: &super::Certificate) -> Self {
        self.tls = Some(certificate.server());
        self
    }

    /// Keeps the messages of topics in Redis (7.0 or later), as streams, instead of in this process: all servers with the
    /// same Redis have the same topics, take each other's idempotency keys and serve each other's cursors, over any
    /// transport. [`bind`](Self::bind) connects to it. What a server does while it is away, and what becomes of messages that
    /// it loses, is told in the repository's `OPERATING.md`. Feature `redis`.
    ///
    /// ```no_run
    /// use tidings::server::Server;
    ///
    /// let server = Server::builder().redis("redis://127.0.0.1:6379/".parse()?).bind("127.0.0.1:8080")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "redis")]
    #[must_use]
    pub fn redis(mut self, url: RedisUrl) -> Self {
        self.redis = Some(url);
        self
    }

    /// Whether the live page is served, at `/`, with the explained messages below `/wire/`. Default: yes. A program that
    /// has pages of its own mostly wants this one on its test machines only.
    #[must_use]
    pub fn live_page(mut self, served: bool) -> Self {
        self.pages.live = served;
        self
    }

    /// Whether `/metrics` is served, to everybody. Default: yes.
    #[must_use]
    pub fn metrics(mut self, served: bool) -> Self {
        self.pages.metrics = served;
        self
    }

    /// Asks `hook` before anything is done with a topic, and before a handler is run. Pages, `/healthz` and
    /// `/metrics` are for everybody. It runs in the request's thread; if it panics, the answer is 500. One that knows bearer
    /// tokens is there: [`Tokens`](super::Tokens).
    ///
    /// ```
    /// use tidings::server::{Access, Action, Server};
    ///
    /// let builder = Server::builder().authorize(|request| match request.action {
    ///     Action::Subscribe(topic) if topic.as_str() == "public" => Access::Granted,
    ///     _ => match request.head.headers.get_str("authorization") {
    ///         Some("Bearer of good news") => Access::Granted,
    ///         Some(_) => Access::Forbidden,
    ///         None => Access::Unauthorized { challenge: "Bearer".into() },
    ///     },
    /// });
    /// ```
    #[must_use]
    pub fn authorize(mut self, hook: impl Fn(&AccessRequest<'_>) -> Access + Send + Sync + 'static) -> Self {
        self.gate = Gate::new(Box::new(hook));
        self
    }

    /// Serves a WebSocket at that path; `options` may be a plain [`Config`](crate::ws::Config). Each connection runs
    /// `handler` in a thread of its own.
    ///
    /// A path such as `/echo` is that one alone. One that ends in a slash, such as `/jobs/`, has everything below it, too,
    /// which no other handler has: [`WebSocket::path`] tells what was asked for. `/` alone is the root alone.
    ///
    /// What is below `/topics/` and `/wire/` cannot be taken. The other paths of the server's own can, such as `/` with the
    /// live page, `/healthz` and `/metrics`: the handler is then there in their place. [`bind`](Self::bind) refuses a path
    /// that is taken twice, or that no request can have: without the `/` in front, with a query, or with anything but
    /// visible ASCII, as which paths come percent-encoded.
    #[must_use]
    pub fn websocket(
        mut self,
        path: impl Into<String>,
        options: impl Into<WebSocketOptions>,
        handler: impl Fn(&mut WebSocket) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.routes.mount(path.into(), Handler::WebSocket(options.into(), Arc::new(handler)));
        self
    }

    /// Serves an event stream at that path, likewise: to every GET, whatever it accepts. A HEAD gets the head alone, and
    /// does not run the handler.
    #[must_use]
    pub fn event_stream(
        mut self,
        path: impl Into<String>,
        handler: impl Fn(&mut EventStream) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.routes.mount(path.into(), Handler::EventStream(Arc::new(handler)));
        self
    }

    /// Serves a page at that path, likewise, or whatever else is the same for everybody: its media type, such as
    /// `text/html; charset=utf-8`, and its bytes. It needs no thread of its own, and no leave of the hook: a page has to be
    /// there before it can show a token.
    ///
    /// ```
    /// use tidings::server::Server;
    ///
    /// let page = "<!doctype html><title>Hello</title>";
    /// let builder = Server::builder().page("/", "text/html; charset=utf-8", page);
    /// ```
    ///
    /// A browser asks for it anew each time, so that the next version of the program has another. It comes without a
    /// `Content-Security-Policy`, as it may be anything: a page can have its own in a `<meta>`.
    #[must_use]
    pub fn page(mut self, path: impl Into<String>, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.routes.mount(path.into(), Handler::Page(Page { content_type: media_type, body: body.into() }));
        self
    }

    /// Listens. Clients can connect from now on; they are served once the server [runs](Server::run).
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] for a path or an origin that is none, which the error names;
    /// [`io::ErrorKind::NotConnected`] where topics are to be kept in a Redis that is not there or will not do; else the
    /// system's, such as an address that is in use.
    pub fn bind(mut self, addr: impl ToSocketAddrs) -> io::Result<Server> {
        self.routes
            .check()
            .and_then(|()| self.origins.check())
            .map_err(|flaw| io::Error::new(io::ErrorKind::InvalidInput, flaw))?;
        let listener = TcpListener::bind(addr)?;
        listener.set_nonblocking(true)?;
        let local_addr = listener.local_addr()?;
        let poll = mio::Poll::new()?;
        let signal = Arc::new(Signal::new(mio::Waker::new(poll.registry(), WAKER)?));
        let Limits { topic, topics, all_topics_bytes, .. } = self.limits;
        let topics = Arc::new(Topics::new(topic, topics, all_topics_bytes));
        let store = self.store(&topics, &signal)?;
        self.origins.listening_on(local_addr, self.tls.is_some());
        let shared = Arc::new(Shared::new(self, topics, store, signal));
        let delivery = Delivery::new(Arc::clone(&shared), poll, mio::net::TcpListener::from_std(listener))?;
        journal::listening(local_addr);
        Ok(Server { shared, delivery, local_addr })
    }

    #[cfg_attr(not(feature = "redis"), allow(clippy::unused_self, clippy::unnecessary_wraps))]
    fn store(&self, topics: &Arc<Topics>, signal: &Arc<Signal>) -> io::Result<Box<dyn Store>> {
        #[cfg(feature = "redis")]
        if let Some(url) = &self.redis {
            return Ok(Box::new(Redis::open(url.clone(), topics, signal, &self.limits)?));
        }
        Ok(Box::new(Embedded::new(topics, signal)))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { limits, routes, .. } = self;
        f.debug_struct("Builder").field("limits", limits).field("routes", routes).finish_non_exhaustive()
    }
}

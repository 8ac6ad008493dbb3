//! How a client behaves.

#[cfg(feature = "tls")]
use super::Roots;
use crate::blocking::Tap;
use crate::topic::Filter;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

/// What all clients can be told. Each number has its reason beside it.
#[derive(Clone)]
pub struct Options {
    /// Where to begin: a cursor, `oldest` or `now`; for an [`EventSource`](super::EventSource) of another server its
    /// last event ID. Default: with what is published from now on, whatever the transport.
    pub after: Option<String>,
    /// Which messages to ask for, by the names of their events: what is not among them the server does not send. It
    /// stands in the URL, in place of any `event=` that was there. Default: everything, or what the URL says. A server
    /// that is not one of ours may send what it likes.
    pub filter: Filter,
    /// Further headers of each request, such as `Authorization` or `Origin`; one that the client would send by itself,
    /// such as `Host`, is sent as it stands here. What frames the request or belongs to the WebSocket handshake is
    /// refused. They are not sent to another origin that the server redirects to.
    pub headers: Vec<(String, String)>,
    /// The longest first wait before a reconnection; it doubles with each failure in a row, and the actual wait is drawn
    /// between nothing and it. Default 1 s. A `retry:` of an event stream takes its place and is waited for before that.
    pub retry: Duration,
    /// It doubles up to this. Default 30 s: a server that is back is found again within a coffee's pouring.
    pub retry_max: Duration,
    /// To make a connection, and as long again for the handshake of TLS. Default 10 s: three tries of TCP's first packet.
    pub connect_timeout: Duration,
    /// For the head of an answer, beside the time that a poll is held, and for writing. Default 15 s.
    pub response_timeout: Duration,
    /// A stream on which nothing came for so long is dead. Default 40 s: two keepalives of 15 s and some more. For an
    /// [`EventSource`](super::EventSource) it counts once the server has sent a bookmark, as ours do at once and with
    /// each keepalive: the silence of another server means nothing. A WebSocket is pinged after half of it.
    pub silence: Duration,
    /// How long a long poll asks to be held. Default 25 s: below the 30 s after which many proxies give up.
    pub wait: Duration,
    /// The shortest pause between two short polls, while there is news. Default 1 s.
    pub interval: Duration,
    /// The longest pause between two short polls, while it is quiet. Default 5 s: what somebody who watches still takes for
    /// live.
    pub interval_max: Duration,
    /// The largest message or answer taken, in bytes. Default 16 MiB: room for a message of 1 MiB in which every
    /// character is escaped.
    pub max_message: usize,
    /// Who may vouch for a server under TLS. Default: whom the system trusts. Feature `tls`.
    #[cfg(feature = "tls")]
    pub roots: Roots,
    /// Where randomness comes from: jitter, masking keys, nonces. Default: the operating system.
    pub random: fn(&mut [u8]),
    /// Who looks on at the bytes that go and come. Default: nobody.
    pub tap: Option<Tap>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            after: None,
            filter: Filter::default(),
            headers: Vec::new(),
            retry: Duration::from_secs(1),
            retry_max: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            response_timeout: Duration::from_secs(15),
            silence: Duration::from_secs(40),
            wait: Duration::from_secs(25),
            interval: Duration::from_secs(1),
            interval_max: Duration::from_secs(5),
            max_message: 16 << 20,
            #[cfg(feature = "tls")]
            roots: Roots::default(),
            random: crate::system_random,
            tap: None,
        }
    }
}

/// A filter as it stands in a query.
pub(super) fn event_parameters(filter: &Filter) -> impl Iterator<Item = (&str, &str)> {
    filter.names().map(|name| ("event", name))
}

/// Without the values of the headers, which may be credentials.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Options").field("after", &self.after).field("headers", &headers).finish_non_exhaustive()
    }
}

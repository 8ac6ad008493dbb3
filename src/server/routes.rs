//! What an embedder mounts beside the topics.

use super::response::Response;
use super::{EventStream, WebSocket};
use crate::http::{self, Status};
use crate::ws;
use bytes::Bytes;
use std::fmt;
use std::io;
use std::string::String;
use std::sync::Arc;
use std::vec::Vec;

/// Below it are the topics.
pub(super) const TOPICS: &str = "/topics/";
/// Below it are explained messages.
pub(super) const WIRE: &str = "/wire/";

/// Serves one WebSocket; the connection closes when it returns.
pub(super) type WebSocketHandler = dyn Fn(&mut WebSocket) -> io::Result<()> + Send + Sync;
/// Serves one event stream; it ends when this returns.
pub(super) type EventStreamHandler = dyn Fn(&mut EventStream) -> io::Result<()> + Send + Sync;

/// A handler, in a thread of its own for each connection, or a page that needs none.
pub(super) enum Handler {
    WebSocket(WebSocketOptions, Arc<WebSocketHandler>),
    EventStream(Arc<EventStreamHandler>),
    Page(Page),
}

/// What is the same for everybody.
pub(super) struct Page {
    pub(super) content_type: &'static str,
    pub(super) body: Bytes,
}

/// What the clients of a WebSocket handler may send, and whether messages may be compressed.
///
/// ```
/// use tidings::server::WebSocketOptions;
/// use tidings::ws::{self, deflate};
///
/// # #[cfg(feature = "deflate")]
/// let compressed = WebSocketOptions { deflate: Some(deflate::Options::default()), ..WebSocketOptions::default() };
/// let plain = WebSocketOptions::from(ws::Config { max_message: 1024, ..ws::Config::default() });
/// ```
#[derive(Debug, Clone, Default)]
pub struct WebSocketOptions {
    /// The limits. Messages are read whole, whatever it says of that, and an input buffer has 64 KiB at the most.
    pub config: ws::Config,
    /// Of these the first that the client offers is spoken (RFC 6455 §4.2.2); which one, or that it offers none of them,
    /// [`WebSocket::subprotocol`] says. Default: none.
    pub subprotocols: Vec<String>,
    /// Compress messages (RFC 7692), if the client offers it on terms that can be kept. Default: do not. A connection
    /// that has sent and got compressed messages takes some 300 KiB.
    pub deflate: Option<ws::deflate::Options>,
}

impl From<ws::Config> for WebSocketOptions {
    fn from(config: ws::Config) -> Self {
        Self { config, ..Self::default() }
    }
}

impl Page {
    pub(super) fn answer(&self) -> Response {
        Response::new(Status::OK)
            .with_body(self.content_type, self.body.clone())
            .with_header("Cache-Control", "no-cache")
            .with_header("X-Content-Type-Options", "nosniff")
    }
}

impl Handler {
    /// Why it could not be served.
    fn flaw(&self) -> Option<&'static str> {
        match self {
            Self::Page(page) if !http::is_value(page.content_type.as_bytes()) => {
                Some("its media type is no header's value")
            }
            _ => None,
        }
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WebSocket(..) => "WebSocket",
            Self::EventStream(_) => "EventStream",
            Self::Page(_) => "Page",
        })
    }
}

/// Which of the server's own pages there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pages {
    /// The live page, and the explained messages that it shows.
    pub(super) live: bool,
    pub(super) metrics: bool,
}

impl Default for Pages {
    fn default() -> Self {
        Self { live: true, metrics: true }
    }
}

/// Handlers by path.
#[derive(Debug, Default)]
pub(super) struct Routes(Vec<(String, Handler)>);

impl Routes {
    pub(super) fn mount(&mut self, path: String, handler: Handler) {
        self.0.push((path, handler));
    }

    /// Says what is wrong with the paths, if anything is.
    pub(super) fn check(&self) -> Result<(), String> {
        for (index, (path, handler)) in self.0.iter().enumerate() {
            let is_taken = self.0.iter().take(index).any(|(other, _)| other == path);
            let flaw =
                flaw(path).or_else(|| is_taken.then_some("another handler has it already")).or_else(|| handler.flaw());
            if let Some(flaw) = flaw {
                return Err(std::format!("no handler can be mounted at {path:?}: {flaw}"));
            }
        }
        Ok(())
    }

    /// The handler at that very path, else the one that has the longest part of it.
    pub(super) fn find(&self, path: &str) -> Option<&Handler> {
        let exact = self.0.iter().find(|(mounted, _)| mounted == path);
        let above =
            || self.0.iter().filter(|(mounted, _)| is_above(mounted, path)).max_by_key(|(mounted, _)| mounted.len());
        exact.or_else(above).map(|(_, handler)| handler)
    }
}

/// Whether a handler mounted there takes that path, too. The root is a page and not above all others: those that are the
/// server's own would be gone.
fn is_above(mounted: &str, path: &str) -> bool {
    mounted != "/" && mounted.ends_with('/') && path.starts_with(mounted)
}

/// Why no request would ever come to a handler at that path.
fn flaw(path: &str) -> Option<&'static str> {
    if !path.starts_with('/') {
        Some("a path begins with '/'")
    } else if path.contains(['?', '#']) {
        Some("a path ends before the query")
    } else if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some("in a request all but visible ASCII is percent-encoded")
    } else if [TOPICS, WIRE].iter().any(|own| path.starts_with(own)) {
        Some("what is below /topics/ and /wire/ is the server's own")
    } else {
        None
    }
}

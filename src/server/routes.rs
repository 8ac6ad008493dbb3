//! What an embedder mounts beside the topics.

use super::{EventStream, WebSocket};
use crate::ws;
use std::fmt;
use std::io;
use std::string::String;
use std::sync::Arc;
use std::vec::Vec;

/// Serves one WebSocket; the connection closes when it returns.
pub(super) type WebSocketHandler = dyn Fn(&mut WebSocket) -> io::Result<()> + Send + Sync;
/// Serves one event stream; it ends when this returns.
pub(super) type EventStreamHandler = dyn Fn(&mut EventStream) -> io::Result<()> + Send + Sync;

/// A handler, in a thread of its own for each connection.
pub(super) enum Handler {
    WebSocket(WebSocketOptions, Arc<WebSocketHandler>),
    EventStream(Arc<EventStreamHandler>),
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
    /// The limits. Messages are read whole, whatever it says about their delivery.
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

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WebSocket(..) => "WebSocket",
            Self::EventStream(_) => "EventStream",
        })
    }
}

/// Handlers by path.
#[derive(Debug, Default)]
pub(super) struct Routes(Vec<(String, Handler)>);

impl Routes {
    /// The last one mounted at a path counts.
    pub(super) fn mount(&mut self, path: String, handler: Handler) {
        self.0.retain(|(mounted, _)| *mounted != path);
        self.0.push((path, handler));
    }

    pub(super) fn find(&self, path: &str) -> Option<&Handler> {
        self.0.iter().find(|(mounted, _)| mounted == path).map(|(_, handler)| handler)
    }
}

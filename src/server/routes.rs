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
#[derive(Clone)]
pub(super) enum Handler {
    WebSocket(ws::Config, Arc<WebSocketHandler>),
    EventStream(Arc<EventStreamHandler>),
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

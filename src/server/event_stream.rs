//! An event stream for a handler of the embedder's: blocking.

use super::opening::{Opening, opening_getters};
use super::shared::Shared;
use super::wire;
use crate::http::chunked;
use crate::sse::Event;
use bytes::BytesMut;
use std::boxed::Box;
use std::io;
use std::net::TcpStream;
use std::string::String;
use std::sync::Arc;

/// A client's event stream, in a thread of its own. It ends when the handler returns.
///
/// What is sent is the handler's business, keepalives too: a comment every 15 s or so keeps proxies from cutting a silent
/// stream, and shows whether the client is still there.
#[derive(Debug)]
pub struct EventStream {
    shared: Arc<Shared>,
    socket: Arc<TcpStream>,
    opening: Box<Opening>,
    last_event_id: String,
    chunked: bool,
}

impl EventStream {
    pub(super) fn new(
        shared: Arc<Shared>,
        socket: Arc<TcpStream>,
        opening: Box<Opening>,
        last_event_id: String,
        chunked: bool,
    ) -> Self {
        Self { shared, socket, opening, last_event_id, chunked }
    }

    opening_getters!();

    /// The `Last-Event-ID` that the client came back with; empty if it comes for the first time.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// Sends an event, at once.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] for an event that cannot be written; the socket's, which is how a handler learns
    /// that its client has gone.
    pub fn send(&mut self, event: &Event<'_>) -> io::Result<()> {
        let mut output = BytesMut::new();
        let encoded = if self.chunked {
            chunked::encode_with(&mut output, |output| event.encode(output))
        } else {
            event.encode(&mut output)
        };
        encoded.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        wire::write_all(&self.socket, &output, self.shared.limits.write_time)
    }

    /// Whether the server wants to go away: return.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.shared.is_draining()
    }

    /// The handler has returned: what is left to be written.
    pub(super) fn finish(self) -> BytesMut {
        let mut output = BytesMut::new();
        if self.chunked {
            chunked::encode_end(&mut output);
        }
        output
    }
}

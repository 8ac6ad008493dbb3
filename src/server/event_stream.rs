//! An event stream for a handler of the embedder's: blocking.

use super::opening::{Opening, opening_getters};
use super::shared::Shared;
use super::wire;
use crate::http::chunked;
use crate::socket::Socket;
use crate::sse::Event;
use crate::step::later;
use bytes::BytesMut;
use std::boxed::Box;
use std::fmt;
use std::io::{self, ErrorKind};
use std::string::String;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A client's event stream, in a thread of its own.
///
/// It ends when the handler returns: well after `Ok`; after an error or a panic it is cut off without its last chunk, which
/// tells the client, and every proxy in between, that there was more to come. (HTTP/1.0 knows no chunks and cannot tell
/// the two apart.) A browser comes back in either case: answer what it should not come back to with an event that says so.
///
/// A handler that waits for what to send does so in [`wait`](Self::wait): it keeps the connection alive, and returns once
/// the client has gone or the server goes away. What many clients are to hear is better published to a topic, whose
/// subscribers need no thread of their own.
///
/// ```
/// use std::io;
/// use std::time::Duration;
/// use tidings::server::{EventStream, Waited};
/// use tidings::sse::Event;
///
/// /// Sends the time since the start each second, for a minute.
/// fn clock(events: &mut EventStream) -> io::Result<()> {
///     for seconds in 1..=60 {
///         if events.wait(Duration::from_secs(1))? == Waited::Draining {
///             break;
///         }
///         events.send(&Event::message(format!("{seconds} s")))?;
///     }
///     Ok(())
/// }
/// # let _ = tidings::server::Server::builder().event_stream("/clock", clock);
/// ```
pub struct EventStream {
    shared: Arc<Shared>,
    socket: Arc<Socket>,
    opening: Box<Opening>,
    last_event_id: String,
    chunked: bool,
    /// When the client was last sent something: so long ago is the last sign of life.
    sent: Instant,
}

/// Why [`EventStream::wait`] returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// The time is over.
    Elapsed,
    /// The server wants to go away: return.
    Draining,
}

impl EventStream {
    pub(super) fn new(
        shared: Arc<Shared>,
        socket: Arc<Socket>,
        opening: Box<Opening>,
        last_event_id: String,
        chunked: bool,
    ) -> Self {
        Self { shared, socket, opening, last_event_id, chunked, sent: Instant::now() }
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
        encoded.map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
        wire::write_all(&self.socket, &output, &self.shared.limits).inspect_err(|_| {
            // Maybe in the midst of a chunk: nothing must follow.
            self.socket.abort();
        })?;
        self.sent = Instant::now();
        Ok(())
    }

    /// Waits so long, and meanwhile sends a comment each [`Limits::keepalive`](super::Limits::keepalive) in which nothing
    /// was sent.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`], or another of the socket's, as soon as the client has gone.
    pub fn wait(&mut self, time: Duration) -> io::Result<Waited> {
        let until = later(Instant::now(), time);
        loop {
            if self.is_draining() {
                return Ok(Waited::Draining);
            }
            let keepalive = self.sent + self.shared.limits.keepalive;
            let next = until.min(keepalive);
            // Who listens to a stream has nothing to say, so that all that can be read is that it has gone.
            match wire::read(&self.socket, &mut BytesMut::new(), usize::MAX, next) {
                Ok(0) if self.is_draining() => return Ok(Waited::Draining),
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() != ErrorKind::TimedOut => return Err(error),
                Ok(_) | Err(_) => {}
            }
            let now = Instant::now();
            if until <= now {
                return Ok(Waited::Elapsed);
            }
            if keepalive <= now {
                self.send(&Event::comment(""))?;
            }
        }
    }

    /// Whether the server wants to go away: return.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.shared.is_draining()
    }

    /// The handler has returned: what is left to be written. Nothing behind what it could not bring to its end (RFC 9112
    /// §8: without its last chunk a body is incomplete).
    pub(super) fn finish(self, is_whole: bool) -> BytesMut {
        let mut output = BytesMut::new();
        if self.chunked && is_whole {
            chunked::encode_end(&mut output);
        }
        output
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.opening.fmt_as("EventStream", f)
    }
}

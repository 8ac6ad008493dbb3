//! The two halves of a handler's WebSocket, each for a thread of its own.

use super::shared::Shared;
use crate::blocking::{Access, Duplex, Failure, Message, Reading, TimedRead, Wait, sending};
use crate::step::later;
use crate::ws::{CloseCode, Connection, SendError};
use bytes::BytesMut;
use std::fmt;
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// The half of a [`WebSocket`](super::WebSocket) that reads. See [`WebSocket::split`](super::WebSocket::split).
///
/// Pings are answered, and a client that is silent is asked for a sign of life, while this reads. It never waits for the
/// client to read: what it has to answer goes out behind what a writer is sending.
pub struct WebSocketReader<'a> {
    pub(super) shared: &'a Shared,
    pub(super) duplex: &'a Duplex,
    pub(super) reading: &'a mut Reading,
}

/// The half of a [`WebSocket`](super::WebSocket) that sends. See [`WebSocket::split`](super::WebSocket::split).
///
/// A copy is another writer on the same connection. Each call sends at once, and waits for as long as the client does not
/// read or another writer's message is going out; frames never mix. A [`close`](Self::close) does not wait for the other
/// writer: it goes out behind that message.
///
/// Once the reader has given an error nothing can be sent; once it has said that the server is draining, last words can
/// for [`Limits::close_time`](super::Limits::close_time), or half of [`Limits::drain_time`](super::Limits::drain_time) if
/// that is less.
#[derive(Clone, Copy)]
pub struct WebSocketWriter<'a> {
    pub(super) shared: &'a Shared,
    pub(super) duplex: &'a Duplex,
}

impl WebSocketReader<'_> {
    /// The next message. `None`: the client has closed the connection, or the server is draining: return.
    ///
    /// # Errors
    /// The socket's; [`ErrorKind::InvalidData`] if the client broke the protocol (it is told so),
    /// [`ErrorKind::UnexpectedEof`] if it went without a Close, [`ErrorKind::TimedOut`] if it gives no sign of life or
    /// takes nothing for [`Limits::write_time`](super::Limits::write_time).
    pub fn read(&mut self) -> io::Result<Option<Message>> {
        Ok(self.next(Wait::Forever)?.message())
    }

    /// The next message, if it comes within that time, which does not count for less than a millisecond.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_timeout(&mut self, time: Duration) -> io::Result<TimedRead> {
        self.next(Wait::Until(later(Instant::now(), time)))
    }

    fn next(&mut self, wait: Wait) -> io::Result<TimedRead> {
        next(self.reading, Access::Shared(self.duplex), wait, self.shared)
    }

    /// Why the connection was closed, once [`read`](Self::read) gave `None`: the code and reason of the client's Close
    /// frame, if it had any. There is none if the server is draining.
    #[must_use]
    pub fn close_frame(&self) -> Option<(CloseCode, &str)> {
        self.reading.close_frame()
    }

    /// Whether the server wants to go away: return. [`read`](Self::read) does so by itself.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.shared.is_draining()
    }
}

impl WebSocketWriter<'_> {
    sending!(
        self: &Self,
        io::Result<()>,
        "The socket's; [`ErrorKind::BrokenPipe`] after a Close, of either side, or the reader's end; [`ErrorKind::TimedOut`] if the client takes nothing for [`Limits::write_time`](super::Limits::write_time), or too little in [`Limits::answer_time`](super::Limits::answer_time).",
        "[`ErrorKind::InvalidInput`]"
    );

    /// Whether the server wants to go away: come to an end.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.shared.is_draining()
    }

    fn sending(&self, encode: impl FnOnce(&mut Connection, &mut BytesMut) -> Result<(), SendError>) -> io::Result<()> {
        Ok(self.duplex.send(encode)?)
    }

    fn closing(&self, code: CloseCode, reason: &str) -> io::Result<()> {
        Ok(self.duplex.close(code, reason)?)
    }
}

/// The next message, unless the server is draining.
#[inline]
pub(super) fn next(
    reading: &mut Reading,
    mut access: Access<'_>,
    wait: Wait,
    shared: &Shared,
) -> io::Result<TimedRead> {
    match reading.read(&mut access, wait) {
        Ok(read) => Ok(read),
        Err(failure) => ended(failure, access.duplex(), shared),
    }
}

/// Whoever sends by itself must come to its end, too, or the handler never returns.
fn ended(failure: Failure, duplex: &Duplex, shared: &Shared) -> io::Result<TimedRead> {
    let now = Instant::now();
    match failure {
        // Draining ends every read that waits. Time for the last words, and some of the whole left for the Close.
        Failure::Ended if shared.is_draining() => {
            let limits = &shared.limits;
            duplex.stop_sending(later(now, limits.close_time.min(limits.drain_time / 2)));
            Ok(TimedRead::Closed)
        }
        failure => {
            duplex.stop_sending(now);
            Err(failure.into())
        }
    }
}

impl fmt::Debug for WebSocketReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketReader").field("close_frame", &self.close_frame()).finish_non_exhaustive()
    }
}

impl fmt::Debug for WebSocketWriter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketWriter").finish_non_exhaustive()
    }
}

impl From<Failure> for io::Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Protocol(error) => Self::new(ErrorKind::InvalidData, error),
            Failure::Send(error @ SendError::Closed) => Self::new(ErrorKind::BrokenPipe, error),
            Failure::Send(error) => Self::new(ErrorKind::InvalidInput, error),
            Failure::Io(error) => error,
            Failure::Ended => ErrorKind::UnexpectedEof.into(),
            Failure::Silent => ErrorKind::TimedOut.into(),
        }
    }
}

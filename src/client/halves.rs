//! The two halves of a WebSocket, each for a thread of its own.

use super::error::Trouble;
use super::stop::Watch;
use super::{Cut, Error, Stop};
use crate::blocking::{Access, Duplex, End, Failure, Message, Reading, TimedRead, Wait, sending};
use crate::step::later;
use crate::ws::{CloseCode, Connection, SendError};
use alloc::sync::Arc;
use bytes::BytesMut;
use core::time::Duration;
use std::time::Instant;

/// The half of a [`WebSocket`](super::WebSocket) that reads. See [`WebSocket::split`](super::WebSocket::split).
///
/// Pings are answered, and a silent server is asked for a sign of life, while this reads. It never waits for the server to
/// read: what it has to answer goes out behind what a writer is sending.
#[derive(Debug)]
pub struct WebSocketReader {
    link: Arc<Link>,
    reading: Reading,
}

/// The half of a [`WebSocket`](super::WebSocket) that sends. See [`WebSocket::split`](super::WebSocket::split).
///
/// A clone is another writer on the same connection. Each call sends at once, and waits for as long as the server does not
/// read or another writer's message is going out; frames never mix. A [`close`](Self::close) does not wait for the other
/// writer: it goes out behind that message.
#[derive(Debug, Clone)]
pub struct WebSocketWriter {
    link: Arc<Link>,
}

/// What the halves have in common.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) duplex: Duplex,
    pub(super) watch: Watch,
}

pub(super) fn halves(link: Link, reading: Reading) -> (WebSocketReader, WebSocketWriter) {
    let link = Arc::new(link);
    (WebSocketReader { link: Arc::clone(&link), reading }, WebSocketWriter { link })
}

impl WebSocketReader {
    /// The next message; `None` once the connection is closed, by either side.
    ///
    /// # Errors
    /// [`Error::WebSocket`] where the server breaks the protocol or a limit, [`Error::Cut`] where the connection ends
    /// without a Close frame.
    pub fn read(&mut self) -> Result<Option<Message>, Error> {
        Ok(self.next(Wait::Forever)?.message())
    }

    /// The next message, if it comes within that time, which does not count for less than a millisecond.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_timeout(&mut self, time: Duration) -> Result<TimedRead, Error> {
        self.next(Wait::Until(later(Instant::now(), time)))
    }

    fn next(&mut self, wait: Wait) -> Result<TimedRead, Error> {
        let read = next(&mut self.reading, Access::Shared(&self.link.duplex), wait);
        Ok(read.map_err(|failure| self.link.trouble(failure))?)
    }

    /// Why the connection was closed, once [`read`](Self::read) gave `None`: the code and reason of the server's Close
    /// frame, if it had any.
    #[must_use]
    pub fn close_frame(&self) -> Option<(CloseCode, &str)> {
        self.reading.close_frame()
    }

    /// Ends a blocked [`read`](Self::read) from another thread, and what the writers are blocked in.
    #[must_use]
    pub fn stop_handle(&self) -> Stop {
        self.link.watch.stop().clone()
    }
}

impl WebSocketWriter {
    sending!(
        self: &Self,
        Result<(), Error>,
        "[`Error::Cut`] if the connection is gone, the server has closed it or takes nothing for [`Options::response_timeout`](super::Options::response_timeout); [`Error::Send`] after a [`close`](Self::close).",
        "[`Error::Send`]"
    );

    fn sending(
        &self,
        encode: impl FnOnce(&mut Connection, &mut BytesMut) -> Result<(), SendError>,
    ) -> Result<(), Error> {
        Ok(self.link.duplex.send(encode).map_err(|failure| self.link.trouble(failure))?)
    }

    fn closing(&self, code: CloseCode, reason: &str) -> Result<(), Error> {
        Ok(self.link.duplex.close(code, reason).map_err(|failure| self.link.trouble(failure))?)
    }
}

/// The next message, and behind the last one the end.
#[inline]
pub(super) fn next(reading: &mut Reading, mut access: Access<'_>, wait: Wait) -> Result<TimedRead, Failure> {
    let was_closed = reading.is_closed();
    let read = reading.read(&mut access, wait);
    match &read {
        // RFC 6455 §7.1.1: the answer to a Close goes out, and the server ends the TCP stream first.
        Ok(TimedRead::Closed) if !was_closed => reading.drain(&access),
        // RFC 6455 §7.1.7: the Close frame that names the violation goes out.
        Err(Failure::Protocol(_)) => reading.drain(&access),
        Err(Failure::Ended) => access.duplex().end(),
        _ => {}
    }
    read
}

impl Link {
    pub(super) fn trouble(&self, failure: Failure) -> Trouble {
        match failure {
            Failure::Protocol(error) => error.into(),
            Failure::Send(error) if error != SendError::Closed => Error::Send(error).into(),
            _ if self.watch.stop().is_stopped() => Cut::Stopped.into(),
            Failure::Send(error) => match self.duplex.end_of_sending() {
                Some(End::Peer(code)) => Cut::Closed(code).into(),
                Some(End::Stream) => Cut::Ended.into(),
                Some(End::Own) | None => Error::Send(error).into(),
            },
            Failure::Ended => Cut::Ended.into(),
            Failure::Silent => Cut::Silent.into(),
            Failure::Io(error) => error.into(),
        }
    }
}

/// Who goes says so, if that needs no waiting (RFC 6455 §7.3).
impl Drop for Link {
    fn drop(&mut self) {
        self.duplex.leave();
    }
}

//! Calls of a blocking socket, each with its deadline.
//!
//! The time-outs of a socket count from each call; a peer that sends one byte just before each of them would never meet
//! one. So each read gets what is left of the whole, or a little less, and looks again.

use super::Socket;
use crate::step::later;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io::{self, ErrorKind, IoSlice};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// What the time-out for reading of one socket is set to, which nobody else sets: setting it anew for each read would cost
/// as much as half the read. `None`: unknown, as at first; the greatest there is: for ever.
#[derive(Debug, Default)]
pub(crate) struct ReadTimeout(Option<Duration>);

impl ReadTimeout {
    /// Reads what there is, at least one byte; without a deadline it waits for ever. Zero: the stream has ended.
    pub(crate) fn read(&mut self, socket: &Socket, room: &mut [u8], until: Option<Instant>) -> io::Result<usize> {
        self.attempt(socket, until, || socket.read(room))
    }

    /// The same of any call that reads from the socket once.
    pub(super) fn attempt<T>(
        &mut self,
        socket: &Socket,
        until: Option<Instant>,
        mut read: impl FnMut() -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            self.arm(socket.tcp(), left(until)?)?;
            match read() {
                // What Unix calls a time-out of a socket; it may come a moment early. And a signal is no reason to give up,
                // nor is what is no data yet.
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {
                }
                other => return other,
            }
        }
    }

    /// Sets the time-out, unless the one that there is does: it may end the wait early, for the reader looks again, and at
    /// most a moment late.
    fn arm(&mut self, socket: &TcpStream, left: Option<Duration>) -> io::Result<()> {
        /// Less than the system's own clock may be late by.
        const LATE: Duration = Duration::from_millis(1);
        /// Of a long wait a sixteenth is left for a second one, so that the next reads, with a little less time each, find
        /// a time-out that does.
        const LONG: Duration = Duration::from_secs(10);
        let wanted = left.unwrap_or(Duration::MAX);
        if self.0.is_none_or(|set| set < wanted / 2 || wanted.saturating_add(LATE) < set) {
            let timeout = left.map(|left| if left < LONG { left } else { left.saturating_sub(left / 16) });
            socket.set_read_timeout(timeout)?;
            self.0 = Some(timeout.unwrap_or(Duration::MAX));
        }
        Ok(())
    }
}

/// Writes all of it. The socket's own time-out is for each piece that the peer takes; each [`SHARE`] is given up with the
/// first piece that ends behind its `time`.
pub(crate) fn write_all(socket: &Socket, bytes: &[u8], time: Duration) -> io::Result<()> {
    bytes.chunks(SHARE).try_for_each(|share| write_share(socket, share, later(Instant::now(), time)))
}

/// What is larger is granted more time. In bytes: what a message has at the most where nobody says otherwise.
const SHARE: usize = 1 << 20;

fn write_share(socket: &Socket, mut bytes: &[u8], until: Instant) -> io::Result<()> {
    loop {
        match socket.write_vectored(&[IoSlice::new(bytes)]) {
            Ok(written) if written == bytes.len() => return Ok(()),
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(ErrorKind::TimedOut.into()),
            Err(error) => return Err(error),
        }
        if until <= Instant::now() {
            return Err(ErrorKind::TimedOut.into());
        }
    }
}

/// Writes what goes without waiting; [`ErrorKind::WouldBlock`] if that is nothing.
pub(crate) fn write_at_once(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match socket.write_at_once(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// One system call.
#[cfg(unix)]
pub(super) fn send_at_once(socket: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    use rustix::net::{SendFlags, send};
    // The standard library asks for no signal either; on Apple's systems it has asked the socket for that.
    #[cfg(not(target_vendor = "apple"))]
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    #[cfg(target_vendor = "apple")]
    let flags = SendFlags::DONTWAIT;
    Ok(send(socket, bytes, flags)?)
}

/// Three. Nobody else may be in a call of the socket's meanwhile, for it would not wait, either.
#[cfg(not(unix))]
pub(super) fn send_at_once(mut socket: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    use std::io::Write;
    socket.set_nonblocking(true)?;
    let written = socket.write(bytes);
    socket.set_nonblocking(false)?;
    written
}

/// Waits until something can be read or written; says whether it is reading. [`ErrorKind::TimedOut`] if neither.
pub(crate) fn wait(socket: &Socket, until: Instant) -> io::Result<bool> {
    if socket.has_unread() {
        return Ok(true);
    }
    loop {
        let timeout = left(Some(until))?.and_then(|left| Timespec::try_from(left).ok());
        let mut polled = [PollFd::new(socket.tcp(), PollFlags::IN | PollFlags::OUT)];
        match poll(&mut polled, timeout.as_ref()) {
            Ok(0) | Err(Errno::INTR) => {}
            // An end or an error is read, too.
            Ok(_) => return Ok(polled.iter().any(|socket| socket.revents() != PollFlags::OUT)),
            Err(error) => return Err(error.into()),
        }
    }
}

/// What is left of the time; never zero, which would mean "for ever".
fn left(until: Option<Instant>) -> io::Result<Option<Duration>> {
    let Some(until) = until else { return Ok(None) };
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
}

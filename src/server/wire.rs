//! Calls of a blocking socket, on the server's terms.

use super::Limits;
use crate::socket::{self, ReadTimeout, Socket};
use bytes::BytesMut;
use std::io::{self, ErrorKind, IoSlice};
use std::time::{Duration, Instant};

/// How much is asked for in one read. Four pages hold what most requests are.
const CHUNK: usize = 16 * 1024;

/// Reads what there is, at least one byte and at most `room`, behind `input`. Zero: the stream has ended.
pub(super) fn read(socket: &Socket, input: &mut BytesMut, room: usize, until: Instant) -> io::Result<usize> {
    // On the stack: `input` takes as much memory as came. What is made of a request, and stays, would else lie between
    // the buffers of one request and those of the next, and keep their memory from being used again.
    let mut chunk = [0; CHUNK];
    let chunk = chunk.get_mut(..room.min(CHUNK)).unwrap_or_default();
    let got = ReadTimeout::default().read(socket, chunk, Some(until))?;
    input.extend_from_slice(chunk.get(..got).unwrap_or_default());
    Ok(got)
}

/// Writes all of it, as the loop would: a peer that takes nothing for a while is given up, and one that has not taken
/// everything after a longer one.
pub(super) fn write_all(socket: &Socket, mut bytes: &[u8], limits: &Limits) -> io::Result<()> {
    let until = Instant::now() + limits.answer_time;
    while !bytes.is_empty() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        match write_within(socket, bytes, left.min(limits.write_time))? {
            0 => return Err(ErrorKind::TimedOut.into()),
            written => bytes = bytes.get(written..).unwrap_or_default(),
        }
    }
    Ok(())
}

/// Writes what the peer takes at once; how much that was.
pub(super) fn write_at_once(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
    match socket::write_at_once(socket, bytes) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        written => written,
    }
}

/// One write; nothing, if the peer took nothing within that time.
fn write_within(socket: &Socket, bytes: &[u8], time: Duration) -> io::Result<usize> {
    socket.tcp().set_write_timeout(Some(time))?;
    loop {
        match socket.write_vectored(&[IoSlice::new(bytes)]) {
            // A signal is no reason to give up.
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // What Unix calls a time-out of a socket, and what Windows does.
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return Ok(0),
            written => return written,
        }
    }
}

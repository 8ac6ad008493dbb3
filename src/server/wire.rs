//! A blocking socket with deadlines.
//!
//! The time-outs of a socket count from each call; a client that sends one byte just before each of them would never
//! meet one. So each call gets what is left of the whole.

use bytes::BytesMut;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// How much is asked for in one read. Four pages hold what most requests are.
const CHUNK: usize = 16 * 1024;

/// Reads what there is, at least one byte and at most `room`, behind `input`. Zero: the stream has ended.
pub(super) fn read(mut socket: &TcpStream, input: &mut BytesMut, room: usize, until: Instant) -> io::Result<usize> {
    let start = input.len();
    input.resize(start + room.min(CHUNK), 0);
    let got = retry(|| {
        socket.set_read_timeout(Some(left(until)?))?;
        socket.read(input.get_mut(start..).unwrap_or_default())
    });
    input.truncate(start + got.as_ref().map_or(0, |got| *got));
    got
}

/// Writes all of it. `patience` is for each piece that the peer takes.
pub(super) fn write_all(mut socket: &TcpStream, mut bytes: &[u8], patience: Duration) -> io::Result<()> {
    socket.set_write_timeout(Some(patience))?;
    while !bytes.is_empty() {
        let written = retry(|| socket.write(bytes))?;
        if written == 0 {
            return Err(ErrorKind::WriteZero.into());
        }
        bytes = bytes.get(written..).unwrap_or_default();
    }
    Ok(())
}

/// What is left of the time; never zero, which would mean "for ever".
fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
}

/// A signal is no reason to give up, and a time-out has one name.
fn retry(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // What Unix calls a time-out of a socket.
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(ErrorKind::TimedOut.into()),
            other => return other,
        }
    }
}

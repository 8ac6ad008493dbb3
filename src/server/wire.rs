//! Calls of a blocking socket, on the server's terms.

use crate::blocking::socket;
use bytes::BytesMut;
use std::io;
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// How much is asked for in one read. Four pages hold what most requests are.
pub(super) const CHUNK: usize = 16 * 1024;

/// Reads what there is, at least one byte and at most `room`, behind `input`. Zero: the stream has ended.
pub(super) fn read(socket: &TcpStream, input: &mut BytesMut, room: usize, until: Instant) -> io::Result<usize> {
    let start = input.len();
    input.resize(start + room.min(CHUNK), 0);
    let got = socket::read(socket, input.get_mut(start..).unwrap_or_default(), Some(until));
    input.truncate(start + got.as_ref().map_or(0, |got| *got));
    got
}

/// Writes all of it. `patience` is for each piece that the peer takes.
pub(super) fn write_all(socket: &TcpStream, bytes: &[u8], patience: Duration) -> io::Result<()> {
    socket.set_write_timeout(Some(patience))?;
    socket::write_all(socket, bytes)
}

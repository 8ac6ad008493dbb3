//! The socket and what was read from it.

use super::error::Trouble;
use super::target::Target;
use super::{Cut, Error, Options, Stop};
use crate::step::later;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::time::Instant;

/// What is read at once: a batch of a busy server in one call, and four times the largest head.
const BUFFER: usize = 64 * 1024;

/// A connection to a server.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    /// Where it leads.
    target: Target,
    /// Allocated once; `start..end` was read and not consumed.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    stop: Stop,
    watched: u64,
    response_timeout: Duration,
}

/// How a read ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filled {
    /// There is more.
    Bytes,
    /// The server has sent its last byte.
    Eof,
    /// Nothing came in time.
    TimedOut,
}

impl Wire {
    pub(super) fn open(target: &Target, options: &Options, stop: &Stop) -> Result<Self, Trouble> {
        let stream = connect(target, options.connect_timeout).map_err(|error| match error.kind() {
            // A name that cannot be looked up may be looked up later; one that cannot be a name never.
            io::ErrorKind::InvalidInput => Trouble::Fatal(Error::Url("its host is not one".into())),
            _ => Cut::Connect(error.to_string()).into(),
        })?;
        // What is written is whole already: waiting for more would only delay it.
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(options.response_timeout))?;
        let watched = stop.watch(&stream)?;
        let (stop, response_timeout) = (stop.clone(), options.response_timeout);
        let target = target.clone();
        Ok(Self { stream, target, buffer: vec![0; BUFFER], start: 0, end: 0, stop, watched, response_timeout })
    }

    /// Whether a request for `target` may go out on it, credentials and all.
    pub(super) fn leads_to(&self, target: &Target) -> bool {
        self.target.same_origin(target)
    }

    pub(super) fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// When an answer to what is sent now is late.
    pub(super) fn response_deadline(&self) -> Instant {
        later(Instant::now(), self.response_timeout)
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let result = self.stream.write_all(bytes);
        self.checked(result)
    }

    /// Writes what goes without waiting; for last words.
    pub(super) fn write_at_once(&mut self, bytes: &[u8]) {
        if self.stream.set_nonblocking(true).is_ok() {
            let _ = self.stream.write(bytes);
            let _ = self.stream.set_nonblocking(false);
        }
    }

    /// Reads more behind what is unread. Without a deadline it waits for ever.
    pub(super) fn fill(&mut self, deadline: Option<Instant>) -> Result<Filled, Trouble> {
        self.make_room();
        loop {
            let timeout = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if timeout == Some(Duration::ZERO) {
                return Ok(Filled::TimedOut);
            }
            self.stream.set_read_timeout(timeout)?;
            let room = self.buffer.get_mut(self.end..).unwrap_or_default();
            let result = match self.stream.read(room) {
                Ok(0) => Ok(Filled::Eof),
                Ok(len) => {
                    self.end += len;
                    Ok(Filled::Bytes)
                }
                // A time-out has either name, and may come a moment early.
                Err(error) if is_timeout(error.kind()) => continue,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            return self.checked(result);
        }
    }

    pub(super) fn unread(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    pub(super) fn unread_mut(&mut self) -> &mut [u8] {
        self.buffer.get_mut(self.start..self.end).unwrap_or_default()
    }

    pub(super) fn consume(&mut self, len: usize) {
        self.start = self.end.min(self.start + len);
    }

    /// Whether nothing has come that was not asked for, not even an end: another request may go out.
    pub(super) fn is_quiet(&mut self) -> bool {
        let quiet = self.start == self.end && self.stream.set_nonblocking(true).is_ok() && {
            let peeked = self.stream.peek(&mut [0]);
            matches!(peeked, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
        };
        quiet && self.stream.set_nonblocking(false).is_ok()
    }

    /// Ends what is sent, so that the peer need not wait for more.
    pub(super) fn half_close(&self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    fn make_room(&mut self) {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
    }

    fn checked<T>(&self, result: io::Result<T>) -> Result<T, Trouble> {
        if self.stop.is_stopped() { Err(Cut::Stopped.into()) } else { Ok(result?) }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.stop.unwatch(self.watched);
    }
}

fn is_timeout(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// Tries the addresses one after the other, as they are given.
fn connect(target: &Target, timeout: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in target.address().to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

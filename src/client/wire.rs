//! The socket and what was read from it.

use super::error::Trouble;
#[cfg(feature = "tls")]
use super::roots;
use super::stop::Watch;
use super::target::Target;
use super::{Cut, Error, Options, Stop};
use crate::blocking::{Input, Tap, Traffic};
use crate::socket::{self, Socket};
use crate::step::{NEVER, later};
use alloc::string::ToString;
use alloc::sync::Arc;
use core::time::Duration;
use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Instant;

/// What is read at once: a batch of a busy server in one call, and four times the largest head.
pub(super) const BUFFER: usize = 64 * 1024;

/// A connection to a server.
#[derive(Debug)]
pub(super) struct Wire {
    socket: Arc<Socket>,
    leaving: Leaving,
    /// Where it leads.
    target: Target,
    input: Input,
    watch: Watch,
    response_timeout: Duration,
    /// Who looks on.
    tap: Option<Tap>,
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
        let watch = stop.watch(&stream)?;
        let socket = Arc::new(secure(stream, target, options, &watch)?);
        let leaving = Leaving(Some(Arc::clone(&socket)));
        let (target, response_timeout, tap) = (target.clone(), options.response_timeout, options.tap.clone());
        if let Some(tap) = &tap {
            let (host, port) = target.address();
            tap.tell(Traffic::Opened { host, port });
        }
        Ok(Self { socket, leaving, target, input: Input::new(&[], BUFFER), watch, response_timeout, tap })
    }

    /// Whether a request for `target` may go out on it, credentials and all.
    pub(super) fn leads_to(&self, target: &Target) -> bool {
        self.target.same_origin(target)
    }

    /// For who goes on with the socket in another way: it, what is unread, and what lets it be stopped.
    pub(super) fn into_parts(mut self) -> (Arc<Socket>, Input, Watch) {
        self.leaving.0 = None;
        (self.socket, self.input, self.watch)
    }

    /// When an answer to what is sent now is late.
    pub(super) fn response_deadline(&self) -> Instant {
        later(Instant::now(), self.response_timeout)
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let result = socket::write_all(&self.socket, bytes, NEVER);
        if let (Some(tap), Ok(())) = (&self.tap, &result) {
            tap.tell(Traffic::Sent(bytes));
        }
        self.checked(result)
    }

    /// Reads more behind what is unread. Without a deadline it waits for ever.
    pub(super) fn fill(&mut self, deadline: Option<Instant>) -> Result<Filled, Trouble> {
        let result = match self.input.fill(&self.socket, deadline) {
            Ok(0) => Ok(Filled::Eof),
            Ok(got) => {
                if let Some(tap) = &self.tap {
                    tap.tell(Traffic::Received(self.input.last(got)));
                }
                Ok(Filled::Bytes)
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => return Ok(Filled::TimedOut),
            Err(error) => Err(error),
        };
        self.checked(result)
    }

    pub(super) fn unread(&self) -> &[u8] {
        self.input.unread()
    }

    pub(super) fn consume(&mut self, len: usize) {
        self.input.consume(len);
    }

    /// Whether nothing has come that was not asked for, not even an end: another request may go out. Otherwise its answer
    /// could be anybody's (RFC 9112 §6.3, §9.2).
    pub(super) fn is_quiet(&mut self) -> bool {
        self.unread().is_empty() && self.socket.is_quiet()
    }

    fn checked<T>(&self, result: io::Result<T>) -> Result<T, Trouble> {
        if self.watch.stop().is_stopped() { Err(Cut::Stopped.into()) } else { Ok(result?) }
    }
}

/// Who goes says so, under TLS.
#[derive(Debug)]
struct Leaving(Option<Arc<Socket>>);

impl Drop for Leaving {
    fn drop(&mut self) {
        if let Some(socket) = &self.0 {
            socket.say_end();
        }
    }
}

/// The socket as the target wants it: in the clear or under TLS.
#[cfg(feature = "tls")]
fn secure(tcp: TcpStream, target: &Target, options: &Options, watch: &Watch) -> Result<Socket, Trouble> {
    if !target.is_secure() {
        return Ok(Socket::plain(tcp));
    }
    let (name, _) = target.address();
    let session = options.roots.session(name)?;
    let until = later(Instant::now(), options.connect_timeout);
    Socket::secured(tcp, session, until)
        .map_err(|error| if watch.stop().is_stopped() { Cut::Stopped.into() } else { roots::trouble(&error) })
}

/// There is no target that would want TLS.
#[cfg(not(feature = "tls"))]
#[expect(clippy::unnecessary_wraps, reason = "with TLS it may fail")]
fn secure(tcp: TcpStream, _: &Target, _: &Options, _: &Watch) -> Result<Socket, Trouble> {
    Ok(Socket::plain(tcp))
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

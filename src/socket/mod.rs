//! A TCP socket, in the clear or under TLS: what the server and the clients read and write.
//!
//! ```text
//!   loop, request threads, handlers, clients
//!        │ read, write: plain bytes
//!        ▼
//!     Socket ──── no TLS ──────────────────────────────────────┐
//!        │                                                     ▼
//!        └──▶ tls::Session ── in memory ──▶ ciphertext ──▶ TCP socket
//! ```
//!
//! TLS changes nothing about how a socket is used. A read gives what is there, or waits as the TCP socket would; a write
//! says how much of the plain bytes has gone out, so that progress is seen and time-outs count as without it. What TLS
//! adds is [`ErrorKind::Interrupted`](io::ErrorKind::Interrupted): something came, and nothing of it is data yet; look
//! again.

mod deadlines;
#[cfg(feature = "tls")]
mod tls;
#[cfg(not(feature = "tls"))]
#[path = "no_tls.rs"]
mod tls;

pub(crate) use deadlines::{ReadTimeout, wait, write_all, write_at_once};
#[cfg(all(feature = "client", feature = "tls"))]
pub(crate) use tls::Client;
pub(crate) use tls::{Hello, Server, Session};
#[cfg(feature = "tls")]
pub(crate) use tls::{PROTOCOL, provider};

use bytes::BytesMut;
use std::boxed::Box;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
#[cfg(all(feature = "client", feature = "tls"))]
use std::time::Instant;

/// A socket: `T` is the standard library's, or that of the loop.
#[derive(Debug)]
pub(crate) struct Socket<T: Tcp = TcpStream> {
    tcp: T,
    security: Security,
}

/// How far a socket has come with TLS.
#[derive(Debug)]
enum Security {
    /// In the clear.
    None,
    /// The client's first message is on its way; nothing can be written.
    Hello(Box<Hello>),
    Session(Box<Session>),
}

/// The first message of a client under TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Greeting {
    /// Something of it came, maybe.
    Incomplete,
    /// It is here: what follows is arithmetic, and somebody else's.
    Whole,
    /// It is something else, such as a request in the clear: so the socket is, from now on.
    NotTls,
}

/// A stream of bytes that sees to it that calls mean the same of both kinds of sockets.
pub(crate) trait Tcp {
    fn read(&self, room: &mut [u8]) -> io::Result<usize>;
    fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize>;
    /// Writes what goes without waiting.
    fn write_at_once(&self, bytes: &[u8]) -> io::Result<usize>;
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;
}

impl Tcp for TcpStream {
    fn read(&self, room: &mut [u8]) -> io::Result<usize> {
        let mut socket = self;
        Read::read(&mut socket, room)
    }

    fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut socket = self;
        socket.write_vectored(slices)
    }

    fn write_at_once(&self, bytes: &[u8]) -> io::Result<usize> {
        deadlines::send_at_once(self, bytes)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        Self::shutdown(self, how)
    }
}

#[cfg(feature = "server")]
impl Tcp for mio::net::TcpStream {
    fn read(&self, room: &mut [u8]) -> io::Result<usize> {
        let mut socket = self;
        Read::read(&mut socket, room)
    }

    fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut socket = self;
        socket.write_vectored(slices)
    }

    /// No call of it waits.
    fn write_at_once(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut socket = self;
        Write::write(&mut socket, bytes)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        Self::shutdown(self, how)
    }
}

impl<T: Tcp> Socket<T> {
    /// One in the clear.
    pub(crate) fn plain(tcp: T) -> Self {
        Self { tcp, security: Security::None }
    }

    /// One whose client has to begin with TLS.
    #[cfg(feature = "server")]
    #[cfg_attr(not(feature = "tls"), allow(unreachable_code))] // for there is no such server
    pub(crate) fn awaiting(tcp: T, server: &Server) -> Self {
        Self { tcp, security: Security::Hello(Box::new(Hello::new(server))) }
    }

    pub(crate) fn tcp(&self) -> &T {
        &self.tcp
    }

    #[cfg(feature = "server")]
    pub(crate) fn tcp_mut(&mut self) -> &mut T {
        &mut self.tcp
    }

    /// The same on another kind of TCP socket.
    #[cfg(feature = "server")]
    pub(crate) fn map<U: Tcp>(self, into: impl FnOnce(T) -> U) -> Socket<U> {
        Socket { tcp: into(self.tcp), security: self.security }
    }

    /// Reads what there is. Zero: the peer has ended its stream.
    pub(crate) fn read(&self, room: &mut [u8]) -> io::Result<usize> {
        match &self.security {
            Security::None => self.tcp.read(room),
            Security::Session(session) => session.read(&self.tcp, room),
            Security::Hello(_) => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Whether a read would give something, or an end, that the TCP socket knows nothing of any more.
    pub(crate) fn has_unread(&self) -> bool {
        match &self.security {
            Security::Session(session) => session.has_unread(),
            Security::None | Security::Hello(_) => false,
        }
    }

    /// Writes some of it. Where that is not all, the next write begins with the rest, whatever lies behind it.
    pub(crate) fn write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match &self.security {
            Security::None => self.tcp.write(slices),
            Security::Session(session) => session.write(slices, |bytes| self.tcp.write(&[IoSlice::new(bytes)])),
            Security::Hello(_) => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// The same of one slice, and what goes without waiting.
    fn write_at_once(&self, bytes: &[u8]) -> io::Result<usize> {
        match &self.security {
            Security::None => self.tcp.write_at_once(bytes),
            Security::Session(session) => session.write(&[IoSlice::new(bytes)], |bytes| self.tcp.write_at_once(bytes)),
            Security::Hello(_) => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Writes what TLS itself has to say, such as the rest of a handshake, as far as that goes at once.
    pub(crate) fn flush_own(&self) -> io::Result<()> {
        match &self.security {
            Security::Session(session) => session.flush(|bytes| self.tcp.write_at_once(bytes)),
            Security::None | Security::Hello(_) => Ok(()),
        }
    }

    /// Ends what is sent; everything must have gone out. RFC 8446 §6.1: under TLS that is said first, so that the peer can
    /// tell it from a connection that was cut.
    pub(crate) fn end_writing(&self) {
        if let Security::Session(session) = &self.security {
            // If that does not go at once the peer has not read for long.
            let _ = session.close(|bytes| self.tcp.write_at_once(bytes));
        }
        // It may be gone already, which is as good.
        let _ = self.tcp.shutdown(Shutdown::Write);
    }

    /// Ends every read that waits; what is written still goes out.
    pub(crate) fn end_reading(&self) {
        let _ = self.tcp.shutdown(Shutdown::Read);
    }

    /// Cuts it off.
    pub(crate) fn abort(&self) {
        let _ = self.tcp.shutdown(Shutdown::Both);
    }
}

#[cfg(feature = "client")]
impl Socket {
    /// One on which a client speaks TLS: shakes hands.
    #[cfg(feature = "tls")]
    pub(crate) fn secured(tcp: TcpStream, session: Session, until: Instant) -> io::Result<Self> {
        let socket = Self { tcp, security: Security::Session(Box::new(session)) };
        let mut timeout = ReadTimeout::default();
        while let Security::Session(session) = &socket.security
            && session.is_shaking_hands()
        {
            socket.flush_own()?;
            timeout.attempt(&socket, Some(until), || session.receive(&socket.tcp))?;
        }
        socket.flush_own()?;
        Ok(socket)
    }

    /// Whether there is nothing to be read, not even an end.
    pub(crate) fn is_quiet(&self) -> bool {
        let is_quiet = self.tcp.set_nonblocking(true).is_ok() && {
            let looked = match &self.security {
                Security::None => self.tcp.peek(&mut [0]),
                // What a server under TLS sends by itself, such as a ticket, is no data.
                _ => std::iter::repeat_with(|| self.read(&mut [0])).find(|read| !is_interrupted(read)).unwrap_or(Ok(0)),
            };
            looked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
        };
        is_quiet && self.tcp.set_nonblocking(false).is_ok()
    }
}

#[cfg(feature = "client")]
fn is_interrupted(read: &io::Result<usize>) -> bool {
    read.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted)
}

#[cfg(feature = "server")]
impl<T: Tcp> Socket<T> {
    /// Whether the client has not said yet how TLS shall be spoken.
    pub(crate) fn awaits_hello(&self) -> bool {
        matches!(self.security, Security::Hello(_))
    }

    /// Whether a handshake has begun, and is not over.
    pub(crate) fn is_shaking_hands(&self) -> bool {
        matches!(&self.security, Security::Session(session) if session.is_shaking_hands())
    }

    /// Reads the client's first message, of which nothing is answered here. An error is the socket's, or TLS's, of which
    /// the client was told. What is no TLS is in `seen`.
    pub(crate) fn read_hello(&mut self, seen: &mut BytesMut) -> io::Result<Greeting> {
        let Security::Hello(hello) = &mut self.security else { return Ok(Greeting::Whole) };
        let greeting = hello.read(&self.tcp, seen)?;
        if greeting == Greeting::NotTls {
            self.security = Security::None;
        }
        Ok(greeting)
    }

    /// Answers the client's first message, which is here.
    pub(crate) fn shake_hands(&mut self, server: &Server) -> io::Result<()> {
        let Security::Hello(hello) = &mut self.security else { return Ok(()) };
        let session = hello.answer(server, |bytes| self.tcp.write_at_once(bytes))?;
        self.security = Security::Session(Box::new(session));
        self.flush_own()
    }

    /// Tells a client that could not be let in, in the only words that it understands before a handshake.
    pub(crate) fn refuse_hello(&self) {
        let _ = self.tcp.write_at_once(&tls::INTERNAL_ERROR);
    }
}

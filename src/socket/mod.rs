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

#[cfg(feature = "client")]
mod client;
mod deadlines;
#[cfg(feature = "tls")]
mod hello;
#[cfg(not(feature = "tls"))]
mod no_tls;
#[cfg(feature = "server")]
mod server;
#[cfg(all(test, feature = "server", feature = "client", feature = "tls"))]
mod simulated;
#[cfg(feature = "tls")]
mod tls;

pub(crate) use deadlines::{ReadTimeout, wait, write_all, write_at_once};
#[cfg(not(feature = "tls"))]
pub(crate) use no_tls::{Hello, INTERNAL_ERROR, Server, Session};
#[cfg(feature = "tls")]
pub(crate) use {
    hello::{Hello, INTERNAL_ERROR},
    tls::{Client, PROTOCOL, Server, Session, provider},
};

use std::boxed::Box;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};

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
    /// It is here. To answer it takes cryptography, which is for a thread.
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

impl<T: Tcp> Socket<T> {
    /// One in the clear.
    pub(crate) fn plain(tcp: T) -> Self {
        Self { tcp, security: Security::None }
    }

    pub(crate) fn tcp(&self) -> &T {
        &self.tcp
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

    /// Says that nothing more comes, so that the peer can tell it from a connection that was cut (RFC 8446 §6.1).
    pub(crate) fn say_end(&self) {
        if let Security::Session(session) = &self.security {
            // If that does not go at once the peer has not read for long.
            let _ = session.close(|bytes| self.tcp.write_at_once(bytes));
        }
    }

    /// Ends what is sent; everything must have gone out.
    pub(crate) fn end_writing(&self) {
        self.say_end();
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

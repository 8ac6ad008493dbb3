//! What is the server's of a socket: it waits for a client to begin, and goes from the loop to a thread and back.

use super::{Greeting, Hello, INTERNAL_ERROR, Security, Server, Socket, Tcp};
use bytes::BytesMut;
use std::boxed::Box;
use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;
use std::time::Instant;

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
    /// One whose client has to begin with TLS.
    #[cfg_attr(not(feature = "tls"), allow(unreachable_code))] // for there is no such server
    pub(crate) fn awaiting(tcp: T, server: &Server) -> Self {
        Self { tcp, security: Security::Hello(Box::new(Hello::new(server))) }
    }

    pub(crate) fn tcp_mut(&mut self) -> &mut T {
        &mut self.tcp
    }

    /// The same on another kind of TCP socket.
    pub(crate) fn map<U: Tcp>(self, into: impl FnOnce(T) -> U) -> Socket<U> {
        Socket { tcp: into(self.tcp), security: self.security }
    }

    /// Whether the client has not said yet how TLS shall be spoken.
    pub(crate) fn awaits_hello(&self) -> bool {
        matches!(self.security, Security::Hello(_))
    }

    /// Since when a handshake has been going on that is not over: nothing can be written yet.
    pub(crate) fn shaking_hands_since(&self) -> Option<Instant> {
        match &self.security {
            Security::Session(session) => session.shaking_hands_since(),
            Security::None | Security::Hello(_) => None,
        }
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
        let _ = self.tcp.write_at_once(&INTERNAL_ERROR);
    }
}

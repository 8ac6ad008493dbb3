//! What is the client's of a socket: it begins, and may be kept from one request to the next.

use super::{Security, Socket};
use std::io;
#[cfg(feature = "tls")]
use {super::ReadTimeout, super::Session, std::boxed::Box, std::net::TcpStream, std::time::Instant};

impl Socket {
    /// One on which a client speaks TLS: shakes hands.
    #[cfg(feature = "tls")]
    pub(crate) fn secured(tcp: TcpStream, session: Session, until: Instant) -> io::Result<Self> {
        let socket = Self { tcp, security: Security::Session(Box::new(session)) };
        let mut timeout = ReadTimeout::default();
        while let Security::Session(session) = &socket.security
            && session.shaking_hands_since().is_some()
        {
            socket.flush_own()?;
            if timeout.attempt(&socket, Some(until), || session.receive(&socket.tcp))? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        socket.flush_own()?;
        Ok(socket)
    }

    /// Whether there is nothing to be read, not even an end.
    pub(crate) fn is_quiet(&self) -> bool {
        /// Who sends more of them in a row is not quiet.
        const TICKETS: usize = 16;
        let is_quiet = self.tcp.set_nonblocking(true).is_ok() && {
            let looked = match &self.security {
                Security::None => self.tcp.peek(&mut [0]),
                // What a server under TLS sends by itself, such as a ticket, is no data.
                _ => (0..TICKETS).map(|_| self.read(&mut [0])).find(|read| !is_interrupted(read)).unwrap_or(Ok(0)),
            };
            looked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
        };
        is_quiet && self.tcp.set_nonblocking(false).is_ok()
    }
}

fn is_interrupted(read: &io::Result<usize>) -> bool {
    read.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted)
}

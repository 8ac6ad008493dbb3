//! The beginning of TLS at a server.

use super::tls::{Server, Session};
use super::{Greeting, Tcp};
use bytes::BytesMut;
use rustls::server::{Accepted, AcceptedAlert, Acceptor};
use std::fmt;
use std::io::{self, ErrorKind};
use std::vec::Vec;

/// The first message of a client, a `ClientHello` (RFC 8446 §4.1.2), on its way in. To read it costs next to nothing; to
/// answer it is what costs.
pub(crate) struct Hello {
    acceptor: Acceptor,
    accepted: Option<Accepted>,
    /// So many bytes of it came.
    len: usize,
}

impl Hello {
    pub(super) fn new(_: &Server) -> Self {
        Self { acceptor: Acceptor::default(), accepted: None, len: 0 }
    }

    pub(super) fn read(&mut self, tcp: &impl Tcp, seen: &mut BytesMut) -> io::Result<Greeting> {
        /// RFC 8446 §5.1: what a record with a handshake begins with.
        const HANDSHAKE: u8 = 22;
        /// What is read at once: most first messages have less, those with a few names and keys a quarter of it.
        const HELLO: usize = 2048;
        /// What is longer is refused, as is a longer head of a request by default.
        const MOST: usize = 16 * 1024;
        if self.accepted.is_some() {
            return Ok(Greeting::Whole);
        }
        let mut chunk = [0; HELLO];
        let got = tcp.read(&mut chunk)?;
        let mut came = chunk.get(..got).unwrap_or_default();
        match came.first() {
            None => return Err(ErrorKind::UnexpectedEof.into()),
            Some(&first) if first != HANDSHAKE && self.len == 0 => {
                seen.extend_from_slice(came);
                return Ok(Greeting::NotTls);
            }
            Some(_) => self.len += got,
        }
        if self.len > MOST {
            return Err(refused(io::Error::from(ErrorKind::InvalidData), None, |words| tcp.write_at_once(words)));
        }
        while !came.is_empty() {
            self.acceptor.read_tls(&mut came)?;
        }
        let accepted = self.acceptor.accept();
        self.accepted = accepted.map_err(|(error, alert)| {
            refused(io::Error::new(ErrorKind::InvalidData, error), Some(alert), |words| tcp.write_at_once(words))
        })?;
        Ok(if self.accepted.is_some() { Greeting::Whole } else { Greeting::Incomplete })
    }

    /// What goes on from here. An error was told to the client.
    pub(super) fn answer(
        &mut self,
        server: &Server,
        send: impl FnMut(&[u8]) -> io::Result<usize>,
    ) -> io::Result<Session> {
        let accepted = self.accepted.take().ok_or(ErrorKind::NotConnected)?;
        let connection = accepted.into_connection(server.current());
        connection
            .map(Session::new)
            .map_err(|(error, alert)| refused(io::Error::new(ErrorKind::InvalidData, error), Some(alert), send))
    }
}

/// The client is told why nothing comes of it.
fn refused(
    error: io::Error,
    alert: Option<AcceptedAlert>,
    mut send: impl FnMut(&[u8]) -> io::Result<usize>,
) -> io::Error {
    let mut words = Vec::new();
    if let Some(mut alert) = alert {
        let _ = alert.write_all(&mut words);
    }
    // For some errors there is none.
    let words = if words.is_empty() { DECODE_ERROR.as_slice() } else { words.as_slice() };
    // It is over, whether it hears it or not.
    let _ = send(words);
    error
}

/// An alert in the clear, of the version that all have in common, which is fatal (RFC 8446 §6).
const fn alert(description: u8) -> [u8; 7] {
    [21, 3, 3, 0, 2, 2, description]
}

/// What came cannot be understood.
const DECODE_ERROR: [u8; 7] = alert(50);

/// Of the descriptions that there are the one for what is not the client's fault.
pub(crate) const INTERNAL_ERROR: [u8; 7] = alert(80);

impl fmt::Debug for Hello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hello").field("is_whole", &self.accepted.is_some()).finish_non_exhaustive()
    }
}

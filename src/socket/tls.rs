//! TLS by rustls, as a machine between plain bytes and ciphertext (RFC 8446, RFC 5246).
//!
//! Three locks, each for one thing, so that who reads and who writes wait for the network and never for each other:
//!
//! ```text
//!   reading     held by who reads, also while it waits for the peer
//!   writing     held by who writes, likewise
//!   connection  held by either, for as long as it takes to decrypt or encrypt what is in memory: microseconds
//! ```

use super::Tcp;
use crate::lock::lock;
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig};
use std::fmt;
use std::io::{self, BufRead, ErrorKind, IoSlice, Read, Write};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;
use std::vec::Vec;

/// How a server speaks, which may change: who comes then, is spoken to in the new way.
#[derive(Debug)]
pub(crate) struct Server(RwLock<Arc<ServerConfig>>);

impl Server {
    pub(crate) fn new(config: ServerConfig) -> Self {
        Self(RwLock::new(Arc::new(config)))
    }

    pub(crate) fn replace(&self, config: ServerConfig) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
    }

    pub(super) fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How clients speak.
pub(crate) type Client = Arc<ClientConfig>;

/// What is spoken within (RFC 7301 §6, RFC 9112): the only protocol that is offered, and taken.
pub(crate) const PROTOCOL: &[u8] = b"http/1.1";

/// How much is read at once, on the stack: a page, which a thread that waits for little keeps.
const FIRST: usize = 4 * 1024;

/// And where that was not all: nearly a record of the greatest size.
const MOST: usize = 16 * 1024;

/// From so much plain text on that nobody has read, rustls takes no more ciphertext.
const UNREAD: usize = 16 * 1024;

/// The cryptography.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A connection under TLS, of either side, from its handshake on.
pub(crate) struct Session {
    connection: Mutex<Connection>,
    reading: Mutex<Reading>,
    writing: Mutex<Writing>,
    begun: Instant,
}

/// What came in.
#[derive(Debug, Default)]
struct Reading {
    /// Not decrypted, for there is plain text enough.
    left: Vec<u8>,
    /// The last read gave all that it had room for, or more than a little.
    is_busy: bool,
    /// What is wrong with it, behind the plain text that is there.
    failed: Option<io::Error>,
}

/// What goes out.
#[derive(Debug, Default)]
struct Writing {
    /// The ciphertext, of which so much has gone out.
    output: Vec<u8>,
    sent: usize,
    /// So many plain bytes are in it of which the writer has not been told that they have gone out. It shows them again.
    owed: usize,
}

impl Session {
    pub(super) fn new(connection: impl Into<Connection>) -> Self {
        let connection = Mutex::new(connection.into());
        Self { connection, reading: Mutex::default(), writing: Mutex::default(), begun: Instant::now() }
    }

    /// Of a client that wants to speak to whom `name` says; it begins with the first write, or read.
    pub(crate) fn client(config: &Client, name: &str) -> Result<Self, rustls::Error> {
        let name = rustls::pki_types::ServerName::try_from(name).map_err(|_| rustls::Error::UnsupportedNameType)?;
        ClientConnection::new(Arc::clone(config), name.to_owned()).map(Self::new)
    }

    /// Since when a handshake has been going on that is not over.
    pub(super) fn shaking_hands_since(&self) -> Option<Instant> {
        lock(&self.connection).is_handshaking().then_some(self.begun)
    }

    /// Reads plain bytes; zero once the peer has said that there are no more. [`ErrorKind::Interrupted`]: something came,
    /// and is no data yet.
    ///
    /// A server takes the end of TCP's stream for that, too: what it is sent says itself where it ends. A client is told of
    /// it with [`ErrorKind::UnexpectedEof`], for anybody on the way could have cut off what was to come (RFC 9112 §9.8).
    pub(super) fn read(&self, tcp: &impl Tcp, room: &mut [u8]) -> io::Result<usize> {
        if let Some(read) = self.take(room) {
            return read;
        }
        self.receive(tcp)?;
        self.take(room).unwrap_or_else(|| Err(ErrorKind::Interrupted.into()))
    }

    /// Reads ciphertext, once, and makes of it what can be; how much came.
    pub(super) fn receive(&self, tcp: &impl Tcp) -> io::Result<usize> {
        let mut reading = lock(&self.reading);
        if let Some(error) = reading.failed.take() {
            return Err(error);
        }
        let kept = std::mem::take(&mut reading.left);
        if !kept.is_empty() {
            self.make_of(&kept, &mut reading, tcp)
        } else if reading.is_busy {
            self.receive_up_to::<MOST>(&mut reading, tcp)
        } else {
            self.receive_up_to::<FIRST>(&mut reading, tcp)
        }
    }

    // Within its caller it would make the stack of every thread that reads larger by as much, in the clear too.
    #[inline(never)]
    fn receive_up_to<const N: usize>(&self, reading: &mut Reading, tcp: &impl Tcp) -> io::Result<usize> {
        let mut chunk = [0; N];
        let got = tcp.read(&mut chunk)?;
        reading.is_busy = got >= FIRST;
        self.make_of(chunk.get(..got).unwrap_or_default(), reading, tcp)
    }

    fn make_of(&self, came: &[u8], reading: &mut Reading, tcp: &impl Tcp) -> io::Result<usize> {
        match self.feed(came, tcp) {
            Ok(left) => reading.left.extend_from_slice(left),
            Err(error) if self.has_plain() => reading.failed = Some(error),
            Err(error) => return Err(error),
        }
        Ok(came.len())
    }

    /// What is decrypted, or how it ended; `None`: there must come more first.
    fn take(&self, room: &mut [u8]) -> Option<io::Result<usize>> {
        let mut connection = lock(&self.connection);
        match connection.reader().read(room) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof && matches!(*connection, Connection::Server(_)) => {
                Some(Ok(0))
            }
            read => Some(read),
        }
    }

    /// Decrypts what came, nothing being the end of TCP's stream, and answers what TLS has to; what is left for later.
    fn feed<'a>(&self, mut came: &'a [u8], tcp: &impl Tcp) -> io::Result<&'a [u8]> {
        let mut connection = lock(&self.connection);
        let fed = loop {
            match connection.read_tls(&mut came) {
                Err(error) => break Err(error),
                // Nothing has a meaning behind the peer's end.
                Ok(0) => came = &[],
                Ok(_) => {}
            }
            match connection.process_new_packets() {
                Err(error) => break Err(io::Error::new(ErrorKind::InvalidData, error)),
                // More would not be taken before this is read.
                Ok(state) if came.is_empty() || state.plaintext_bytes_to_read() >= UNREAD => break Ok(()),
                Ok(_) => {}
            }
        };
        let has_answer = connection.wants_write();
        drop(connection);
        if has_answer {
            // What does not go at once goes with the next write; it may be all the same to who reads that none goes any more.
            let _ = self.flush(|bytes| tcp.write_at_once(bytes));
        }
        fed.map(|()| came)
    }

    /// Whether there is something to be read that has come already, or an end.
    pub(super) fn has_unread(&self) -> bool {
        let reading = lock(&self.reading);
        !reading.left.is_empty() || reading.failed.is_some() || self.has_plain() || self.is_ended()
    }

    fn has_plain(&self) -> bool {
        // Nothing that was wrong before is told again as anything else.
        lock(&self.connection).reader().fill_buf().is_ok_and(|plain| !plain.is_empty())
    }

    fn is_ended(&self) -> bool {
        lock(&self.connection).process_new_packets().is_ok_and(|state| state.peer_has_closed())
    }

    /// Writes by `send`, and says how much of the plain bytes has gone out: no more than that of the ciphertext, and the
    /// last byte with the last of its own. The next call has to begin with the rest.
    pub(super) fn write(
        &self,
        slices: &[IoSlice<'_>],
        mut send: impl FnMut(&[u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut writing = lock(&self.writing);
        if writing.owed == 0 {
            let mut connection = lock(&self.connection);
            writing.owed = connection.writer().write_vectored(slices)?;
            writing.collect(&mut connection)?;
        }
        loop {
            let len = writing.send(&mut send)?;
            // The end goes out with the end.
            let gone = if writing.output.is_empty() { writing.owed } else { len.min(writing.owed.saturating_sub(1)) };
            writing.owed -= gone;
            if gone > 0 || writing.output.is_empty() {
                return Ok(gone);
            }
        }
    }

    /// Writes what TLS itself has to say, as far as `send` takes it. What comes to be said while somebody else writes goes
    /// out with the next write.
    pub(super) fn flush(&self, send: impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<()> {
        self.writing.try_lock().map_or(Ok(()), |mut writing| self.flush_locked(&mut writing, send))
    }

    /// Says that nothing more comes (RFC 8446 §6.1).
    pub(super) fn close(&self, send: impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<()> {
        let mut writing = lock(&self.writing);
        lock(&self.connection).send_close_notify();
        self.flush_locked(&mut writing, send)
    }

    /// Goes on with other keys (RFC 8446 §4.6.3): for tests, as rustls does so itself in time.
    #[cfg(test)]
    pub(super) fn update_keys(&self) {
        lock(&self.connection).refresh_traffic_keys().unwrap();
    }

    fn flush_locked(&self, writing: &mut Writing, send: impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<()> {
        // Else the writer has to go on before anybody.
        if writing.owed > 0 {
            return Ok(());
        }
        writing.collect(&mut lock(&self.connection))?;
        writing.send_all(send)
    }
}

impl Writing {
    fn collect(&mut self, connection: &mut Connection) -> io::Result<()> {
        while connection.wants_write() {
            connection.write_tls(&mut self.output)?;
        }
        Ok(())
    }

    /// One write of what waits; how much it took.
    fn send(&mut self, send: &mut impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<usize> {
        let waits = self.output.get(self.sent..).unwrap_or_default();
        if waits.is_empty() {
            return Ok(0);
        }
        let len = send(waits)?;
        if len == 0 {
            return Err(ErrorKind::WriteZero.into());
        }
        self.sent += len;
        if self.sent >= self.output.len() {
            // What has gone out gives its memory back: ten thousand silent subscribers keep nothing.
            (self.output, self.sent) = (Vec::new(), 0);
        }
        Ok(len)
    }

    fn send_all(&mut self, mut send: impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<()> {
        while !self.output.is_empty() {
            match self.send(&mut send) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

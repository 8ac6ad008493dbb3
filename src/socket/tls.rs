//! TLS by rustls, as a machine between plain bytes and ciphertext (RFC 8446, RFC 5246).
//!
//! Three locks, each for one thing, so that who reads and who writes wait for the network and never for each other:
//!
//! ```text
//!   reading     held by who reads, also while it waits for the peer
//!   writing     held by who writes, likewise
//!   connection  held by either, for as long as it takes to decrypt or encrypt what is in memory: microseconds
//! ```

use super::{Greeting, Tcp};
use bytes::BytesMut;
use rustls::crypto::CryptoProvider;
use rustls::server::{Accepted, Acceptor};
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig};
use std::fmt;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

/// How servers speak.
pub(crate) type Server = Arc<ServerConfig>;

/// How clients do.
pub(crate) type Client = Arc<ClientConfig>;

/// What is spoken within (RFC 7301 §6, RFC 9112): the only protocol that is offered, and taken.
pub(crate) const PROTOCOL: &[u8] = b"http/1.1";

/// How much is read at once: a record of the greatest size.
const CHUNK: usize = 16 * 1024;

/// The arithmetic.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A connection under TLS, of either side, from its handshake on.
pub(crate) struct Session {
    connection: Mutex<Connection>,
    /// What came and is not decrypted, for there is plain text enough.
    reading: Mutex<Vec<u8>>,
    writing: Mutex<Writing>,
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
        Self { connection: Mutex::new(connection.into()), reading: Mutex::default(), writing: Mutex::default() }
    }

    /// Of a client that wants to speak to whom `name` says; it begins with the first write, or read.
    pub(crate) fn client(config: &Client, name: &str) -> Result<Self, rustls::Error> {
        let name = rustls::pki_types::ServerName::try_from(name).map_err(|_| rustls::Error::UnsupportedNameType)?;
        ClientConnection::new(Arc::clone(config), name.to_owned()).map(Self::new)
    }

    pub(crate) fn is_shaking_hands(&self) -> bool {
        lock(&self.connection).is_handshaking()
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

    /// Reads ciphertext, once, and makes of it what can be.
    // Within its caller it would make the stack of every thread that reads larger by a chunk, in the clear too.
    #[inline(never)]
    pub(super) fn receive(&self, tcp: &impl Tcp) -> io::Result<()> {
        let mut unread = lock(&self.reading);
        if unread.is_empty() {
            let mut chunk = [0; CHUNK];
            let got = tcp.read(&mut chunk)?;
            let came = chunk.get(..got).unwrap_or_default();
            let left = self.feed(came, tcp)?;
            unread.extend_from_slice(left);
        } else {
            let came = std::mem::take(&mut *unread);
            *unread = Vec::from(self.feed(&came, tcp)?);
        }
        Ok(())
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
                Ok(state) if came.is_empty() || state.plaintext_bytes_to_read() >= CHUNK => break Ok(()),
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

    /// Whether there is something to be read that has come already.
    pub(super) fn has_unread(&self) -> bool {
        if !lock(&self.reading).is_empty() {
            return true;
        }
        let mut connection = lock(&self.connection);
        connection.process_new_packets().is_ok_and(|state| state.plaintext_bytes_to_read() > 0)
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
            let sent = writing.send(&mut send)?;
            // The end goes out with the end.
            let gone = if writing.output.is_empty() { writing.owed } else { sent.min(writing.owed.saturating_sub(1)) };
            writing.owed -= gone;
            if gone > 0 || writing.output.is_empty() {
                return Ok(gone);
            }
        }
    }

    /// Writes what TLS itself has to say, as far as `send` takes it.
    pub(super) fn flush(&self, send: impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<()> {
        // Who writes at this moment, or has to go on, does it.
        let Ok(mut writing) = self.writing.try_lock() else { return Ok(()) };
        if writing.owed > 0 {
            return Ok(());
        }
        writing.collect(&mut lock(&self.connection))?;
        writing.send_all(send)
    }

    /// Says that nothing more comes (RFC 8446 §6.1).
    pub(super) fn close(&self, send: impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<()> {
        lock(&self.connection).send_close_notify();
        self.flush(send)
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
        let sent = send(waits)?;
        if sent == 0 {
            return Err(ErrorKind::WriteZero.into());
        }
        self.sent += sent;
        if self.sent >= self.output.len() {
            // What has gone out gives its memory back: ten thousand silent subscribers keep nothing.
            (self.output, self.sent) = (Vec::new(), 0);
        }
        Ok(sent)
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

/// The first message of a client, on its way in. To read it costs next to nothing; to answer it is what costs.
pub(crate) struct Hello {
    acceptor: Acceptor,
    accepted: Option<Accepted>,
    has_begun: bool,
}

impl Hello {
    pub(super) fn new(_: &Server) -> Self {
        Self { acceptor: Acceptor::default(), accepted: None, has_begun: false }
    }

    pub(super) fn read(&mut self, tcp: &impl Tcp, seen: &mut BytesMut) -> io::Result<Greeting> {
        /// RFC 8446 §5.1: what a record with a handshake begins with.
        const HANDSHAKE: u8 = 22;
        /// What a first message mostly has; with a few names and keys it is a quarter of it.
        const HELLO: usize = 2048;
        if self.accepted.is_some() {
            return Ok(Greeting::Whole);
        }
        let mut chunk = [0; HELLO];
        let got = tcp.read(&mut chunk)?;
        let mut came = chunk.get(..got).unwrap_or_default();
        match came.first() {
            None => return Err(ErrorKind::UnexpectedEof.into()),
            Some(&first) if first != HANDSHAKE && !self.has_begun => {
                seen.extend_from_slice(came);
                return Ok(Greeting::NotTls);
            }
            Some(_) => self.has_begun = true,
        }
        while !came.is_empty() {
            self.acceptor.read_tls(&mut came)?;
        }
        self.accepted = self.acceptor.accept().map_err(|(error, mut alert)| {
            let mut words = Vec::new();
            let _ = alert.write_all(&mut words);
            let _ = tcp.write_at_once(&words);
            io::Error::new(ErrorKind::InvalidData, error)
        })?;
        Ok(if self.accepted.is_some() { Greeting::Whole } else { Greeting::Incomplete })
    }

    /// What goes on from here. An error was told to the client.
    pub(super) fn answer(
        &mut self,
        server: &Server,
        mut send: impl FnMut(&[u8]) -> io::Result<usize>,
    ) -> io::Result<Session> {
        let accepted = self.accepted.take().ok_or(ErrorKind::NotConnected)?;
        let connection = accepted.into_connection(Arc::clone(server)).map_err(|(error, mut alert)| {
            let mut words = Vec::new();
            let _ = alert.write_all(&mut words);
            let _ = send(&words);
            io::Error::new(ErrorKind::InvalidData, error)
        })?;
        Ok(Session::new(connection))
    }
}

/// A panic while a lock is held leaves what it protects as it was or one step further.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl fmt::Debug for Hello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hello").field("is_whole", &self.accepted.is_some()).finish_non_exhaustive()
    }
}

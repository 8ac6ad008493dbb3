//! A socket in memory that is always ready: reads give the same bytes over and over, writes are counted and swallowed.
//! Blocking and asynchronous peers, of either family of traits, take it as it is.

use std::cell::Cell;
use std::future::Future;
use std::io::{self, Read, Write};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

pub struct Socket<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The most that one read gives.
    read: usize,
    written: Rc<Cell<u64>>,
}

impl<'a> Socket<'a> {
    pub fn new(bytes: &'a [u8], read: usize) -> Self {
        Self { bytes, at: 0, read, written: Rc::default() }
    }

    /// One that is only written.
    pub fn sink() -> Self {
        Self::new(&[], 0)
    }

    /// Counts the bytes written, also where the socket itself is out of reach in a peer.
    pub fn written(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.written)
    }
}

/// The result of a future that only waits for such sockets: there is no runtime whose cost would be measured too.
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("the socket is always ready"),
    }
}

impl<'a> Socket<'a> {
    /// What the next read into a buffer with so much room gives.
    fn next(&mut self, room: usize) -> &'a [u8] {
        let rest = &self.bytes[self.at..];
        let piece = &rest[..self.read.min(room).min(rest.len())];
        self.at = (self.at + piece.len()) % self.bytes.len().max(1);
        piece
    }
}

impl Read for Socket<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = self.next(buffer.len());
        buffer[..piece.len()].copy_from_slice(piece);
        Ok(piece.len())
    }
}

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.update(|written| written + bytes.len() as u64);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl tokio::io::AsyncRead for Socket<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        buffer.put_slice(self.next(buffer.remaining()));
        Poll::Ready(Ok(()))
    }
}

impl tokio::io::AsyncWrite for Socket<'_> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.write(bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(pieces.iter().map(|piece| self.write(piece)).sum())
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl futures_util::io::AsyncRead for Socket<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.read(buffer))
    }
}

impl futures_util::io::AsyncWrite for Socket<'_> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

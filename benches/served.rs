//! A server of this crate in a thread of its own.

use std::io;
use std::net::SocketAddr;
use std::thread::{self, JoinHandle};
use tidings::server::{Builder, Handle};

/// Served until it is dropped.
pub struct Served {
    pub addr: SocketAddr,
    pub handle: Handle,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Served {
    /// # Panics
    /// It cannot listen.
    #[must_use]
    pub fn start(builder: Builder) -> Self {
        let server = builder.bind("127.0.0.1:0").expect("a free port");
        let (addr, handle) = (server.local_addr(), server.handle());
        let thread = Some(thread::spawn(|| server.run()));
        Self { addr, handle, thread }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.handle.drain();
        self.thread.take().map(JoinHandle::join);
    }
}

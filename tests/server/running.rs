//! A server that runs in a thread for the length of a test.

#[cfg(feature = "tls")]
#[path = "front.rs"]
pub mod front;

use crate::client::Client;
use std::io;
use std::net::SocketAddr;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tidings::server::{Builder, Handle, Limits, Server};
use tidings::topic::Cursor;

pub struct Running {
    pub addr: SocketAddr,
    pub handle: Handle,
    thread: Option<JoinHandle<io::Result<()>>>,
}

/// A server as it comes.
pub fn start() -> Running {
    run(Server::builder())
}

pub fn start_with(limits: &Limits) -> Running {
    run(Server::builder().limits(*limits))
}

pub fn run(builder: Builder) -> Running {
    #[cfg(feature = "tls")]
    if let Some(front) = front::Front::asked_for() {
        let server = front.secure(builder).bind("127.0.0.1:0").expect("a port is free");
        return running(front.listen(server.local_addr()), server);
    }
    run_in_the_clear(builder)
}

/// Whatever the others do.
pub fn run_in_the_clear(builder: Builder) -> Running {
    let server = builder.bind("127.0.0.1:0").expect("a port is free");
    running(server.local_addr(), server)
}

/// What listens there is reached at `addr`.
pub fn running(addr: SocketAddr, server: Server) -> Running {
    let handle = server.handle();
    let thread = thread::spawn(move || server.run());
    Running { addr, handle, thread: Some(thread) }
}

impl Running {
    pub fn client(&self) -> Client {
        Client::connect(self.addr)
    }

    pub fn publish(&self, topic: &str, data: &str) -> Cursor {
        self.handle.publish(&topic.parse().unwrap(), None, data).unwrap()
    }

    pub fn publish_event(&self, topic: &str, event: &str, data: &str) -> Cursor {
        self.handle.publish(&topic.parse().unwrap(), Some(event.parse().unwrap()), data).unwrap()
    }

    /// Drains, and waits until `run` has returned.
    pub fn stop(&mut self) {
        self.handle.drain();
        self.join();
    }

    pub fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the loop does not panic").expect("the loop does not fail");
        }
    }

    /// The value of a line of `/metrics`, such as `tidings_topics`.
    pub fn metric(&self, name: &str) -> u64 {
        self.client().metric(name)
    }

    /// Waits until a metric has that value, by asking: each question is answered at once, and the time is bounded.
    pub fn await_metric(&self, name: &str, value: u64) {
        let until = std::time::Instant::now() + Duration::from_secs(10);
        while self.metric(name) != value {
            assert!(std::time::Instant::now() < until, "{name} is {} and not {value}", self.metric(name));
            thread::yield_now();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.drain();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !thread::panicking()
        {
            panic!("the loop panicked");
        }
    }
}

//! Stopping a blocked client from another thread.

use alloc::sync::Arc;
use core::time::Duration;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Ends a client that another thread is blocked in: its iterator ends, its reads give nothing. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stopped: bool,
    socket: Option<TcpStream>,
    /// Counts the sockets, so that one that goes does not take its successor with it.
    watched: u64,
}

impl Stop {
    /// Ends the client, now and for good: a wait is over, a blocked read or write returns. What had arrived before is
    /// still given; then the iterator ends.
    pub fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        if let Some(socket) = &state.socket {
            // It may be gone already, which is as good.
            let _ = socket.shutdown(Shutdown::Both);
        }
        self.0.changed.notify_all();
    }

    /// Whether [`stop`](Self::stop) was called.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.lock().stopped
    }

    /// The socket that is to be shut down, until what this gives goes.
    pub(super) fn watch(&self, socket: &TcpStream) -> io::Result<Watch> {
        let socket = socket.try_clone()?;
        let mut state = self.lock();
        if state.stopped {
            socket.shutdown(Shutdown::Both)?;
        }
        state.socket = Some(socket);
        state.watched += 1;
        Ok(Watch { stop: self.clone(), number: state.watched })
    }

    /// Waits until then, or until it is stopped.
    pub(super) fn wait_until(&self, until: Instant) {
        let mut state = self.lock();
        while !state.stopped {
            let left = until.saturating_duration_since(Instant::now());
            if left == Duration::ZERO {
                return;
            }
            state = self.0.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket that [`Stop::stop`] shuts down, as long as this is there.
#[derive(Debug)]
pub(super) struct Watch {
    stop: Stop,
    number: u64,
}

impl Watch {
    pub(super) fn stop(&self) -> &Stop {
        &self.stop
    }
}

impl Drop for Watch {
    /// Lets go of the socket, which may be closed then.
    fn drop(&mut self) {
        let mut state = self.stop.lock();
        if state.watched == self.number {
            state.socket = None;
        }
    }
}

//! Coming and going: how connections get into the loop, out of it, and into a topic's audience.

use super::batches::Batches;
use super::connection::Connection;
use super::{Audience, Delivery, FIRST_CONNECTION, Handed};
use crate::server::refusals::Reason;
use crate::server::request::Job;
use crate::server::workers::Worker;
use mio::{Interest, Token};
use std::collections::BTreeSet;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

impl Delivery {
    /// A connection is handed over.
    pub(super) fn adopt(&mut self, handed: Handed, batches: &mut Batches, now: Instant) {
        let Handed { socket, input, output, role, seat } = handed;
        let socket = socket.map(mio::net::TcpStream::from_std);
        let connection = Connection::new(socket, input, output, role, seat, now);
        let Some(token) = self.add(connection) else { return };
        if let Some(cell) = self.connections.get(&token).and_then(Connection::subscribed) {
            let cell = Arc::clone(cell);
            let audience = self.audiences.entry(cell.id());
            audience.or_insert_with(|| Audience { cell, members: BTreeSet::new() }).members.insert(token);
        }
        self.step(token, now, Connection::begin);
        if self.connections.get(&token).is_some_and(|connection| connection.socket.has_unread()) {
            // Of that the system will not tell.
            self.unread.push(token);
        }
        if self.is_draining {
            self.step(token, now, |connection, turn| connection.drain(batches, turn));
        } else {
            // What was published since the client asked told the loop before it knew of this subscriber: look now.
            self.hungry.push(token);
        }
    }

    /// Takes a connection in. `None`: the system has no room for it.
    pub(super) fn add(&mut self, mut connection: Connection) -> Option<Token> {
        let token = Token(self.next);
        self.next = self.next.wrapping_add(1).max(FIRST_CONNECTION);
        let interest = Interest::READABLE | Interest::WRITABLE;
        // What is ready already is reported at once: nothing that came before this is missed.
        self.poll.registry().register(connection.socket.tcp_mut(), token, interest).ok()?;
        self.connections.insert(token, connection);
        Some(token)
    }

    pub(super) fn remove(&mut self, token: Token) -> Option<Connection> {
        let mut connection = self.connections.remove(&token)?;
        self.timers.disarm(token, &mut connection.armed);
        // Closing the socket would do it, too; one that goes to a thread stays open.
        let _ = self.poll.registry().deregister(connection.socket.tcp_mut());
        Some(connection)
    }

    /// Threads for the requests that wait for one, as far as there are any.
    pub(super) fn start_requests(&mut self, now: Instant) {
        while let Some(token) = self.ready.front().copied() {
            // It may have given up, or be gone.
            if self.connections.get(&token).is_some_and(Connection::is_ready) {
                let Some(worker) = Worker::enter(&self.shared) else { return };
                self.start_request(token, worker, now);
            }
            self.ready.pop_front();
        }
    }

    fn start_request(&mut self, token: Token, worker: Worker, now: Instant) {
        let Ok(thread) = self.threads.promise() else {
            return self.step(token, now, |connection, turn| connection.refuse_busy(Reason::NoThread, turn));
        };
        let Some(connection) = self.remove(token) else { return thread.release() };
        let Connection { socket, input, seat, .. } = connection;
        let socket = socket.map(into_std);
        match socket.tcp().set_nonblocking(false) {
            Ok(()) => thread.give(Job::new(&self.shared, socket, input, seat, worker)),
            Err(_) => thread.release(),
        }
    }

    pub(super) fn leave(&mut self, topic: u64, token: Token, now: Instant) {
        let Some(audience) = self.audiences.get_mut(&topic) else { return };
        audience.members.remove(&token);
        if audience.members.is_empty() {
            audience.cell.touch(now);
            self.audiences.remove(&topic);
        }
    }
}

#[cfg(unix)]
fn into_std(socket: mio::net::TcpStream) -> TcpStream {
    std::os::fd::OwnedFd::from(socket).into()
}

#[cfg(windows)]
fn into_std(socket: mio::net::TcpStream) -> TcpStream {
    std::os::windows::io::OwnedSocket::from(socket).into()
}

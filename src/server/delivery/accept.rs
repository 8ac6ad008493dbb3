//! Letting clients in.

use super::addresses::Addresses;
use super::connection::Connection;
use super::{Delivery, LISTENER, Role};
use crate::http::Status;
use crate::server::journal;
use crate::server::metrics::Gauge;
use crate::server::refusals::Reason;
use crate::server::response::Response;
use crate::server::seat::Seat;
use crate::socket::{INTERNAL_ERROR, Socket};
use bytes::BytesMut;
use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Poll};
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// When the system has no descriptor left for a connection, trying again at once would spin.
const PAUSE: Duration = Duration::from_millis(100);

/// So many clients that are one too many are waited for until they have read that: each costs a descriptor. The rest is
/// told, too, but closed at once.
const REFUSALS: usize = 64;

/// So many clients are let in in a turn before the others have theirs. Fewer than are waited for: whoever is refused, goes
/// and comes again at once could else use up those places within one turn, in which nobody is seen to go.
const CLIENTS: usize = 32;

/// The listening socket.
#[derive(Debug)]
pub(super) struct Acceptor {
    listener: TcpListener,
    refusals: Gauge,
    addresses: Addresses,
    /// The end of a pause, if there is one.
    pause: Option<Instant>,
}

impl Acceptor {
    pub(super) fn new(mut listener: TcpListener, poll: &Poll) -> io::Result<Self> {
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self { listener, refusals: Gauge::default(), addresses: Addresses::default(), pause: None })
    }
}

impl Delivery {
    /// Clients are waiting: those that one turn lets in.
    pub(super) fn accept(&mut self, now: Instant) {
        if self.accept_some(now) {
            self.unread.push(LISTENER);
        }
    }

    /// All that have come, though they are no more than may be.
    pub(super) fn accept_all(&mut self, now: Instant) {
        let most = self.shared.limits.connections.div_ceil(CLIENTS);
        let _ = (0..most).all(|_| self.accept_some(now));
    }

    /// Whether there may be more.
    fn accept_some(&mut self, now: Instant) -> bool {
        for _ in 0..CLIENTS {
            let Some(acceptor) = &mut self.acceptor else { return false };
            match acceptor.listener.accept() {
                Ok((socket, peer_addr)) => {
                    self.shared.metrics.accepted.add(1);
                    self.admit(socket, peer_addr, now);
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return false,
                    // A client that was gone before its turn came: the next one.
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset => {}
                    _ => {
                        self.shared.metrics.refusals.count(Reason::NoDescriptor);
                        self.pause(now + PAUSE);
                        return false;
                    }
                },
            }
        }
        true
    }

    /// The pause is over.
    pub(super) fn end_pause(&mut self, now: Instant) {
        if let Some(acceptor) = &mut self.acceptor {
            acceptor.pause = None;
        }
        self.accept(now);
    }

    fn pause(&mut self, until: Instant) {
        if let Some(acceptor) = &mut self.acceptor {
            self.timers.arm(LISTENER, &mut acceptor.pause, until);
        }
    }

    fn admit(&mut self, socket: TcpStream, peer_addr: SocketAddr, now: Instant) {
        // Every write is a whole answer or batch: waiting for more to send with it would only delay it.
        let _ = socket.set_nodelay(true);
        match self.seat(peer_addr) {
            Ok(seat) => {
                let socket = match &self.shared.tls {
                    None => Socket::plain(socket),
                    Some(tls) => Socket::awaiting(socket, tls),
                };
                self.welcome(socket, BytesMut::new(), Role::Idle, seat, now);
            }
            Err(reason) => self.refuse(socket, peer_addr, reason, now),
        }
    }

    /// A place for it, or the limit that it would be over.
    fn seat(&mut self, peer_addr: SocketAddr) -> Result<Seat, Reason> {
        let (limits, addr) = (&self.shared.limits, peer_addr.ip());
        // A proxy's connections are those of many clients.
        let is_counted = limits.connections_per_address < limits.connections && !self.shared.proxies.is_trusted(addr);
        let of_its_address = match &mut self.acceptor {
            Some(acceptor) if is_counted => {
                let entered = acceptor.addresses.enter(addr, limits.connections_per_address);
                Some(entered.ok_or(Reason::ConnectionsPerAddress)?)
            }
            _ => None,
        };
        let among_all = self.shared.metrics.connections.enter_below(limits.connections);
        Ok(Seat::new(peer_addr, among_all.ok_or(Reason::Connections)?, of_its_address))
    }

    /// No thread, and no look at the request.
    fn refuse(&mut self, socket: TcpStream, peer_addr: SocketAddr, reason: Reason, now: Instant) {
        let is_of_its_address = reason == Reason::ConnectionsPerAddress;
        self.shared.metrics.refusals.count_of(reason, is_of_its_address.then_some(peer_addr));
        if self.shared.tls.is_some() {
            return self.dismiss(&socket, &INTERNAL_ERROR);
        }
        let response = Response::busy(Status::SERVICE_UNAVAILABLE, "there are too many connections");
        let mut output = BytesMut::new();
        response.encode_last(&mut output);
        self.shared.metrics.answered(response.status);
        journal::turned_away(peer_addr, response.status);
        let refusals = self.acceptor.as_ref().map(|acceptor| &acceptor.refusals);
        match refusals.and_then(|refusals| refusals.enter_below(REFUSALS)) {
            Some(place) => {
                self.welcome(Socket::plain(socket), output, Role::Closing, Seat::new(peer_addr, place, None), now);
            }
            None => self.dismiss(&socket, &output),
        }
    }

    /// A socket that is new takes so little at once. A request, or a hello, that is here already is read, for closing over
    /// unread input is a reset, to which the peer may lose the answer (RFC 9112 §9.6); one that comes later may lose it.
    fn dismiss(&mut self, mut socket: &TcpStream, output: &[u8]) {
        let _ = socket.write(output);
        let _ = socket.read(&mut self.buffer);
    }

    fn welcome(&mut self, socket: Socket<TcpStream>, output: BytesMut, role: Role, seat: Seat, now: Instant) {
        let connection = Connection::new(socket, BytesMut::new(), output, role, seat, now);
        if let Some(token) = self.add(connection) {
            self.step(token, now, Connection::flush);
        }
    }
}

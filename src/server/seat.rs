//! A connection's place in the server.

use super::metrics::Present;
use std::net::SocketAddr;

/// Goes with the connection, from the loop to a thread and back; when it goes, the places are free again.
#[derive(Debug)]
pub(super) struct Seat {
    /// The other end of the connection.
    pub(super) peer_addr: SocketAddr,
    _among_all: Present,
    _of_its_address: Option<Present>,
}

impl Seat {
    pub(super) fn new(peer_addr: SocketAddr, among_all: Present, of_its_address: Option<Present>) -> Self {
        Self { peer_addr, _among_all: among_all, _of_its_address: of_its_address }
    }
}

//! How many connections each address has.

use crate::server::metrics::{Gauge, Present};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

/// Only the loop adds to the numbers; whoever ends a connection lowers them, in any thread, without a lock.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    by_network: HashMap<IpAddr, Gauge>,
    /// Once there are so many entries, those that have no connection any more are looked for: about as often as the
    /// number doubles, so that there are never more than twice as many as connections, and a few.
    full_at: usize,
}

impl Addresses {
    /// One more from there, unless it has `limit` of them.
    pub(super) fn enter(&mut self, addr: IpAddr, limit: usize) -> Option<Present> {
        /// For fewer it is not worth the while.
        const FEW: usize = 64;
        if self.by_network.len() >= self.full_at {
            self.by_network.retain(|_, connections| connections.value() > 0);
            self.full_at = FEW.max(2 * self.by_network.len());
        }
        self.by_network.entry(network(addr)).or_default().enter_below(limit)
    }
}

/// What one client has: an address of IPv4, the first 64 bits of an IPv6 one (RFC 4291 §2.5.4), of which it may take any
/// that it likes.
fn network(addr: IpAddr) -> IpAddr {
    match addr.to_canonical() {
        IpAddr::V6(addr) => Ipv6Addr::from_bits(addr.to_bits() & !u128::from(u64::MAX)).into(),
        addr @ IpAddr::V4(_) => addr,
    }
}

#[cfg(test)]
mod tests {
    use super::Addresses;
    use std::vec::Vec;

    fn enter(addresses: &mut Addresses, addr: &str) -> bool {
        addresses.enter(addr.parse().unwrap(), 1).map(std::mem::forget).is_some()
    }

    #[test]
    fn ipv6_is_counted_by_its_first_64_bits() {
        let mut addresses = Addresses::default();
        assert!(enter(&mut addresses, "2001:db8:0:1::1"));
        assert!(!enter(&mut addresses, "2001:db8:0:1:ffff:ffff:ffff:ffff"));
        assert!(enter(&mut addresses, "2001:db8:0:2::1"));
        assert!(enter(&mut addresses, "192.0.2.1"));
        assert!(!enter(&mut addresses, "::ffff:192.0.2.1"));
        assert!(enter(&mut addresses, "::ffff:192.0.2.2"));
    }

    #[test]
    fn addresses_without_connections_are_forgotten() {
        let mut addresses = Addresses::default();
        let from = |n: u32| std::net::Ipv4Addr::from_bits(n).into();
        let kept: Vec<_> = (0..100).map(|n| addresses.enter(from(n), 1).unwrap()).collect();
        for n in 100..10_000 {
            assert!(addresses.enter(from(n), 1).is_some());
            assert!(addresses.by_network.len() <= 2 * kept.len() + 64);
        }
        assert!((0..100).all(|n| addresses.enter(from(n), 1).is_none()));
        drop(kept);
        assert!((0..100).all(|n| addresses.enter(from(n), 1).is_some()));
    }
}

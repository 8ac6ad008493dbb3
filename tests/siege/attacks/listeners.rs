//! With connections whose peers do not read, or say nothing.

use super::{Met, NONE, Siege, ended};
use crate::peer::Peer;
use std::time::Duration;

const LISTEN: &str = "GET /topics/busy HTTP/1.1\r\nHost: t\r\nAccept: text/event-stream\r\n\r\n";

/// They take nothing of a topic in which much is said.
pub fn deaf_readers(siege: &Siege) -> Met {
    let mut deaf = siege.peers(10, |addr| Peer::saying(addr, LISTEN));
    let post = format!("POST /topics/busy HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n", 256 << 10);
    let post = [post, "x".repeat(256 << 10)].concat();
    let mut publisher = Peer::connect(siege.addr);
    for turn in 0.. {
        if !siege.goes_on(Duration::from_millis(10)) {
            break;
        }
        // Every tenth time another one; else what the socket did not take yet, lest it be a slow body.
        publisher.say(if turn % 10 == 0 { &post } else { "" });
        publisher.hear();
        if publisher.has_ended {
            publisher = Peer::connect(siege.addr);
        }
    }
    // Who was cut off finds the end behind what was on its way.
    vec![("write_time", ended(&mut deaf))]
}

/// They take so little of it that a message takes longer than it may.
pub fn sippers(siege: &Siege) -> Met {
    let mut peers = siege.peers(5, |addr| Peer::saying(addr, LISTEN));
    while siege.goes_on(Duration::from_millis(200)) {
        for peer in &mut peers {
            peer.sip(500);
        }
    }
    vec![("answer_time or write_time", ended(&mut peers))]
}

/// As of a peer that is half open. The server ends that after `idle_time`, which refuses nobody.
pub fn silent_clients(siege: &Siege) -> Met {
    let mut peers = siege.peers(10, Peer::connect);
    while siege.goes_on(Duration::from_millis(100)) {}
    vec![(NONE, ended(&mut peers))]
}

/// A thousand a second, in heaps; there are fewer of them than there may be.
pub fn connections(siege: &Siege) -> Met {
    let mut came = 0;
    while siege.goes_on(Duration::from_millis(20)) {
        came += siege.peers(20, Peer::connect).len() as u64;
    }
    vec![(NONE, came)]
}

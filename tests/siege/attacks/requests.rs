//! With requests: their heads, bodies and chunks, and what they publish.

use super::{Met, NONE, Siege};
use crate::peer::Peer;
use std::time::Duration;

/// A head that comes byte by byte.
pub fn slow_heads(siege: &Siege) -> Met {
    let begin = |addr| Peer::saying(addr, "GET /topics/evil HTTP/1.1\r\nHost: t\r\nX: ");
    let mut peers = siege.peers(30, begin);
    let mut met = 0;
    while siege.goes_on(Duration::from_millis(500)) {
        for peer in &mut peers {
            peer.say("x");
            peer.hear();
            if peer.has_ended {
                met += peer.count(b" 408 ");
                *peer = begin(siege.addr);
            }
        }
    }
    vec![("head_time", met)]
}

pub fn large_heads(siege: &Siege) -> Met {
    let head = format!("GET / HTTP/1.1\r\nHost: t\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    let mut met = 0;
    while siege.goes_on(Duration::from_millis(50)) {
        met += u64::from(Peer::saying(siege.addr, &head).await_word(b" 431 "));
    }
    vec![("head", met)]
}

/// More of them than may be waited for.
pub fn slow_bodies(siege: &Siege) -> Met {
    let begin = |addr| Peer::saying(addr, "POST /topics/evil HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\nslow");
    let mut peers = siege.peers(140, begin);
    let (mut refused, mut timed_out) = (0, 0);
    while siege.goes_on(Duration::from_millis(300)) {
        for peer in &mut peers {
            peer.say("x");
            peer.hear();
            if peer.has_ended {
                timed_out += u64::from(peer.has_heard(b" 408 "));
                refused += peer.count(b" 503 ");
                *peer = begin(siege.addr);
            }
        }
    }
    vec![("request_threads", refused), ("body_time", timed_out)]
}

pub fn large_bodies(siege: &Siege) -> Met {
    let mut met = 0;
    while siege.goes_on(Duration::from_millis(50)) {
        let post = "POST /topics/evil HTTP/1.1\r\nHost: t\r\nContent-Length: 2000000\r\n\r\nx";
        met += u64::from(Peer::saying(siege.addr, post).await_word(b" 413 "));
    }
    vec![("body_bytes", met)]
}

const CHUNKED: &str = "POST /topics/evil HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Extensions without end: malformed, says the server, and counts it as an answer only.
pub fn tiny_chunks_with_extensions(siege: &Siege) -> Met {
    let post = [CHUNKED, &"1;x=y\r\nz\r\n".repeat(2000)].concat();
    let mut met = 0;
    while siege.goes_on(Duration::from_millis(50)) {
        met += u64::from(Peer::saying(siege.addr, &post).await_word(b" 400 "));
    }
    vec![(NONE, met)]
}

/// A body of more than may be, byte by byte. It is a slow one, too, and may not be waited for.
pub fn tiny_chunks(siege: &Siege) -> Met {
    let chunks = "1\r\nx\r\n".repeat(2000);
    let (mut peer, mut met) = (Peer::saying(siege.addr, CHUNKED), 0);
    while siege.goes_on(Duration::from_millis(5)) {
        peer.say(&chunks);
        peer.hear();
        if peer.has_ended {
            met += peer.count(b" 413 ") + peer.count(b" 503 ");
            peer = Peer::saying(siege.addr, CHUNKED);
        }
    }
    vec![("body_bytes or request_threads", met)]
}

/// Each message has a topic of its own.
pub fn topics(siege: &Siege) -> Met {
    let mut peer = Peer::connect(siege.addr);
    let (mut n, mut met) = (0, 0);
    while siege.goes_on(Duration::from_millis(20)) {
        let post = |n| format!("POST /topics/evil-{n} HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\nx");
        peer.say((n..n + 50).map(post).collect::<String>());
        n += 50;
        peer.hear();
        met += peer.count(b" 503 ");
        if peer.has_ended {
            peer = Peer::connect(siege.addr);
        }
    }
    vec![("topics", met)]
}

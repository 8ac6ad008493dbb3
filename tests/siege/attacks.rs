//! What attackers do. Each says how often it has met its limit, as it has seen itself; and each has a pace, for what is
//! to be shown is that the server stands, not that two processes can use up a machine.

use crate::peer::Peer;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// What the attackers share.
pub struct Siege {
    addr: SocketAddr,
    /// How long it goes.
    pub time: Duration,
    is_over: AtomicBool,
}

impl Siege {
    pub fn new(addr: SocketAddr, time: Duration) -> Self {
        Self { addr, time, is_over: AtomicBool::new(false) }
    }

    /// Waits for so long; whether it goes on then.
    fn goes_on(&self, pace: Duration) -> bool {
        thread::sleep(pace);
        !self.is_over.load(Relaxed)
    }

    fn peers(&self, number: usize, begin: impl Fn(SocketAddr) -> Peer) -> Vec<Peer> {
        (0..number).map(|_| begin(self.addr)).collect()
    }
}

/// How often a limit was met, by its reason in `tidings_refusals_total`; [`NONE`] for what is not counted there.
pub type Met = Vec<(&'static str, u64)>;

pub const NONE: &str = "none";

pub struct Attack {
    pub name: &'static str,
    pub act: fn(&Siege) -> Met,
    /// What it must meet, if it goes for so many seconds, on a slow machine.
    pub meets: &'static [(&'static str, u64)],
}

/// The times behind the reasons are those of `Limits::default`, and what it takes until they count.
pub const ATTACKS: &[Attack] = &[
    Attack { name: "slow heads", act: slow_heads, meets: &[("head_time", 15)] },
    Attack { name: "large heads", act: large_heads, meets: &[("head", 2)] },
    Attack { name: "slow bodies", act: slow_bodies, meets: &[("request_threads", 3), ("body_time", 40)] },
    Attack { name: "large bodies", act: large_bodies, meets: &[("body_bytes", 2)] },
    Attack { name: "chunks with extensions", act: tiny_chunks_with_extensions, meets: &[(NONE, 2)] },
    Attack { name: "tiny chunks without end", act: tiny_chunks, meets: &[("body_bytes or request_threads", 10)] },
    Attack { name: "readers that never read", act: deaf_readers, meets: &[("write_time", 50)] },
    Attack { name: "readers that sip", act: sippers, meets: &[("answer_time or write_time", 60)] },
    Attack { name: "clients that say nothing", act: silent_clients, meets: &[(NONE, 70)] },
    Attack { name: "WebSockets that answer nothing", act: silent_websockets, meets: &[("pong_time", 45)] },
    Attack { name: "connections that come and go", act: connections, meets: &[(NONE, 1)] },
    Attack { name: "Pings", act: pings, meets: &[(NONE, 1)] },
    Attack { name: "empty fragments", act: empty_fragments, meets: &[("message_bytes", 10)] },
    Attack { name: "messages that never end", act: endless_messages, meets: &[("message_bytes", 5)] },
    Attack { name: "unfinished messages, hoarded", act: hoard, meets: &[("unfinished_bytes", 45)] },
    Attack { name: "inflate bombs", act: bombs, meets: &[("message_bytes", 3)] },
    Attack { name: "topics", act: topics, meets: &[("topics", 25)] },
];

/// A head that comes byte by byte.
fn slow_heads(siege: &Siege) -> Met {
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

fn large_heads(siege: &Siege) -> Met {
    let head = format!("GET / HTTP/1.1\r\nHost: t\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    let mut met = 0;
    while siege.goes_on(Duration::from_millis(50)) {
        met += u64::from(Peer::saying(siege.addr, &head).await_word(b" 431 "));
    }
    vec![("head", met)]
}

/// More of them than may be waited for.
fn slow_bodies(siege: &Siege) -> Met {
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

fn large_bodies(siege: &Siege) -> Met {
    let mut met = 0;
    while siege.goes_on(Duration::from_millis(50)) {
        let post = "POST /topics/evil HTTP/1.1\r\nHost: t\r\nContent-Length: 2000000\r\n\r\nx";
        met += u64::from(Peer::saying(siege.addr, post).await_word(b" 413 "));
    }
    vec![("body_bytes", met)]
}

const CHUNKED: &str = "POST /topics/evil HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Extensions without end: malformed, says the server, and counts it as an answer only.
fn tiny_chunks_with_extensions(siege: &Siege) -> Met {
    let post = [CHUNKED, &"1;x=y\r\nz\r\n".repeat(2000)].concat();
    let mut met = 0;
    while siege.goes_on(Duration::from_millis(50)) {
        met += u64::from(Peer::saying(siege.addr, &post).await_word(b" 400 "));
    }
    vec![(NONE, met)]
}

/// A body of more than may be, byte by byte. It is a slow one, too, and may not be waited for.
fn tiny_chunks(siege: &Siege) -> Met {
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

const LISTEN: &str = "GET /topics/busy HTTP/1.1\r\nHost: t\r\nAccept: text/event-stream\r\n\r\n";

/// They take nothing of a topic in which much is said.
fn deaf_readers(siege: &Siege) -> Met {
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

/// How many the server has ended. The others hear nothing more at some time.
fn ended(peers: &mut [Peer]) -> u64 {
    let until = Instant::now() + Duration::from_secs(2);
    while peers.iter().any(|peer| !peer.has_ended) && Instant::now() < until {
        peers.iter_mut().for_each(Peer::hear);
        thread::sleep(Duration::from_millis(1)); // what is on its way
    }
    peers.iter().filter(|peer| peer.has_ended).count() as u64
}

/// They take so little of it that a message takes longer than it may.
fn sippers(siege: &Siege) -> Met {
    let mut peers = siege.peers(5, |addr| Peer::saying(addr, LISTEN));
    while siege.goes_on(Duration::from_millis(200)) {
        for peer in &mut peers {
            peer.sip(500);
        }
    }
    vec![("answer_time or write_time", ended(&mut peers))]
}

/// As of a peer that is half open. The server ends that after `idle_time`, which refuses nobody.
fn silent_clients(siege: &Siege) -> Met {
    let mut peers = siege.peers(10, Peer::connect);
    while siege.goes_on(Duration::from_millis(100)) {}
    vec![(NONE, ended(&mut peers))]
}

/// Peers that have vanished: their Pongs do not come.
fn silent_websockets(siege: &Siege) -> Met {
    let mut peers = siege.peers(10, |addr| Peer::upgraded(addr, "silent", ""));
    while siege.goes_on(Duration::from_millis(100)) {}
    vec![("pong_time", ended(&mut peers))]
}

/// A thousand a second, in heaps; there are fewer of them than there may be.
fn connections(siege: &Siege) -> Met {
    let mut came = 0;
    while siege.goes_on(Duration::from_millis(20)) {
        came += siege.peers(20, Peer::connect).len() as u64;
    }
    vec![(NONE, came)]
}

/// A WebSocket frame of a client's; the masking key is zero, so that the payload stands as it is.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASKED: u8 = 0x80;
    /// The length follows in 16 bits.
    const LONG: u8 = 126;
    let length = u16::try_from(payload.len()).expect("frames are small here");
    let mut frame = vec![first];
    match u8::try_from(length) {
        Ok(short) if short < LONG => frame.push(MASKED | short),
        _ => {
            frame.push(MASKED | LONG);
            frame.extend_from_slice(&length.to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

const FIN: u8 = 0x80;
/// The first frame's, of a compressed message.
const COMPRESSED: u8 = 0x40;
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const PING: u8 = 9;

/// All are read and some are answered: the connection stays.
fn pings(siege: &Siege) -> Met {
    let flood = frame(FIN | PING, &[b'x'; 125]).repeat(50);
    let mut peer = Peer::upgraded(siege.addr, "evil", "");
    let mut answered = 0;
    while siege.goes_on(Duration::from_millis(5)) {
        peer.say(&flood);
        peer.hear();
        answered += peer.count(&[0x8a, 125]);
        assert!(!peer.has_ended, "a flood of Pings is no reason to end");
    }
    vec![(NONE, answered)]
}

/// A message goes on with the same frames until the server closes; then another one.
fn go_on_with(siege: &Siege, pace: Duration, more: &[u8]) -> u64 {
    let begin = || {
        let mut peer = Peer::upgraded(siege.addr, "evil", "");
        peer.say(frame(TEXT, b""));
        peer
    };
    let (mut peer, mut met) = (begin(), 0);
    while siege.goes_on(pace) {
        peer.say(more);
        peer.hear();
        if peer.is_closed_with(1009) {
            met += 1;
            peer = begin();
        } else if peer.has_ended {
            peer = begin();
        }
    }
    met
}

fn empty_fragments(siege: &Siege) -> Met {
    let fragments = frame(CONTINUATION, b"").repeat(1000);
    vec![("message_bytes", go_on_with(siege, Duration::from_millis(5), &fragments))]
}

fn endless_messages(siege: &Siege) -> Met {
    let fragment = frame(CONTINUATION, &[b'x'; 16 << 10]);
    vec![("message_bytes", go_on_with(siege, Duration::from_millis(5), &fragment))]
}

/// Many messages that are nearly too large and not whole, and none of them ever is. It takes a while and much memory:
/// not in a short siege.
fn hoard(siege: &Siege) -> Met {
    /// A little less than an envelope may have, and in all more than 256 MiB.
    const FRAGMENTS: usize = 190;
    const PEERS: usize = 50;
    if siege.time < Duration::from_secs(45) {
        return Met::new();
    }
    let begin = |addr| {
        let mut peer = Peer::upgraded(addr, "evil", "Sec-WebSocket-Protocol: tidings.v1\r\n");
        peer.say(frame(TEXT, b""));
        peer
    };
    let fragment = frame(CONTINUATION, &vec![b'x'; 32 << 10]);
    let mut peers: Vec<(Peer, usize)> = siege.peers(PEERS, begin).into_iter().map(|peer| (peer, 0)).collect();
    let mut met = 0;
    while siege.goes_on(Duration::from_millis(100)) {
        for (peer, said) in &mut peers {
            if *said < FRAGMENTS {
                peer.say(&fragment);
                *said += 1;
            } else if *said % 10 == 0 {
                peer.say(frame(CONTINUATION, b"")); // it is still there
            }
            *said += usize::from(*said >= FRAGMENTS);
            peer.hear();
            if peer.is_closed_with(1013) {
                met += 1;
                (*peer, *said) = (begin(siege.addr), 0);
            } else if peer.has_ended {
                (*peer, *said) = (begin(siege.addr), 0);
            }
        }
    }
    vec![("unfinished_bytes", met)]
}

/// Two kilobytes that would be two megabytes.
fn bombs(siege: &Siege) -> Met {
    let bomb = frame(FIN | COMPRESSED | TEXT, &deflated(&vec![0; 2 << 20]));
    let mut met = 0;
    while siege.goes_on(Duration::from_millis(100)) {
        let mut peer = Peer::upgraded(siege.addr, "evil", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
        peer.say(&bomb);
        peer.await_end();
        met += u64::from(peer.is_closed_with(1009));
    }
    vec![("message_bytes", met)]
}

/// As RFC 7692 §7.2.1 has it, without the empty block at the end.
fn deflated(data: &[u8]) -> Vec<u8> {
    use flate2::{Compress, Compression, FlushCompress};
    let mut out = Vec::with_capacity(64 << 10);
    let mut compress = Compress::new(Compression::best(), false);
    compress.compress_vec(data, &mut out, FlushCompress::Sync).unwrap();
    assert_eq!(compress.total_in(), data.len() as u64);
    out.truncate(out.len() - 4);
    out
}

/// Each message has a topic of its own.
fn topics(siege: &Siege) -> Met {
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

/// All at once, for `siege.time`; what each has met, in the order of [`ATTACKS`].
pub fn all_at_once(siege: &Siege, mut watch: impl FnMut()) -> Vec<Met> {
    thread::scope(|scope| {
        let attackers: Vec<_> = ATTACKS.iter().map(|attack| scope.spawn(|| (attack.act)(siege))).collect();
        let until = Instant::now() + siege.time;
        while Instant::now() < until {
            watch();
            thread::sleep(Duration::from_millis(100)); // a look now and then
        }
        siege.is_over.store(true, Relaxed);
        attackers.into_iter().map(|attacker| attacker.join().unwrap()).collect()
    })
}

//! What attackers do. Each says how often it has met its limit, as it has seen itself; and each has a pace, for what is
//! to be shown is that the server stands, not that two processes can use up a machine.

mod listeners;
mod requests;
mod websockets;

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
    Attack { name: "slow heads", act: requests::slow_heads, meets: &[("head_time", 15)] },
    Attack { name: "large heads", act: requests::large_heads, meets: &[("head", 2)] },
    Attack { name: "slow bodies", act: requests::slow_bodies, meets: &[("request_threads", 3), ("body_time", 40)] },
    Attack { name: "large bodies", act: requests::large_bodies, meets: &[("body_bytes", 2)] },
    Attack { name: "chunks with extensions", act: requests::tiny_chunks_with_extensions, meets: &[(NONE, 2)] },
    Attack {
        name: "tiny chunks without end",
        act: requests::tiny_chunks,
        meets: &[("body_bytes or request_threads", 10)],
    },
    Attack { name: "readers that never read", act: listeners::deaf_readers, meets: &[("write_time", 50)] },
    Attack { name: "readers that sip", act: listeners::sippers, meets: &[("answer_time or write_time", 60)] },
    Attack { name: "clients that say nothing", act: listeners::silent_clients, meets: &[(NONE, 70)] },
    Attack { name: "WebSockets that answer nothing", act: websockets::silent_websockets, meets: &[("pong_time", 45)] },
    Attack { name: "connections that come and go", act: listeners::connections, meets: &[(NONE, 1)] },
    Attack { name: "Pings", act: websockets::pings, meets: &[(NONE, 1)] },
    Attack { name: "empty fragments", act: websockets::empty_fragments, meets: &[("message_bytes", 10)] },
    Attack { name: "messages that never end", act: websockets::endless_messages, meets: &[("message_bytes", 5)] },
    Attack { name: "unfinished messages, hoarded", act: websockets::hoard, meets: &[("unfinished_bytes", 45)] },
    Attack { name: "inflate bombs", act: websockets::bombs, meets: &[("message_bytes", 3)] },
    Attack { name: "topics", act: requests::topics, meets: &[("topics", 25)] },
];

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

/// How many the server has ended. The others hear nothing more at some time.
fn ended(peers: &mut [Peer]) -> u64 {
    let until = Instant::now() + Duration::from_secs(2);
    while peers.iter().any(|peer| !peer.has_ended) && Instant::now() < until {
        peers.iter_mut().for_each(Peer::hear);
        thread::sleep(Duration::from_millis(1)); // what is on its way
    }
    peers.iter().filter(|peer| peer.has_ended).count() as u64
}

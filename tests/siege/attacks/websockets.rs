//! With frames and messages, and with none: a Pong that does not come.

use super::{Met, NONE, Siege, ended};
use crate::peer::Peer;
use std::time::Duration;

/// Peers that have vanished: their Pongs do not come.
pub fn silent_websockets(siege: &Siege) -> Met {
    let mut peers = siege.peers(10, |addr| Peer::upgraded(addr, "silent", ""));
    while siege.goes_on(Duration::from_millis(100)) {}
    vec![("pong_time", ended(&mut peers))]
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
pub fn pings(siege: &Siege) -> Met {
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

pub fn empty_fragments(siege: &Siege) -> Met {
    let fragments = frame(CONTINUATION, b"").repeat(1000);
    vec![("message_bytes", go_on_with(siege, Duration::from_millis(5), &fragments))]
}

pub fn endless_messages(siege: &Siege) -> Met {
    let fragment = frame(CONTINUATION, &[b'x'; 16 << 10]);
    vec![("message_bytes", go_on_with(siege, Duration::from_millis(5), &fragment))]
}

/// Many messages that are nearly too large and not whole, and none of them ever is. It takes a while and much memory:
/// not in a short siege.
pub fn hoard(siege: &Siege) -> Met {
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
pub fn bombs(siege: &Siege) -> Met {
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

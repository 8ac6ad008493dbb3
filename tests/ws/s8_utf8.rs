//! §8.1: text is UTF-8, and a bad byte fails at once.

use crate::support::{self, scaled};
use crate::wire::*;
use tidings::ws::ProtocolError;

const GREETING: &str = "κόσμε 😀 Ελλάδα";

#[test]
fn a_code_point_split_over_fragments_passes() {
    let bytes = GREETING.as_bytes();
    for at in 0..=bytes.len() {
        let wire = [masked(TEXT, &bytes[..at]), masked(FIN | CONTINUATION, &bytes[at..])].concat();
        assert_eq!(support::feed(receive(server()), &[&wire]).ok(), [text(GREETING)], "split at {at}");
    }
    let mut wire: Vec<u8> = bytes.iter().enumerate().fold(Vec::new(), |mut wire, (n, byte)| {
        wire.extend(masked(if n == 0 { TEXT } else { CONTINUATION }, &[*byte]));
        wire
    });
    wire.extend(masked(FIN | CONTINUATION, b""));
    assert_eq!(server_gets(&wire).ok(), [text(GREETING)]);
}

#[test]
fn what_is_not_utf8_is_refused() {
    for bad in [
        &b"\x80"[..],
        b"abc\xff",
        b"\xc0\xaf",             // overlong
        b"\xe0\x80\xaf",         // overlong
        b"\xed\xa0\x80",         // a surrogate
        b"\xf4\x90\x80\x80",     // above U+10FFFF
        b"\xf8\x88\x80\x80\x80", // five bytes
        b"\xce",                 // unfinished
        b"\xf0\x9f\x98",         // unfinished
    ] {
        server_refuses(&masked(FIN | TEXT, bad), ProtocolError::InvalidUtf8);
        let fragments = [masked(TEXT, bad), masked(FIN | CONTINUATION, b"")].concat();
        server_refuses(&fragments, ProtocolError::InvalidUtf8);
    }
}

#[test]
fn a_bad_byte_fails_inside_an_unfinished_frame() {
    // The frame announces more than arrives; the bad byte is the last that does.
    for (announced, fill) in [(100, 10), (4000, 3000), (scaled(100_000, 6000), 5000)] {
        let mut payload = GREETING.as_bytes().to_vec();
        payload.resize(fill + GREETING.len(), b'x');
        payload.extend(b"\xed\xa0");
        payload.resize(announced, b'y');
        let mut wire = masked(FIN | TEXT, &payload);
        wire.truncate(wire.len() - announced + fill + GREETING.len() + 2);
        server_refuses(&wire, ProtocolError::InvalidUtf8);
        wire.pop();
        assert_eq!(server_gets(&wire).ok(), [], "before that byte all is well");
    }
}

#[test]
fn a_bad_byte_fails_inside_an_unfinished_fragment() {
    let mut second = masked(FIN | CONTINUATION, b"\x98\x80 and so on");
    second.truncate(2 + 4 + 2);
    // The code point begins in the first fragment and is completed in the second.
    let wire = [masked(TEXT, b"\xf0\x9f"), second.clone()].concat();
    assert_eq!(server_gets(&wire).ok(), []);
    let wire = [masked(TEXT, b"\xf0"), second].concat();
    assert_eq!(server_gets(&wire).ok(), []);
    let mut second = masked(FIN | CONTINUATION, b"\x20 and so on");
    second.truncate(2 + 4 + 1);
    server_refuses(&[masked(TEXT, b"\xf0\x9f"), second].concat(), ProtocolError::InvalidUtf8);
}

#[test]
fn binary_is_not_looked_at() {
    let wire = [masked(BINARY, b"\xff"), masked(FIN | CONTINUATION, b"\xfe")].concat();
    assert_eq!(server_gets(&wire).ok(), [Got::Binary(vec![0xff, 0xfe])]);
}

fn server() -> tidings::ws::Connection {
    tidings::ws::Connection::server(tidings::ws::Config::default())
}

//! The limits of `Config`: exact, and reported from the header.

use crate::wire::*;
use tidings::ws::{CloseCode, Config, Connection, ProtocolError};

fn limited(max_frame: usize, max_message: usize, max_fragments: usize) -> impl Fn() -> Connection {
    move || Connection::server(Config { max_frame, max_message, max_fragments, ..Config::default() })
}

#[test]
fn the_message_limit_is_exact_in_one_frame_and_over_fragments() {
    let make = limited(1000, 10, 100);
    assert_eq!(gets(&masked(FIN | TEXT, &[b'x'; 10]), &make).ok(), [text("xxxxxxxxxx")]);
    assert_eq!(gets(&masked(FIN | TEXT, &[b'x'; 11]), &make).err(), ProtocolError::MessageTooBig);

    let ten = [masked(TEXT, b"12345"), masked(FIN | CONTINUATION, b"67890")].concat();
    assert_eq!(gets(&ten, &make).ok(), [text("1234567890")]);
    let eleven = [masked(TEXT, b"12345"), masked(FIN | CONTINUATION, b"678901")].concat();
    assert_eq!(gets(&eleven, &make).err(), ProtocolError::MessageTooBig);
}

#[test]
fn an_unfinished_code_point_counts_too() {
    let make = limited(1000, 4, 100);
    let wire = [masked(TEXT, b"\xf0\x9f\x98"), masked(FIN | CONTINUATION, b"\x80")].concat();
    assert_eq!(gets(&wire, &make).ok(), [text("😀")]);
    let wire = [masked(TEXT, b"\xf0\x9f\x98"), masked(FIN | CONTINUATION, b"\x80x")].concat();
    assert_eq!(gets(&wire, &make).err(), ProtocolError::MessageTooBig);
}

#[test]
fn the_frame_limit_is_exact() {
    let make = limited(10, 1000, 100);
    assert_eq!(gets(&masked(FIN | BINARY, &[0; 10]), &make).ok(), [Got::Binary(vec![0; 10])]);
    assert_eq!(gets(&masked(FIN | BINARY, &[0; 11]), &make).err(), ProtocolError::FrameTooBig);
    let control = masked(FIN | PING, &[0; 20]);
    assert_eq!(gets(&control, &make).ok(), [Got::Ping(vec![0; 20])], "§5.5 limits control frames, not this");
}

#[test]
fn the_fragment_limit_counts_empty_fragments_and_is_exact() {
    let make = limited(1000, 1000, 3);
    let mut wire = [masked(TEXT, b""), masked(CONTINUATION, b""), masked(FIN | CONTINUATION, b"")].concat();
    assert_eq!(gets(&wire, &make).ok(), [text("")]);
    wire =
        [masked(TEXT, b""), masked(CONTINUATION, b""), masked(CONTINUATION, b""), masked(CONTINUATION, b"")].concat();
    assert_eq!(gets(&wire, &make).err(), ProtocolError::TooManyFragments);
}

#[test]
fn limits_are_reported_from_the_header_as_1009() {
    let mut wire = masked(FIN | BINARY, &[0; 300]);
    wire.truncate(8);
    let outcome = gets(&wire, limited(1000, 100, 100));
    assert_eq!(outcome.output, goodbye(ProtocolError::MessageTooBig));
    assert_eq!(outcome.err().close_code(), CloseCode::TOO_BIG);
}

#[test]
fn a_declared_length_allocates_nothing() {
    // 2⁶² bytes announced, under a limit that allows them: only what arrives may take memory.
    let mut wire = vec![FIN | BINARY, 0xff];
    wire.extend((1u64 << 62).to_be_bytes());
    wire.extend([0; 4]);
    wire.extend([1; 5000]);
    let make = limited(usize::MAX, usize::MAX, 100);
    assert_eq!(crate::support::feed(receive(make()), &[&wire]).ok(), []);
}

#[test]
fn a_message_takes_at_most_four_times_what_has_arrived_and_a_frame_is_copied_seldom() {
    for opcode in [TEXT, BINARY] {
        let mut wire = masked(FIN | opcode, &vec![b'x'; 20_000]);
        let header = wire.len() - 20_000;
        let last = wire.split_off(wire.len() - 1000);
        let mut connection = Connection::server(Config::default());
        let mut take = |piece: &[u8]| {
            connection.receive(&mut piece.to_vec(), &mut bytes::BytesMut::new()).unwrap();
            connection.unfinished()
        };
        let (head, rest) = wire.split_at(header);
        assert_eq!(take(head), 0, "a header takes nothing");
        let mut sizes: Vec<usize> = rest.chunks(1000).map(&mut take).collect();
        assert!(sizes.iter().zip(1..).all(|(&size, n)| size >= n * 1000 && size <= n * 4000), "{sizes:?}");
        sizes.dedup();
        assert_eq!(sizes, [4000, 20_000]);
        assert_eq!(take(&last), 0, "between two messages nothing is kept");
    }
}

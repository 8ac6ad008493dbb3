//! §5.2: the header.

use crate::support::{self, scaled};
use crate::wire::*;
use bytes::BytesMut;
use tidings::ws::ProtocolError;
use tidings::ws::frame::{Header, Opcode};

#[test]
fn every_length_form_is_read_and_written() {
    for len in [0u64, 1, 125, 126, 127, 0xffff, 0x1_0000, i64::MAX as u64] {
        for mask in [None, Some([1, 2, 3, 4])] {
            let header = Header { fin: true, rsv1: false, opcode: Opcode::Binary, mask, payload_len: len };
            let mut bytes = BytesMut::new();
            header.encode(&mut bytes);
            assert_eq!(Header::parse(&bytes), Ok(Some((header, bytes.len()))));
            for shorter in 0..bytes.len() {
                assert_eq!(Header::parse(&bytes[..shorter]), Ok(None), "{len} cut to {shorter}");
            }
        }
    }
}

#[test]
fn messages_at_the_edges_of_each_length_form_arrive() {
    let lens = [0, 1, 125, 126, 127, 4080, 4082, 4083, 4096, 65_535, 65_536];
    for &len in scaled(&lens[..], &[0, 126, 4083, 65_536]) {
        let payload = vec![b'x'; len];
        let wire = [masked(FIN | BINARY, &payload), masked(FIN | TEXT, &payload)].concat();
        let expected = [Got::Binary(payload.clone()), Got::Text(String::from_utf8(payload).unwrap())];
        if len < 5000 {
            assert_eq!(server_gets(&wire).ok(), expected);
        } else {
            for &size in scaled(&[1, 7, 4096, 100_000][..], &[4096]) {
                let pieces: Vec<&[u8]> = wire.chunks(size).collect();
                let connection = tidings::ws::Connection::server(tidings::ws::Config::default());
                assert_eq!(support::feed(receive(connection), &pieces).ok(), expected);
            }
        }
    }
}

#[test]
fn a_length_not_in_its_shortest_form_is_refused() {
    server_refuses(&[FIN | TEXT, 0x80 | 126, 0, 125], ProtocolError::LengthNotShortest);
    server_refuses(&[FIN | TEXT, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff], ProtocolError::LengthNotShortest);
    for len in [0, 1, 124, 125] {
        let whole = [&[FIN | TEXT, 0x80 | 126, 0, len, 0, 0, 0, 0][..], &vec![b'x'; usize::from(len)]].concat();
        server_refuses(&whole, ProtocolError::LengthNotShortest);
    }
}

#[test]
fn a_length_with_the_64th_bit_is_refused() {
    server_refuses(&[FIN | BINARY, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0], ProtocolError::LengthOver63Bits);
}

#[test]
fn reserved_bits_are_refused_on_every_kind_of_frame() {
    for rsv in [0x40, 0x20, 0x10, 0x70] {
        for opcode in [TEXT, BINARY, CLOSE, PING, PONG] {
            server_refuses(&masked(FIN | rsv | opcode, b""), ProtocolError::ReservedBits);
        }
        let in_message = [masked(TEXT, b"a"), masked(FIN | rsv | CONTINUATION, b"b")].concat();
        server_refuses(&in_message, ProtocolError::ReservedBits);
    }
}

#[test]
fn reserved_opcodes_are_refused() {
    for opcode in [0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF] {
        server_refuses(&masked(FIN | opcode, b""), ProtocolError::ReservedOpcode(opcode));
    }
}

#[test]
fn a_violation_in_the_header_is_reported_before_the_payload_has_arrived() {
    // Two bytes suffice for what they show, and a whole header for the rest.
    server_refuses(&[FIN | 0x3, 0xff], ProtocolError::ReservedOpcode(3));
    server_refuses(&[PING, 0x85], ProtocolError::FragmentedControl);
    server_refuses(&[FIN | PING, 0x80 | 126], ProtocolError::ControlTooLong);
    server_refuses(&[FIN | 0x20 | TEXT, 0x85], ProtocolError::ReservedBits);
    server_refuses(&[FIN | CONTINUATION, 0x85, 1, 2, 3, 4], ProtocolError::UnexpectedContinuation);
    server_refuses(&[FIN | TEXT, 0x05], ProtocolError::Unmasked);
}

#[test]
fn the_examples_of_section_5_7() {
    assert_eq!(server_gets(&[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]).ok(), [text("Hello")]);
    let make = || client(tidings::ws::Config::default());
    assert_eq!(gets(&[0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f], make).ok(), [text("Hello")]);
    assert_eq!(gets(&[0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f], make).ok(), [Got::Ping(b"Hello".to_vec())]);
}

//! §5.1, §5.3: a client masks, a server does not.

use crate::support::scaled;
use crate::wire::*;
use tidings::ws::{Config, ProtocolError, mask};

#[test]
fn a_server_refuses_an_unmasked_frame() {
    server_refuses(&unmasked(FIN | TEXT, b"Hello"), ProtocolError::Unmasked);
}

#[test]
fn a_client_refuses_a_masked_frame() {
    let outcome = gets(&masked(FIN | TEXT, b"Hello"), || client(Config::default()));
    assert_eq!(outcome.err(), ProtocolError::Masked);
}

#[test]
fn a_client_masks_its_pongs_and_its_close() {
    let pinged = gets(&unmasked(FIN | PING, b"?"), || client(Config::default()));
    assert_eq!(pinged.output, masked(FIN | PONG, b"?"));
    let closed = gets(&unmasked(FIN | CLOSE, &close_payload(1000, "bye")), || client(Config::default()));
    assert_eq!(closed.output, masked(FIN | CLOSE, &close_payload(1000, "")));
}

#[test]
fn a_client_reads_unmasked_frames() {
    let outcome = gets(&unmasked(FIN | TEXT, b"Hello"), || client(Config::default()));
    assert_eq!(outcome.ok(), [text("Hello")]);
}

#[test]
fn masking_equals_the_definition_at_every_length_and_position() {
    let key = [0x12, 0x34, 0x56, 0x78];
    for len in (0..200).step_by(scaled(1, 13)) {
        for position in 0..8 {
            let mut data: Vec<u8> = (0..len).collect();
            mask::apply(mask::rotated(key, position), &mut data);
            for (i, byte) in data.iter().enumerate() {
                assert_eq!(*byte, i as u8 ^ key[(i + position as usize) % 4]);
            }
        }
    }
}

#[test]
fn a_client_takes_a_fresh_key_for_each_frame() {
    fn counting(bytes: &mut [u8]) {
        for (n, byte) in bytes.iter_mut().enumerate() {
            *byte = n as u8;
        }
    }
    let mut connection = tidings::ws::Connection::client(Config::default(), counting);
    let mut output = bytes::BytesMut::new();
    // More than are drawn from the source at once.
    for n in 0..200u16 {
        connection.send_text("", &mut output).unwrap();
        let key = [0, 1, 2, 3].map(|i| (4 * n + i) as u8);
        assert_eq!(output.split(), [&[0x81, 0x80], &key[..]].concat());
    }
}

#[test]
fn keys_that_are_still_to_be_used_are_not_shown() {
    assert!(format!("{:?}", client(Config::default())).contains("keys: Random,"));
    assert!(format!("{:?}", tidings::ws::Connection::server(Config::default())).contains("keys: None,"));
}

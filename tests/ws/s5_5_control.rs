//! §5.5: Ping and Pong.

use crate::wire::*;
use bytes::BytesMut;
use tidings::ws::{Config, Connection, ProtocolError, SendError};

#[test]
fn a_ping_is_answered_with_its_payload() {
    let payload = [9; 125];
    let outcome = server_gets(&masked(FIN | PING, &payload));
    assert_eq!(outcome.output, unmasked(FIN | PONG, &payload));
}

#[test]
fn ten_pings_give_ten_pongs() {
    let pings: Vec<u8> = (0..10).flat_map(|n| masked(FIN | PING, &[n])).collect();
    let pongs: Vec<u8> = (0..10).flat_map(|n| unmasked(FIN | PONG, &[n])).collect();
    assert_eq!(server_gets(&pings).output, pongs);
}

#[test]
fn while_output_is_full_only_the_newest_pong_is_owed() {
    let mut connection = Connection::server(Config { max_unsent: 10, ..Config::default() });
    let mut output = BytesMut::new();
    for n in 0..100 {
        connection.receive(&mut masked(FIN | PING, &[n]), &mut output).unwrap();
    }
    let first: Vec<u8> = (0..4).flat_map(|n| unmasked(FIN | PONG, &[n])).collect();
    assert_eq!(output.split(), first, "no more than max_unsent and one frame");
    connection.receive(&mut [], &mut output).unwrap();
    assert_eq!(output.split(), unmasked(FIN | PONG, &[99]), "the newest");
    connection.receive(&mut [], &mut output).unwrap();
    assert!(output.is_empty(), "once");
}

#[test]
fn a_pong_is_owed_from_the_limit_on_and_paid_below_it() {
    let mut connection = Connection::server(Config { max_unsent: 6, ..Config::default() });
    let mut output = BytesMut::new();
    for n in 0..3 {
        connection.receive(&mut masked(FIN | PING, &[n]), &mut output).unwrap();
    }
    let pongs = |range: std::ops::Range<u8>| range.flat_map(|n| unmasked(FIN | PONG, &[n])).collect::<Vec<u8>>();
    assert_eq!(output, pongs(0..2), "six bytes are the limit");
    connection.receive(&mut [], &mut output).unwrap();
    assert_eq!(output, pongs(0..2), "and still are");
    output.truncate(5);
    connection.receive(&mut [], &mut output).unwrap();
    assert_eq!(&output[5..], pongs(2..3));
}

#[test]
fn an_unasked_pong_is_no_error() {
    let outcome = server_gets(&masked(FIN | PONG, b"still here"));
    assert!(outcome.output.is_empty());
    assert_eq!(outcome.ok(), [Got::Pong(b"still here".to_vec())]);
}

#[test]
fn a_control_frame_over_125_bytes_is_refused() {
    for opcode in [PING, PONG, CLOSE] {
        server_refuses(&masked(FIN | opcode, &[b'x'; 126]), ProtocolError::ControlTooLong);
    }
}

#[test]
fn a_fragmented_control_frame_is_refused() {
    for opcode in [PING, PONG, CLOSE] {
        server_refuses(&masked(opcode, b""), ProtocolError::FragmentedControl);
    }
}

#[test]
fn no_control_frame_over_125_bytes_is_sent() {
    let mut connection = Connection::server(Config::default());
    let mut output = BytesMut::new();
    assert_eq!(connection.ping(&[0; 126], &mut output), Err(SendError::ControlTooLong));
    assert_eq!(connection.pong(&[0; 126], &mut output), Err(SendError::ControlTooLong));
    assert_eq!(connection.close(NORMAL, &"x".repeat(124), &mut output), Err(SendError::ControlTooLong));
    assert!(output.is_empty() && connection.is_open());
    connection.ping(&[0; 125], &mut output).unwrap();
    connection.close(NORMAL, &"x".repeat(123), &mut output).unwrap();
}

//! §6.1: sending.

use crate::wire::*;
use bytes::BytesMut;
use tidings::ws::{Config, Connection, encode_text};

#[test]
fn a_server_sends_unmasked_in_the_shortest_form() {
    let mut connection = Connection::server(Config::default());
    let mut output = BytesMut::new();
    for len in [0, 125, 126, 65_535, 65_536] {
        let payload = "x".repeat(len);
        connection.send_text(&payload, &mut output).unwrap();
        assert_eq!(output.split(), unmasked(FIN | TEXT, payload.as_bytes()));
        connection.send_binary(payload.as_bytes(), &mut output).unwrap();
        assert_eq!(output.split(), unmasked(FIN | BINARY, payload.as_bytes()));
    }
}

#[test]
fn a_client_sends_masked() {
    let mut output = BytesMut::new();
    client(Config::default()).send_text("Hello", &mut output).unwrap();
    assert_eq!(output, masked(FIN | TEXT, b"Hello"));
}

#[test]
fn a_frame_encoded_once_is_what_each_server_would_send() {
    let (mut once, mut each) = (BytesMut::new(), BytesMut::new());
    encode_text("to all", &mut once);
    Connection::server(Config::default()).send_text("to all", &mut each).unwrap();
    assert_eq!(once, each);
}

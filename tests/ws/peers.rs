//! Differential: what tungstenite sends this crate receives, and the other way round, over generated messages.

use crate::support::{self, scaled};
use crate::wire::*;
use bytes::BytesMut;
use proptest::prelude::*;
use std::io::{Cursor, Read, Write};
use tidings::ws::{Config, Connection};
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

/// What the peer reads, and what it has written.
struct Wire {
    input: Cursor<Vec<u8>>,
    output: Vec<u8>,
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.input.read(buffer)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn peer(role: Role, input: &[u8]) -> WebSocket<Wire> {
    WebSocket::from_raw_socket(Wire { input: Cursor::new(input.to_vec()), output: Vec::new() }, role, None)
}

fn messages() -> impl Strategy<Value = Vec<Got>> {
    let one = prop_oneof![
        ".{0,80}".prop_map(Got::Text),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(Got::Binary),
        prop::sample::select(scaled(
            &[125, 126, 127, 4000, 5000, 65_535, 65_536, 70_000][..],
            &[125, 126, 127, 4000, 5000]
        ))
        .prop_map(|len| Got::Binary(vec![0xa5; len])),
        prop::collection::vec(any::<u8>(), 0..=125).prop_map(Got::Ping),
        prop::collection::vec(any::<u8>(), 0..=125).prop_map(Got::Pong),
    ];
    prop::collection::vec(one, 0..10)
}

fn to_peer(message: &Got) -> Message {
    match message {
        Got::Text(text) => Message::text(text),
        Got::Binary(data) => Message::binary(data.clone()),
        Got::Ping(data) => Message::Ping(data.clone().into()),
        Got::Pong(data) => Message::Pong(data.clone().into()),
        other => panic!("not generated: {other:?}"),
    }
}

fn from_peer(message: Message) -> Got {
    match message {
        Message::Text(text) => Got::Text(text.to_string()),
        Message::Binary(data) => Got::Binary(data.to_vec()),
        Message::Ping(data) => Got::Ping(data.to_vec()),
        Message::Pong(data) => Got::Pong(data.to_vec()),
        other => panic!("not sent: {other:?}"),
    }
}

proptest! {
    #[test]
    fn what_tungstenite_sends_arrives(messages in messages(), piece in 1usize..9000) {
        for (role, ours) in [(Role::Client, Connection::server(Config::default())), (Role::Server, client(Config::default()))] {
            let mut peer = peer(role, &[]);
            for message in &messages {
                peer.write(to_peer(message)).unwrap();
            }
            peer.flush().unwrap();
            let wire = &peer.get_ref().output;
            let pieces: Vec<&[u8]> = wire.chunks(piece).collect();
            prop_assert_eq!(&support::feed(receive(ours), &pieces).ok(), &messages);
        }
    }

    #[test]
    fn what_this_crate_sends_arrives_at_tungstenite(messages in messages()) {
        for (role, mut ours) in [(Role::Client, Connection::server(Config::default())), (Role::Server, client(Config::default()))] {
            let mut wire = BytesMut::new();
            for message in &messages {
                crate::properties::send(&mut ours, message, &mut wire);
            }
            let mut peer = peer(role, &wire);
            let got: Vec<Got> = messages.iter().map(|_| from_peer(peer.read().unwrap())).collect();
            prop_assert_eq!(&got, &messages);
        }
    }
}

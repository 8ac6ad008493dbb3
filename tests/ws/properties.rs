//! Properties over generated input.

use crate::support::{self, scaled};
use crate::wire::*;
use bytes::BytesMut;
use proptest::prelude::*;
use tidings::ws::{Config, Connection};

/// What a client may send.
fn frames() -> impl Strategy<Value = Vec<Got>> {
    let one = prop_oneof![
        ".{0,80}".prop_map(Got::Text),
        scaled(".{2000,2100}", ".{100,120}").prop_map(Got::Text),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(Got::Binary),
        (4070usize..4110).prop_map(|len| Got::Binary(vec![0xa5; len])),
        prop::collection::vec(any::<u8>(), 0..=125).prop_map(Got::Ping),
        prop::collection::vec(any::<u8>(), 0..=125).prop_map(Got::Pong),
    ];
    prop::collection::vec(one, 0..8)
}

pub fn send(connection: &mut Connection, message: &Got, output: &mut BytesMut) {
    match message {
        Got::Text(text) => connection.send_text(text, output),
        Got::Binary(data) => connection.send_binary(data, output),
        Got::Ping(data) => connection.ping(data, output),
        Got::Pong(data) => connection.pong(data, output),
        Got::TextChunk(text, last) => connection.send_text_fragment(text, *last, output),
        Got::BinaryChunk(data, last) => connection.send_binary_fragment(data, *last, output),
        Got::Close(_) => connection.close(NORMAL, "", output),
    }
    .unwrap();
}

/// Cuts `wire` at the given positions.
fn cut<'a>(wire: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(wire.len() + 1)).collect();
    at.extend([0, wire.len()]);
    at.sort_unstable();
    at.windows(2).map(|pair| &wire[pair[0]..pair[1]]).collect()
}

proptest! {
    #[test]
    fn what_one_role_sends_the_other_receives_in_any_split(
        messages in frames(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let pairs: [(Connection, fn() -> Connection); 2] = [
            (client(Config::default()), || Connection::server(Config::default())),
            (Connection::server(Config::default()), || client(Config::default())),
        ];
        for (mut sender, receiver) in pairs {
            let mut wire = BytesMut::new();
            for message in &messages {
                send(&mut sender, message, &mut wire);
            }
            prop_assert_eq!(&support::feed(receive(receiver()), &cut(&wire, &cuts)).ok(), &messages);
        }
    }

    #[test]
    fn any_bytes_in_any_split_give_the_same_outcome(
        wire in prop::collection::vec(prop_oneof![3 => any::<u8>(), 1 => Just(0x81), 1 => Just(0x80)], 0..scaled(400, 100)),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let config = Config { max_message: 300, max_fragments: 5, ..Config::default() };
        for make in [|config| Connection::server(config), |config| client(config)] {
            let whole = support::feed(receive(make(config.clone())), &[&wire]);
            let split = support::feed(receive(make(config.clone())), &cut(&wire, &cuts));
            prop_assert_eq!(whole, split);
        }
    }
}

//! A connection with permessage-deflate: any bytes in any split give the same outcome and never more than the limit;
//! and what one side compresses, the other reads.
//!
//! The first byte chooses the role, the direction's memory, and the size of the pieces.
#![cfg_attr(fuzzing, no_main)]

use bytes::BytesMut;
use tidings::Step;
use tidings::ws::deflate::Options;
use tidings::ws::handshake::Extensions;
use tidings::ws::{Config, Connection, Event, ProtocolError};

#[path = "../../tests/support/mod.rs"]
mod support;

const MAX_MESSAGE: usize = 2000;

/// One input.
pub fn run(data: &[u8]) {
    let Some((&choice, wire)) = data.split_first() else { return };
    let extensions = extensions(choice);
    let piece = usize::from(choice >> 2) + 1;
    let pieces: Vec<&[u8]> = wire.chunks(piece).collect();
    let whole = support::feed(receive(connection(choice, &extensions)), &[wire]);
    assert_eq!(whole, support::feed(receive(connection(choice, &extensions)), &pieces), "in pieces of {piece}");
    round_trip(choice, &extensions, wire, piece);
}

/// The input as messages of `piece` bytes, from the other side to this.
fn round_trip(choice: u8, extensions: &Extensions, data: &[u8], piece: usize) {
    let mut sender = connection(choice ^ 1, extensions);
    let mut wire = BytesMut::new();
    for message in data.chunks(piece) {
        sender.send_binary(message, &mut wire).expect("the connection is open");
    }
    let sent: Vec<Got> = data.chunks(piece).map(|message| ("binary", message.to_vec())).collect();
    let received = support::feed(receive(connection(choice, extensions)), &[&wire]);
    assert_eq!((received.error, received.events), (None, sent));
}

fn extensions(choice: u8) -> Extensions {
    let offer = if choice & 2 == 0 {
        "permessage-deflate"
    } else {
        "permessage-deflate; client_no_context_takeover; server_no_context_takeover; server_max_window_bits=9"
    };
    support::agree(offer, &Options { min_len: 0, ..Options::default() })
}

fn connection(choice: u8, extensions: &Extensions) -> Connection {
    let config = Config { max_message: MAX_MESSAGE, max_fragments: 9, ..Config::default() };
    let connection =
        if choice & 1 == 0 { Connection::server(config) } else { Connection::client(config, |bytes| bytes.fill(0x5a)) };
    connection.with_extensions(extensions)
}

/// An event in words: its kind and its payload.
type Got = (&'static str, Vec<u8>);

fn receive(mut connection: Connection) -> impl FnMut(&mut [u8], &mut BytesMut) -> Result<Step<Got>, ProtocolError> {
    move |input, output| {
        let step = connection.receive(input, output)?;
        let event = step.event.map(|event| {
            assert!(event.payload_len() <= MAX_MESSAGE);
            match event {
                Event::Text(text) => ("text", text.as_bytes().to_vec()),
                Event::Binary(data) => ("binary", data.into_owned()),
                Event::Ping(data) => ("ping", data.to_vec()),
                Event::Pong(data) => ("pong", data.to_vec()),
                Event::Close(_) => ("close", Vec::new()),
                Event::TextChunk { .. } | Event::BinaryChunk { .. } => unreachable!("whole messages are the default"),
            }
        });
        Ok(Step { consumed: step.consumed, event })
    }
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| run(data));

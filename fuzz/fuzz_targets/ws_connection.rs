//! A connection of either role: any bytes in any split give the same events, the same answer and the same error; an
//! error is final; limits hold.
//!
//! The first byte chooses the role and the size of the pieces.
#![cfg_attr(fuzzing, no_main)]

use bytes::BytesMut;
use tidings::Step;
use tidings::ws::{Config, Connection, Event, ProtocolError};

#[path = "../../tests/support/mod.rs"]
mod support;

const MAX_MESSAGE: usize = 600;
/// Every frame that is allowed stays in such a buffer until it is whole.
const LARGE_INPUT: usize = 1024;

/// One input.
pub fn run(data: &[u8]) {
    let Some((&choice, wire)) = data.split_first() else { return };
    let piece = usize::from(choice >> 1) + 1;
    let whole = support::feed(receive(choice, LARGE_INPUT), &[wire]);
    let pieces: Vec<&[u8]> = wire.chunks(piece).collect();
    for input_buffer in [LARGE_INPUT, Connection::MIN_INPUT] {
        let split = support::feed(receive(choice, input_buffer), &pieces);
        assert_eq!(whole, split, "in pieces of {piece}, with a buffer of {input_buffer}");
    }
    // Each byte costs at most one Pong and one Close, never more.
    assert!(whole.output.len() <= 8 * wire.len() + 140);
}

/// An event in words: its kind and its payload.
type Got = (&'static str, Vec<u8>);

fn receive(
    choice: u8,
    input_buffer: usize,
) -> impl FnMut(&mut [u8], &mut BytesMut) -> Result<Step<Got>, ProtocolError> {
    let config =
        Config { max_message: MAX_MESSAGE, max_frame: 500, max_fragments: 9, input_buffer, ..Config::default() };
    let mut connection =
        if choice & 1 == 0 { Connection::server(config) } else { Connection::client(config, |bytes| bytes.fill(0x5a)) };
    move |input, output| match connection.receive(input, output) {
        Ok(step) => Ok(Step { consumed: step.consumed, event: step.event.map(own) }),
        Err(error) => {
            let written = output.len();
            assert_eq!(connection.receive(&mut [], output), Err(error), "an error is final");
            assert_eq!(output.len(), written, "and told once");
            Err(error)
        }
    }
}

fn own(event: Event<'_>) -> Got {
    match event {
        Event::Text(text) => {
            assert!(text.len() <= MAX_MESSAGE);
            ("text", text.as_bytes().to_vec())
        }
        Event::Binary(data) => {
            assert!(data.len() <= MAX_MESSAGE);
            ("binary", data.into_owned())
        }
        Event::TextChunk { .. } | Event::BinaryChunk { .. } => unreachable!("whole messages are the default"),
        Event::Ping(data) => ("ping", data.to_vec()),
        Event::Pong(data) => ("pong", data.to_vec()),
        Event::Close(close) => ("close", close.map_or_else(Vec::new, |close| close.reason.as_bytes().to_vec())),
    }
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| run(data));

//! Messages as they arrive and as they are sent piece by piece: chunks, fragments, prepared messages.

use crate::support::{self, scaled};
use crate::wire::*;
use bytes::BytesMut;
use tidings::ws::{Config, Connection, Delivery, Event, Prepared, ProtocolError, SendError};

const MAX_MESSAGE: usize = scaled(100_000, 10_000);

fn chunked() -> Connection {
    Connection::server(Config { delivery: Delivery::Chunks, max_message: MAX_MESSAGE, ..Config::default() })
}

/// Joins the chunks of each message, so that it does not show how it was cut.
pub fn joined(events: Vec<Got>) -> Vec<Got> {
    let mut messages = Vec::new();
    let (mut text, mut binary) = (String::new(), Vec::new());
    for event in events {
        match event {
            Got::TextChunk(chunk, last) => {
                text += &chunk;
                if last {
                    messages.push(Got::Text(std::mem::take(&mut text)));
                }
            }
            Got::BinaryChunk(chunk, last) => {
                binary.extend(chunk);
                if last {
                    messages.push(Got::Binary(std::mem::take(&mut binary)));
                }
            }
            other => messages.push(other),
        }
    }
    messages
}

#[test]
fn chunks_of_a_fragmented_message_make_up_the_message_in_every_split() {
    let greeting = "κόσμε 😀 ";
    let bytes = greeting.as_bytes();
    let wire = [
        masked(TEXT, &bytes[..3]),
        masked(FIN | PING, b"?"),
        masked(CONTINUATION, &bytes[3..12]),
        masked(CONTINUATION, b""),
        masked(CONTINUATION, &bytes[12..]),
        masked(FIN | CONTINUATION, b""),
        masked(BINARY, b"\xff"),
        masked(FIN | CONTINUATION, b"\xfe"),
        masked(FIN | TEXT, b"whole"),
    ]
    .concat();
    let outcome = support::check_merged(&wire, || receive(chunked()), joined);
    assert_eq!(outcome.ok(), [Got::Ping(b"?".to_vec()), text(greeting), Got::Binary(vec![0xff, 0xfe]), text("whole")]);
}

#[test]
fn chunks_of_a_large_frame_come_as_the_bytes_do_and_are_borrowed() {
    let payload = vec![b'x'; MAX_MESSAGE / 2];
    let wire = masked(FIN | TEXT, &payload);
    let mut connection = chunked();
    let mut output = BytesMut::new();
    let mut got = String::new();
    let (begin, rest) = wire.split_at(MAX_MESSAGE / 5);
    let mut first = begin.to_vec();
    let step = connection.receive(&mut first, &mut output).unwrap();
    assert_eq!(step.consumed, begin.len());
    let Some(Event::TextChunk { text: std::borrow::Cow::Borrowed(text), last: false }) = step.event else {
        panic!("{step:?}")
    };
    got += text;
    let mut second = rest.to_vec();
    let step = connection.receive(&mut second, &mut output).unwrap();
    let Some(Event::TextChunk { text, last: true }) = step.event else { panic!("{step:?}") };
    got += &text;
    assert_eq!(got.as_bytes(), payload);
}

#[test]
fn chunks_are_held_to_the_same_rules() {
    let refused = |wire: &[u8], error| {
        let outcome = support::check_merged(wire, || receive(chunked()), joined);
        assert_eq!(outcome.err(), error);
    };
    refused(&[masked(TEXT, b"\xce"), masked(FIN | CONTINUATION, b"x")].concat(), ProtocolError::InvalidUtf8);
    refused(&[masked(TEXT, b"a\xce"), masked(FIN | CONTINUATION, b"")].concat(), ProtocolError::InvalidUtf8);
    refused(&[masked(TEXT, b"a"), masked(TEXT, b"b")].concat(), ProtocolError::ExpectedContinuation);
    // The limit counts what was handed out already.
    let fragments = |more| {
        let (first, second) = (MAX_MESSAGE / 5 * 3, MAX_MESSAGE / 5 * 2 + more);
        [masked(BINARY, &vec![0; first]), masked(FIN | CONTINUATION, &vec![0; second])].concat()
    };
    let (exact, over) = (fragments(0), fragments(1));
    assert_eq!(joined(support::feed(receive(chunked()), &[&exact]).ok()), [Got::Binary(vec![0; MAX_MESSAGE])]);
    assert_eq!(support::feed(receive(chunked()), &[&over]).err(), ProtocolError::MessageTooBig);
}

#[test]
fn a_message_sent_in_fragments_arrives_as_one() {
    let mut connection = Connection::server(Config::default());
    let mut output = BytesMut::new();
    connection.send_text_fragment("Hel", false, &mut output).unwrap();
    connection.ping(b"between", &mut output).unwrap();
    assert_eq!(connection.send_text("x", &mut output), Err(SendError::MessageOpen));
    assert_eq!(connection.send_binary_fragment(b"x", true, &mut output), Err(SendError::MessageOpen));
    assert_eq!(connection.send_prepared(&Prepared::text("x"), &mut output), Err(SendError::MessageOpen));
    connection.send_text_fragment("lo", true, &mut output).unwrap();
    let expected =
        [unmasked(TEXT, b"Hel"), unmasked(FIN | PING, b"between"), unmasked(FIN | CONTINUATION, b"lo")].concat();
    assert_eq!(output.split(), expected);
    connection.send_text("next", &mut output).unwrap();
    assert_eq!(output, unmasked(FIN | TEXT, b"next"));
}

#[test]
fn a_prepared_message_is_the_same_for_every_server_and_masked_by_a_client() {
    let news = Prepared::binary(b"news");
    let mut output = BytesMut::new();
    Connection::server(Config::default()).send_prepared(&news, &mut output).unwrap();
    assert_eq!(output.split(), unmasked(FIN | BINARY, b"news"));
    assert_eq!(news.frame(), &unmasked(FIN | BINARY, b"news"));
    client(Config::default()).send_prepared(&news, &mut output).unwrap();
    assert_eq!(output, masked(FIN | BINARY, b"news"));
}

#[test]
fn only_the_last_chunk_may_be_empty() {
    let empty = [masked(BINARY, b""), masked(CONTINUATION, b""), masked(FIN | CONTINUATION, b"")].concat();
    assert_eq!(gets(&empty, chunked).ok(), [Got::BinaryChunk(vec![], true)]);
    let begun = [masked(TEXT, b"\xce"), masked(CONTINUATION, b"\xba"), masked(FIN | CONTINUATION, b"")].concat();
    let expected = [Got::TextChunk("κ".to_owned(), false), Got::TextChunk(String::new(), true)];
    assert_eq!(gets(&begun, chunked).ok(), expected);
}

#[test]
fn an_event_tells_its_bytes_of_payload() {
    let len = |wire: &[u8]| {
        let mut wire = wire.to_vec();
        let step = Connection::server(Config::default()).receive(&mut wire, &mut BytesMut::new()).unwrap();
        step.event.unwrap().payload_len()
    };
    for payload in [&b""[..], b"12345"] {
        for opcode in [TEXT, BINARY, PING, PONG] {
            assert_eq!(len(&masked(FIN | opcode, payload)), payload.len());
        }
    }
    assert_eq!(len(&masked(FIN | CLOSE, b"")), 0);
    assert_eq!(len(&masked(FIN | CLOSE, &close_payload(1000, "bye"))), 5);
}

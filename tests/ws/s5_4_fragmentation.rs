//! §5.4: messages in fragments, with control frames in between.

use crate::wire::*;
use tidings::Step;
use tidings::ws::{Event, ProtocolError};

#[test]
fn fragments_become_one_message() {
    let wire = [masked(TEXT, b"Hel"), masked(CONTINUATION, b""), masked(FIN | CONTINUATION, b"lo")].concat();
    assert_eq!(server_gets(&wire).ok(), [text("Hello")]);
    let wire = [masked(BINARY, b""), masked(FIN | CONTINUATION, b"")].concat();
    assert_eq!(server_gets(&wire).ok(), [Got::Binary(vec![])]);
}

#[test]
fn control_frames_between_fragments_are_events_of_their_own() {
    let wire = [
        masked(TEXT, b"one "),
        masked(FIN | PING, b"are you there"),
        masked(CONTINUATION, b"two "),
        masked(FIN | PONG, b""),
        masked(FIN | CONTINUATION, b"three"),
    ]
    .concat();
    let outcome = server_gets(&wire);
    assert_eq!(outcome.output, unmasked(FIN | PONG, b"are you there"), "answered in mid-message");
    assert_eq!(outcome.ok(), [Got::Ping(b"are you there".to_vec()), Got::Pong(vec![]), text("one two three")]);
}

#[test]
fn a_continuation_without_a_message_is_refused() {
    server_refuses(&masked(FIN | CONTINUATION, b"x"), ProtocolError::UnexpectedContinuation);
    server_refuses(&masked(CONTINUATION, b"x"), ProtocolError::UnexpectedContinuation);
    let after_whole = [masked(FIN | TEXT, b"x"), masked(FIN | CONTINUATION, b"y")].concat();
    server_refuses(&after_whole, ProtocolError::UnexpectedContinuation);
}

#[test]
fn a_new_message_inside_a_fragmented_one_is_refused() {
    for second in [TEXT, BINARY, FIN | TEXT, FIN | BINARY] {
        let wire = [masked(TEXT, b"x"), masked(second, b"y")].concat();
        server_refuses(&wire, ProtocolError::ExpectedContinuation);
    }
}

#[test]
fn a_large_frame_is_consumed_as_it_arrives() {
    let payload = vec![7; 20_000];
    let wire = masked(FIN | BINARY, &payload);
    let mut connection = tidings::ws::Connection::server(tidings::ws::Config::default());
    let mut output = bytes::BytesMut::new();
    for piece in wire[..wire.len() - 1].chunks(1000) {
        let len = piece.len();
        let mut piece = piece.to_vec();
        let step = connection.receive(&mut piece, &mut output).unwrap();
        assert_eq!(step, Step::<Event<'_>> { consumed: len, event: None }, "nothing stays in the caller's buffer");
    }
    let mut last = wire[wire.len() - 1..].to_vec();
    let step = connection.receive(&mut last, &mut output).unwrap();
    assert_eq!(step.event.map(Got::from), Some(Got::Binary(payload)));
}

#[test]
fn a_small_frame_stays_in_the_input_until_it_is_whole_and_is_then_borrowed() {
    let wire = masked(FIN | TEXT, "Grüße".as_bytes());
    let mut connection = tidings::ws::Connection::server(tidings::ws::Config::default());
    let mut output = bytes::BytesMut::new();
    let mut input = wire.clone();
    for end in 0..wire.len() {
        let step = connection.receive(&mut input[..end], &mut output).unwrap();
        assert_eq!((step.consumed, step.event), (0, None));
    }
    assert_eq!(input, wire, "left as it was");
    let step = connection.receive(&mut input, &mut output).unwrap();
    let Some(Event::Text(std::borrow::Cow::Borrowed(text))) = step.event else { panic!("{step:?}") };
    assert_eq!(text, "Grüße");
}

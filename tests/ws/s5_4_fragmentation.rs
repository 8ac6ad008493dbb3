//! §5.4: messages in fragments, with control frames in between.

use crate::support::scaled;
use crate::wire::*;
use tidings::Step;
use tidings::ws::frame::MAX_HEADER;
use tidings::ws::{Config, Connection, Event, ProtocolError};

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
    let mut connection = Connection::server(Config::default());
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
    let mut connection = Connection::server(Config::default());
    let mut output = bytes::BytesMut::new();
    let mut input = wire.clone();
    for end in 0..wire.len() {
        let step = connection.receive(&mut input[..end], &mut output).unwrap();
        assert_eq!((step.consumed, step.event), (0, None));
    }
    let step = connection.receive(&mut input, &mut output).unwrap();
    let Some(Event::Text(std::borrow::Cow::Borrowed(text))) = step.event else { panic!("{step:?}") };
    assert_eq!(text, "Grüße");
}

#[test]
fn a_frame_that_fits_the_input_buffer_is_never_copied_and_one_byte_more_is_consumed_as_it_arrives() {
    let input_buffer = scaled(100_000, 10_000);
    let config = Config { input_buffer, ..Config::default() };
    for (len, stays) in [(input_buffer - MAX_HEADER, true), (input_buffer + 1 - MAX_HEADER, false)] {
        let wire = masked(FIN | BINARY, &vec![0xa5; len]);
        let mut connection = Connection::server(config.clone());
        let mut output = bytes::BytesMut::new();
        let mut input = wire.clone();
        let (mut used, mut filled) = (0, 0);
        while filled + 1000 < wire.len() {
            filled += 1000;
            let step = connection.receive(&mut input[used..filled], &mut output).unwrap();
            assert_eq!(step, Step { consumed: if stays { 0 } else { filled - used }, event: None });
            used += step.consumed;
        }
        let step = connection.receive(&mut input[used..], &mut output).unwrap();
        let Some(Event::Binary(data)) = step.event else { panic!("{len}") };
        assert_eq!(matches!(data, std::borrow::Cow::Borrowed(_)), stays);
        assert!(data.len() == len && data.iter().all(|&byte| byte == 0xa5));
    }
}

#[test]
fn the_least_input_buffer_is_one_for_the_longest_control_frame() {
    assert_eq!(Connection::MIN_INPUT, MAX_HEADER + 125);
    for (len, stays) in [(125, true), (126, false)] {
        let mut wire = masked(FIN | BINARY, &vec![0; len]);
        wire.pop();
        let consumed = if stays { 0 } else { wire.len() };
        let mut connection = Connection::server(Config { input_buffer: 0, ..Config::default() });
        let step = connection.receive(&mut wire, &mut bytes::BytesMut::new()).unwrap();
        assert_eq!(step, Step { consumed, event: None }, "{len}");
    }
}

#[test]
fn the_size_of_the_input_buffer_changes_no_event() {
    let wire = [
        masked(TEXT, "Grüße".repeat(100).as_bytes()),
        masked(FIN | PING, &[b'?'; 125]),
        masked(FIN | CONTINUATION, "κόσμε".repeat(50).as_bytes()),
        masked(FIN | BINARY, &[3; 500]),
        masked(FIN | TEXT, &[0xff; 300]),
    ]
    .concat();
    let with = |input_buffer| gets(&wire, || Connection::server(Config { input_buffer, ..Config::default() }));
    let small = with(0);
    assert_eq!((small.events.len(), small.error), (3, Some(ProtocolError::InvalidUtf8)));
    assert_eq!(small, with(512));
    assert_eq!(small, with(1 << 20));
}

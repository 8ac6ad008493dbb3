//! Bounds on what is held, and time that is linear in what was received.

use crate::decode_within;
use crate::support::scaled;
use tidings::sse::{DecodeError, Decoder, DecoderLimits};

fn limits(data: usize, event: usize, id: usize) -> DecoderLimits {
    let mut limits = DecoderLimits::default();
    (limits.data, limits.event, limits.id) = (data, event, id);
    limits
}

#[test]
fn data_up_to_the_limit_passes_and_one_byte_more_does_not() {
    let limits = limits(5, 0, 0);
    assert_eq!(decode_within(limits, b"data: 12345\n\n").ok(), ["message=12345"]);
    assert_eq!(decode_within(limits, b"data: 123456\n\n").err(), DecodeError::DataTooLong);
    assert_eq!(decode_within(limits, b"data:123456").err(), DecodeError::DataTooLong);
    assert_eq!(decode_within(limits, b"data:  12345").err(), DecodeError::DataTooLong);
}

#[test]
fn data_of_several_lines_counts_as_it_is_joined() {
    let limits = limits(5, 0, 0);
    assert_eq!(decode_within(limits, b"data: 12\ndata: 45\n\n").ok(), ["message=12\n45"]);
    assert_eq!(decode_within(limits, b"data: 123\ndata: 45\n\n").err(), DecodeError::DataTooLong);
    assert_eq!(decode_within(limits, b"data: 12345\ndata\n\n").err(), DecodeError::DataTooLong);
    assert_eq!(decode_within(limits, b"data\ndata\ndata\ndata\ndata\ndata\n\n").ok(), ["message=\n\n\n\n\n"]);
    assert_eq!(decode_within(limits, &b"data\n".repeat(7)).err(), DecodeError::DataTooLong);
}

#[test]
fn each_event_has_the_whole_limit() {
    assert_eq!(decode_within(limits(5, 0, 0), &b"data: 12345\n\n".repeat(20)).ok().len(), 20);
}

#[test]
fn a_type_up_to_the_limit_passes_and_one_byte_more_does_not() {
    let limits = limits(1, 3, 0);
    assert_eq!(decode_within(limits, b"event: abc\nevent: def\ndata\n\n").ok(), ["def="]);
    assert_eq!(decode_within(limits, b"event: abcd\n").err(), DecodeError::EventTooLong);
    assert_eq!(decode_within(limits, b"event:abcd").err(), DecodeError::EventTooLong);
}

#[test]
fn an_id_up_to_the_limit_passes_and_one_byte_more_does_not() {
    let limits = limits(1, 0, 3);
    assert_eq!(decode_within(limits, b"id: 123\nid: 456\n\n").ok(), ["#456 @456"]);
    assert_eq!(decode_within(limits, b"id: 1234\n").err(), DecodeError::IdTooLong);
    assert_eq!(decode_within(limits, b"id: 1234\0\n").err(), DecodeError::IdTooLong);
    assert_eq!(decode_within(limits, b"id: 123\x00456\n\n").ok(), [""; 0]);
}

#[test]
fn events_before_an_error_are_given() {
    let outcome = decode_within(limits(3, 0, 3), b"id: 1\ndata: a\n\nid: 2\nretry: 5\ndata: abcd\n\n");
    assert_eq!(outcome.events, ["message=a @1", "retry 5 @1"]);
    assert_eq!(outcome.error, Some(DecodeError::DataTooLong));
}

#[test]
fn an_error_is_final_and_leaves_the_last_event_id() {
    let mut decoder = Decoder::new(limits(1, 0, 1));
    decoder.receive(b"id: 1\n\n").unwrap();
    assert_eq!(decoder.receive(b"id: 2\ndata: ab"), Err(DecodeError::DataTooLong));
    assert_eq!(decoder.receive(b"data: a\n\n"), Err(DecodeError::DataTooLong));
    assert_eq!(decoder.receive(b""), Err(DecodeError::DataTooLong));
    assert_eq!(decoder.last_event_id(), "1");
}

#[test]
fn each_error_says_which_limit_it_was() {
    for (error, what) in
        [(DecodeError::DataTooLong, "data"), (DecodeError::EventTooLong, "type"), (DecodeError::IdTooLong, "ID")]
    {
        assert_eq!(error.to_string(), format!("the {what} of an event is longer than the decoder's limit"));
    }
}

#[test]
fn comments_and_unknown_fields_without_end_need_no_room() {
    let mut decoder = Decoder::new(limits(0, 0, 0));
    let filler = [b'x'; scaled(16 << 10, 1 << 10)];
    for start in [&b":"[..], b"unknown: ", b"data2", b"unknown-name-without-a-colon", b"id: \0", b"retry: y"] {
        decoder.receive(start).unwrap();
        for _ in 0..scaled(64, 1) {
            assert_eq!(decoder.receive(&filler).unwrap().consumed, filler.len());
        }
        decoder.receive(b"\n").unwrap();
    }
    decoder.receive(&b": c\nunknown\n".repeat(scaled(100_000, 100))).unwrap();
    assert!(decoder.receive(b"data\n\n").unwrap().event.is_some());
}

#[test]
fn digits_without_end_need_no_room() {
    let mut decoder = Decoder::new(limits(0, 0, 0));
    decoder.receive(b"retry: ").unwrap();
    for _ in 0..scaled(16, 1) {
        decoder.receive(&[b'9'; 4096]).unwrap();
    }
    assert!(decoder.receive(b"\n").unwrap().event.is_some());
}

#[test]
fn a_long_line_byte_by_byte_takes_linear_time() {
    // Looking again at what has come, with each byte that comes, would take hours.
    let mut decoder = Decoder::default();
    decoder.receive(b"data: ").unwrap();
    let len = scaled(4 << 20, 1000);
    for _ in 0..len {
        assert_eq!(decoder.receive(b"x").unwrap().consumed, 1);
    }
    let step = decoder.receive(b"\n\n").unwrap();
    assert!(matches!(step.event, Some(tidings::sse::Decoded::Message { data, .. }) if data.len() == len));
}

#[test]
fn many_short_lines_without_a_blank_line_take_linear_time() {
    let mut decoder = Decoder::default();
    for _ in 0..scaled(100_000, 100) {
        assert!(decoder.receive(b"data: x\n: c\nid: 1\n").unwrap().event.is_none());
    }
    assert!(decoder.receive(b"\n").unwrap().event.is_some());
}

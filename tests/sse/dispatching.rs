//! "Interpreting an event stream": dispatching the event.

use crate::{decode, drain, last_event_id_after};
use std::borrow::Cow;
use tidings::sse::{Decoded, Decoder};

#[test]
fn an_id_without_data_moves_the_last_event_id_and_is_no_event() {
    assert_eq!(decode("id: 1\n\n"), ["#1 @1"]);
    assert_eq!(decode("id: 1\nevent: e\n\ndata: x\n\n"), ["#1 @1", "message=x @1"]);
    assert_eq!(decode("id: 1\n\nid\n\n"), ["#1 @1", "#"]);
}

#[test]
fn an_id_before_its_blank_line_does_not_count() {
    assert_eq!(last_event_id_after("id: 1\ndata: x\n\nid: 2\ndata: y\n"), "1");
    assert_eq!(last_event_id_after("id: 1\n\nid: 2"), "1");
    assert_eq!(last_event_id_after("id: 1\n\nid: 2\n"), "1");
    assert_eq!(last_event_id_after("id: 1\n\nid: 2\n\n"), "2");
    assert_eq!(last_event_id_after("id: 1\n\nid: 2\nretry: 5\n"), "1");
}

#[test]
fn an_id_of_a_cut_block_is_forgotten() {
    let mut decoder = Decoder::default();
    drain(&mut decoder, b"id: 1\n\nid: 2\nda");
    decoder.receive_eof();
    assert_eq!(drain(&mut decoder, b"data: x\n\n"), ["message=x @1"]);
}

#[test]
fn an_id_stays_in_force_for_the_blocks_after_it() {
    assert_eq!(
        decode("id: 1\ndata: a\n\ndata: b\n\n:\n\ndata: c\n\n"),
        ["message=a @1", "message=b @1", "message=c @1"]
    );
}

#[test]
fn an_id_stays_in_force_over_a_reconnect() {
    let mut decoder = Decoder::default().with_last_event_id("7");
    assert_eq!(drain(&mut decoder, b"data: a\n\n"), ["message=a @7"]);
    decoder.receive_eof();
    assert_eq!(drain(&mut decoder, b"data: b\n\n"), ["message=b @7"]);
}

#[test]
fn without_data_the_type_is_forgotten() {
    assert_eq!(decode("event: e\n\ndata: x\n\n"), ["message=x"]);
}

#[test]
fn empty_data_is_an_event_and_no_data_is_none() {
    assert_eq!(decode("data:\n\nevent: e\n\n\n\n"), ["message="]);
}

#[test]
fn the_type_is_message_unless_said_otherwise() {
    assert_eq!(decode("data: x\n\nevent: e\ndata: y\n\nevent\ndata: z\n\n"), ["message=x", "e=y", "message=z"]);
}

#[test]
fn an_event_says_whether_its_block_set_the_id() {
    let mut decoder = Decoder::default();
    let wire = b"id: 1\ndata: a\n\ndata: b\n\n";
    let first = decoder.receive(wire).unwrap();
    let Some(Decoded::Message { id, .. }) = first.event else { panic!() };
    assert_eq!(id.as_deref(), Some("1"));
    let second = decoder.receive(&wire[first.consumed..]).unwrap();
    let Some(Decoded::Message { id, .. }) = second.event else { panic!() };
    assert_eq!(id, None);
}

#[test]
fn an_event_that_lies_whole_in_the_input_is_borrowed() {
    for wire in ["id: 1\nevent: e\ndata: a\n\n", ": c\n\nother\r\nid: 1\r\ndata: b\r\nevent: e\r\n\r\n"] {
        let mut decoder = Decoder::default();
        let step = decoder.receive(wire.as_bytes()).unwrap();
        let Some(Decoded::Message { event, data, id }) = step.event else { panic!() };
        assert!(matches!((event, data, id), (Cow::Borrowed(_), Cow::Borrowed(_), Some(Cow::Borrowed(_)))));
        assert_eq!(step.consumed, wire.len());
    }
}

//! "Interpreting an event stream": processing the field.

use crate::{decode, last_event_id_after};

#[test]
fn data_lines_are_joined_by_lf() {
    assert_eq!(decode("data: a\ndata:\ndata: b\n\n"), ["message=a\n\nb"]);
}

#[test]
fn the_last_event_field_counts() {
    assert_eq!(decode("event: a\nevent: b\ndata: x\n\n"), ["b=x"]);
    assert_eq!(decode("event: a\nevent:\ndata: x\n\n"), ["message=x"]);
}

#[test]
fn an_event_field_may_follow_the_data() {
    assert_eq!(decode("data: x\nevent: a\nid: 1\n\n"), ["a=x @1"]);
}

#[test]
fn the_last_id_field_counts_and_an_empty_one_resets() {
    assert_eq!(decode("id: 1\nid: 2\ndata: x\n\n"), ["message=x @2"]);
    assert_eq!(decode("id: 1\ndata: x\n\nid\ndata: y\n\n"), ["message=x @1", "message=y"]);
    assert_eq!(decode("id: 1\nid:\ndata: x\n\n"), ["message=x"]);
}

#[test]
fn an_id_with_a_nul_is_ignored() {
    assert_eq!(decode("id: 1\0\ndata: x\n\n"), ["message=x"]);
    assert_eq!(decode("id: 1\nid: \0\nid: a\0b\ndata: x\n\n"), ["message=x @1"]);
    assert_eq!(decode("data: a\0\nevent: \0\n\n"), ["\0=a\0"]);
    assert_eq!(last_event_id_after("id: 1\0\n\n"), "");
}

#[test]
fn retry_is_digits_only() {
    assert_eq!(decode("retry: 1500\n"), ["retry 1500"]);
    assert_eq!(decode("retry:007\n"), ["retry 7"]);
    for bad in ["+5", "-5", "1000x", "x", "5.0", "", " 5", "5 ", "0x5", "5_0", "٣", "1e3"] {
        assert_eq!(decode(format!("retry: {bad}\n\n")), [""; 0], "{bad:?}");
    }
}

#[test]
fn a_retry_of_any_length_does_not_overflow() {
    assert_eq!(decode("retry: 0\n"), ["retry 0"]);
    assert_eq!(decode("retry: 18446744073709551615\n"), ["retry max"]);
    assert_eq!(decode("retry: 18446744073709551616\n"), ["retry max"]);
    assert_eq!(decode("retry: 999999999999999999999999999999\n"), ["retry max"]);
    assert_eq!(decode("retry: 000000000000000000000000000012\n"), ["retry 12"]);
}

#[test]
fn a_block_that_is_only_retry_counts() {
    assert_eq!(decode("retry: 10\n\ndata: x\n\n"), ["retry 10", "message=x"]);
}

#[test]
fn retry_takes_effect_with_its_line_and_leaves_the_block_alone() {
    assert_eq!(decode("id: 1\nretry: 10\ndata: a\nretry: 20\nevent: e\n\n"), ["retry 10", "retry 20", "e=a @1"]);
    assert_eq!(decode("data: a\nretry: 10\ndata: b\n\n"), ["retry 10", "message=a\nb"]);
}

#[test]
fn other_fields_are_ignored() {
    assert_eq!(decode("foo: 1\ndata2: y\ndat: z\ndatadata\nretrying: 4\ndata: x\nidx: 7\n\n"), ["message=x"]);
}

#[test]
fn names_are_compared_exactly() {
    assert_eq!(decode("Data: a\nDATA: a\n data: a\ndata : a\nID: 1\ndata\u{a0}: a\n\n"), [""; 0]);
}

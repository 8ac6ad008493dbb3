//! "Interpreting an event stream": what a line is, and the examples that the standard gives (in other data).

use crate::{decode, drain};
use tidings::sse::Decoder;

#[test]
fn a_blank_line_dispatches() {
    assert_eq!(decode("data: a\n\n"), ["message=a"]);
    assert_eq!(decode("data: a\n"), [""; 0]);
}

#[test]
fn a_line_that_begins_with_a_colon_is_a_comment() {
    assert_eq!(decode(":\n\n: x\n:data: y\ndata: a\n:id: 7\n\n"), ["message=a"]);
}

#[test]
fn one_leading_space_is_stripped_and_no_more() {
    assert_eq!(decode("data:a\n\n"), ["message=a"]);
    assert_eq!(decode("data: a\n\n"), ["message=a"]);
    assert_eq!(decode("data:  a \n\n"), ["message= a "]);
    assert_eq!(decode("data:\ta\n\n"), ["message=\ta"]);
    assert_eq!(decode("data: \n\n"), ["message="]);
    assert_eq!(decode("data:  \n\n"), ["message= "]);
}

#[test]
fn only_the_first_colon_separates() {
    assert_eq!(decode("data: a: b:\n\n"), ["message=a: b:"]);
    assert_eq!(decode("data::\n\n"), ["message=:"]);
}

#[test]
fn a_line_without_a_colon_is_a_field_with_the_empty_value() {
    assert_eq!(decode("data\n\n"), ["message="]);
    assert_eq!(decode("data\ndata\n\n"), ["message=\n"]);
    assert_eq!(decode("event: e\nevent\nid: 1\nid\nretry\ndata\n\n"), ["message="]);
}

#[test]
fn the_end_of_the_stream_discards_what_is_pending() {
    assert_eq!(decode("data: a\n\ndata: lost\nid: 1\n"), ["message=a"]);
    let mut decoder = Decoder::default();
    assert_eq!(drain(&mut decoder, b"event: lost\ndata: lost\nda"), [""; 0]);
    decoder.receive_eof();
    assert_eq!(drain(&mut decoder, b"\xef\xbb\xbfdata: a\n\n"), ["message=a"]);
    assert_eq!(drain(&mut decoder, b"data: lost\n\r"), ["message=lost"]);
    decoder.receive_eof();
    assert_eq!(drain(&mut decoder, b"\ndata: a\n\n"), ["message=a"], "the LF is of another stream");
}

#[test]
fn example_several_data_lines_are_one_event() {
    assert_eq!(decode("data: KLM\ndata: +3\ndata: 20\n\n"), ["message=KLM\n+3\n20"]);
}

#[test]
fn example_comment_and_ids() {
    let stream = ": a stream for tests\n\ndata: event one\nid: 1\n\ndata:event two\nid\n\ndata:  event three\n\n";
    assert_eq!(decode(stream), ["message=event one @1", "message=event two", "message= event three"]);
}

#[test]
fn example_empty_data_and_a_block_cut_off() {
    assert_eq!(decode("data\n\ndata\ndata\n\ndata:"), ["message=", "message=\n"]);
}

#[test]
fn example_the_space_does_not_matter() {
    assert_eq!(decode("data:same\n\ndata: same\n\n"), ["message=same", "message=same"]);
}

#[test]
fn example_types() {
    assert_eq!(decode("event: join\ndata: 17\n\nevent: leave\ndata: 3\n\n"), ["join=17", "leave=3"]);
}

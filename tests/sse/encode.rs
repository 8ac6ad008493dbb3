//! Writing blocks.

use crate::support::scaled;
use bytes::BytesMut;
use core::time::Duration;
use tidings::sse::{Event, SendError};

fn encoded(event: &Event<'_>) -> String {
    let mut output = BytesMut::from("before");
    event.encode(&mut output).unwrap();
    String::from_utf8(output.to_vec()).unwrap().strip_prefix("before").unwrap().to_owned()
}

#[track_caller]
fn refused(event: &Event<'_>, error: SendError) {
    let mut output = BytesMut::from("before");
    assert_eq!(event.encode(&mut output), Err(error), "{event:?}");
    assert_eq!(output, "before", "an event that is refused writes nothing");
}

#[test]
fn each_kind_of_line_end_in_data_is_one_line_break() {
    assert_eq!(encoded(&Event::message("a\r\nb")), "data: a\ndata: b\n\n");
    assert_eq!(encoded(&Event::message("a\rb")), "data: a\ndata: b\n\n");
    assert_eq!(encoded(&Event::message("a\nb")), "data: a\ndata: b\n\n");
    assert_eq!(encoded(&Event::message("a\n\rb")), "data: a\ndata:\ndata: b\n\n");
    assert_eq!(encoded(&Event::message("a\r\r\nb")), "data: a\ndata:\ndata: b\n\n");
    assert_eq!(encoded(&Event::message("\r\n")), "data:\ndata:\n\n");
    assert_eq!(encoded(&Event::message("a\n")), "data: a\ndata:\n\n");
}

#[test]
fn empty_data_still_gives_a_data_line() {
    assert_eq!(encoded(&Event::message("")), "data:\n\n");
}

#[test]
fn a_leading_space_and_a_colon_survive() {
    assert_eq!(encoded(&Event::message(" a: b")), "data:  a: b\n\n");
}

#[test]
fn a_line_end_or_nul_in_id_or_type_is_an_error_and_writes_nothing() {
    for bad in ["a\r\nb", "a\rb", "a\nb", "\n", "a\0b", "\0"] {
        refused(&Event::message("x").with_id(bad), SendError::InvalidId);
        refused(&Event::bookmark(bad), SendError::InvalidId);
        refused(&Event::message("x").with_event(bad).with_id("1").with_comment("c"), SendError::InvalidEvent);
    }
}

#[test]
fn a_comment_with_line_breaks_becomes_comment_lines() {
    assert_eq!(encoded(&Event::comment("a\r\nb\rdata: c\n")), ": a\n: b\n: data: c\n:\n\n");
    assert_eq!(encoded(&Event::comment("")), ":\n\n");
}

#[test]
fn retry_is_written_in_whole_milliseconds() {
    let retry = |time| encoded(&Event::default().with_retry(time));
    assert_eq!(retry(Duration::ZERO), "retry: 0\n\n");
    assert_eq!(retry(Duration::from_micros(1999)), "retry: 1\n\n");
    assert_eq!(retry(Duration::from_secs(120)), "retry: 120000\n\n");
    assert_eq!(retry(Duration::from_millis(u64::MAX)), "retry: 18446744073709551615\n\n");
    assert_eq!(retry(Duration::MAX), "retry: 18446744073709551615\n\n");
}

#[test]
fn an_id_alone_is_a_bookmark_and_an_empty_one_resets() {
    assert_eq!(encoded(&Event::bookmark("5-7")), "id: 5-7\n\n");
    assert_eq!(encoded(&Event::bookmark("")), "id:\n\n");
}

#[test]
fn all_fields_at_once() {
    let event = Event::message("one\ntwo")
        .with_id("7")
        .with_event("price")
        .with_retry(Duration::from_millis(5))
        .with_comment("hello");
    assert_eq!(encoded(&event), ": hello\nretry: 5\nid: 7\nevent: price\ndata: one\ndata: two\n\n");
}

#[test]
fn no_field_writes_nothing() {
    assert_eq!(encoded(&Event::default()), "");
}

#[test]
fn long_lines_are_split_wherever_the_break_stands() {
    for len in (0..200).step_by(scaled(1, 9)) {
        let (front, back) = ("x".repeat(len), "y".repeat(200 - len));
        assert_eq!(encoded(&Event::message(format!("{front}\r{back}"))).matches("data:").count(), 2);
        assert_eq!(encoded(&Event::message(format!("{front}{back}"))), format!("data: {front}{back}\n\n"));
    }
}

/// Long texts are searched and copied piece by piece; a CRLF may stand across two of them.
#[test]
fn very_long_lines_are_split_wherever_the_break_stands() {
    for &len in scaled(&[8190, 8191, 8192, 8193, 16_383, 16_384, 40_000][..], &[8191, 8193]) {
        let (front, back) = ("x".repeat(len), "y".repeat(len));
        assert_eq!(encoded(&Event::message(&*front)), format!("data: {front}\n\n"));
        for line_end in ["\n", "\r", "\r\n"] {
            let expected = format!("data: {front}\ndata: {back}\ndata:\n\n");
            assert_eq!(encoded(&Event::message(format!("{front}{line_end}{back}{line_end}"))), expected, "{len}");
        }
    }
}

#[test]
fn a_buffer_of_its_own_gets_exactly_the_size_of_an_event_and_a_byte_for_each_line_break() {
    let longest_retry = Duration::from_millis(u64::MAX);
    for (event, breaks) in [
        (Event::message("12").with_id("7").with_event("price"), 0),
        (Event::message("x".repeat(500)), 0),
        (Event::bookmark("7").with_retry(longest_retry), 0),
        (Event::message("one\ntwo\rthree").with_comment("four\nfive").with_retry(longest_retry), 3),
        (Event::comment("c\nc\rc".repeat(100)).with_id("7"), 200),
    ] {
        let mut output = BytesMut::new();
        event.encode(&mut output).unwrap();
        assert_eq!(output.capacity(), output.len() + breaks, "{event:?}");
    }
}

#[test]
fn an_event_that_cannot_be_written_says_what_is_wrong() {
    assert_eq!(SendError::InvalidId.to_string(), "an event's ID must not have a CR, LF or NUL");
    assert_eq!(SendError::InvalidEvent.to_string(), "an event's type must not have a CR, LF or NUL");
}

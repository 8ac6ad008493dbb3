//! "Parsing an event stream": the byte order mark, decoding, lines.

use crate::{decode, drain};
use tidings::sse::Decoder;

const BOM: &str = "\u{feff}";

#[test]
fn one_byte_order_mark_at_the_start_is_skipped() {
    assert_eq!(decode(format!("{BOM}data: x\n\n")), ["message=x"]);
}

#[test]
fn a_byte_order_mark_in_three_chunks_is_skipped() {
    let mut decoder = Decoder::default();
    let mut seen = Vec::new();
    for chunk in [&b"\xef"[..], b"\xbb", b"\xbf", b"data: x\n\n"] {
        seen.extend(drain(&mut decoder, chunk));
    }
    assert_eq!(seen, ["message=x"]);
}

#[test]
fn an_empty_chunk_before_or_within_a_byte_order_mark_is_nothing() {
    let mut decoder = Decoder::default();
    let mut seen = Vec::new();
    for chunk in [&b""[..], b"\xef", b"", b"\xbb", b"", b"\xbf", b"", b"data: x\n\n"] {
        seen.extend(drain(&mut decoder, chunk));
    }
    assert_eq!(seen, ["message=x"]);
}

#[test]
fn a_second_byte_order_mark_is_data() {
    assert_eq!(decode(format!("{BOM}{BOM}data: lost\n\n")), [""; 0]);
    assert_eq!(decode(format!("{BOM}data: {BOM}x\n\n")), [format!("message={BOM}x")]);
    assert_eq!(decode(format!("\n{BOM}data: lost\n\n")), [""; 0]);
}

#[test]
fn half_a_byte_order_mark_is_a_bad_name() {
    assert_eq!(decode(b"\xef\xbbdata: lost\n\ndata: x\n\n"), ["message=x"]);
    assert_eq!(decode(b"\xef\ndata: x\n\n"), ["message=x"]);
    assert_eq!(decode(b"\xef\xbb\n\ndata: x\n\n"), ["message=x"]);
    assert_eq!(decode(b"\xef\xef\xbb\xbf\ndata: x\n\n"), ["message=x"]);
}

#[test]
fn a_byte_order_mark_alone_is_nothing() {
    assert_eq!(decode(BOM), [""; 0]);
    assert_eq!(decode(format!("{BOM}\n\n")), [""; 0]);
}

#[test]
fn lines_end_with_crlf_lf_or_cr() {
    for end in ["\n", "\r", "\r\n"] {
        let stream = format!("id: 1{end}event: e{end}data: a{end}data: b{end}{end}data: c{end}{end}");
        assert_eq!(decode(stream), ["e=a\nb @1", "message=c @1"], "{end:?}");
    }
}

/// The search for them goes by words, by small blocks and by large ones, and a tab looks like one at first.
#[test]
fn lines_end_wherever_their_end_stands() {
    for len in (0..700).chain(1020..1030) {
        let value: String = (0..len).map(|at| if at % 97 == 50 { '\t' } else { 'x' }).collect();
        for end in ["\n", "\r", "\r\n"] {
            let stream = format!("data:{value}{end}id:1{end}{end}");
            assert_eq!(drain(&mut Decoder::default(), stream.as_bytes()), [format!("message={value} @1")], "{len}");
        }
    }
}

#[test]
fn line_ends_may_be_mixed() {
    assert_eq!(decode("data: a\rdata: b\r\ndata: c\n\rdata: d\n\n"), ["message=a\nb\nc", "message=d"]);
    assert_eq!(decode("data: a\n\r\ndata: b\r\r\n"), ["message=a", "message=b"]);
}

#[test]
fn a_cr_dispatches_at_once_and_a_following_lf_is_swallowed() {
    let mut decoder = Decoder::default();
    assert_eq!(drain(&mut decoder, b"data: a\r"), [""; 0]);
    assert_eq!(drain(&mut decoder, b"\r"), ["message=a"]);
    assert_eq!(drain(&mut decoder, b"\ndata: b\r\n"), [""; 0]);
    assert_eq!(drain(&mut decoder, b"\r"), ["message=b"]);
    assert_eq!(drain(&mut decoder, b""), [""; 0]);
    assert_eq!(drain(&mut decoder, b"\n\ndata: c\n\n"), ["message=c"]);
}

#[test]
fn cr_and_lf_are_not_one_line_end_across_an_empty_line() {
    // CR LF LF: a line end and a blank line, not three.
    assert_eq!(decode("data: a\r\n\ndata: b\n\n"), ["message=a", "message=b"]);
}

#[test]
fn invalid_utf8_becomes_the_replacement_character_and_the_stream_lives() {
    assert_eq!(decode(b"data: a\xffb\n\ndata: c\n\n"), ["message=a\u{fffd}b", "message=c"]);
    assert_eq!(decode(b"event: \xc0\nid: \x80\ndata\n\n"), ["\u{fffd}= @\u{fffd}"]);
}

#[test]
fn each_maximal_part_of_a_malformed_sequence_is_replaced_once() {
    // A truncated sequence of four, surrogates, an overlong form, beyond the last code point.
    assert_eq!(decode(b"data:\xf0\x9f\x98!\n\n"), ["message=\u{fffd}!"]);
    assert_eq!(decode(b"data:\xed\xa0\x80\n\n"), ["message=\u{fffd}\u{fffd}\u{fffd}"]);
    assert_eq!(decode(b"data:\xe0\x80\xaf\n\n"), ["message=\u{fffd}\u{fffd}\u{fffd}"]);
    assert_eq!(decode(b"data:\xf4\x90\x80\x80\n\n"), ["message=\u{fffd}\u{fffd}\u{fffd}\u{fffd}"]);
}

#[test]
fn a_malformed_sequence_swallows_no_line_end() {
    assert_eq!(decode(b"data: a\xe2\x82\n\ndata: b\xf0\r\rdata: c\n\n").len(), 3);
    assert_eq!(decode(b"data: \xe2\x82\ndata: \xac\n\n"), ["message=\u{fffd}\n\u{fffd}"]);
}

#[test]
fn a_character_split_over_chunks_is_whole() {
    assert_eq!(decode("data: grün 😀\n\n"), ["message=grün 😀"]);
}

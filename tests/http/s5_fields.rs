//! §5: field lines.

use super::{request, requests, responses};
use tidings::http::{HeadError, Headers};

fn with(line: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: h\r\n{line}\r\n\r\n")
}

#[test]
fn whitespace_before_the_colon_gets_400() {
    for line in ["A : b", "A\t: b", "A b: c", " A: b", ": b", "A", "A\u{e9}: b"] {
        let error = requests(with(line)).err();
        assert_eq!((error, error.status().as_u16()), (HeadError::HeaderName, 400), "{line:?}");
    }
    assert_eq!(responses("HTTP/1.1 200 OK\r\nA : b\r\n\r\n").err(), HeadError::HeaderName);
}

#[test]
fn a_folded_line_gets_400() {
    for line in ["A: b\r\n c", "A: b\r\n\tc: d", "A:\r\n b"] {
        assert_eq!(requests(with(line)).err(), HeadError::HeaderName, "{line:?}");
    }
    assert_eq!(responses("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n").err(), HeadError::HeaderName);
}

#[test]
fn whitespace_around_a_value_is_not_part_of_it() {
    let wire = with("A:\t b\tc \t\r\nB:\r\nC:  ");
    let head = request(&wire);
    assert_eq!(head.headers.get("a"), Some(&b"b\tc"[..]));
    assert_eq!(head.headers.get("b"), Some(&b""[..]));
    assert_eq!(head.headers.get("c"), Some(&b""[..]));
    assert_eq!(head.headers.get("d"), None);
}

#[test]
fn values_need_not_be_utf_8() {
    let heads = requests(b"GET / HTTP/1.1\r\nHost: h\r\nA: \xff\r\n\r\n").ok();
    assert_eq!(heads[0].headers[1].1, b"\xff");
}

#[test]
fn names_have_no_case_and_the_first_value_wins() {
    let wire = with("Last-Event-ID: 1\r\nlast-event-id: 2");
    let headers = request(&wire).headers;
    assert_eq!(headers.get_str("LAST-EVENT-ID"), Some("1"));
    assert_eq!(headers.get_all("last-event-id").collect::<Vec<_>>(), [b"1", b"2"]);
    assert_eq!(headers.len(), 3);
    assert!(!headers.is_empty());
}

#[test]
fn tokens_are_collected_over_repeated_headers() {
    let wire = with("Connection: keep-alive ,,\tUpgrade\r\nConnection: x\r\nConnection:");
    let headers = request(&wire).headers;
    assert_eq!(headers.tokens("connection").collect::<Vec<_>>(), ["keep-alive", "Upgrade", "x"]);
    assert!(headers.has_token("connection", "upgrade"));
    assert!(!headers.has_token("connection", "up"));
}

#[test]
fn headers_of_another_stack_can_be_looked_up_too() {
    let headers = Headers::from_pairs([("A", &b"b"[..]), ("C", b"\xff, d"), ("E", b"\x01")]);
    assert_eq!(headers.get_str("a"), Some("b"));
    assert_eq!(headers.get_str("c"), None, "not UTF-8");
    assert_eq!(headers.get_str("e"), None, "a control character");
    assert_eq!(headers.tokens("c").collect::<Vec<_>>(), ["d"]);
}

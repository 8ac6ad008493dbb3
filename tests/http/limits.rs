//! The bounds of a head: exact, and reported as soon as they show.

use super::{Head, requests_within};
use crate::support::{Outcome, scaled};
use bytes::BytesMut;
use tidings::http::{HeadError, HeadLimits, RequestReader};

/// How long a head may be by default.
const BYTES: usize = scaled(16 * 1024, 1024);

/// What is read within the default limits.
#[track_caller]
fn requests(wire: impl AsRef<[u8]>) -> Outcome<Head, HeadError> {
    let default = HeadLimits::default();
    requests_within(HeadLimits { bytes: scaled(default.bytes, BYTES), ..default }, wire)
}

/// A head of exactly so many bytes.
fn head_of(bytes: usize) -> String {
    let frame = "GET / HTTP/1.1\r\nHost: h\r\nX: \r\n\r\n".len();
    format!("GET / HTTP/1.1\r\nHost: h\r\nX: {}\r\n\r\n", "x".repeat(bytes - frame))
}

#[test]
fn the_limit_of_bytes_passes_and_one_more_is_431() {
    assert_eq!(requests(head_of(BYTES)).ok().len(), 1);
    let error = requests(head_of(BYTES + 1)).err();
    assert_eq!((error, error.status().as_u16()), (HeadError::TooLarge, 431));
    for limit in 60..scaled(80, 64) {
        let limits = HeadLimits { bytes: limit, ..HeadLimits::default() };
        assert_eq!(requests_within(limits, head_of(limit)).ok().len(), 1);
        assert_eq!(requests_within(limits, head_of(limit + 1)).err(), HeadError::TooLarge);
    }
}

#[test]
fn a_head_without_an_end_is_refused_at_the_limit_even_without_a_newline() {
    assert_eq!(requests("x".repeat(BYTES)).err(), HeadError::TooLarge);
    assert_eq!(requests(format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(BYTES))).err(), HeadError::TooLarge);
    assert_eq!(requests("\r\n".repeat(BYTES)).err(), HeadError::TooLarge);
}

#[test]
fn a_target_without_an_end_is_414() {
    let error = requests(format!("GET /{}", "x".repeat(BYTES))).err();
    assert_eq!((error, error.status().as_u16()), (HeadError::TargetTooLong, 414));
    let error = requests(format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "x".repeat(scaled(16_000, 400))));
    assert_eq!(error.ok().len(), 1, "§3: 8000 bytes of request line at least");
}

#[test]
fn the_limit_of_headers_passes_and_one_more_is_431_before_the_end() {
    let lines = |count: usize| format!("GET / HTTP/1.1\r\nHost: h\r\n{}", "A: b\r\n".repeat(count - 1));
    assert_eq!(requests(lines(100) + "\r\n").ok()[0].headers.len(), 100);
    let error = requests(lines(101)).err();
    assert_eq!((error, error.status().as_u16()), (HeadError::TooManyHeaders, 431));

    let none = HeadLimits { headers: 0, ..HeadLimits::default() };
    assert_eq!(requests_within(none, "GET / HTTP/1.0\r\n\r\n").ok().len(), 1);
    assert_eq!(requests_within(none, "GET / HTTP/1.0\r\nA: b\r\n").err(), HeadError::TooManyHeaders);

    let many = HeadLimits { headers: usize::MAX, ..HeadLimits::default() };
    assert_eq!(requests_within(many, lines(128) + "\r\n").ok()[0].headers.len(), 128);
    assert_eq!(requests_within(many, lines(129)).err(), HeadError::TooManyHeaders);
}

/// A bare LF put behind the reader's back into bytes that it has passed is not found: they are not looked at again.
#[test]
fn a_head_is_not_searched_again_at_every_byte() {
    let mut reader = RequestReader::default();
    let mut output = BytesMut::new();
    let mut head = head_of(1000).into_bytes();
    assert_eq!(reader.receive(&head[..900], &mut output).unwrap().consumed, 0);
    head[500] = b'\n';
    assert_eq!(reader.receive(&head[..990], &mut output).unwrap().consumed, 0);
    assert_eq!(reader.receive(&head[..998], &mut output).unwrap().consumed, 0);
}

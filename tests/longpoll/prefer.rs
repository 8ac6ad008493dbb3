//! `Prefer: wait` (RFC 7240 §2 and §4.3).

use crate::seconds;
use proptest::prelude::*;
use std::time::Duration;
use tidings::longpoll::{Options, Request};

/// The wait that the headers ask for.
fn prefer(headers: &[&str]) -> Duration {
    let request = Request::new(None, None, headers.iter().copied(), &Options::default());
    request.expect("a preference never makes a request fail").wait
}

#[test]
fn prefer_wait_counts_like_the_query() {
    assert_eq!(prefer(&["wait=20"]), seconds(20));
    assert_eq!(prefer(&["wait=0"]), Duration::ZERO);
    assert_eq!(prefer(&["wait=99999999999999999999"]), seconds(60));
}

#[test]
fn the_query_wins() {
    let request = Request::new(None, Some("5"), ["wait=20"].into_iter(), &Options::default());
    assert_eq!(request.unwrap().wait, seconds(5));
}

#[test]
fn section_2_names_compare_without_case() {
    assert_eq!(prefer(&["Wait=20"]), seconds(20));
    assert_eq!(prefer(&["WAIT=20"]), seconds(20));
}

#[test]
fn section_2_whitespace_may_stand_around_everything() {
    assert_eq!(prefer(&[" \twait\t = 20 \t; a ; b = c\t, \t"]), seconds(20));
}

#[test]
fn section_2_a_value_may_be_quoted() {
    assert_eq!(prefer(&["wait=\"20\""]), seconds(20));
    assert_eq!(prefer(&["wait = \"20\" ;x"]), seconds(20));
    assert_eq!(prefer(&[r#"wait="\2\0""#]), seconds(20));
}

#[test]
fn section_2_an_empty_value_is_none() {
    for header in ["wait", "wait=", "wait=\"\"", "wait; x=1"] {
        assert_eq!(prefer(&[header]), seconds(30), "{header}");
    }
}

#[test]
fn section_2_parameters_are_ignored() {
    assert_eq!(prefer(&["wait=20; wait=5"]), seconds(20));
    assert_eq!(prefer(&["other; wait=5"]), Duration::ZERO);
    assert_eq!(prefer(&["wait=20;;=;\"x\";foo=\"a,b;c\""]), seconds(20));
}

#[test]
fn section_2_unknown_preferences_are_ignored() {
    assert_eq!(prefer(&["respond-async, wait=20, handling=lenient"]), seconds(20));
    assert_eq!(prefer(&["handling=lenient", "respond-async, wait=20"]), seconds(20));
    for header in ["", ",", " , ,", "waiting=5", "await=5", "wait foo=5", "x-wait=5", "respond-async"] {
        assert_eq!(prefer(&[header]), Duration::ZERO, "{header:?}");
    }
}

#[test]
fn section_2_the_first_of_a_kind_counts() {
    assert_eq!(prefer(&["wait=20, wait=5"]), seconds(20));
    assert_eq!(prefer(&["x, wait=20", "wait=5"]), seconds(20));
    assert_eq!(prefer(&["wait=x, wait=5"]), Duration::ZERO, "even a malformed one");
}

#[test]
fn section_2_commas_and_semicolons_in_quotes_separate_nothing() {
    assert_eq!(prefer(&["foo=\"a, wait=5\", wait=20"]), seconds(20));
    assert_eq!(prefer(&["foo=\"a; b\"; c, wait=20"]), seconds(20));
    assert_eq!(prefer(&[r#"foo="\", wait=5, \\", wait=20"#]), seconds(20));
}

#[test]
fn section_4_3_a_malformed_wait_is_ignored() {
    let malformed =
        ["-1", "+5", "5s", "5.5", "1 2", "\"5", "5\"", "\"5\"6", "\"5\\\"", "\" 5\"", r#""1\\2""#, "'5'", "=5"];
    for value in malformed {
        assert_eq!(prefer(&[&format!("wait={value}")]), Duration::ZERO, "{value:?}");
    }
}

proptest! {
    #[test]
    fn a_preference_never_makes_a_request_fail(headers in prop::collection::vec(r#"[a-z=;,"\\ 0-9]{0,30}|wait=.{0,9}"#, 0..4)) {
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        prop_assert!(prefer(&headers) <= seconds(60));
    }
}

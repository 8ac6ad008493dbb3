//! What a poll asks for by its query.

use crate::{at, seconds};
use std::error::Error;
use std::iter;
use std::time::Duration;
use tidings::longpoll::{Options, Request, RequestError};
use tidings::topic::{After, Filter};

fn query(after: Option<&str>, wait: Option<&str>) -> Result<Request, RequestError> {
    Request::new(after, wait, iter::empty(), &Options::default())
}

fn wait(wait: &str) -> Result<Duration, RequestError> {
    query(None, Some(wait)).map(|request| request.wait)
}

#[test]
fn without_after_a_poll_starts_at_the_oldest() {
    assert_eq!(query(None, None).unwrap().after, After::Oldest);
}

#[test]
fn without_wait_it_is_a_short_poll() {
    assert_eq!(
        query(Some("now"), None),
        Ok(Request { after: After::Now, filter: Filter::default(), wait: Duration::ZERO })
    );
}

#[test]
fn after_is_a_cursor_or_a_word() {
    assert_eq!(query(Some("1700000000000-3"), None).unwrap().after, After::Cursor(at(3)));
    assert_eq!(query(Some("oldest"), None).unwrap().after, After::Oldest);
}

#[test]
fn a_malformed_cursor_is_400() {
    for after in ["", "3", "a-b", "1-2-3", "01-2", "latest"] {
        let error = query(Some(after), None).unwrap_err();
        assert!(matches!(error, RequestError::After(_)), "{after:?}");
        assert_eq!(error.status(), 400);
        assert!(error.source().is_some());
    }
}

#[test]
fn wait_is_whole_seconds() {
    assert_eq!(wait("0"), Ok(Duration::ZERO));
    assert_eq!(wait("20"), Ok(seconds(20)));
    assert_eq!(wait("007"), Ok(seconds(7)));
}

#[test]
fn wait_over_the_maximum_is_cut_to_it() {
    for long in ["60", "61", "3600", "18446744073709551615", "18446744073709551616", &"9".repeat(1000)] {
        assert_eq!(wait(long), Ok(seconds(60)), "{long}");
    }
}

#[test]
fn a_malformed_wait_is_400() {
    for text in ["-1", "+5", "5s", "5.5", "1e2", " 5", "5 ", "0x5", "forever", "\"5\"", "٥"] {
        let error = wait(text).unwrap_err();
        assert_eq!((error, error.status()), (RequestError::Wait, 400), "{text:?}");
    }
}

#[test]
fn wait_without_a_number_asks_for_the_default() {
    assert_eq!(wait(""), Ok(seconds(30)));
    let options = Options { hold_default: seconds(90), ..Options::default() };
    let request = Request::new(None, Some(""), iter::empty(), &options).unwrap();
    assert_eq!(request.wait, seconds(60), "the default too is cut to the maximum");
}

//! §4: the status line.

use super::{response, responses};
use tidings::http::{HeadError, Status, Version};

#[test]
fn a_status_line_has_version_status_and_phrase() {
    let head = response("HTTP/1.0 404 Not  Found\r\n\r\n");
    assert_eq!((head.version, head.status, head.reason), (Version::Http10, Status::NOT_FOUND, "Not  Found"));
}

#[test]
fn the_phrase_may_be_absent_or_strange() {
    assert_eq!(response("HTTP/1.1 200 \r\n\r\n").reason, "");
    // The space is due, but many servers have left it out.
    assert_eq!(response("HTTP/1.1 200\r\n\r\n").reason, "");
    assert_eq!(response("HTTP/1.1 200 \u{e9}\r\n\r\n").reason, "");
}

#[test]
fn a_malformed_status_line_is_refused() {
    for line in
        ["HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 20", "HTTP/1.1 2000", "HTTP/1.1 +20 x", "HTTP/1.1  200", "HTTX/1.1 200"]
    {
        assert_eq!(responses(format!("{line}\r\n\r\n")).err(), HeadError::StatusLine, "{line:?}");
    }
}

#[test]
fn a_status_is_100_to_599() {
    for status in ["000", "099", "600", "999"] {
        assert_eq!(responses(format!("HTTP/1.1 {status} x\r\n\r\n")).err(), HeadError::StatusLine);
    }
    assert_eq!(Status::new(99), None);
    assert_eq!(Status::new(600), None);
    assert_eq!(Status::new(404), Some(Status::NOT_FOUND));
    assert_eq!(Status::new(599).map(|status| status.to_string()).as_deref(), Some("599"));
    assert_eq!(Status::NOT_FOUND.to_string(), "404 Not Found");
}

#[test]
fn interim_responses_come_before_the_final_one() {
    let heads = responses("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\n").ok();
    assert_eq!(heads.iter().map(|head| head.start.0.as_str()).collect::<Vec<_>>(), ["100", "200"]);
}

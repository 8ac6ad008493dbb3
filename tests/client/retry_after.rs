//! `Retry-After` (RFC 9110 §10.2.3).

use std::time::{Duration, SystemTime};
use tidings::client::retry_after;
use tidings::http::Headers;

/// Fri, 20 Nov 2026 10:00:00 GMT
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_168_800)
}

fn wait(headers: &[(&str, &str)]) -> Option<u64> {
    let headers: Headers<'_> = headers.iter().copied().collect();
    retry_after(&headers, now()).map(|wait| wait.as_secs())
}

#[test]
fn seconds_are_digits() {
    assert_eq!(wait(&[("retry-after", "120")]), Some(120));
    assert_eq!(wait(&[("Retry-After", "0")]), Some(0));
    assert_eq!(wait(&[("Retry-After", &"9".repeat(40))]), Some(u64::MAX));
    for none in ["", "-1", "+5", "5s", "1.5", "soon", "٥"] {
        assert_eq!(wait(&[("Retry-After", none)]), None, "{none:?}");
    }
    assert_eq!(wait(&[]), None);
}

#[test]
fn a_date_has_three_forms() {
    for date in ["Fri, 20 Nov 2026 10:00:30 GMT", "Friday, 20-Nov-26 10:00:30 GMT", "Fri Nov 20 10:00:30 2026"] {
        assert_eq!(wait(&[("Retry-After", date)]), Some(30), "{date}");
    }
    assert_eq!(wait(&[("Retry-After", "Fri, 20 Nov 2026 09:59:59 GMT")]), Some(0), "in the past");
    assert_eq!(wait(&[("Retry-After", "Fri, 31 Feb 2026 10:00:30 GMT")]), None);
}

#[test]
fn a_date_is_compared_with_the_servers_own() {
    // Its clock is a day behind ours.
    let date = ("Retry-After", "Thu, 19 Nov 2026 10:00:07 GMT");
    assert_eq!(wait(&[date, ("Date", "Thu, 19 Nov 2026 10:00:00 GMT")]), Some(7));
    assert_eq!(wait(&[date, ("Date", "today")]), Some(0));
}

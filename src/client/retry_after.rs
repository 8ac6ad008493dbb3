//! `Retry-After`, for all clients (RFC 9110 §10.2.3).

use crate::http::Headers;
use core::time::Duration;
use std::time::SystemTime;

/// How long an answer asks to wait before the next try: the time that the state machines take. `None` if it says nothing,
/// or what cannot be understood.
///
/// It is a number of seconds, or a date in any of the three forms of HTTP (RFC 9110 §5.6.7). A date means the server's
/// clock: it is compared with the answer's own `Date`, and with `now` only where there is none. A date in the past is no
/// wait at all.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use tidings::client::retry_after;
/// use tidings::http::Headers;
///
/// let now = SystemTime::now(); // by our clock, which may be wrong
/// let seconds: Headers = [("Retry-After", "120")].into_iter().collect();
/// assert_eq!(retry_after(&seconds, now), Some(Duration::from_secs(120)));
///
/// let date: Headers =
///     [("Date", "Fri, 20 Nov 2026 10:00:00 GMT"), ("Retry-After", "Fri, 20 Nov 2026 10:00:30 GMT")].into_iter().collect();
/// assert_eq!(retry_after(&date, now), Some(Duration::from_secs(30)));
/// ```
#[must_use]
pub fn retry_after(headers: &Headers<'_>, now: SystemTime) -> Option<Duration> {
    let value = headers.get_str("retry-after")?;
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // What is too great for a number is long, not wrong.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = |value: &str| httpdate::parse_http_date(value).ok();
    let sent = headers.get_str("date").and_then(date).unwrap_or(now);
    Some(date(value)?.duration_since(sent).unwrap_or_default())
}

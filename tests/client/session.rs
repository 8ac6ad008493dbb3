//! The decisions of a client that reconnects, on a simulated clock.

use std::time::Duration;
use tidings::client::session::{Backoff, Due, Hold, Session, Verdict};
use tidings::http::Status;
use tidings::topic::{Cursor, Reset, ResetReason};

const SECOND: Duration = Duration::from_secs(1);

/// Draws the greatest number: each wait is as long as it may be.
fn longest(bytes: &mut [u8]) {
    bytes.fill(0xff);
}

fn shortest(bytes: &mut [u8]) {
    bytes.fill(0);
}

fn session(random: fn(&mut [u8])) -> Session<Duration> {
    Session::new(None, Backoff::new(SECOND, 30 * SECOND, random))
}

/// The wait, in whole seconds: the draw is a hair below the cap.
fn rounded(wait: Duration) -> u64 {
    (wait + Duration::from_millis(1)).as_secs()
}

#[test]
fn the_wait_doubles_up_to_the_ceiling() {
    let mut session = session(longest);
    let waits: Vec<u64> = (0..8).map(|_| rounded(session.handle_cut(None, SECOND))).collect();
    assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
}

#[test]
fn the_jitter_is_full() {
    assert_eq!(session(shortest).handle_cut(None, SECOND), Duration::ZERO);
}

#[test]
fn many_failures_overflow_nothing() {
    let mut session = session(longest);
    for _ in 0..200 {
        assert!(session.handle_cut(Some(Duration::MAX), SECOND) <= Backoff::MAX + 2 * SECOND);
    }
}

#[test]
fn a_server_that_accepts_and_closes_at_once_is_asked_less_and_less_often() {
    let mut session = session(longest);
    let mut now = Duration::ZERO;
    let mut waits = Vec::new();
    for _ in 0..4 {
        session.handle_connected(now);
        session.handle_bookmark("1-1"); // what it says first proves nothing
        let wait = session.handle_cut(None, now);
        waits.push(rounded(wait));
        now += wait;
    }
    assert_eq!(waits, [1, 2, 4, 8]);
}

#[test]
fn a_message_or_a_while_proves_a_connection() {
    let mut session = session(longest);
    session.handle_cut(None, SECOND);
    session.handle_cut(None, SECOND);
    session.handle_connected(SECOND);
    session.handle_message(Some("1-1"));
    assert_eq!(rounded(session.handle_cut(None, SECOND)), 1);

    session.handle_cut(None, SECOND);
    session.handle_connected(SECOND);
    assert_eq!(rounded(session.handle_cut(None, SECOND + Session::<Duration>::STABLE)), 1);
}

#[test]
fn retry_after_wins_over_the_backoff() {
    let mut session = session(shortest);
    assert_eq!(session.handle_cut(Some(7 * SECOND), SECOND), 7 * SECOND);
    assert_eq!(session.poll_timeout(), Some(8 * SECOND));
}

#[test]
fn who_was_sent_away_together_does_not_come_back_together() {
    let wait = session(longest).handle_cut(Some(7 * SECOND), SECOND);
    assert_eq!(rounded(wait), 8);
}

#[test]
fn a_retry_field_is_the_new_base_and_makes_no_busy_loop() {
    let mut session = session(longest);
    session.handle_retry(3 * SECOND);
    assert_eq!(rounded(session.handle_cut(None, SECOND)), 3);
    session.handle_message(None);
    session.handle_retry(Duration::ZERO);
    assert!(session.handle_cut(None, SECOND) > Backoff::MIN / 2);
    session.handle_message(None);
    session.handle_retry(Duration::from_millis(u64::MAX));
    assert!(session.handle_cut(None, SECOND) <= Backoff::MAX);
}

#[test]
fn it_connects_when_the_wait_is_over_and_not_before() {
    let mut session = session(longest);
    let wait = session.handle_cut(None, SECOND);
    assert_eq!(session.handle_timeout(SECOND + wait / 2), None);
    assert_eq!(session.handle_timeout(SECOND + wait), Some(Due::Connect));
    assert_eq!(session.poll_timeout(), None);
}

#[test]
fn silence_counts_from_the_last_byte_and_only_where_keepalives_are_expected() {
    let mut session = session(longest);
    session.handle_connected(SECOND);
    assert_eq!(session.poll_timeout(), None);
    session.expect_keepalives(40 * SECOND);
    assert_eq!(session.poll_timeout(), Some(41 * SECOND));
    session.handle_bytes(20 * SECOND);
    assert_eq!(session.handle_timeout(41 * SECOND), None);
    assert_eq!(session.handle_timeout(60 * SECOND), Some(Due::Silent));
}

#[test]
fn the_resume_point_is_the_last_id_the_last_bookmark_or_where_a_reset_goes_on() {
    let mut session = session(longest);
    assert_eq!(session.resume(), None);
    assert!(session.handle_bookmark("1-4"));
    assert!(!session.handle_bookmark("1-4"), "a keepalive moves nothing");
    session.handle_message(Some("1-5"));
    session.handle_message(None);
    assert_eq!(session.resume(), Some("1-5"));
    session.handle_cut(None, SECOND);
    assert_eq!(session.resume(), Some("1-5"));
    let reset = Reset { reason: ResetReason::Epoch, oldest: Cursor::new(2, 0), newest: Cursor::new(2, 9) };
    session.handle_reset(&reset);
    assert_eq!(session.resume(), Some("2-0"));
    session.handle_message(Some(""));
    assert_eq!(session.resume(), None, "an empty id takes the one before back");
}

#[test]
fn statuses_are_for_now_or_for_good() {
    let verdict = |code| Verdict::of(Status::new(code).unwrap());
    for code in [204, 400, 401, 403, 404, 405, 406, 415, 426, 501, 505] {
        assert_eq!(verdict(code), Verdict::Never, "{code}");
    }
    for code in [408, 425, 429, 500, 502, 503, 504, 507, 522, 599] {
        assert_eq!(verdict(code), Verdict::Later, "{code}");
    }
    for code in [301, 302, 303, 307, 308] {
        assert_eq!(verdict(code), Verdict::Redirected, "{code}");
    }
    assert_eq!((verdict(200), verdict(101), verdict(410)), (Verdict::Accepted, Verdict::Accepted, Verdict::Reset));
}

#[test]
fn a_wait_that_is_cut_short_is_learnt() {
    let mut hold = Hold::new(25 * SECOND);
    hold.handle_cut(Duration::from_millis(300));
    assert_eq!(hold.seconds(), 25, "an early cut is no impatience");
    hold.handle_cut(20 * SECOND);
    assert_eq!(hold.seconds(), 15);
    hold.handle_cut(16 * SECOND);
    assert_eq!(hold.seconds(), 15, "somebody else's cut");
    for _ in 0..20 {
        hold.handle_cut(SECOND);
    }
    assert_eq!(hold.seconds(), Hold::MIN.as_secs());
}

//! The decisions of a client that reconnects, on a simulated clock.

use std::time::Duration;
use tidings::client::session::{Due, Hold, Session};
use tidings::reconnect::Backoff;
use tidings::topic::{Cursor, Reset, ResetReason};

const SECOND: Duration = Duration::from_secs(1);

/// Draws the greatest number: each wait is as long as it may be.
fn longest(bytes: &mut [u8]) {
    bytes.fill(0xff);
}

fn session(random: fn(&mut [u8])) -> Session<Duration> {
    Session::new(None, Backoff::new(SECOND, 30 * SECOND, random))
}

/// The wait, in whole seconds: the draw is a hair below the cap.
fn rounded(wait: Duration) -> u64 {
    (wait + Duration::from_millis(1)).as_secs()
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

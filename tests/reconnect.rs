//! Coming back, on a simulated clock: how long to wait, what a status means, and a connection that is made again.

use std::time::Duration;
use tidings::http::Status;
use tidings::reconnect::{Backoff, Due, Origin, Reconnect, Redirects, State, Verdict};

const SECOND: Duration = Duration::from_secs(1);

/// Draws the greatest number: each wait is as long as it may be.
fn longest(bytes: &mut [u8]) {
    bytes.fill(0xff);
}

fn shortest(bytes: &mut [u8]) {
    bytes.fill(0);
}

fn backoff(random: fn(&mut [u8])) -> Backoff {
    Backoff::new(SECOND, 30 * SECOND, random)
}

fn reconnect(random: fn(&mut [u8])) -> Reconnect<Duration> {
    Reconnect::new(backoff(random))
}

/// The wait, in whole seconds: the draw is a hair below the cap.
fn rounded(wait: Duration) -> u64 {
    (wait + Duration::from_millis(1)).as_secs()
}

/// The next wait, in whole seconds.
fn cut(reconnect: &mut Reconnect<Duration>, now: Duration) -> u64 {
    rounded(reconnect.handle_cut(None, now).unwrap())
}

#[test]
fn the_wait_doubles_up_to_the_ceiling() {
    let mut backoff = backoff(longest);
    let waits: Vec<u64> = (0..8).map(|_| rounded(backoff.next_wait(None))).collect();
    assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
    backoff.reset();
    assert_eq!(rounded(backoff.next_wait(None)), 1);
}

#[test]
fn the_jitter_is_full_but_time_goes_on() {
    for _ in 0..5 {
        assert_eq!(backoff(shortest).next_wait(None), Backoff::SHORTEST);
        assert_eq!(backoff(shortest).next_wait(Some(Duration::ZERO)), Backoff::SHORTEST);
    }
}

#[test]
fn many_failures_overflow_nothing() {
    let mut backoff = Backoff::new(Duration::MAX, Duration::MAX, longest);
    backoff.set_retry(Duration::MAX);
    for _ in 0..200 {
        assert!(backoff.next_wait(Some(Duration::MAX)) <= 2 * Backoff::MAX);
        assert!(backoff.next_wait(None) <= 2 * Backoff::MAX);
    }
}

#[test]
fn retry_after_wins_over_the_backoff() {
    let mut reconnect = reconnect(shortest);
    reconnect.handle_cut(None, SECOND);
    assert_eq!(reconnect.handle_cut(Some(7 * SECOND), SECOND), Some(7 * SECOND));
    assert_eq!(reconnect.poll_timeout(), Some(8 * SECOND));
}

#[test]
fn who_was_sent_away_together_does_not_come_back_together() {
    assert_eq!(rounded(backoff(longest).next_wait(Some(7 * SECOND))), 8);
}

#[test]
fn a_retry_is_waited_for_and_makes_no_busy_loop() {
    for (random, waits) in [(shortest as fn(&mut [u8]), [3, 3, 3, 3]), (longest, [6, 9, 15, 27])] {
        let mut backoff = backoff(random);
        backoff.set_retry(3 * SECOND);
        assert_eq!([0; 4].map(|_| rounded(backoff.next_wait(None))), waits);
    }
    let mut backoff = backoff(longest);
    backoff.set_retry(Duration::ZERO);
    let waits: Duration = (0..10).map(|_| backoff.next_wait(None)).sum();
    assert!(waits > 60 * SECOND, "ten tries in {waits:?}");
}

#[test]
fn a_server_that_accepts_and_closes_at_once_is_asked_less_and_less_often() {
    let mut reconnect = reconnect(longest);
    let mut now = Duration::ZERO;
    let waits = [0; 4].map(|_| {
        reconnect.handle_connected(now);
        reconnect.handle_bytes(now); // what it says first proves nothing
        let wait = cut(&mut reconnect, now);
        now = reconnect.poll_timeout().unwrap();
        wait
    });
    assert_eq!(waits, [1, 2, 4, 8]);
}

#[test]
fn progress_or_a_while_proves_a_connection() {
    let mut reconnect = reconnect(longest);
    assert_eq!([0; 2].map(|_| cut(&mut reconnect, SECOND)), [1, 2]);
    reconnect.handle_connected(SECOND);
    reconnect.handle_progress();
    assert_eq!([0; 2].map(|_| cut(&mut reconnect, SECOND)), [1, 2]);
    reconnect.handle_connected(SECOND);
    assert_eq!(cut(&mut reconnect, SECOND + Reconnect::<Duration>::STABLE), 1);
}

#[test]
fn it_connects_when_the_wait_is_over_and_not_before() {
    let mut reconnect = reconnect(longest);
    let wait = reconnect.handle_cut(None, SECOND).unwrap();
    assert_eq!((reconnect.state(), reconnect.handle_timeout(SECOND + wait / 2)), (State::Waiting, None));
    assert_eq!(reconnect.handle_timeout(SECOND + wait), Some(Due::Connect));
    assert_eq!((reconnect.state(), reconnect.poll_timeout()), (State::Connecting, None));
}

#[test]
fn silence_counts_from_the_last_byte_and_only_where_keepalives_are_expected() {
    let mut reconnect = reconnect(longest);
    reconnect.handle_connected(SECOND);
    assert_eq!(reconnect.poll_timeout(), None);
    reconnect.expect_keepalives(40 * SECOND);
    assert_eq!(reconnect.poll_timeout(), Some(41 * SECOND));
    reconnect.handle_bytes(20 * SECOND);
    assert_eq!(reconnect.handle_timeout(41 * SECOND), None);
    assert_eq!(reconnect.handle_timeout(60 * SECOND), Some(Due::Silent));
}

#[test]
fn what_is_closed_stays_closed() {
    let mut reconnect = reconnect(longest);
    reconnect.close();
    reconnect.handle_connected(SECOND);
    assert_eq!(reconnect.handle_cut(Some(SECOND), SECOND), None);
    assert_eq!((reconnect.state(), reconnect.poll_timeout()), (State::Closed, None));
    assert_eq!(reconnect.handle_timeout(Duration::MAX), None);
}

#[test]
fn statuses_are_for_now_or_for_good() {
    let verdict = |code| Verdict::of(Status::new(code).unwrap());
    for code in [101, 204, 206, 304, 400, 401, 403, 404, 405, 406, 415, 426, 501, 505] {
        assert_eq!(verdict(code), Verdict::Never, "{code}");
    }
    for code in [408, 425, 429, 500, 502, 503, 504, 507, 522, 599] {
        assert_eq!(verdict(code), Verdict::Later, "{code}");
    }
    for code in [301, 302, 303, 307, 308] {
        assert_eq!(verdict(code), Verdict::Redirected, "{code}");
    }
    assert_eq!((verdict(200), verdict(410)), (Verdict::Accepted, Verdict::Reset));
}

#[test]
fn redirects_are_counted_and_the_way_back_brings_no_credentials() {
    let mut redirects = Redirects::default();
    assert!(redirects.follow(Origin::Same) && !redirects.is_abroad());
    assert!(redirects.follow(Origin::Other) && redirects.is_abroad());
    assert!(redirects.follow(Origin::Same) && redirects.is_abroad());
    assert!(redirects.follow(Origin::Same) && redirects.follow(Origin::Same));
    assert!(!redirects.follow(Origin::Same), "six are a circle");
}

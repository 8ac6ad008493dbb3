//! The timers beside a connection, on a simulated clock.

use std::time::Duration;
use tidings::ws::{Keepalive, KeepaliveEvent, KeepaliveOptions};

const S: fn(u64) -> Duration = Duration::from_secs;

fn keepalive() -> Keepalive<Duration> {
    Keepalive::new(KeepaliveOptions { interval: S(15), pong_within: S(20), close_within: S(5) }, S(0))
}

#[test]
fn silence_is_pinged_once_and_then_gone() {
    let mut timers = keepalive();
    assert_eq!(timers.poll_timeout(), Some(S(15)));
    assert_eq!(timers.handle_timeout(S(14)), None);
    assert_eq!(timers.handle_timeout(S(15)), Some(KeepaliveEvent::Ping));
    assert_eq!(timers.handle_timeout(S(15)), None);
    assert_eq!(timers.poll_timeout(), Some(S(35)));
    assert_eq!(timers.handle_timeout(S(35)), Some(KeepaliveEvent::Gone));
    assert_eq!((timers.handle_timeout(S(99)), timers.poll_timeout()), (None, None));
}

#[test]
fn whatever_arrives_counts_as_an_answer() {
    let mut timers = keepalive();
    assert_eq!(timers.handle_timeout(S(15)), Some(KeepaliveEvent::Ping));
    timers.received(S(16));
    assert_eq!(timers.poll_timeout(), Some(S(31)));
    assert_eq!(timers.handle_timeout(S(31)), Some(KeepaliveEvent::Ping));
}

#[test]
fn a_peer_that_does_not_answer_a_close_is_gone_however_much_it_sends() {
    let mut timers = keepalive();
    timers.closing(S(3));
    for second in 3..8 {
        timers.received(S(second));
        timers.closing(S(second));
        assert_eq!(timers.handle_timeout(S(second)), None);
    }
    assert_eq!(timers.handle_timeout(S(8)), Some(KeepaliveEvent::Gone));
}

#[test]
fn no_timer_spins() {
    let zero = KeepaliveOptions { interval: S(0), pong_within: S(0), close_within: S(0) };
    let mut timers = Keepalive::new(zero, S(0));
    let mut steps = 0;
    while let Some(due) = timers.poll_timeout() {
        assert!(timers.handle_timeout(due).is_some(), "a due timer does something");
        assert!(timers.poll_timeout().is_none_or(|next| next > due), "and moves on");
        steps += 1;
        assert!(steps < 10);
    }
}

#[test]
fn times_without_end_overflow_no_clock() {
    let never = KeepaliveOptions { interval: Duration::MAX, pong_within: Duration::MAX, close_within: Duration::MAX };
    let mut timers = Keepalive::new(never, std::time::Instant::now());
    timers.received(std::time::Instant::now());
    timers.closing(std::time::Instant::now());
    assert_eq!(timers.handle_timeout(std::time::Instant::now()), None);
}

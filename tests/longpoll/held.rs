//! Polls that are held.

use crate::{Clock, EPOCH, at, bounded_topic_of, events, hold, publish, reset, seconds, topic_of};
use std::time::Duration;
use tidings::longpoll::{self, Options, Poll, Request};
use tidings::topic::{After, Bounds, Cursor, Filter, ResetReason, Topic};

const COALESCE: Duration = Duration::from_millis(50);

fn coalescing() -> Options {
    Options { coalesce: COALESCE, ..Options::default() }
}

#[test]
fn at_the_head_a_poll_is_held_for_the_time_asked_for() {
    let held = hold(at(5), &topic_of(5), &Options::default());
    assert_eq!((held.cursor(), held.poll_timeout()), (at(5), Some(seconds(30))));
}

#[test]
fn a_hold_is_never_longer_than_the_maximum() {
    let options = Options { hold_max: seconds(10), ..Options::default() };
    assert_eq!(hold(After::Now, &topic_of(5), &options).poll_timeout(), Some(seconds(10)));
}

#[test]
fn an_endless_hold_overflows_no_clock() {
    let options = Options { hold_max: Duration::MAX, coalesce: Duration::MAX, ..Options::default() };
    let request = Request { after: After::Now, filter: Filter::default(), wait: Duration::MAX };
    let mut topic = Topic::new(EPOCH, Bounds::default());
    let now = std::time::Instant::now();
    let Poll::Hold(mut held) = longpoll::poll(&request, &topic, &options, now) else { panic!("held") };
    topic.publish(None, "", now).unwrap();
    assert_eq!(held.handle_news(&topic, now), None);
}

#[test]
fn news_ends_the_hold() {
    let mut topic = topic_of(5);
    let mut held = hold(at(5), &topic, &Options::default());
    publish(&mut topic);
    assert_eq!(held.handle_news(&topic, seconds(1)).map(events), Some((vec![6], at(6), false)));
}

#[test]
fn a_wake_without_news_holds_on() {
    let topic = topic_of(5);
    let mut held = hold(at(5), &topic, &coalescing());
    assert_eq!(held.handle_news(&topic, seconds(1)), None);
    assert_eq!(held.poll_timeout(), Some(seconds(30)));
}

#[test]
fn now_means_when_the_poll_arrived() {
    let mut topic = topic_of(5);
    let mut held = hold(After::Now, &topic, &Options::default());
    publish(&mut topic);
    publish(&mut topic);
    assert_eq!(held.handle_news(&topic, seconds(1)).map(events), Some((vec![6, 7], at(7), false)));
}

#[test]
fn a_burst_is_batched_in_the_answer_to_a_held_poll_too() {
    let mut topic = topic_of(0);
    let options = Options { batch_messages: 2, ..Options::default() };
    let mut held = hold(After::Oldest, &topic, &options);
    (0..3).for_each(|_| publish(&mut topic));
    assert_eq!(held.handle_news(&topic, seconds(1)).map(events), Some((vec![1, 2], at(2), true)));
}

#[test]
fn a_time_out_answer_carries_a_cursor() {
    let topic = topic_of(5);
    let mut held = hold(After::Now, &topic, &Options::default());
    assert_eq!(held.handle_timeout(&topic, Duration::from_millis(29_999)), None);
    assert_eq!(held.handle_timeout(&topic, seconds(30)).map(events), Some((vec![], at(5), false)));
}

#[test]
fn an_answer_is_due_whenever_the_timeout_says_so() {
    for options in [Options::default(), coalescing()] {
        for news in [false, true] {
            let mut topic = topic_of(5);
            let mut held = hold(After::Now, &topic, &options);
            if news {
                publish(&mut topic);
                let _ = held.handle_news(&topic, seconds(1));
            }
            let due = held.poll_timeout().expect("a held poll has an end");
            assert!(held.handle_timeout(&topic, due).is_some(), "a busy loop at {due:?}");
        }
    }
}

#[test]
fn trimmed_while_held_is_a_reset() {
    let bounds = Bounds { messages: 2, ..Bounds::default() };
    let mut topic = bounded_topic_of(2, bounds);
    let mut by_news = hold(at(2), &topic, &Options::default());
    let mut by_timeout = by_news.clone();
    let by_drain = by_news.clone();
    (0..3).for_each(|_| publish(&mut topic));
    assert_eq!(reset(&by_news.handle_news(&topic, seconds(1)).unwrap()), ResetReason::Trimmed);
    assert_eq!(reset(&by_timeout.handle_timeout(&topic, seconds(30)).unwrap()), ResetReason::Trimmed);
    assert_eq!(reset(&by_drain.drain(&topic)), ResetReason::Trimmed);
}

#[test]
fn a_topic_made_anew_while_a_poll_is_held_is_a_reset() {
    let mut held = hold(After::Now, &topic_of(5), &Options::default());
    let anew: Topic<Clock> = Topic::resume(Cursor::new(EPOCH + 1, 5), Bounds::default());
    assert_eq!(reset(&held.handle_news(&anew, seconds(1)).unwrap()), ResetReason::Epoch);
}

#[test]
fn messages_that_grow_old_while_nobody_publishes_are_no_reset() {
    let mut topic = topic_of(5);
    let mut held = hold(After::Now, &topic, &Options::default());
    topic.handle_timeout(seconds(100_000));
    assert_eq!(held.handle_news(&topic, seconds(1)), None);
    assert_eq!(held.handle_timeout(&topic, seconds(30)).map(events), Some((vec![], at(5), false)));
}

#[test]
fn draining_answers_without_messages() {
    let topic = topic_of(5);
    assert_eq!(events(hold(After::Now, &topic, &Options::default()).drain(&topic)), (vec![], at(5), false));
}

#[test]
fn draining_sends_what_waits_for_more() {
    let mut topic = topic_of(5);
    let mut held = hold(After::Now, &topic, &coalescing());
    publish(&mut topic);
    assert_eq!(held.handle_news(&topic, seconds(1)), None);
    assert_eq!(events(held.drain(&topic)), (vec![6], at(6), false));
}

#[test]
fn news_waits_for_more_to_share_the_answer_with() {
    let mut topic = topic_of(5);
    let mut held = hold(After::Now, &topic, &coalescing());
    publish(&mut topic);
    assert_eq!(held.handle_news(&topic, seconds(1)), None);
    assert_eq!(held.poll_timeout(), Some(seconds(1) + COALESCE));

    publish(&mut topic);
    let later = seconds(1) + COALESCE / 2;
    assert_eq!(held.handle_news(&topic, later), None);
    assert_eq!(held.poll_timeout(), Some(seconds(1) + COALESCE), "more news does not prolong the delay");

    assert_eq!(held.handle_timeout(&topic, later), None);
    let answer = held.handle_timeout(&topic, seconds(1) + COALESCE);
    assert_eq!(answer.map(events), Some((vec![6, 7], at(7), false)));
}

#[test]
fn the_delay_does_not_prolong_the_hold() {
    let mut topic = topic_of(5);
    let mut held = hold(After::Now, &topic, &coalescing());
    publish(&mut topic);
    assert_eq!(held.handle_news(&topic, Duration::from_millis(29_990)), None);
    assert_eq!(held.poll_timeout(), Some(seconds(30)));
}

#[test]
fn a_full_batch_does_not_wait() {
    let by_count = Options { batch_messages: 2, ..coalescing() };
    let by_bytes = Options { batch_bytes: 200, ..coalescing() };
    for options in [by_count, by_bytes] {
        let mut topic = topic_of(5);
        let mut held = hold(After::Now, &topic, &options);
        publish(&mut topic);
        assert_eq!(held.handle_news(&topic, seconds(1)), None);
        publish(&mut topic);
        assert!(held.handle_news(&topic, seconds(1)).is_some());
    }
}

#[test]
fn one_message_that_fills_the_batch_does_not_wait() {
    let mut topic = topic_of(5);
    let mut held = hold(After::Now, &topic, &Options { batch_bytes: 10, ..coalescing() });
    publish(&mut topic);
    assert_eq!(held.handle_news(&topic, seconds(1)).map(events), Some((vec![6], at(6), false)));
}

#[test]
fn the_delay_never_costs_a_message() {
    let mut topic = bounded_topic_of(8, Bounds { messages: 8, ..Bounds::default() });
    let mut held = hold(After::Now, &topic, &coalescing());
    let answer = (0..9).find_map(|_| {
        publish(&mut topic);
        held.handle_news(&topic, seconds(1)).map(events)
    });
    assert_eq!(answer, Some((vec![9, 10, 11, 12], at(12), false)));
}

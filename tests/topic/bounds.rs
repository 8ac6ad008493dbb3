//! What is kept: by count, by bytes, by age.

use crate::{Clock, bounded_topic_of, data, seconds, topic_of};
use std::time::Duration;
use tidings::topic::{Bounds, Cursor, Message, PublishError, ResetReason, Topic};

const AGE: Duration = Duration::from_secs(10);

fn by_messages(messages: usize) -> Bounds {
    Bounds { messages, ..Bounds::default() }
}

fn by_bytes(bytes: usize) -> Bounds {
    Bounds { bytes, ..Bounds::default() }
}

fn by_age(age: Duration) -> Bounds {
    Bounds { age, ..Bounds::default() }
}

#[test]
fn the_count_is_exact() {
    let mut topic = bounded_topic_of(3, by_messages(3));
    assert_eq!(data(topic.read(topic.oldest()).unwrap()), ["1", "2", "3"]);
    topic.publish(None, "4", Clock::ZERO).unwrap();
    assert_eq!(data(topic.read(topic.oldest()).unwrap()), ["2", "3", "4"]);
    assert_eq!(topic.oldest().n(), 1);
}

#[test]
fn a_topic_that_keeps_nothing_still_counts() {
    let topic = bounded_topic_of(3, by_messages(0));
    assert!(topic.is_empty());
    assert_eq!((topic.oldest().n(), topic.newest().n(), topic.bytes()), (3, 3, 0));
}

#[test]
fn bytes_are_data_and_event_name_and_an_overhead() {
    let mut topic = topic_of(0);
    topic.publish(Some("name".parse().unwrap()), "data!", Clock::ZERO).unwrap();
    assert_eq!(topic.bytes(), 4 + 5 + Message::OVERHEAD);
    topic.publish(None, "", Clock::ZERO).unwrap();
    assert_eq!(topic.bytes(), 4 + 5 + 2 * Message::OVERHEAD);
}

#[test]
fn the_bytes_are_exact() {
    let two = 2 * (Message::OVERHEAD + 1);
    assert_eq!(bounded_topic_of(3, by_bytes(two)).len(), 2);
    assert_eq!(bounded_topic_of(3, by_bytes(two - 1)).len(), 1);
    assert_eq!(bounded_topic_of(3, by_bytes(two)).bytes(), two);
}

#[test]
fn one_big_message_may_push_out_many_small_ones() {
    let mut topic = bounded_topic_of(5, by_bytes(5 * (Message::OVERHEAD + 1)));
    topic.publish(None, "x".repeat(3 * Message::OVERHEAD), Clock::ZERO).unwrap();
    assert_eq!(topic.len(), 2);
    assert_eq!(topic.oldest().n(), 4);
}

#[test]
fn a_message_larger_than_the_topic_is_refused_and_changes_nothing() {
    let mut topic = bounded_topic_of(2, by_bytes(1000));
    let fits = 1000 - Message::OVERHEAD;
    let error = topic.publish(None, "x".repeat(fits + 1), Clock::ZERO).unwrap_err();
    assert_eq!(error, PublishError::TooLarge { bytes: 1001, limit: 1000 });
    assert_eq!((topic.len(), topic.newest().n()), (2, 2));

    topic.publish(None, "x".repeat(fits), Clock::ZERO).unwrap();
    assert_eq!((topic.len(), topic.bytes(), topic.newest().n()), (1, 1000, 3));
}

#[test]
fn a_message_goes_exactly_when_it_is_old_enough() {
    let mut topic = Topic::new(1, by_age(AGE));
    assert_eq!(topic.poll_timeout(), None);
    topic.publish(None, "a", seconds(5)).unwrap();
    topic.publish(None, "b", seconds(7)).unwrap();
    assert_eq!(topic.poll_timeout(), Some(seconds(15)));

    topic.handle_timeout(Duration::from_millis(14_999));
    assert_eq!(topic.len(), 2);
    topic.handle_timeout(seconds(15));
    assert_eq!(data(topic.read(topic.oldest()).unwrap()), ["b"]);
    assert_eq!(topic.poll_timeout(), Some(seconds(17)));
    topic.handle_timeout(seconds(1000));
    assert!(topic.is_empty());
    assert_eq!((topic.oldest().n(), topic.newest().n(), topic.bytes()), (2, 2, 0));
    assert_eq!(topic.poll_timeout(), None);
}

#[test]
fn publishing_drops_what_is_too_old() {
    let mut topic = bounded_topic_of(3, by_age(AGE));
    topic.publish(None, "4", seconds(10)).unwrap();
    assert_eq!(data(topic.read(topic.oldest()).unwrap()), ["4"]);
}

#[test]
fn each_timeout_is_later_than_the_one_before() {
    for age in [Duration::ZERO, Duration::from_nanos(1), AGE] {
        let mut topic = Topic::new(1, by_age(age));
        for at in [0, 0, 0, 3, 3, 9] {
            topic.publish(None, "", seconds(at)).unwrap();
        }
        let mut wakes = 0;
        while let Some(due) = topic.poll_timeout() {
            topic.handle_timeout(due);
            assert!(topic.poll_timeout().is_none_or(|next| next > due), "a busy loop at {due:?} with age {age:?}");
            wakes += 1;
        }
        assert!((1..=3).contains(&wakes), "one wake for each instant of publishing, not {wakes}");
        assert!(topic.is_empty());
    }
}

#[test]
fn a_clock_that_goes_back_counts_as_standing_still() {
    let mut topic = Topic::new(1, by_age(AGE));
    topic.publish(None, "a", seconds(20)).unwrap();
    topic.publish(None, "b", seconds(3)).unwrap();
    topic.handle_timeout(seconds(29));
    assert_eq!(topic.len(), 2);
    topic.handle_timeout(seconds(30));
    assert!(topic.is_empty());
}

#[test]
fn an_endless_age_overflows_no_clock() {
    let mut topic = Topic::new(1, by_age(Duration::MAX));
    topic.publish(None, "a", std::time::Instant::now()).unwrap();
    assert_eq!(topic.poll_timeout(), None);
    topic.handle_timeout(std::time::Instant::now());
    assert_eq!(topic.len(), 1);
}

#[test]
fn numbers_that_are_used_up_are_an_error() {
    let mut topic = Topic::resume(Cursor::new(1, u64::MAX - 1), Bounds::default());
    assert_eq!(topic.publish(None, "last", Clock::ZERO), Ok(Cursor::new(1, u64::MAX)));
    assert_eq!(topic.publish(None, "one more", Clock::ZERO), Err(PublishError::Exhausted));
    assert_eq!(data(topic.read(topic.oldest()).unwrap()), ["last"]);
}

#[test]
fn a_resumed_log_goes_on_behind_its_head() {
    let mut topic = Topic::resume(Cursor::new(1, 41), Bounds::default());
    assert_eq!(topic.read(Cursor::new(1, 40)).unwrap_err().reason, ResetReason::Trimmed);
    assert_eq!(topic.read(Cursor::new(1, 41)).unwrap().len(), 0);
    assert_eq!(topic.publish(None, "", Clock::ZERO), Ok(Cursor::new(1, 42)));
}

//! Polls that are answered at once.

use crate::{EPOCH, answer, at, bounded_topic_of, events, publish, request, reset, topic_of};
use tidings::longpoll::Options;
use tidings::topic::{Bounds, Cursor, Message, ResetReason};

#[test]
fn behind_the_head_the_answer_is_the_messages_at_once() {
    let topic = topic_of(5);
    for wait in ["0", "30"] {
        let answer = answer(&request("1700000000000-2", wait), &topic, &Options::default());
        assert_eq!(events(answer), (vec![3, 4, 5], at(5), false));
    }
}

#[test]
fn at_the_head_a_short_poll_has_no_messages_but_a_cursor() {
    let topic = topic_of(5);
    for after in ["now", "1700000000000-5"] {
        assert_eq!(events(answer(&request(after, "0"), &topic, &Options::default())), (vec![], at(5), false));
    }
    assert_eq!(events(answer(&request("oldest", "0"), &topic_of(0), &Options::default())), (vec![], at(0), false));
}

#[test]
fn oldest_starts_at_the_floor() {
    let topic = bounded_topic_of(5, Bounds { messages: 2, ..Bounds::default() });
    assert_eq!(events(answer(&request("oldest", "0"), &topic, &Options::default())), (vec![4, 5], at(5), false));
}

#[test]
fn a_cursor_that_cannot_be_served_is_never_held() {
    let topic = bounded_topic_of(5, Bounds { messages: 2, ..Bounds::default() });
    let cases = [
        (at(2), ResetReason::Trimmed),
        (at(6), ResetReason::Future),
        (at(u64::MAX), ResetReason::Future),
        (Cursor::new(EPOCH + 1, 5), ResetReason::Epoch),
    ];
    for (cursor, reason) in cases {
        for wait in ["0", "30"] {
            let answer = answer(&request(&cursor.to_string(), wait), &topic, &Options::default());
            assert_eq!(reset(&answer), reason, "{cursor}");
        }
    }
}

#[test]
fn answers_are_batched_by_count() {
    let topic = topic_of(5);
    let options = Options { batch_messages: 2, ..Options::default() };
    assert_eq!(events(answer(&request("oldest", "0"), &topic, &options)), (vec![1, 2], at(2), true));
    assert_eq!(events(answer(&request("1700000000000-2", "0"), &topic, &options)), (vec![3, 4], at(4), true));
    assert_eq!(events(answer(&request("1700000000000-4", "0"), &topic, &options)), (vec![5], at(5), false));
    let exactly = Options { batch_messages: 5, ..Options::default() };
    assert_eq!(events(answer(&request("oldest", "0"), &topic, &exactly)), (vec![1, 2, 3, 4, 5], at(5), false));
}

#[test]
fn answers_are_batched_by_bytes() {
    let topic = topic_of(3);
    let two = 2 * ("news".len() + Message::OVERHEAD);
    let options = Options { batch_bytes: two, ..Options::default() };
    assert_eq!(events(answer(&request("oldest", "0"), &topic, &options)), (vec![1, 2], at(2), true));
    let options = Options { batch_bytes: two - 1, ..Options::default() };
    assert_eq!(events(answer(&request("oldest", "0"), &topic, &options)), (vec![1], at(1), true));
}

#[test]
fn a_message_larger_than_a_batch_goes_alone() {
    let topic = topic_of(2);
    for options in
        [Options { batch_bytes: 1, ..Options::default() }, Options { batch_messages: 0, ..Options::default() }]
    {
        assert_eq!(events(answer(&request("oldest", "0"), &topic, &options)), (vec![1], at(1), true));
    }
}

#[test]
fn a_lost_answer_asked_for_again_is_the_same_answer() {
    let mut topic = topic_of(5);
    let options = Options { batch_messages: 3, ..Options::default() };
    let asked = request("1700000000000-1", "30");
    let lost = events(answer(&asked, &topic, &options));
    assert_eq!(events(answer(&asked, &topic, &options)), lost);
    assert_eq!(answer(&asked, &topic, &options), answer(&asked, &topic, &options));
    publish(&mut topic);
    assert_eq!(events(answer(&asked, &topic, &options)), lost);
}

//! Reading after a cursor: nothing lost, nothing doubled, and a reset that says why it cannot be had.

use crate::{Clock, EPOCH, bounded_topic_of, data, topic_of};
use tidings::topic::{After, Bounds, Cursor, Message, Reset, ResetReason, Topic};

fn at(n: u64) -> Cursor {
    Cursor::new(EPOCH, n)
}

/// Messages 4, 5 and 6 are kept.
fn trimmed_topic() -> Topic<Clock> {
    bounded_topic_of(6, Bounds { messages: 3, ..Bounds::default() })
}

#[test]
fn ids_count_up_by_one_from_one() {
    let topic = topic_of(3);
    let ids: Vec<Cursor> = topic.read(topic.oldest()).unwrap().map(|message| message.id).collect();
    assert_eq!(ids, [at(1), at(2), at(3)]);
}

#[test]
fn two_publishes_at_one_instant_have_two_cursors() {
    let mut topic = topic_of(0);
    let first = topic.publish(None, "a", Clock::ZERO).unwrap();
    let second = topic.publish(None, "b", Clock::ZERO).unwrap();
    assert_ne!(first, second);
    assert_eq!(data(topic.read(first).unwrap()), ["b"]);
}

#[test]
fn reading_gives_what_follows_the_cursor_and_changes_nothing() {
    let topic = topic_of(5);
    for _ in 0..2 {
        assert_eq!(data(topic.read(at(3)).unwrap()), ["4", "5"]);
        assert_eq!(data(topic.read(at(0)).unwrap()), ["1", "2", "3", "4", "5"]);
        assert_eq!(topic.read(at(5)).unwrap().len(), 0);
    }
}

#[test]
fn at_the_floor_itself_nothing_is_missing() {
    let topic = trimmed_topic();
    assert_eq!(topic.oldest(), at(3));
    assert_eq!(data(topic.read(at(3)).unwrap()), ["4", "5", "6"]);
    assert_eq!(topic.read(at(2)), reset(ResetReason::Trimmed));
}

#[test]
fn a_reset_says_where_reading_goes_on() {
    let topic = trimmed_topic();
    let reset = topic.read(at(0)).unwrap_err();
    assert_eq!((reset.oldest, reset.newest), (at(3), at(6)));
    assert_eq!(data(topic.read(reset.oldest).unwrap()), ["4", "5", "6"]);
    assert_eq!(topic.read(reset.newest).unwrap().len(), 0);
}

#[test]
fn a_cursor_ahead_of_the_head_is_answered() {
    assert_eq!(trimmed_topic().read(at(7)), reset(ResetReason::Future));
    assert_eq!(trimmed_topic().read(at(u64::MAX)), reset(ResetReason::Future));
}

#[test]
fn an_old_cursor_after_a_restart_is_a_reset_even_when_its_number_is_overtaken() {
    let before = topic_of(5);
    let cursor = before.newest();
    let mut after: Topic<Clock> = Topic::new(EPOCH + 1, Bounds::default());
    for n in 1..=10 {
        let reset = after.read(cursor).unwrap_err();
        assert_eq!((reset.reason, reset.newest.n()), (ResetReason::Epoch, n - 1));
        after.publish(None, "", Clock::ZERO).unwrap();
    }
}

#[test]
fn the_epoch_is_compared_before_the_number() {
    let topic = trimmed_topic();
    for n in [0, 3, 6, 7, u64::MAX] {
        for epoch in [0, EPOCH - 1, EPOCH + 1] {
            assert_eq!(topic.read(Cursor::new(epoch, n)), reset(ResetReason::Epoch));
        }
    }
}

#[test]
fn oldest_and_now_are_cursors() {
    let topic = trimmed_topic();
    assert_eq!(topic.resolve(After::Oldest), at(3));
    assert_eq!(topic.resolve(After::Now), at(6));
    assert_eq!(topic.resolve(After::Cursor(at(99))), at(99));
    let empty = topic_of(0);
    assert_eq!((empty.resolve(After::Oldest), empty.resolve(After::Now)), (at(0), at(0)));
}

#[test]
fn a_message_published_between_replay_and_going_live_is_neither_lost_nor_doubled() {
    // A publish may fall between any two steps of a reader that replays in batches of two and then goes live.
    for gap in 0..6 {
        let mut topic = topic_of(5);
        let mut cursor = topic.resolve(After::Oldest);
        let mut seen = Vec::new();
        for step in 0..6 {
            if step == gap {
                topic.publish(None, "in the gap", Clock::ZERO).unwrap();
            }
            for message in topic.read(cursor).unwrap().batch(2, usize::MAX) {
                seen.push(message.id.n());
                cursor = message.id;
            }
        }
        assert_eq!(seen, [1, 2, 3, 4, 5, 6], "published before step {gap}");
    }
}

#[test]
fn a_reader_that_falls_behind_is_told_and_goes_on() {
    let mut topic = bounded_topic_of(2, Bounds { messages: 2, ..Bounds::default() });
    let cursor = topic.resolve(After::Now);
    for text in ["3", "4", "5"] {
        topic.publish(None, text, Clock::ZERO).unwrap();
    }
    let reset = topic.read(cursor).unwrap_err();
    assert_eq!(reset.reason, ResetReason::Trimmed);
    assert_eq!(data(topic.read(reset.oldest).unwrap()), ["4", "5"]);
}

#[test]
fn a_batch_is_bounded_by_count_and_by_bytes() {
    let topic = topic_of(5);
    let all = topic.read(at(0)).unwrap();
    let each = Message::OVERHEAD + 1;
    assert_eq!(data(all.batch(2, usize::MAX)), ["1", "2"]);
    assert_eq!(data(all.batch(usize::MAX, 3 * each)), ["1", "2", "3"]);
    assert_eq!(data(all.batch(usize::MAX, 3 * each - 1)), ["1", "2"]);
    assert_eq!(all.batch(usize::MAX, usize::MAX).len(), 5);
    assert_eq!(data(all), ["1", "2", "3", "4", "5"]);
}

#[test]
fn a_batch_has_at_least_one_message_if_there_is_one() {
    let topic = topic_of(2);
    for (messages, bytes) in [(0, 0), (0, usize::MAX), (usize::MAX, 0), (1, 1)] {
        assert_eq!(data(topic.read(at(0)).unwrap().batch(messages, bytes)), ["1"]);
        assert_eq!(topic.read(at(2)).unwrap().batch(messages, bytes).len(), 0);
    }
}

#[test]
fn a_batch_of_a_batch_stays_within_it() {
    let topic = topic_of(5);
    let batch = topic.read(at(1)).unwrap().batch(2, usize::MAX);
    assert_eq!(data(batch.batch(usize::MAX, usize::MAX)), ["2", "3"]);
    assert_eq!(batch.size_hint(), (2, Some(2)));
}

/// What [`trimmed_topic`] answers.
fn reset(reason: ResetReason) -> Result<tidings::topic::Messages<'static>, Reset> {
    Err(Reset { reason, oldest: at(3), newest: at(6) })
}

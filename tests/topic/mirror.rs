//! A topic that mirrors another: the same answers to each reader, or a reset that covers what the mirror lacks.

use crate::{Clock, EPOCH, bounded_topic_of, data, seconds, topic_of};
use proptest::prelude::*;
use std::time::Duration;
use tidings::topic::{Bounds, Cursor, Message, NotNext, ResetReason, Topic};

fn at(n: u64) -> Cursor {
    Cursor::new(EPOCH, n)
}

fn message(n: u64) -> Message {
    Message { id: at(n), event: None, data: n.to_string().into() }
}

#[test]
fn it_begins_behind_what_was_before_and_takes_what_follows() {
    let mut mirror = Topic::resume(at(4), Bounds::default());
    mirror.mirror(message(5), Clock::ZERO).unwrap();
    mirror.mirror(message(6), Clock::ZERO).unwrap();
    assert_eq!(data(mirror.read(at(4)).unwrap()), ["5", "6"]);
    assert_eq!(mirror.read(at(3)).unwrap_err().reason, ResetReason::Trimmed);
    assert_eq!((mirror.oldest(), mirror.newest()), (at(4), at(6)));
}

#[test]
fn it_takes_no_other_number_than_the_next_and_no_other_epoch() {
    let mut mirror = topic_of(3);
    for id in [at(0), at(2), at(3), at(5), Cursor::new(EPOCH + 1, 4), Cursor::new(EPOCH - 1, 4)] {
        let refused = mirror.mirror(Message { id, ..message(0) }, Clock::ZERO);
        assert_eq!(refused, Err(NotNext { id, expected: at(4) }));
    }
    assert_eq!((mirror.newest(), mirror.len()), (at(3), 3));
}

#[test]
fn behind_the_last_number_there_is_none() {
    let mut mirror = Topic::resume(at(u64::MAX), Bounds::default());
    assert!(mirror.mirror(message(u64::MAX), Clock::ZERO).is_err());
    assert!(mirror.is_empty());
}

#[test]
fn a_message_is_as_old_as_it_is_elsewhere() {
    let bounds = Bounds { age: seconds(10), ..Bounds::default() };
    let mut mirror = Topic::resume(at(0), bounds);
    mirror.mirror(message(1), seconds(5)).unwrap();
    mirror.mirror(message(2), seconds(8)).unwrap();
    mirror.handle_timeout(seconds(15));
    assert_eq!((mirror.oldest(), mirror.poll_timeout()), (at(1), Some(seconds(18))));
}

#[test]
fn a_message_that_is_too_large_for_the_mirror_counts_as_dropped() {
    let mut mirror = bounded_topic_of(3, Bounds { bytes: 3 * Message::OVERHEAD + 10, ..Bounds::default() });
    let large = Message { data: "x".repeat(1000).into(), ..message(4) };
    mirror.mirror(large, Clock::ZERO).unwrap();
    assert_eq!((mirror.oldest(), mirror.newest(), mirror.bytes()), (at(4), at(4), 0));
}

proptest! {
    /// The other log loses what it likes, and the mirror sees it only now and then.
    #[test]
    fn a_reader_of_the_mirror_is_told_what_is_so_or_that_it_lost_something(
        bounds in (1..8_usize, 200..1500_usize).prop_map(|(messages, bytes)| Bounds { messages, bytes, ..Bounds::default() }),
        steps in prop::collection::vec((0..6_u64, any::<bool>()), 0..30),
        begin in 0..5_u64,
    ) {
        let mut mirror: Topic<Clock> = Topic::resume(at(begin), bounds);
        let (mut head, mut now) = (begin, Duration::ZERO);
        for (count, is_lost) in steps {
            now += seconds(1);
            for n in head + 1..=head + count {
                if !is_lost {
                    let is_next = mirror.mirror(message(n), now).is_ok();
                    if !is_next {
                        mirror = Topic::resume(at(n - 1), bounds);
                        mirror.mirror(message(n), now).unwrap();
                    }
                }
            }
            head += count;
            for n in 0..=head + 2 {
                match mirror.read(at(n)) {
                    // All that follows, up to where the mirror is.
                    Ok(messages) => {
                        let ids: Vec<u64> = messages.map(|message| message.id.n()).collect();
                        let expected: Vec<u64> = (n + 1..=mirror.newest().n()).collect();
                        prop_assert_eq!(ids, expected);
                    }
                    Err(reset) => {
                        let is_behind = n < mirror.oldest().n();
                        let reason = if is_behind { ResetReason::Trimmed } else { ResetReason::Future };
                        prop_assert_eq!(reset.reason, reason);
                        prop_assert!(is_behind || n > mirror.newest().n());
                    }
                }
            }
            prop_assert!(mirror.len() <= bounds.messages && mirror.bytes() <= bounds.bytes);
        }
    }
}

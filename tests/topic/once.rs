//! Messages with keys: published at most once while they are kept.

use crate::{Clock, EPOCH, bounded_topic_of, data, seconds, topic_of};
use proptest::prelude::*;
use std::collections::HashSet;
use std::time::Duration;
use tidings::topic::{Bounds, Cursor, IdempotencyKey, IdempotencyKeyError, Message, PublishError, Published, Topic};

fn key(text: &str) -> IdempotencyKey {
    text.parse().expect("a good key")
}

fn once(topic: &mut Topic<Clock>, text: &str, data: &str, now: Clock) -> Result<Published, PublishError> {
    topic.publish_once(key(text), None, data, now)
}

fn new(n: u64) -> Published {
    Published { id: Cursor::new(EPOCH, n), is_new: true }
}

fn known(n: u64) -> Published {
    Published { id: Cursor::new(EPOCH, n), is_new: false }
}

#[test]
fn a_key_has_1_to_128_visible_characters() {
    assert_eq!("".parse::<IdempotencyKey>(), Err(IdempotencyKeyError::Empty));
    assert_eq!("k".repeat(129).parse::<IdempotencyKey>(), Err(IdempotencyKeyError::TooLong));
    for text in ["8e03978e-40d5-43dd-bc93-6894a57f9324", "a/b+c==", "~!#$%&'()*:<=>?@[]^_`{|}", &"k".repeat(128)] {
        assert_eq!(key(text).as_str(), text);
    }
    for text in ["a b", " a", "a\n", "a\0", "ä", "\"", "a\"b", "a\\b", "a,b", "a;b", "\u{7f}"] {
        assert_eq!(text.parse::<IdempotencyKey>(), Err(IdempotencyKeyError::Character), "{text:?}");
    }
}

#[test]
fn quotation_marks_around_a_key_are_not_part_of_it() {
    assert_eq!(IdempotencyKey::from_header("\"abc\""), Ok(key("abc")));
    assert_eq!(IdempotencyKey::from_header("abc"), Ok(key("abc")));
    assert_eq!(key("abc").to_header(), "\"abc\"");
    assert_eq!(IdempotencyKey::from_header("\"\""), Err(IdempotencyKeyError::Empty));
    for header in ["\"abc", "abc\"", "\"", "\"a\\\"b\"", "\"a\", \"b\"", "\"a\";p=1", "\"\"a\"\""] {
        assert_eq!(IdempotencyKey::from_header(header), Err(IdempotencyKeyError::Character), "{header}");
    }
}

#[test]
fn numbered_keys_differ() {
    let keys: HashSet<IdempotencyKey> =
        (0..100).flat_map(|n| [IdempotencyKey::numbered([0; 16], n), IdempotencyKey::numbered([255; 16], n)]).collect();
    assert_eq!(keys.len(), 200);
    let longest = IdempotencyKey::numbered([255; 16], u64::MAX);
    assert_eq!(longest.as_str().parse(), Ok(longest));
}

#[test]
fn the_same_message_with_the_same_key_is_published_once() {
    let mut topic = topic_of(0);
    assert_eq!(once(&mut topic, "a", "x", seconds(0)), Ok(new(1)));
    assert_eq!(once(&mut topic, "b", "x", seconds(0)), Ok(new(2)));
    assert_eq!(once(&mut topic, "a", "x", seconds(9)), Ok(known(1)));
    assert_eq!(once(&mut topic, "b", "x", seconds(9)), Ok(known(2)));
    topic.publish(None, "x", seconds(9)).unwrap();
    assert_eq!(once(&mut topic, "a", "x", seconds(9)), Ok(known(1)));
    assert_eq!(topic.len(), 3);
}

#[test]
fn the_same_key_with_another_message_changes_nothing() {
    let mut topic = topic_of(0);
    topic.publish_once(key("a"), Some("e".parse().unwrap()), "x", seconds(0)).unwrap();
    let (bytes, newest) = (topic.bytes(), topic.newest());
    for (event, data) in [(Some("e"), "y"), (Some("f"), "x"), (None, "x"), (Some("e"), "")] {
        let event = event.map(|event| event.parse().unwrap());
        assert_eq!(topic.publish_once(key("a"), event, data, seconds(0)), Err(PublishError::KeyReused));
    }
    assert_eq!((topic.bytes(), topic.newest(), topic.len()), (bytes, newest, 1));
}

#[test]
fn a_key_is_forgotten_with_its_message() {
    let by_messages = Bounds { messages: 2, ..Bounds::default() };
    let by_bytes = Bounds { bytes: 2 * (Message::OVERHEAD + 2) + key("a").cost(), ..Bounds::default() };
    for bounds in [by_messages, by_bytes] {
        let mut topic = bounded_topic_of(0, bounds);
        assert_eq!(once(&mut topic, "a", "xx", seconds(0)), Ok(new(1)));
        topic.publish(None, "yy", seconds(0)).unwrap();
        assert_eq!(once(&mut topic, "a", "xx", seconds(0)), Ok(known(1)), "{bounds:?}");
        topic.publish(None, "zz", seconds(0)).unwrap();
        assert_eq!(once(&mut topic, "a", "other", seconds(0)), Ok(new(4)), "{bounds:?}");
    }
}

#[test]
fn a_key_is_forgotten_exactly_when_its_message_is_too_old() {
    let mut topic = bounded_topic_of(0, Bounds { age: Duration::from_secs(10), ..Bounds::default() });
    assert_eq!(once(&mut topic, "a", "x", seconds(5)), Ok(new(1)));
    assert_eq!(
        once(&mut topic, "a", "x", Duration::from_millis(14_999)),
        Ok(known(1)),
        "trying again does not prolong it"
    );
    assert_eq!(once(&mut topic, "a", "x", seconds(15)), Ok(new(2)), "whether or not it was dropped already");
    topic.handle_timeout(seconds(100));
    assert_eq!((topic.bytes(), topic.len()), (0, 0));
    assert_eq!(once(&mut topic, "a", "x", seconds(100)), Ok(new(3)));
}

#[test]
fn a_key_counts_against_the_bytes_of_the_topic() {
    let mut topic = topic_of(0);
    once(&mut topic, "key", "data!", seconds(0)).unwrap();
    assert_eq!(topic.bytes(), 5 + Message::OVERHEAD + 3 + IdempotencyKey::OVERHEAD);
    once(&mut topic, "key", "data!", seconds(0)).unwrap();
    assert_eq!(topic.bytes(), 5 + Message::OVERHEAD + 3 + IdempotencyKey::OVERHEAD);

    let limit = Message::OVERHEAD + IdempotencyKey::OVERHEAD + 10;
    let mut topic = bounded_topic_of(0, Bounds { bytes: limit, ..Bounds::default() });
    let error = once(&mut topic, "12345", "123456", seconds(0));
    assert_eq!(error, Err(PublishError::TooLarge { bytes: limit + 1, limit }));
    assert_eq!(once(&mut topic, "12345", "12345", seconds(0)), Ok(new(1)));
}

#[test]
fn a_topic_that_keeps_nothing_knows_no_keys() {
    let mut topic = bounded_topic_of(0, Bounds { messages: 0, ..Bounds::default() });
    assert_eq!(once(&mut topic, "a", "x", seconds(0)), Ok(new(1)));
    assert_eq!(once(&mut topic, "a", "x", seconds(0)), Ok(new(2)));
    assert_eq!(topic.bytes(), 0);
}

proptest! {
    #[test]
    fn keys_are_known_exactly_as_long_as_their_messages(
        publishes in prop::collection::vec((prop::option::of(0..6_u8), 0..3_usize, 0..4_u64), 0..60),
        messages in 0..6_usize,
        bytes in 300..1500_usize,
        age in 1..12_u64,
    ) {
        let bounds = Bounds { messages, bytes, age: Duration::from_secs(age) };
        let mut topic: Topic<Clock> = Topic::new(EPOCH, bounds);
        // Everything that was published: key, data, time.
        let mut log: Vec<(Option<u8>, String, Clock)> = Vec::new();
        let mut now = Clock::ZERO;
        for (key_number, len, pause) in publishes {
            now += Duration::from_secs(pause);
            let text = "x".repeat(len);
            let Some(number) = key_number else {
                topic.publish(None, text.clone(), now).unwrap();
                log.push((None, text, now));
                continue;
            };
            // What is kept, by the topic's own account, which the model of the log checks.
            topic.handle_timeout(now);
            let floor = usize::try_from(topic.oldest().n()).unwrap();
            let kept = log.iter().enumerate().skip(floor).find(|(_, (known, _, _))| *known == Some(number));
            let expected = match kept {
                Some((place, (_, data, _))) if *data == text => Ok(known(place as u64 + 1)),
                Some(_) => Err(PublishError::KeyReused),
                None => Ok(new(log.len() as u64 + 1)),
            };
            if expected.is_ok_and(|published| published.is_new) {
                log.push((Some(number), text.clone(), now));
            }
            prop_assert_eq!(topic.publish_once(key(&number.to_string()), None, text, now), expected);
        }
        let floor = usize::try_from(topic.oldest().n()).unwrap();
        let kept: Vec<&str> = log[floor..].iter().map(|(_, data, _)| data.as_str()).collect();
        prop_assert_eq!(data(topic.read(topic.oldest()).unwrap()), kept);
        let cost = |(key, data, _): &(Option<u8>, String, Clock)| {
            data.len() + Message::OVERHEAD + key.map_or(0, |_| 1 + IdempotencyKey::OVERHEAD)
        };
        prop_assert_eq!(topic.bytes(), log[floor..].iter().map(cost).sum::<usize>());
        prop_assert!(topic.bytes() <= bytes && topic.len() <= messages);
    }
}

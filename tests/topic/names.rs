//! The names of topics and events.

use std::collections::BTreeMap;
use tidings::topic::{
    EventName, EventNameError, Filter, FilterError, IdempotencyKey, IdempotencyKeyError, RESET_EVENT, TopicName,
    TopicNameError,
};

fn topic(text: &str) -> Result<TopicName, TopicNameError> {
    text.parse()
}

fn event(text: &str) -> Result<EventName, EventNameError> {
    text.parse()
}

#[test]
fn a_topic_name_has_1_to_128_characters() {
    assert_eq!(topic(""), Err(TopicNameError::Empty));
    assert!(topic("a").is_ok());
    assert!(topic(&"a".repeat(128)).is_ok());
    assert_eq!(topic(&"a".repeat(129)), Err(TopicNameError::TooLong));
}

#[test]
fn a_topic_name_has_letters_digits_dot_underscore_and_hyphen_only() {
    assert_eq!(topic("Az09._-").unwrap().as_str(), "Az09._-");
    for text in ["a b", "a/b", "a%2e", "a?b", "ä", "a\n", "a\0", "~", "a+b", "a:b"] {
        assert_eq!(topic(text), Err(TopicNameError::Character), "{text:?}");
    }
}

#[test]
fn a_map_of_topics_is_looked_up_by_text() {
    let name = topic("news").unwrap();
    let topics = BTreeMap::from([(name.clone(), 1)]);
    assert_eq!(topics.get("news"), Some(&1));
    assert_eq!(name.to_string(), "news");
}

#[test]
fn an_event_name_has_1_to_128_bytes() {
    assert_eq!(event(""), Err(EventNameError::Empty));
    assert!(event(&"ä".repeat(64)).is_ok());
    assert_eq!(event(&"ä".repeat(65)), Err(EventNameError::TooLong));
}

#[test]
fn an_event_name_cannot_break_out_of_its_line() {
    for text in ["a\rb", "a\nb", "a\0b", "\n", "a\r\ndata: injected"] {
        assert_eq!(event(text), Err(EventNameError::Character), "{text:?}");
    }
    assert_eq!(event(" a: b\t").unwrap().as_str(), " a: b\t");
}

#[test]
fn event_names_of_the_protocol_itself_are_reserved() {
    for text in ["tidings.", RESET_EVENT, "tidings.anything"] {
        assert_eq!(event(text), Err(EventNameError::Reserved), "{text:?}");
    }
    for text in ["tidings", "Tidings.reset", "my.tidings.reset"] {
        assert!(event(text).is_ok(), "{text:?}");
    }
}

#[test]
fn an_error_about_a_limit_tells_the_limit() {
    for (error, limit) in [
        (TopicNameError::TooLong.to_string(), TopicName::MAX_LEN),
        (EventNameError::TooLong.to_string(), EventName::MAX_LEN),
        (IdempotencyKeyError::TooLong.to_string(), IdempotencyKey::MAX_LEN),
        (FilterError::TooMany.to_string(), Filter::MAX_NAMES),
    ] {
        assert!(error.contains(&format!("than {limit} ")), "{error}");
    }
    assert!(EventNameError::Reserved.to_string().contains(EventName::RESERVED_PREFIX));
}

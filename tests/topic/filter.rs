//! Reading only what has one of some names.

use crate::{Clock, EPOCH, data, seconds, topic_of};
use proptest::prelude::*;
use std::time::Duration;
use tidings::topic::{Bounds, Cursor, EventNameError, Filter, FilterError, Message, ResetReason, Topic};

fn at(n: u64) -> Cursor {
    Cursor::new(EPOCH, n)
}

fn filter(names: &[&str]) -> Filter {
    Filter::parse(names).expect("good names")
}

/// A topic with a message of each of these events, its data its number; the empty name is none.
fn topic_with(bounds: Bounds, events: &[&str]) -> Topic<Clock> {
    let mut topic = Topic::new(EPOCH, bounds);
    for (event, n) in events.iter().zip(1..) {
        publish(&mut topic, event, n);
    }
    topic
}

fn publish(topic: &mut Topic<Clock>, event: &str, n: u64) {
    let event = (!event.is_empty()).then(|| event.parse().unwrap());
    topic.publish(event, n.to_string(), seconds(n)).expect("it fits");
}

/// Data, `next` and `more` of a selection.
#[track_caller]
fn select<'t>(topic: &'t Topic<Clock>, after: u64, filter: &Filter, most: usize) -> (Vec<&'t str>, u64, bool) {
    let selection = topic.select(at(after), filter, most, usize::MAX).expect("no reset");
    (data(selection.messages), selection.next.n(), selection.more)
}

#[test]
fn no_names_are_everything() {
    let everything = filter(&[]);
    assert!(everything.is_everything());
    assert_eq!(everything, Filter::default());
    assert_eq!(everything.names().len(), 0);
    assert_eq!(
        select(&topic_with(Bounds::default(), &["a", "", "b"]), 0, &everything, 9),
        (vec!["1", "2", "3"], 3, false)
    );
}

#[test]
fn any_of_the_names_will_do() {
    let topic = topic_with(Bounds::default(), &["a", "b", "c", "a", ""]);
    assert_eq!(select(&topic, 0, &filter(&["c", "a"]), 9), (vec!["1", "3", "4"], 5, false));
    assert_eq!(select(&topic, 0, &filter(&["A"]), 9), (vec![], 5, false), "the case of a name matters");
}

#[test]
fn a_message_without_a_name_is_of_the_event_message() {
    let topic = topic_with(Bounds::default(), &["", "message", "other"]);
    assert_eq!(select(&topic, 0, &filter(&["message"]), 9), (vec!["1", "2"], 3, false));
    assert_eq!(select(&topic, 0, &filter(&["other"]), 9), (vec!["3"], 3, false));
}

#[test]
fn filters_of_the_same_names_are_equal() {
    assert_eq!(filter(&["b", "a", "b"]), filter(&["a", "b"]));
    assert_eq!(filter(&["b", "a"]).names().collect::<Vec<_>>(), ["a", "b"]);
    assert_ne!(filter(&["a"]), filter(&["a", "b"]));
}

#[test]
fn a_name_that_could_not_be_published_is_refused() {
    for (name, error) in [
        ("", EventNameError::Empty),
        ("a\nb", EventNameError::Character),
        ("tidings.reset", EventNameError::Reserved),
        (&"a".repeat(129), EventNameError::TooLong),
    ] {
        assert_eq!(Filter::parse(["fine", name]), Err(FilterError::Name(error)), "{name:?}");
    }
}

#[test]
fn the_number_of_different_names_is_bounded() {
    let names: Vec<String> = (0..=Filter::MAX_NAMES).map(|n| n.to_string()).collect();
    let fits = Filter::parse(&names[1..]).unwrap();
    assert_eq!(fits.names().len(), Filter::MAX_NAMES);
    assert_eq!(Filter::parse(&names), Err(FilterError::TooMany));
    assert_eq!(Filter::parse(names[1..].iter().chain(&names[1..])), Ok(fits), "the same ones again are no more");
}

#[test]
fn next_is_behind_what_was_passed_over_and_more_is_about_what_matches() {
    let topic = topic_with(Bounds::default(), &["x", "a", "x", "x", "a", "x"]);
    let a = filter(&["a"]);
    assert_eq!(select(&topic, 0, &a, 1), (vec!["2"], 4, true));
    assert_eq!(select(&topic, 4, &a, 1), (vec!["5"], 6, false), "what is left does not match");
    assert_eq!(select(&topic, 5, &a, 1), (vec![], 6, false));
    assert_eq!(select(&topic, 6, &a, 1), (vec![], 6, false));
}

#[test]
fn the_limits_count_only_what_is_given() {
    let topic = topic_with(Bounds::default(), &["x", "a", "x", "a", "x", "a"]);
    let cost = Message::OVERHEAD + 2;
    let selected = |messages, bytes| {
        let selection = topic.select(at(0), &filter(&["a"]), messages, bytes).unwrap();
        (selection.messages.len(), selection.next.n(), selection.more)
    };
    assert_eq!(selected(2, usize::MAX), (2, 5, true));
    assert_eq!(selected(9, 2 * cost), (2, 5, true));
    assert_eq!(selected(9, 2 * cost - 1), (1, 3, true));
    assert_eq!(selected(9, 3 * cost), (3, 6, false));
    assert_eq!(selected(0, 0), (1, 3, true), "one at the least");
}

#[test]
fn what_is_looked_at_in_one_go_is_bounded() {
    let scan = Filter::SCAN as u64;
    let mut topic = Topic::new(EPOCH, Bounds { messages: usize::MAX, age: Duration::MAX, ..Bounds::default() });
    for n in 1..=scan {
        publish(&mut topic, "x", n);
    }
    let a = filter(&["a"]);
    assert_eq!(select(&topic, 0, &a, 9), (vec![], scan, false), "what a topic keeps by default is one go");
    publish(&mut topic, "a", scan + 1);
    assert_eq!(select(&topic, 0, &a, 9), (vec![], scan, true));
    let last = (scan + 1).to_string();
    assert_eq!(select(&topic, scan, &a, 9), (vec![last.as_str()], scan + 1, false));
    assert_eq!(select(&topic, 1, &a, 9), (vec![last.as_str()], scan + 1, false));
    assert_eq!(select(&topic, 0, &Filter::default(), usize::MAX).0.len(), Filter::SCAN + 1, "everything is no search");
}

#[test]
fn a_cursor_that_cannot_be_served_is_a_reset_whatever_the_filter() {
    let topic = topic_with(Bounds { messages: 1, ..Bounds::default() }, &["a", "a", "a"]);
    for (after, reason) in
        [(at(1), ResetReason::Trimmed), (at(4), ResetReason::Future), (Cursor::new(1, 3), ResetReason::Epoch)]
    {
        for filter in [Filter::default(), filter(&["b"])] {
            assert_eq!(topic.select(after, &filter, 1, 1).unwrap_err().reason, reason);
        }
    }
}

#[test]
fn the_midst_is_where_half_of_what_the_topic_keeps_has_come_since() {
    let by_messages = Bounds { messages: 10, ..Bounds::default() };
    let midst = |bounds: Bounds, count: u64, now| {
        let events: Vec<&str> = (0..count).map(|_| "").collect();
        topic_with(bounds, &events).midst(seconds(now)).n()
    };
    assert_eq!((midst(by_messages, 0, 0), midst(by_messages, 5, 5)), (0, 0));
    assert_eq!((midst(by_messages, 6, 6), midst(by_messages, 10, 10), midst(by_messages, 25, 25)), (1, 5, 20));

    let by_bytes = Bounds { bytes: 10 * (Message::OVERHEAD + 1), ..Bounds::default() };
    assert_eq!((midst(by_bytes, 5, 5), midst(by_bytes, 6, 6), midst(by_bytes, 9, 9)), (0, 3, 4));

    let by_age = Bounds { age: Duration::from_secs(10), ..Bounds::default() };
    assert_eq!((midst(by_age, 5, 5), midst(by_age, 5, 6), midst(by_age, 5, 8)), (0, 1, 3));
    let for_ever = Bounds { age: Duration::MAX, ..Bounds::default() };
    assert_eq!(midst(for_ever, 5, 1_000_000), 0);
    assert_eq!(midst(Bounds { messages: 0, ..Bounds::default() }, 3, 3), 3);
}

#[test]
fn without_a_filter_a_selection_is_a_batch() {
    let topic = topic_of(5);
    let selection = topic.select(at(1), &Filter::default(), 2, usize::MAX).unwrap();
    assert_eq!(selection.messages, topic.read(at(1)).unwrap().batch(2, usize::MAX));
    assert_eq!((selection.next, selection.more), (at(3), true));
}

proptest! {
    #[test]
    fn reading_on_gives_exactly_what_matches_once_and_in_order(
        events in prop::collection::vec(prop::sample::select(vec!["", "message", "a", "b", "c"]), 0..60),
        names in prop::collection::vec(prop::sample::select(vec!["message", "a", "b", "none"]), 0..3),
        most in 1..5_usize,
        bytes in 0..700_usize,
    ) {
        let topic = topic_with(Bounds::default(), &events);
        let filter = filter(&names);
        let is_wanted = |event: &str| names.is_empty() || names.contains(&if event.is_empty() { "message" } else { event });
        let expected: Vec<u64> = events.iter().zip(1..).filter(|(event, _)| is_wanted(event)).map(|(_, n)| n).collect();
        let (mut seen, mut cursor) = (Vec::new(), topic.oldest());
        loop {
            let selection = topic.select(cursor, &filter, most, bytes).unwrap();
            prop_assert!(selection.messages.len() <= most);
            let given: Vec<u64> = selection.messages.map(|message| message.id.n()).collect();
            prop_assert!(given.last().is_none_or(|last| (cursor.n()..=selection.next.n()).contains(last)));
            seen.extend(given);
            cursor = selection.next;
            prop_assert_eq!(selection.more, seen.len() < expected.len());
            if !selection.more {
                break;
            }
        }
        prop_assert_eq!(cursor, topic.newest());
        prop_assert_eq!(seen, expected);
    }
}

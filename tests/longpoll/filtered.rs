//! Polls that look for messages of some events only.

use crate::{Clock, answer, at, bounded_topic_of, events, hold_for, publish, publish_event, reset, seconds, topic_of};
use std::time::Duration;
use tidings::longpoll::{Options, Request};
use tidings::topic::{After, Bounds, Filter, ResetReason, Topic};

fn only(name: &str) -> Filter {
    Filter::parse([name]).unwrap()
}

fn request(after: impl Into<After>, name: &str, wait: Duration) -> Request {
    Request { after: after.into(), filter: only(name), wait }
}

#[test]
fn an_answer_has_only_what_matches_and_its_next_is_behind_the_rest() {
    let mut topic = topic_of(2);
    publish_event(&mut topic, "a");
    publish(&mut topic);
    let short = |after| events(answer(&request(at(after), "a", Duration::ZERO), &topic, &Options::default()));
    assert_eq!(short(0), (vec![3], at(4), false));
    assert_eq!(short(3), (vec![], at(4), false));
}

#[test]
fn batches_count_what_is_given_and_more_means_more_of_it() {
    let mut topic = topic_of(0);
    for _ in 0..3 {
        publish(&mut topic);
        publish_event(&mut topic, "a");
    }
    publish(&mut topic);
    let options = Options { batch_messages: 2, ..Options::default() };
    let short = |after| events(answer(&request(at(after), "a", Duration::ZERO), &topic, &options));
    assert_eq!(short(0), (vec![2, 4], at(5), true));
    assert_eq!(short(5), (vec![6], at(7), false));
}

#[test]
fn where_nothing_matches_a_poll_is_held() {
    let topic = topic_of(5);
    let held = hold_for(only("a"), at(2), &topic, &Options::default());
    assert_eq!((held.cursor(), held.poll_timeout()), (at(5), Some(seconds(30))));
    assert_eq!(held.filter(), &only("a"));
}

#[test]
fn what_does_not_match_moves_a_held_poll_and_does_not_end_it() {
    let mut topic = topic_of(5);
    let mut held = hold_for(only("a"), After::Now, &topic, &Options::default());
    for n in 6..20 {
        publish(&mut topic);
        assert_eq!(held.handle_news(&topic, seconds(1)), None);
        assert_eq!((held.cursor(), held.poll_timeout()), (at(n), Some(seconds(30))));
    }
    publish_event(&mut topic, "a");
    assert_eq!(held.handle_news(&topic, seconds(2)).map(events), Some((vec![20], at(20), false)));
}

#[test]
fn the_end_of_a_hold_brings_a_next_that_has_advanced() {
    let mut topic = topic_of(5);
    let mut held = hold_for(only("a"), After::Now, &topic, &Options::default());
    publish(&mut topic);
    assert_eq!(held.handle_news(&topic, seconds(1)), None);
    publish(&mut topic);
    assert_eq!(held.handle_timeout(&topic, seconds(30)).map(events), Some((vec![], at(7), false)));
    assert_eq!(events(held.drain(&topic)), (vec![], at(7), false));
}

#[test]
fn the_delay_begins_with_the_first_that_matches() {
    let options = Options { coalesce: Duration::from_millis(50), ..Options::default() };
    let mut topic = topic_of(5);
    let mut held = hold_for(only("a"), After::Now, &topic, &options);
    publish(&mut topic);
    assert_eq!(held.handle_news(&topic, seconds(1)), None);
    assert_eq!(held.poll_timeout(), Some(seconds(30)));
    publish_event(&mut topic, "a");
    publish(&mut topic);
    assert_eq!(held.handle_news(&topic, seconds(2)), None);
    assert_eq!(held.poll_timeout(), Some(seconds(2) + options.coalesce));
    let answer = held.handle_timeout(&topic, seconds(3));
    assert_eq!(answer.map(events), Some((vec![7], at(8), false)));
}

#[test]
fn what_waits_is_not_lost_to_what_does_not_match() {
    let options = Options { coalesce: Duration::from_secs(1), ..Options::default() };
    let mut topic = bounded_topic_of(8, Bounds { messages: 8, ..Bounds::default() });
    let mut held = hold_for(only("a"), After::Now, &topic, &options);
    publish_event(&mut topic, "a");
    let answer = (0..9).find_map(|_| {
        publish(&mut topic);
        held.handle_news(&topic, seconds(1)).map(events)
    });
    assert_eq!(answer, Some((vec![9], at(12), false)));
}

#[test]
fn a_client_is_told_of_its_place_before_the_one_it_knows_is_dropped() {
    let mut topic = bounded_topic_of(8, Bounds { messages: 8, ..Bounds::default() });
    let mut held = hold_for(only("a"), After::Now, &topic, &Options::default());
    let mut passed_over = 0;
    let answer = loop {
        publish(&mut topic);
        passed_over += 1;
        if let Some(answer) = held.handle_news(&topic, seconds(1)) {
            break events(answer);
        }
    };
    assert_eq!((passed_over, answer), (5, (vec![], at(13), false)), "half of what is kept, and one");
    // Had it been lost, the same question would still do.
    assert!(topic.read(at(8)).is_ok());
}

#[test]
fn a_poll_that_comes_to_no_end_is_answered_with_how_far_it_came() {
    let mut topic = Topic::new(crate::EPOCH, Bounds { messages: usize::MAX, ..Bounds::default() });
    for _ in 0..=Filter::SCAN {
        publish(&mut topic);
    }
    publish_event(&mut topic, "a");
    let ask = |after| events(answer(&request(at(after), "a", seconds(30)), &topic, &Options::default()));
    let far = Filter::SCAN as u64;
    assert_eq!(ask(0), (vec![], at(far), true));
    assert_eq!(ask(far), (vec![far + 2], at(far + 2), false));
}

#[test]
fn a_cursor_that_cannot_be_served_is_never_held_whatever_is_looked_for() {
    let topic: Topic<Clock> = bounded_topic_of(5, Bounds { messages: 2, ..Bounds::default() });
    for (n, reason) in [(2, ResetReason::Trimmed), (6, ResetReason::Future)] {
        let answer = answer(&request(at(n), "a", seconds(30)), &topic, &Options::default());
        assert_eq!(reset(&answer), reason);
    }
}

#[test]
fn a_lost_answer_to_a_filtered_poll_is_the_same_again() {
    let mut topic = topic_of(3);
    publish_event(&mut topic, "a");
    let asked = request(at(1), "a", seconds(30));
    assert_eq!(answer(&asked, &topic, &Options::default()), answer(&asked, &topic, &Options::default()));
    assert_eq!(events(answer(&asked, &topic, &Options::default())), (vec![4], at(4), false));
}

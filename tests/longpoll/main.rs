//! Polling: what a poll asks for, what it is answered when, and what is asked next. On a simulated clock.

mod client;
mod filtered;
mod held;
mod prefer;
mod request;
mod short;

use std::iter;
use std::time::Duration;
use tidings::longpoll::{self, Answer, Held, Options, Poll, Request};
use tidings::topic::{After, Bounds, Cursor, Filter, ResetReason, Topic};

/// A simulated clock: time since the start of the test.
type Clock = Duration;

const EPOCH: u64 = 1_700_000_000_000;

const fn at(n: u64) -> Cursor {
    Cursor::new(EPOCH, n)
}

const fn seconds(seconds: u64) -> Clock {
    Clock::from_secs(seconds)
}

fn topic_of(count: u64) -> Topic<Clock> {
    bounded_topic_of(count, Bounds::default())
}

fn bounded_topic_of(count: u64, bounds: Bounds) -> Topic<Clock> {
    let mut topic = Topic::new(EPOCH, bounds);
    for _ in 0..count {
        publish(&mut topic);
    }
    topic
}

fn publish(topic: &mut Topic<Clock>) {
    topic.publish(None, "news", Clock::ZERO).expect("it fits");
}

fn publish_event(topic: &mut Topic<Clock>, event: &str) {
    topic.publish(Some(event.parse().unwrap()), "news", Clock::ZERO).expect("it fits");
}

/// A poll by query alone, with default options.
fn request(after: &str, wait: &str) -> Request {
    Request::new(Some(after), Some(wait), iter::empty(), &Options::default()).expect("well-formed")
}

#[track_caller]
fn answer<'t>(request: &Request, topic: &'t Topic<Clock>, options: &Options) -> Answer<'t> {
    match longpoll::poll(request, topic, options, Clock::ZERO) {
        Poll::Answer(answer) => answer,
        Poll::Hold(held) => panic!("held: {held:?}"),
    }
}

/// Holds a poll for 30 seconds from time zero.
#[track_caller]
fn hold(after: impl Into<After>, topic: &Topic<Clock>, options: &Options) -> Held<Clock> {
    hold_for(Filter::default(), after, topic, options)
}

/// The same for these messages only.
#[track_caller]
fn hold_for(filter: Filter, after: impl Into<After>, topic: &Topic<Clock>, options: &Options) -> Held<Clock> {
    let request = Request { after: after.into(), filter, wait: seconds(30) };
    match longpoll::poll(&request, topic, options, Clock::ZERO) {
        Poll::Hold(held) => held,
        Poll::Answer(answer) => panic!("not held but answered: {answer:?}"),
    }
}

/// The numbers of the messages, `next`, and whether there is more.
#[track_caller]
fn events(answer: Answer<'_>) -> (Vec<u64>, Cursor, bool) {
    assert_eq!(answer.status(), 200);
    match answer {
        Answer::Events { messages, next, more } => (messages.map(|message| message.id.n()).collect(), next, more),
        Answer::Reset(reset) => panic!("a reset: {reset}"),
    }
}

#[track_caller]
fn reset(answer: &Answer<'_>) -> ResetReason {
    assert_eq!(answer.status(), 410);
    match answer {
        Answer::Reset(reset) => reset.reason,
        Answer::Events { .. } => panic!("no reset"),
    }
}

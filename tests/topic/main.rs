//! The topic: a bounded log, its cursors, its names. On a simulated clock.

mod bounds;
mod cursor;
mod filter;
mod mirror;
mod model;
mod names;
mod once;
mod reading;

use std::time::Duration;
use tidings::topic::{Bounds, Message, Topic};

/// A simulated clock: time since the start of the test.
type Clock = Duration;

const EPOCH: u64 = 1_700_000_000_000;

const fn seconds(seconds: u64) -> Clock {
    Clock::from_secs(seconds)
}

/// A topic with default bounds and messages `1`, `2`, … `count` at time zero.
fn topic_of(count: u64) -> Topic<Clock> {
    bounded_topic_of(count, Bounds::default())
}

fn bounded_topic_of(count: u64, bounds: Bounds) -> Topic<Clock> {
    let mut topic = Topic::new(EPOCH, bounds);
    for n in 1..=count {
        topic.publish(None, n.to_string(), Clock::ZERO).expect("it fits");
    }
    topic
}

fn data<'a>(messages: impl Iterator<Item = &'a Message>) -> Vec<&'a str> {
    messages.map(|message| &*message.data).collect()
}

//! What the topics of a server may take, all together.

use crate::client::EventSource;
use crate::server::Redis;
use crate::{data, node, node_with, poll, publish};
use std::thread;
use tidings::server::Limits;
use tidings::topic::Bounds;

#[test]
fn topics_that_nobody_uses_make_room_for_one_that_is_heard() {
    let redis = Redis::start("room");
    let topic = Bounds { bytes: 390_000, ..Bounds::default() };
    let one = node(&redis);
    let other = node_with(&redis, &Limits { all_topics_bytes: 400_000, topic, ..Limits::default() });
    for _ in 0..7 {
        publish(&one, "big", &"x".repeat(50_000));
    }
    publish(&one, "small", &"y".repeat(20_000));
    let mut source = EventSource::open(other.client(), "/topics/small", "");
    assert_eq!(poll(&other, "big", "oldest").status, 200);
    assert!(other.metric("tidings_topics_bytes") > 350_000);
    for server in [&one, &other] {
        let id = publish(server, "small", &"z".repeat(35_000));
        let event = source.event().unwrap();
        assert_eq!((&*event.name, event.id.as_str()), ("message", &*id.to_string()));
        assert_eq!(event.data.len(), 35_000);
    }
    assert_eq!(other.metric("tidings_topics"), 1);
    assert_eq!(poll(&other, "big", "oldest").status, 200);
}

#[test]
fn who_asks_for_too_many_topics_leaves_none_in_redis() {
    let redis = Redis::start("too-many");
    let server = node_with(&redis, &Limits { topics: 2, ..Limits::default() });
    let _sources = ["a", "b"].map(|name| EventSource::open(server.client(), &format!("/topics/{name}"), ""));
    let keys = || redis.ask::<u64>("DBSIZE");
    let before = keys();
    for n in 0..20 {
        assert_eq!(server.client().get(&format!("/topics/{n}?wait=0")).status, 503);
    }
    assert_eq!(keys(), before);
    assert_eq!(server.metric("tidings_refusals_total{reason=\"topics\"}"), 20);
}

#[test]
fn a_topic_that_many_ask_for_at_once_is_read_once() {
    let redis = Redis::start("herd");
    let (one, other) = (node(&redis), node(&redis));
    for n in 0..40 {
        publish(&one, "big", &format!("{n} {}", "x".repeat(100_000)));
    }
    let _: String = redis.ask("CONFIG RESETSTAT");
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| assert!(data(&poll(&other, "big", "oldest"))[0].starts_with("0 ")));
        }
    });
    let stats = redis.ask::<String>("INFO commandstats");
    let reads = stats.lines().find_map(|line| line.strip_prefix("cmdstat_xrevrange:calls=")).unwrap();
    // A page of 10, and the 30 that are left.
    assert!(reads.starts_with("2,"), "{reads}");
}

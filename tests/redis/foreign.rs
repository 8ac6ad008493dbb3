//! What somebody else writes where our topics are.

use crate::client::EventSource;
use crate::server::Redis;
use crate::{data, node, poll, publish, until};
use std::thread;
use std::time::Duration;

/// There is something else in a topic's place for a while.
#[test]
fn a_topic_that_was_something_else_is_read_on() {
    let redis = Redis::start("wrong-type");
    let (one, other) = (node(&redis), node(&redis));
    publish(&one, "news", "1");
    publish(&one, "good", "1");
    let mut source = EventSource::open(other.client(), "/topics/news?after=oldest", "");
    let mut good = EventSource::open(other.client(), "/topics/good?after=oldest", "");
    assert_eq!((source.event().unwrap().data, good.event().unwrap().data), ("1".into(), "1".into()));
    let mut connection = redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
    let mut replaced = redis::pipe();
    replaced.atomic().cmd("DEL").arg("tidings:{news}").cmd("SET").arg(&["tidings:{news}", "x"]);
    replaced.exec(&mut connection).unwrap();
    thread::sleep(Duration::from_secs(2)); // so that it is looked at
    publish(&one, "good", "2");
    assert_eq!(good.event().unwrap().data, "2");
    assert_eq!(other.metric("tidings_redis_reconnections_total"), 0, "the others are read as ever");
    let _: i64 = redis.ask("DEL tidings:{news}");
    publish(&one, "news", "on");
    let event = source.event().unwrap();
    assert_eq!(event.name, "tidings.reset", "{event:?}");
    assert_eq!(source.event().unwrap().data, "on");
    assert_eq!(data(&poll(&other, "news", "oldest")), ["on"]);
}

/// Numbers that are none of ours: of more than 53 bits.
#[test]
fn a_topic_with_an_id_too_large_begins_anew_and_stops_no_other() {
    const GIANT: u64 = u64::MAX;
    for (test, epoch, n) in [("giant-n", None, GIANT), ("giant-epoch", Some(GIANT), 7), ("giant", Some(GIANT), GIANT)] {
        let redis = Redis::start(test);
        let (one, other) = (node(&redis), node(&redis));
        let first = publish(&one, "news", "1");
        let good = publish(&one, "good", "1");
        let mut source = EventSource::open(other.client(), "/topics/news?after=oldest", "");
        assert_eq!(source.event().unwrap().data, "1");
        assert_eq!(data(&poll(&other, "good", "oldest")), ["1"]);
        let epoch = epoch.unwrap_or(first.epoch());
        let _: String = redis.ask(&format!("XADD tidings:{{news}} {epoch}-{n} x y"));
        let event = source.event().unwrap();
        assert_eq!(event.name, "tidings.reset", "{event:?}");
        let id = publish(&one, "news", "on");
        assert!(id.epoch() > first.epoch() && id.epoch() < 1 << 53 && id.n() == 1, "{id}");
        assert_eq!(source.event().unwrap().data, "on");
        publish(&one, "good", "2");
        assert_eq!(data(&poll(&other, "good", good)), ["2"]);
        for server in [&one, &other] {
            assert_eq!(server.metric("tidings_redis_reconnections_total"), 0);
        }
        // Nor is a publish refused that is the first to find one.
        let _: String = redis.ask(&format!("XADD tidings:{{unread}} {epoch}-{n} x y"));
        assert_eq!(publish(&one, "unread", "x").n(), 1);
        until("it is read", || data(&poll(&other, "unread", "oldest")) == ["x"]);
    }
}

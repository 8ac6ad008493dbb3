//! What the topics of a server may take, all together.

use crate::client::EventSource;
use crate::server::Redis;
use crate::{node, node_with, poll, publish};
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

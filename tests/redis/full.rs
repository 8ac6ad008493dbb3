//! A Redis that has no room, or does not let everything be done.

use crate::client::EventSource;
use crate::running::Running;
use crate::server::Redis;
use crate::{data, node, node_with, poll, publish, until};
use std::thread;
use std::time::Duration;
use tidings::server::Limits;
use tidings::topic::{Bounds, Cursor};

/// What is in it is not thrown away for what comes.
const FULL_AT_3_MB: [&str; 4] = ["--maxmemory", "3mb", "--maxmemory-policy", "noeviction"];

const LARGE: usize = 100_000;

/// Publishes until it is refused.
fn fill(server: &Running, topic: &str) {
    for _ in 0..60 {
        let answer = server.client().post(&format!("/topics/{topic}"), &"x".repeat(LARGE));
        if answer.status != 201 {
            assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{}", answer.text());
            return;
        }
    }
    panic!("3 MB are full");
}

#[test]
fn one_that_takes_no_more_refuses_and_says_why() {
    let redis = Redis::start_with("full", &FULL_AT_3_MB);
    let server = node(&redis);
    let first = publish(&server, "news", "first");
    fill(&server, "news");
    let mut source = EventSource::open(server.client(), "/topics/news", "");
    // It is noted all the same that it has restarted, and who reads goes on.
    let mut connection = redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
    let _: String = redis.ask("CONFIG SET maxmemory 100mb");
    let mut full = redis::pipe();
    full.atomic().cmd("HSET").arg(&["tidings:{news}:known", "run", "another"]);
    full.cmd("CONFIG").arg(&["SET", "maxmemory", "1mb"]);
    full.exec(&mut connection).unwrap();
    until("it is noted", || redis.ask::<u8>("HEXISTS tidings:{news}:known next") == 1);
    assert_eq!(server.metric("tidings_redis_connected"), 1);
    assert_eq!(server.metric("tidings_redis_reconnections_total"), 0);
    let _: String = redis.ask("CONFIG SET maxmemory 100mb");
    let next = publish(&server, "news", "again");
    assert_eq!(next.epoch(), first.epoch());
    assert_eq!(source.event().unwrap().data, "again");
}

/// A new topic is a few writes more: none of them makes room for the message.
#[test]
fn it_takes_no_new_topics_either() {
    let redis = Redis::start_with("full-new", &FULL_AT_3_MB);
    let server = node(&redis);
    fill(&server, "news");
    let keys: u64 = redis.ask("DBSIZE");
    for n in 0..20 {
        assert_eq!(server.client().post(&format!("/topics/new-{n}"), &"x".repeat(LARGE)).status, 503);
    }
    assert!(redis.ask::<u64>("DBSIZE") <= keys);
}

#[test]
fn it_is_readable_though_it_comes_back_full() {
    let mut redis = Redis::start_with("full-restart", &FULL_AT_3_MB);
    let (server, other) = (node(&redis), node(&redis));
    let first = publish(&server, "news", "first");
    fill(&server, "fill");
    redis.kill();
    redis.run();
    // It may take a little less after a restart.
    let _: String = redis.ask("CONFIG SET maxmemory 1mb");
    for node in [&server, &other] {
        until("it is back", || node.metric("tidings_redis_reconnections_total") == 1);
    }
    assert_eq!(data(&poll(&other, "news", "oldest")), ["first"]);
    assert_eq!(poll(&other, "fill", "oldest").status, 200);
    let ahead = Cursor::new(first.epoch(), 2);
    assert_ne!(poll(&other, "news", ahead).status, 503);
    assert_eq!(other.client().post("/topics/other", "x").status, 503);
    assert_eq!(other.metric("tidings_redis_connected"), 1);
}

/// A 503 says that nothing was taken.
#[test]
fn who_may_not_keep_the_key_publishes_nothing() {
    let redis = Redis::start("no-set");
    let server = node(&redis);
    publish(&server, "news", "first");
    for lacks in ["set", "get", "xadd"] {
        let _: String = redis.ask(&format!("ACL SETUSER default -{lacks}"));
        let answer = server.client().post("/topics/news", lacks);
        assert_eq!(answer.status, 503, "without {lacks}: {}", answer.text());
        assert_eq!(redis.ask::<u64>("XLEN tidings:{news}"), 1, "without {lacks}");
        let _: String = redis.ask(&format!("ACL SETUSER default +{lacks}"));
        until("it is there", || server.metric("tidings_redis_connected") == 1);
    }
    // Nor is a message refused that is taken: its expiry is put off after it.
    assert_eq!(server.client().get("/topics/quiet").status, 200);
    let _: String = redis.ask("ACL SETUSER default -pexpire");
    assert_eq!(publish(&server, "quiet", "x").n(), 1);
    assert_eq!(redis.ask::<u64>("XLEN tidings:{quiet}"), 1);
}

/// It answers, and refuses what is read: it is not back, again and again.
#[test]
fn one_that_lets_nobody_read_is_not_back() {
    let redis = Redis::start("no-xread");
    let server = node(&redis);
    let _: String = redis.ask("ACL SETUSER default -xread");
    until("it is missed", || server.metric("tidings_redis_connected") == 0);
    thread::sleep(Duration::from_secs(1)); // ten tries
    assert_eq!(server.metric("tidings_redis_reconnections_total"), 0);
    let _: String = redis.ask("ACL SETUSER default +xread");
    until("it is back", || server.metric("tidings_redis_reconnections_total") == 1);
    publish(&server, "news", "on");
}

#[test]
fn as_many_messages_as_anybody_can_count_are_kept() {
    let redis = Redis::start("no-bound");
    let topic = Bounds { messages: usize::MAX, ..Bounds::default() };
    let server = node_with(&redis, &Limits { topic, ..Limits::default() });
    assert_eq!(publish(&server, "news", "x").n(), 1);
    assert_eq!(data(&poll(&server, "news", "oldest")), ["x"]);
}

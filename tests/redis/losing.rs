//! What Redis loses, and what subscribers are told of it.

use crate::client::{Client, Event, EventSource};
use crate::run::serve;
use crate::server::Redis;
use crate::{data, node, node_with, poll, publish, until};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant, SystemTime};
use tidings::envelope::parse_reset;
use tidings::server::Limits;
use tidings::topic::{Cursor, Reset, ResetReason};

fn reset(event: Option<Event>) -> Reset {
    let event = event.expect("a reset");
    assert_eq!(event.name, "tidings.reset", "{event:?}");
    parse_reset(&event.data).unwrap()
}

/// Publishes so many.
fn publish_some(server: &crate::running::Running, count: u64) -> Vec<Cursor> {
    (1..=count).map(|n| publish(server, "news", &n.to_string())).collect()
}

/// Since 1970, as entries tell it.
fn now_in_millis() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()
}

#[test]
fn what_was_trimmed_before_it_was_read_is_told() {
    let redis = Redis::start("trimmed");
    let (one, other) = (node(&redis), node(&redis));
    let first = publish(&one, "news", "1");
    let mut source = EventSource::open(other.client(), &format!("/topics/news?after={first}"), "");
    // In one step, so that nobody reads in between.
    let key = format!("{}-*", first.epoch());
    let script = format!(
        "for i=1,5 do redis.call('XADD',KEYS[1],'{key}','t','{}','d',tostring(i)) end redis.call('XTRIM',KEYS[1],'MAXLEN',2)",
        now_in_millis()
    );
    let mut connection = redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
    redis::cmd("EVAL").arg(&script).arg(1).arg("tidings:{news}").exec(&mut connection).unwrap();
    let told = reset(source.event());
    assert_eq!((told.reason, told.oldest), (ResetReason::Trimmed, Cursor::new(first.epoch(), 4)));
    assert_eq!(source.event().unwrap().data, "4");
    assert_eq!(source.event().unwrap().data, "5");
    assert_eq!(other.metric("tidings_redis_gaps_total"), 1);
    assert_eq!(publish(&one, "news", "on").n(), 7);
    assert_eq!(source.event().unwrap().data, "on");
}

#[test]
fn so_it_is_if_nothing_is_left() {
    let redis = Redis::start("trimmed-all");
    let (one, other) = (node(&redis), node(&redis));
    let first = publish(&one, "news", "1");
    let mut source = EventSource::open(other.client(), &format!("/topics/news?after={first}"), "");
    let mut connection = redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
    let script = format!(
        "for i=1,5 do redis.call('XADD',KEYS[1],'{}-*','t','1','d','x') end redis.call('XTRIM',KEYS[1],'MAXLEN',0)",
        first.epoch()
    );
    redis::cmd("EVAL").arg(&script).arg(1).arg("tidings:{news}").exec(&mut connection).unwrap();
    let told = reset(source.event());
    assert_eq!((told.reason, told.oldest), (ResetReason::Trimmed, Cursor::new(first.epoch(), 6)));
}

#[test]
fn what_somebody_else_wrote_there_is_no_message() {
    let redis = Redis::start("foreign");
    let server = node(&redis);
    let first = publish(&server, "news", "1");
    let mut source = EventSource::open(server.client(), &format!("/topics/news?after={first}"), "");
    let _: String = redis.ask(&format!("XADD tidings:{{news}} {}-* what else", first.epoch()));
    let told = reset(source.event());
    assert_eq!((told.reason, told.oldest.n()), (ResetReason::Trimmed, 2));
    assert_eq!(publish(&server, "news", "on").n(), 3);
    assert_eq!(source.event().unwrap().data, "on");
    // Nor does it stop the other topics if there is something else in its place.
    let _: String = redis.ask("SET tidings:{other} x");
    assert_eq!(server.client().get("/topics/other").status, 503);
    assert_eq!(server.client().post("/topics/other", "x").status, 503);
    publish(&server, "news", "and on");
    assert_eq!(source.event().unwrap().data, "and on");
}

#[test]
fn a_stream_that_is_gone_is_another_epoch_though_nobody_publishes() {
    for command in ["DEL tidings:{news}", "FLUSHALL"] {
        let redis = Redis::start(&command[..3].to_lowercase());
        let (one, other) = (node(&redis), node(&redis));
        let last = *publish_some(&one, 3).last().unwrap();
        let mut sources = [&one, &other].map(|server| EventSource::open(server.client(), "/topics/news", ""));
        let begun = Instant::now();
        let _: redis::Value = redis.ask(command);
        let told = sources.each_mut().map(|source| reset(source.event()));
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
        assert_eq!(told[0].reason, ResetReason::Epoch);
        assert_eq!(told[0], told[1], "both are told the same");
        assert!(told[0].oldest.epoch() > last.epoch() && told[0].oldest.n() == 0, "{told:?}");
        let id = publish(&other, "news", "on");
        assert_eq!(id, Cursor::new(told[0].oldest.epoch(), 1));
        for source in &mut sources {
            assert_eq!(source.event().unwrap().data, "on");
        }
    }
}

#[test]
fn a_restart_with_all_data_resets_nobody() {
    let mut redis = Redis::start("restart");
    let (one, other) = (node(&redis), node(&redis));
    let ids = publish_some(&one, 5);
    let mut source = EventSource::open(other.client(), "/topics/news", "");
    let held = thread::scope(|scope| {
        let after = ids[4];
        let other = &other;
        let held = scope.spawn(move || poll_for_long(other, after));
        until("the poll is held", || other.metric("tidings_subscribers{transport=\"long-poll\"}") == 1);
        redis.kill();
        until("it is missed", || other.metric("tidings_redis_connected") == 0);
        redis.run();
        until("it is back", || one.metric("tidings_redis_connected") == 1);
        // It waits until everybody has had the time to say what they know.
        assert_eq!(publish(&one, "news", "on"), Cursor::new(after.epoch(), 6));
        held.join().unwrap()
    });
    assert_eq!(data(&held), ["on"]);
    assert_eq!(source.event().unwrap().data, "on");
    assert_eq!(data(&poll(&other, "news", ids[3])), ["5", "on"]);
    assert_eq!(other.metric("tidings_redis_reconnections_total"), 1);
}

fn poll_for_long(server: &crate::running::Running, after: Cursor) -> crate::client::Answer {
    server.client().get(&format!("/topics/news?after={after}&wait=9"))
}

#[test]
fn a_restart_with_older_data_is_another_epoch() {
    let mut redis = Redis::start("older");
    let (one, other) = (node(&redis), node(&redis));
    publish_some(&one, 5);
    redis.copy_data();
    let last = *publish_some(&one, 3).last().unwrap();
    let mut source = EventSource::open(other.client(), "/topics/news", "");
    redis.kill();
    redis.put_older_data_back();
    redis.run();
    let told = reset(source.event());
    assert_eq!(told.reason, ResetReason::Epoch);
    assert!(told.oldest.epoch() > last.epoch());
    until("it is back", || one.metric("tidings_redis_connected") == 1);
    let id = publish(&one, "news", "on");
    assert_eq!(id, Cursor::new(told.oldest.epoch(), 1));
    assert_eq!(source.event().unwrap().data, "on");
}

/// Nobody reads the topic: what was told to the publisher does.
#[test]
fn so_it_is_where_it_was_only_published_to() {
    let mut redis = Redis::start("older-unread");
    let server = node(&redis);
    publish_some(&server, 5);
    redis.copy_data();
    let last = *publish_some(&server, 3).last().unwrap();
    redis.kill();
    redis.put_older_data_back();
    redis.run();
    until("it is back", || server.metric("tidings_redis_reconnections_total") == 1);
    let id = publish(&server, "news", "on");
    assert!(id.epoch() > last.epoch() && id.n() == 1, "{last} and then {id}");
    let told = poll(&server, "news", last);
    assert!(told.text().contains(r#""reset":"epoch""#), "{}", told.text());
}

/// One that knows nothing of the topic is back first.
#[test]
fn nothing_is_numbered_before_the_others_can_say_what_they_know() {
    let mut redis = Redis::start("older-settling");
    let (one, other) = (node(&redis), serve(&["--redis", &redis.url()]));
    let addr = other.addr().parse().unwrap();
    let publish_there = || crate::id(&Client::connect(addr).post("/topics/news", "x"));
    let publish_some_there = |count| {
        let ids: Vec<Cursor> = (0..count).map(|_| publish_there()).collect();
        ids[count - 1]
    };
    publish_some_there(5);
    redis.copy_data();
    let last = publish_some_there(3);
    let signal = |name: &str| {
        let sent = Command::new("kill").args([name, &other.running.id().to_string()]).status();
        assert!(sent.unwrap().success());
    };
    signal("-STOP");
    redis.kill();
    redis.put_older_data_back();
    redis.run();
    until("it is back", || one.metric("tidings_redis_reconnections_total") == 1);
    let id = thread::scope(|scope| {
        let first = scope.spawn(|| publish(&one, "news", "first"));
        thread::sleep(Duration::from_millis(300)); // the other one is late
        signal("-CONT");
        first.join().unwrap()
    });
    assert!(id.epoch() > last.epoch() && id.n() == 1, "{last}, and then {id}");
}

#[test]
fn a_restart_without_data_is_another_epoch() {
    let mut redis = Redis::start("empty");
    let (one, other) = (node(&redis), node(&redis));
    let last = *publish_some(&one, 5).last().unwrap();
    let mut source = EventSource::open(other.client(), "/topics/news", "");
    redis.kill();
    redis.drop_data();
    redis.run();
    let told = reset(source.event());
    assert_eq!((told.reason, told.oldest.n()), (ResetReason::Epoch, 0));
    assert!(told.oldest.epoch() > last.epoch());
    until("it is back", || one.metric("tidings_redis_connected") == 1);
    assert_eq!(publish(&one, "news", "on"), Cursor::new(told.oldest.epoch(), 1));
    assert_eq!(source.event().unwrap().data, "on");
    // Nor does it mean anything once the new head's number has overtaken it.
    let head = *publish_some(&one, 6).last().unwrap();
    assert!(head.n() > last.n());
    let told = poll(&other, "news", last);
    assert!(told.text().contains(r#""reset":"epoch""#), "{}", told.text());
}

/// Nobody's questions take the place of what this server knows of the topics that it publishes to.
#[test]
fn so_it_is_for_the_latest_of_many() {
    let mut redis = Redis::start("older-many");
    let server = node_with(&redis, &Limits { topics: 2, ..Limits::default() });
    for n in 0..5 {
        server.client().get(&format!("/topics/asked-{n}"));
    }
    for name in ["a", "b", "c"] {
        publish(&server, name, "x");
    }
    let first = publish(&server, "news", "1");
    redis.copy_data();
    let last = publish(&server, "news", "2");
    assert_eq!(last, Cursor::new(first.epoch(), 2));
    redis.kill();
    redis.put_older_data_back();
    redis.run();
    until("it is back", || server.metric("tidings_redis_reconnections_total") == 1);
    let id = publish(&server, "news", "another");
    assert!(id.epoch() > last.epoch() && id.n() == 1, "{last} and then {id}");
}

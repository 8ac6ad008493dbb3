//! What is published to one node, at the others.

use crate::client::{EventSource, WebSocket};
use crate::server::Redis;
use crate::{data, id, node, node_with, poll, post, publish, until};
use std::thread;
use std::time::{Duration, Instant};
use tidings::server::Limits;
use tidings::topic::{Bounds, Cursor};

#[test]
fn each_node_numbers_on_where_the_others_are() {
    let redis = Redis::start("numbers");
    let nodes = [node(&redis), node(&redis), node(&redis)];
    let ids: Vec<Cursor> = (0..30).map(|n| publish(&nodes[n % 3], "news", &n.to_string())).collect();
    let epoch = ids[0].epoch();
    assert_eq!(ids, (1..=30).map(|n| Cursor::new(epoch, n)).collect::<Vec<_>>());
    let all: Vec<String> = (0..30).map(|n| n.to_string()).collect();
    for server in &nodes {
        assert_eq!(data(&poll(server, "news", ids[9])), all[10..]);
        assert_eq!(data(&poll(server, "news", "oldest")), all);
    }
    // An answer that is lost can be asked for anywhere: it is the same to the byte.
    let answers = nodes.each_ref().map(|server| poll(server, "news", ids[9]).body);
    assert!(answers.iter().all(|body| *body == answers[0]));
}

#[test]
fn at_the_same_time_too() {
    let redis = Redis::start("at-once");
    let nodes = [node(&redis), node(&redis)];
    let mut ids: Vec<Cursor> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|who| {
                let server = &nodes[who % 2];
                scope.spawn(move || (0..50).map(|_| publish(server, "news", "x")).collect::<Vec<_>>())
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    ids.sort_by_key(|id| id.n());
    assert_eq!(ids, (1..=400).map(|n| Cursor::new(ids[0].epoch(), n)).collect::<Vec<_>>());
}

#[test]
fn who_listens_hears_what_the_others_take() {
    let redis = Redis::start("listening");
    let (one, other) = (node(&redis), node(&redis));
    let mut source = EventSource::open(one.client(), "/topics/news", "");
    let mut socket = WebSocket::open(one.client(), "/topics/news", &[]);
    let held = thread::scope(|scope| {
        let held = scope.spawn(|| one.client().get("/topics/news?after=now&wait=10"));
        until("the poll is held", || one.metric("tidings_subscribers{transport=\"long-poll\"}") == 1);
        let answer = post(&mut other.client(), "news?event=price", "", "12");
        assert_eq!(answer.status, 201);
        held.join().unwrap()
    });
    assert_eq!(data(&held), ["12"]);
    let event = source.event().unwrap();
    assert_eq!((event.name.as_str(), event.data.as_str()), ("price", "12"));
    assert_eq!(socket.text(), "12");
    // And what comes by a WebSocket.
    let mut far = WebSocket::open(other.client(), "/topics/news", &[]);
    socket.send("by a frame");
    assert_eq!((socket.text(), far.text()), ("by a frame".into(), "by a frame".into()));
}

#[test]
fn who_has_published_finds_it_at_once() {
    let redis = Redis::start("own");
    let server = node(&redis);
    let mut before = publish(&server, "news", "first");
    assert_eq!(data(&poll(&server, "news", "oldest")), ["first"]);
    for n in 0..200 {
        let id = publish(&server, "news", &n.to_string());
        let found = server.client().get(&format!("/topics/news?after={before}"));
        assert_eq!(data(&found), [n.to_string()]);
        before = id;
    }
}

#[test]
fn a_key_is_the_same_to_all_nodes() {
    let redis = Redis::start("keys");
    let (one, other) = (node(&redis), node(&redis));
    let key = "Idempotency-Key: \"order-1\"\r\n";
    let first = post(&mut one.client(), "news", key, "paid");
    assert_eq!(first.status, 201);
    for server in [&other, &one] {
        let again = post(&mut server.client(), "news", key, "paid");
        assert_eq!((again.status, id(&again)), (201, id(&first)));
        assert_eq!(again.header("idempotency-key"), Some("\"order-1\""));
        let reused = post(&mut server.client(), "news", key, "not paid");
        assert_eq!(reused.status, 422, "{}", reused.text());
        let reused = post(&mut server.client(), "news?event=e", key, "paid");
        assert_eq!(reused.status, 422, "{}", reused.text());
    }
    // A topic of another name has its own, and so has a message without one.
    assert_eq!(post(&mut other.client(), "other", key, "not paid").status, 201);
    assert_eq!(publish(&other, "news", "paid").n(), 2);
    assert_eq!(one.metric("tidings_publishes_total") + other.metric("tidings_publishes_total"), 3);
}

#[test]
fn a_redis_that_has_forgotten_the_scripts_learns_them_again() {
    let redis = Redis::start("noscript");
    let server = node(&redis);
    let first = publish(&server, "news", "1");
    let _: String = redis.ask("SCRIPT FLUSH");
    assert_eq!(publish(&server, "news", "2").n(), 2);
    let _: String = redis.ask("SCRIPT FLUSH");
    assert_eq!(data(&poll(&server, "news", first)), ["2"]);
    let _: String = redis.ask("SCRIPT FLUSH");
    // The reader's own looks as well: it is still there seconds later.
    thread::sleep(Duration::from_millis(2500));
    assert_eq!(server.metric("tidings_redis_reconnections_total"), 0);
    assert_eq!(publish(&server, "news", "3").n(), 3);
}

#[test]
fn a_topic_begins_at_its_oldest_message_that_fits() {
    let redis = Redis::start("bounds");
    let topic = Bounds { messages: 100, bytes: 20_000, age: Duration::from_secs(3600) };
    let limits = Limits { topic, ..Limits::default() };
    let first = node_with(&redis, &limits);
    for n in 1..=350 {
        publish(&first, "many", &n.to_string());
        publish(&first, "large", &"x".repeat(3000));
    }
    // What Redis itself keeps is more than it was told to, and less than all.
    let kept: usize = redis.ask("XLEN tidings:{many}");
    assert!((100..350).contains(&kept), "{kept}");
    let second = node_with(&redis, &limits);
    for server in [&first, &second] {
        let many = data(&poll(server, "many", "oldest"));
        assert_eq!((many.len(), many.last().map(String::as_str)), (100, Some("350")));
        assert_eq!(data(&poll(server, "large", "oldest")).len(), 6);
    }
}

#[test]
fn many_topics_are_read_over_one_connection() {
    let redis = Redis::start("many");
    let (one, other) = (node(&redis), node(&redis));
    let names: Vec<String> = (0..600).map(|n| format!("topic-{n}")).collect();
    let mut client = other.client();
    for name in &names {
        assert_eq!(client.get(&format!("/topics/{name}")).status, 200);
    }
    let ids: Vec<Cursor> = names.iter().map(|name| publish(&one, name, name)).collect();
    for (name, id) in names.iter().zip(ids) {
        assert_eq!(data(&poll(&other, name, Cursor::new(id.epoch(), 0))), [name.as_str()]);
    }
    let clients: String = redis.ask("CLIENT LIST");
    assert_eq!(clients.matches(" cmd=xread ").count(), 2, "{clients}");
}

#[test]
fn a_message_is_explained_at_any_node() {
    let redis = Redis::start("wire");
    let (one, other) = (node(&redis), node(&redis));
    let id = publish(&one, "news", "hello");
    let explained = other.client().get(&format!("/wire/news/{id}"));
    assert_eq!(explained.status, 200, "{}", explained.text());
    assert!(explained.text().contains(&format!("\"id\":\"{id}\"")), "{}", explained.text());
    let next = Cursor::new(id.epoch(), 2);
    assert_eq!(other.client().get(&format!("/wire/news/{next}")).status, 404);
}

#[test]
fn a_message_is_as_old_at_each_node() {
    let redis = Redis::start("age");
    let topic = Bounds { age: Duration::from_millis(1500), ..Bounds::default() };
    let limits = Limits { topic, ..Limits::default() };
    let (one, other) = (node_with(&redis, &limits), node_with(&redis, &limits));
    let begun = Instant::now();
    let id = publish(&one, "news", "old");
    assert_eq!(data(&poll(&one, "news", "oldest")), ["old"]);
    until("it is gone", || other.client().get("/topics/news").text().contains(r#""events":[]"#));
    let age = begun.elapsed();
    assert!(age >= Duration::from_millis(1490) && age < Duration::from_millis(2500), "{age:?}");
    assert_eq!(poll(&other, "news", Cursor::new(id.epoch(), 0)).status, 410);
}

#[test]
fn a_topic_that_nobody_uses_is_not_read_any_more_and_can_be_had_again() {
    let redis = Redis::start("unused");
    let topic = Bounds { age: Duration::from_secs(2), ..Bounds::default() };
    let limits = Limits { topic, topics: 2, ..Limits::default() };
    let server = node_with(&redis, &limits);
    let id = publish(&server, "news", "1");
    assert_eq!(data(&poll(&server, "news", "oldest")), ["1"]);
    // Others take its place, though there are messages in it.
    for name in ["a", "b", "c"] {
        publish(&server, name, name);
        assert_eq!(data(&poll(&server, name, "oldest")), [name]);
    }
    assert_eq!(publish(&server, "news", "2"), Cursor::new(id.epoch(), 2));
    assert_eq!(data(&poll(&server, "news", id)), ["2"]);
    until("all are gone", || server.metric("tidings_topics") == 0);
}

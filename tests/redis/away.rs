//! While Redis is gone, or does not answer.

use crate::client::EventSource;
use crate::server::Redis;
use crate::{data, node, poll, post, publish, until};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tidings::topic::Cursor;

#[test]
fn publishes_are_refused_and_who_listens_stays() {
    let mut redis = Redis::start("gone");
    let server = node(&redis);
    let id = publish(&server, "news", "1");
    let mut source = EventSource::open(server.client(), "/topics/news?after=oldest", "");
    assert_eq!(source.event().unwrap().data, "1");
    redis.kill();
    until("it is missed", || server.metric("tidings_redis_connected") == 0);
    for topic in ["news", "never-heard-of"] {
        let refused = server.client().post(&format!("/topics/{topic}"), "x");
        assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{}", refused.text());
    }
    assert!(server.handle.publish(&"news".parse().unwrap(), None, "x").is_err());
    assert_eq!(server.metric("tidings_redis_refused_publishes_total"), 3);
    // What is here is still served; what is not cannot be told of.
    assert_eq!(data(&poll(&server, "news", Cursor::new(id.epoch(), 0))), ["1"]);
    let empty = poll(&server, "news", id);
    assert_eq!(data(&empty), [""; 0]);
    assert!(empty.text().contains(&format!(r#""next":"{id}""#)), "{}", empty.text());
    for target in ["never-heard-of".to_owned(), format!("news?after={}-2", id.epoch())] {
        let refused = server.client().get(&format!("/topics/{target}"));
        assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{}", refused.text());
    }
    redis.run();
    until("it is back", || server.metric("tidings_redis_connected") == 1);
    assert_eq!(publish(&server, "news", "2").n(), 2);
    assert_eq!(source.event().unwrap().data, "2");
}

/// Every answer of 201 is in the log, once, and every 503 is not.
#[test]
fn killed_in_the_midst_of_publishes_it_has_none_twice_and_none_that_was_refused() {
    let mut redis = Redis::start("killed");
    let nodes = [node(&redis), node(&redis)];
    publish(&nodes[0], "news", "first");
    let is_over = AtomicBool::new(false);
    let sent: Vec<(String, u16)> = thread::scope(|scope| {
        let publishers: Vec<_> = (0..6)
            .map(|who| {
                let (server, is_over) = (&nodes[who % 2], &is_over);
                scope.spawn(move || {
                    let mut sent = Vec::new();
                    while !is_over.load(Ordering::SeqCst) {
                        let text = format!("{who}.{}", sent.len());
                        let status = post(&mut server.client(), "news", "", &text).status;
                        sent.push((text, status));
                        if status != 201 {
                            thread::sleep(Duration::from_millis(50)); // as it was asked to
                        }
                    }
                    sent
                })
            })
            .collect();
        let mut late = Vec::new();
        for round in 0..3 {
            thread::sleep(Duration::from_millis(300)); // among publishes
            redis.kill();
            until("both miss it", || nodes.iter().all(|node| node.metric("tidings_redis_connected") == 0));
            // Those who were on their way wait for it; who comes now is refused.
            let text = format!("late.{round}");
            let status = post(&mut nodes[round % 2].client(), "news", "", &text).status;
            late.push((text, status));
            redis.run();
            until("both are back", || nodes.iter().all(|node| node.metric("tidings_redis_connected") == 1));
            let id = publish(&nodes[0], "news", "back");
            assert!(id.n() > 1);
        }
        is_over.store(true, Ordering::SeqCst);
        publishers.into_iter().flat_map(|publisher| publisher.join().unwrap()).chain(late).collect()
    });
    let mut log = Vec::new();
    let mut after = "oldest".to_owned();
    loop {
        let answer = nodes[1].client().get(&format!("/topics/news?after={after}"));
        log.extend(data(&answer));
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        body["next"].as_str().unwrap().clone_into(&mut after);
        if body["more"] == false {
            break;
        }
    }
    let count = |text: &str| log.iter().filter(|found| *found == text).count();
    let (mut taken, mut refused) = (0, 0);
    for (text, status) in &sent {
        match status {
            201 => {
                taken += 1;
                assert_eq!(count(text), 1, "{text} was taken");
            }
            503 => {
                refused += 1;
                assert_eq!(count(text), 0, "{text} was refused");
            }
            504 => assert!(count(text) <= 1, "{text} may have been taken"),
            other => panic!("{other}"),
        }
    }
    println!("{taken} taken, {refused} refused, {} in the log", log.len());
    assert!(taken > 100 && refused >= 3, "{taken} taken, {refused} refused");
}

#[test]
fn one_that_stands_still_for_seconds_is_waited_for_and_takes_nothing_twice() {
    let redis = Redis::start("stopped");
    let server = node(&redis);
    publish(&server, "news", "first");
    let mut source = EventSource::open(server.client(), "/topics/news", "");
    redis.signal("STOP");
    let begun = Instant::now();
    thread::scope(|scope| {
        // It was sent, and the answer comes late: it is sent again with its key.
        let patient = scope.spawn(|| server.client().post("/topics/news", "patient"));
        thread::sleep(Duration::from_millis(3500)); // longer than an answer is waited for
        redis.signal("CONT");
        let answer = patient.join().unwrap();
        assert_eq!(answer.status, 201, "{} after {:?}", answer.text(), begun.elapsed());
    });
    until("it is back", || server.metric("tidings_redis_connected") == 1);
    assert_eq!(publish(&server, "news", "last").n(), 3);
    assert_eq!((source.event().unwrap().data, source.event().unwrap().data), ("patient".into(), "last".into()));
}

#[test]
fn one_that_stands_still_for_longer_leaves_it_open_and_then_refuses() {
    let redis = Redis::start("stopped-long");
    let server = node(&redis);
    let first = publish(&server, "news", "first");
    let mut source = EventSource::open(server.client(), "/topics/news", "");
    redis.signal("STOP");
    let key = "Idempotency-Key: k\r\n";
    let open = post(&mut server.client(), "news", key, "who knows");
    assert_eq!(open.status, 504, "{}", open.text());
    until("it is missed", || server.metric("tidings_redis_connected") == 0);
    let refused = server.client().post("/topics/news", "x");
    assert_eq!(refused.status, 503, "{}", refused.text());
    redis.signal("CONT");
    until("it is back", || server.metric("tidings_redis_connected") == 1);
    // Whoever comes again with the key finds it taken once.
    let again = post(&mut server.client(), "news", key, "who knows");
    assert_eq!((again.status, crate::id(&again)), (201, Cursor::new(first.epoch(), 2)));
    assert_eq!(publish(&server, "news", "last").n(), 3);
    assert_eq!((source.event().unwrap().data, source.event().unwrap().data), ("who knows".into(), "last".into()));
}

#[test]
fn a_connection_that_was_idle_and_is_closed_costs_nobody_an_answer() {
    let redis = Redis::start("idle");
    let server = node(&redis);
    publish(&server, "news", "first");
    let list = || redis.ask::<String>("CLIENT LIST");
    until("its reader waits", || list().contains("cmd=xread"));
    let list_of_all = list();
    let reader = list_of_all.lines().find(|line| line.contains("cmd=xread")).map(client_number);
    for topic in ["one", "two", "three"] {
        // The reader's stays, so that the server has no reason to think that Redis is gone.
        for number in list().lines().map(client_number).filter(|number| Some(*number) != reader) {
            let _: u64 = redis.ask(&format!("CLIENT KILL ID {number}"));
        }
        assert_eq!(server.client().get(&format!("/topics/{topic}?wait=0")).status, 200);
    }
    assert_eq!(server.metric("tidings_redis_reconnections_total"), 0);
}

#[test]
fn a_connection_that_was_idle_for_long_is_not_used_again() {
    let redis = Redis::start("idle-long");
    let server = node(&redis);
    publish(&server, "news", "first");
    let connections = || redis.ask::<String>("CLIENT LIST").lines().map(client_number).collect::<Vec<_>>();
    let before = connections();
    thread::sleep(Duration::from_millis(2500)); // longer than it may be idle
    publish(&server, "news", "second");
    let after = connections();
    // The reader's, which has always something to do, stays.
    assert_eq!(before.iter().filter(|number| after.contains(number)).count(), 1, "{before:?} {after:?}");
}

/// The number of a connection, by a line of what Redis tells of it.
fn client_number(line: &str) -> u64 {
    line.strip_prefix("id=").and_then(|line| line.split(' ').next()).unwrap().parse().unwrap()
}

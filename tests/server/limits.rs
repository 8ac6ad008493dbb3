//! Limits that are about many clients, or slow ones; and what an idle server does.

use crate::client::{Client, EventSource, WebSocket, value_of};
use crate::running::{Running, run, start, start_with};
use std::time::Duration;
use tidings::server::{Access, Action, Limits, Server};
use tidings::topic::Bounds;

#[test]
fn one_connection_too_many_is_503() {
    let server = start_with(&Limits { connections: 2, ..Limits::default() });
    let mut first = server.client();
    let mut second = server.client();
    assert_eq!(first.get("/healthz").status, 200);
    assert_eq!(second.get("/healthz").status, 200);
    let mut third = server.client();
    let answer = third.get("/healthz");
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    third.expect_end();
    drop(first);
    // Whose place is free once the server has seen it go.
    while server.client().get("/healthz").status != 200 {}
}

#[test]
fn one_topic_too_many_is_503_but_unused_ones_make_room() {
    let server = start_with(&Limits { topics: 2, ..Limits::default() });
    for n in 0..5 {
        assert_eq!(server.client().get(&format!("/topics/t{n}")).status, 200);
    }
    server.publish("a", "1");
    server.publish("b", "1");
    assert_eq!(server.client().post("/topics/c", "1").status, 503);
    assert_eq!(server.client().get("/topics/c").status, 503);
    assert_eq!(server.client().post("/topics/a", "2").status, 201);
}

#[test]
fn a_topic_with_a_subscriber_stays() {
    // Long enough for what is published to be delivered, on a machine that has much else to do.
    let topic = Bounds { age: Duration::from_millis(300), ..Bounds::default() };
    let server = start_with(&Limits { topic, topics: 1, ..Limits::default() });
    let mut source = EventSource::open(server.client(), "/topics/news", "");
    assert_eq!(server.client().post("/topics/other", "1").status, 503);
    let first = server.publish("news", "1");
    assert_eq!(source.event().unwrap().data, "1");
    while !server.client().get("/topics/news").text().starts_with(r#"{"events":[]"#) {}
    assert_eq!(server.publish("news", "2").epoch(), first.epoch());
    assert_eq!(source.event().unwrap().data, "2");
    drop(source);
    server.await_metric("tidings_topics", 0);
}

#[test]
fn a_reader_that_does_not_read_holds_up_nobody_and_is_reset_when_it_does() {
    let topic = Bounds { messages: 50, ..Bounds::default() };
    let server = start_with(&Limits { topic, ..Limits::default() });
    let mut slow = EventSource::open(server.client(), "/topics/news", "");
    let mut quick = EventSource::open(server.client(), "/topics/news", "");
    // Much more than the sockets take in between.
    let data = "x".repeat(200_000);
    for n in 0..200 {
        server.publish("news", &format!("{n} {data}"));
        assert!(quick.event().unwrap().data.starts_with(&format!("{n} ")));
    }
    let mut next = 0;
    let mut resets = 0;
    while next < 200 {
        let event = slow.event().unwrap();
        if event.name == "tidings.reset" {
            resets += 1;
            next = event.id.split_once('-').unwrap().1.parse().unwrap();
        } else {
            assert!(event.data.starts_with(&format!("{next} ")), "{} at {next}", &event.data[..8]);
            next += 1;
        }
    }
    assert!(resets > 0);
    assert_eq!(server.metric(r#"tidings_resets_total{transport="sse"}"#), resets);
}

#[test]
fn a_reader_that_never_reads_is_closed() {
    let server = start_with(&Limits { write_time: Duration::from_millis(50), ..Limits::default() });
    let slow = EventSource::open(server.client(), "/topics/news", "");
    let bare = WebSocket::open(server.client(), "/topics/news", &[]);
    for _ in 0..64 {
        // More than all sockets on the way hold.
        server.publish("news", &"x".repeat(1 << 20));
    }
    server.await_metric(r#"tidings_subscribers{transport="sse"}"#, 0);
    server.await_metric(r#"tidings_subscribers{transport="websocket"}"#, 0);
    drop((slow, bare));
}

#[test]
fn an_idle_server_does_nothing() {
    let server = start();
    let _source = EventSource::open(server.client(), "/topics/news", "");
    let _socket = WebSocket::open(server.client(), "/topics/news", &[]);
    let mut poll = server.client();
    poll.request("GET", "/topics/news?wait=60", "");
    server.await_metric(r#"tidings_subscribers{transport="long-poll"}"#, 1);
    assert_quiet(&server);
}

#[test]
fn a_connection_that_is_closing_is_waited_for_and_not_looked_at() {
    let server = start_with(&Limits { close_time: Duration::from_secs(60), ..Limits::default() });
    let mut client = server.client();
    client.send("no request\r\n\r\n");
    assert_eq!(client.response().status, 400);
    client.expect_end();
    // Its own side is open yet.
    assert_quiet(&server);
    // It, and who asks.
    server.await_metric("tidings_connections", 2);
}

/// The loop does not turn.
#[track_caller]
fn assert_quiet(server: &Running) {
    let mut client = server.client();
    let turns = |client: &mut Client| value_of(&client.get("/metrics").text(), "tidings_loop_turns_total");
    // The same thread answers on the same connection: the loop has no part in it. Others that were here before may still
    // be closing; then it is quiet.
    let mut before = turns(&mut client);
    let quiet = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20)); // what is measured is that nothing happens in a while
        let now = turns(&mut client);
        std::mem::replace(&mut before, now) == now
    });
    assert!(quiet);
}

#[test]
fn a_hook_that_panics_is_500_and_the_server_goes_on() {
    let server = run(Server::builder().authorize(|request| {
        assert!(request.head.query() != Some("panic"), "as the test wants it");
        Access::Granted
    }));
    let mut client = server.client();
    assert_eq!(client.get("/topics/news?panic").status, 500);
    assert_eq!(client.get("/topics/news").status, 200);
    assert_eq!(server.metric("tidings_panics_total"), 1);
}

#[test]
fn the_hook_decides_before_anything_else_is_done() {
    let server = run(Server::builder().authorize(|request| {
        assert!(request.head.headers.get("host").is_some());
        let (Action::Publish(topic) | Action::Subscribe(topic)) = request.action else { return Access::Forbidden };
        match topic.as_str() {
            "open" => Access::Granted,
            "secret" => Access::Unauthorized { challenge: "Bearer realm=\"news\"".into() },
            _ => Access::Forbidden,
        }
    }));
    let mut client = server.client();
    assert_eq!(client.post("/topics/open", "x").status, 201);
    for headers in ["", "Accept: text/event-stream\r\n", "Accept: application/x-ndjson\r\n"] {
        client.request("GET", "/topics/secret", headers);
        let answer = client.response();
        assert_eq!(answer.status, 401);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"news\""));
        client.request("GET", "/topics/closed", headers);
        assert_eq!(client.response().status, 403);
    }
    assert_eq!(server.metric("tidings_topics"), 1);
    assert_eq!(client.post("/topics/closed", "x").status, 403);
}

#[test]
fn metrics_count_by_transport_and_by_status() {
    let server = start();
    let mut source = EventSource::open(server.client(), "/topics/news", "");
    server.publish("news", "1");
    source.event().unwrap();
    let mut client = server.client();
    client.get("/topics/news");
    client.get("/nowhere");
    let metrics = client.get("/metrics");
    assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = metrics.text();
    for line in [
        "# TYPE tidings_subscribers gauge",
        "# TYPE tidings_messages_total counter",
        r#"tidings_subscribers{transport="sse"} 1"#,
        r#"tidings_messages_total{transport="sse"} 1"#,
        r#"tidings_messages_total{transport="short-poll"} 1"#,
        r#"tidings_messages_total{transport="websocket"} 0"#,
        "tidings_publishes_total 1",
        "tidings_topics 1",
        "tidings_connections 2",
        "tidings_max_connections 10000",
        "tidings_connections_accepted_total 2",
        "tidings_draining 0",
        concat!("tidings_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
        r#"tidings_requests_total{status="200"} 2"#,
        r#"tidings_requests_total{status="404"} 1"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
}

#[test]
fn metrics_tell_since_when_the_server_is_there_and_that_it_goes() {
    let since_1970 = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    let before = since_1970();
    let server = start();
    let mut client = server.client();
    let text = client.get("/metrics").text();
    let started: f64 =
        text.lines().find_map(|line| line.strip_prefix("tidings_start_time_seconds ")?.parse().ok()).unwrap();
    assert!((before - 0.001..since_1970()).contains(&started), "{before} {started}");
    server.handle.drain();
    assert!(client.get("/metrics").text().contains("\ntidings_draining 1\n"));
}

#[test]
fn times_of_nothing_and_without_end_are_bent_to_what_can_be_kept() {
    for time in [Duration::ZERO, Duration::MAX] {
        let limits = Limits {
            idle_time: time,
            next_request_time: time,
            keepalive: time,
            pong_time: time,
            write_time: time,
            close_time: time,
            drain_time: time,
            ..Limits::default()
        };
        let server = start_with(&limits);
        let mut source = EventSource::open(server.client(), "/topics/news", "");
        let socket = WebSocket::open(server.client(), "/topics/news", &[]);
        server.publish("news", "1");
        assert_eq!(source.event().unwrap().data, "1");
        // What waits for a client without end waits for these, too.
        drop((source, socket));
    }
}

#[test]
fn a_large_answer_is_written_by_the_loop_and_the_connection_goes_on() {
    let server = start();
    server.publish("news", &"x".repeat(1 << 20));
    let mut client = server.client();
    client.request("GET", "/topics/news", "");
    client.request("GET", "/healthz", "");
    assert!(client.response().body.len() > 1 << 20);
    assert_eq!(client.response().text(), "ok\n");
    assert_eq!(client.get("/healthz").status, 200);
}

#[test]
fn each_of_many_that_are_too_many_is_told() {
    let server = start_with(&Limits { connections: 1, ..Limits::default() });
    let mut first = server.client();
    assert_eq!(first.get("/healthz").status, 200);
    for _ in 0..500 {
        assert_eq!(server.client().get("/healthz").status, 503);
    }
}

/// Whoever has got the answer and stays keeps one of the few places for that; the others are told all the same.
#[test]
fn one_too_many_is_told_however_many_of_those_do_not_go() {
    let limits = Limits { connections: 1, close_time: Duration::from_secs(600), ..Limits::default() };
    let server = start_with(&limits);
    let mut first = server.client();
    assert_eq!(first.get("/healthz").status, 200);
    let told: Vec<Client> = (0..100)
        .map(|_| {
            let mut client = server.client();
            assert_eq!(client.response().status, 503);
            client.expect_end();
            client
        })
        .collect();
    assert_eq!(first.get("/healthz").status, 200);
    drop(told);
}

//! What a server on the open internet meets: each attack has a bound, an answer that names it, and a count.

use crate::client::{Client, EventSource, Frame, WebSocket};
use crate::running::{Running, run, start_with};
use std::io::{Read, Write};
use std::sync::{Mutex, mpsc};
use std::time::Duration;
use tidings::server::{Access, Limits, Server};
use tidings::topic::Bounds;
use tidings::ws::Config;

fn refusals(server: &Running, reason: &str) -> u64 {
    server.metric(&format!("tidings_refusals_total{{reason=\"{reason}\"}}"))
}

fn many(server: &Running, number: usize, begins_with: &str) -> Vec<Client> {
    let begin = |_| {
        let mut client = server.client();
        client.send(begins_with);
        client
    };
    (0..number).map(begin).collect()
}

#[test]
fn slow_heads_cost_no_threads_and_lock_out_nobody() {
    let server = start_with(&Limits { request_threads: 1, ..Limits::default() });
    let mut slow = many(&server, 100, "GET /healthz HTTP/1.1\r\nHost: ");
    server.await_metric("tidings_requests_waiting", 100);
    assert_eq!(server.client().get("/healthz").status, 200);
    // The one thread is the one that asks.
    assert_eq!(server.metric("tidings_request_threads"), 1);
    for client in &mut slow {
        client.send("t\r\n\r\n");
        assert_eq!(client.response().status, 200);
    }
    server.await_metric("tidings_requests_waiting", 0);
}

#[test]
fn the_head_of_the_next_request_may_be_slow_too() {
    let limits = Limits { head_time: Duration::from_millis(30), ..Limits::default() };
    let server = start_with(&limits);
    let mut client = server.client();
    client.send("GET /healthz HTTP/1.1\r\nHost: t\r\n\r\nGET /hea");
    assert_eq!(client.response().status, 200);
    assert_eq!(client.response().status, 408);
    client.expect_end();
    assert_eq!(refusals(&server, "head_time"), 1);
}

#[test]
fn slow_bodies_take_half_of_the_threads_and_no_more() {
    let server = start_with(&Limits { request_threads: 4, ..Limits::default() });
    let mut slow = many(&server, 2, "POST /topics/news HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nab");
    server.await_metric("tidings_slow_bodies", 2);
    let mut third = server.client();
    third.send("POST /topics/news HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nab");
    let answer = third.response();
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    third.expect_end();
    assert_eq!(refusals(&server, "request_threads"), 1);
    // Whose body is there at once waits for nothing.
    assert_eq!(server.client().post("/topics/news", "abcd").status, 201);
    for client in &mut slow {
        client.send("cd");
        assert_eq!(client.response().status, 201);
    }
    server.await_metric("tidings_slow_bodies", 0);
}

/// A server whose hook keeps its thread until it is let go, and says when it does so, for requests with the query `stop`.
fn with_a_slow_hook(limits: &Limits) -> (Running, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (stop, stopped) = mpsc::channel();
    let (go, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let server = run(Server::builder().limits(*limits).authorize(move |request| {
        if request.head.query() == Some("stop") {
            stop.send(()).unwrap();
            let _ = gate.lock().unwrap().recv();
        }
        Access::Granted
    }));
    (server, stopped, go)
}

#[test]
fn a_request_waits_for_a_thread() {
    let (server, stopped, go) = with_a_slow_hook(&Limits { request_threads: 1, ..Limits::default() });
    let mut first = many(&server, 1, "GET /topics/news?stop HTTP/1.1\r\nHost: t\r\n\r\n");
    stopped.recv().unwrap();
    let mut others = many(&server, 20, "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n");
    go.send(()).unwrap();
    assert_eq!(first[0].response().status, 200);
    for client in &mut others {
        assert_eq!(client.response().status, 200);
    }
}

#[test]
fn a_request_that_gets_no_thread_is_503() {
    let limits = Limits { request_threads: 1, head_time: Duration::from_millis(50), ..Limits::default() };
    let (server, stopped, go) = with_a_slow_hook(&limits);
    let mut first = server.client();
    first.request("GET", "/topics/news?stop", "");
    stopped.recv().unwrap();
    let mut refused = 0;
    for mut client in many(&server, 3, "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n") {
        let answer = client.response();
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
        client.expect_end();
        refused += 1;
    }
    drop(go);
    assert_eq!(first.response().status, 200);
    assert_eq!(refusals(&server, "request_threads"), refused);
}

#[test]
fn one_handler_too_many_is_503() {
    let limits = Limits { handlers: 1, ..Limits::default() };
    let server = run(Server::builder().limits(limits).websocket("/echo", Config::default(), |socket| {
        while socket.read()?.is_some() {}
        Ok(())
    }));
    let first = WebSocket::open(server.client(), "/echo", &[]);
    let mut second = server.client();
    let handshake = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    second.request("GET", "/echo", handshake);
    let answer = second.response();
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    assert_eq!(refusals(&server, "handlers"), 1);
    // No thread of a handler's is one of the requests'.
    assert_eq!(second.get("/healthz").status, 200);
    drop(first);
    server.await_metric("tidings_handler_threads", 0);
    drop(WebSocket::open(server.client(), "/echo", &[]));
}

#[test]
fn topics_that_keep_too_much_together_take_no_more_and_those_that_keep_some_go_on() {
    // Each message counts its data and 128.
    let server = start_with(&Limits { all_topics_bytes: 3000, ..Limits::default() });
    let kilobyte = "x".repeat(1000 - 128);
    for n in 0..3 {
        assert_eq!(server.client().post("/topics/full", &format!("{n}{}", &kilobyte[1..])).status, 201);
    }
    assert_eq!(server.metric("tidings_topics_bytes"), 3000);
    let answer = server.client().post("/topics/other", "x");
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    assert_eq!(refusals(&server, "all_topics_bytes"), 1);
    let mut socket = WebSocket::open(server.client(), "/topics/other", &[]);
    socket.send("x");
    assert!(matches!(socket.frame(), Some(Frame::Close(1013, _))));
    // Its oldest makes way, and whoever wanted that is told.
    assert_eq!(server.client().post("/topics/full", &kilobyte).status, 201);
    let kept = server.client().get("/topics/full?after=oldest").text();
    assert!(kept.contains("\"1xxx") && !kept.contains("\"0xxx"), "{}", &kept[..60]);
    assert_eq!(server.metric("tidings_topics_bytes"), 3000);
}

#[test]
fn what_is_taken_already_is_known_even_if_there_is_no_room() {
    let server = start_with(&Limits { all_topics_bytes: 300, ..Limits::default() });
    let mut client = server.client();
    let post = "POST /topics/a HTTP/1.1\r\nHost: t\r\nIdempotency-Key: \"k\"\r\nContent-Length: 1\r\n\r\nx";
    client.send(post);
    let first = client.response();
    assert_eq!(first.status, 201);
    assert_eq!(client.post("/topics/b", &"y".repeat(100)).status, 503);
    client.send(post);
    assert_eq!(client.response().text(), first.text());
}

#[test]
fn topics_give_back_what_they_kept() {
    let topic = Bounds { age: Duration::from_millis(50), ..Bounds::default() };
    let server = start_with(&Limits { topic, all_topics_bytes: 1000, ..Limits::default() });
    server.publish("a", &"x".repeat(800));
    server.await_metric("tidings_topics_bytes", 0);
    server.publish("b", &"x".repeat(800));
    server.await_metric("tidings_topics", 0);
    assert_eq!(server.metric("tidings_topics_bytes"), 0);
}

#[test]
fn who_takes_a_byte_now_and_then_is_closed_all_the_same() {
    let limits = Limits { answer_time: Duration::from_millis(300), ..Limits::default() };
    let server = start_with(&limits);
    let slow = EventSource::open(server.client(), "/topics/news", "");
    for _ in 0..16 {
        server.publish("news", &"x".repeat(1 << 20));
    }
    // Takes some each time that it looks: never nothing for as long as `write_time`.
    let mut socket = &slow.client.socket;
    let mut some = vec![0; 1 << 15];
    while server.metric(r#"tidings_subscribers{transport="sse"}"#) > 0 {
        let got = socket.read(&mut some).unwrap();
        assert!(got > 0);
        std::thread::sleep(Duration::from_millis(20)); // a client that takes its time
    }
    assert_eq!(refusals(&server, "answer_time"), 1);
}

#[test]
fn who_asks_and_does_not_read_keeps_no_thread() {
    let server = start_with(&Limits { request_threads: 1, ..Limits::default() });
    let mut greedy = server.client();
    greedy.socket.set_nonblocking(true).unwrap();
    let asking = "GET /page/page.js HTTP/1.1\r\nHost: t\r\n\r\n".repeat(100);
    // Until the sockets take no more.
    while greedy.socket.write(asking.as_bytes()).is_ok() {
        assert_eq!(server.client().get("/healthz").status, 200);
    }
    assert_eq!(server.client().get("/healthz").status, 200);
}

#[test]
fn what_is_too_large_is_counted() {
    let server = start_with(&Limits { message_bytes: 10, body_bytes: 20, ..Limits::default() });
    assert_eq!(server.client().post("/topics/news", &"x".repeat(11)).status, 413);
    assert_eq!(refusals(&server, "message_bytes"), 1);
    assert_eq!(server.client().post("/topics/news", &"x".repeat(21)).status, 413);
    assert_eq!(refusals(&server, "body_bytes"), 1);
    let mut socket = WebSocket::open(server.client(), "/topics/news", &[]);
    socket.send(&"x".repeat(11));
    assert!(matches!(socket.frame(), Some(Frame::Close(1009, _))));
    assert_eq!(refusals(&server, "message_bytes"), 2);
}

#[test]
fn the_time_from_publishing_to_the_sockets_is_measured() {
    let server = start_with(&Limits::default());
    server.publish("nobody", "1");
    let mut source = EventSource::open(server.client(), "/topics/news", "");
    for n in 0..3 {
        server.publish("news", "x");
        source.event().unwrap();
        server.await_metric("tidings_delivery_lag_seconds_count", n + 1);
    }
    assert_eq!(server.metric(r#"tidings_delivery_lag_seconds_bucket{le="+Inf"}"#), 3);
    assert_eq!(server.metric(r#"tidings_delivery_lag_seconds_bucket{le="60"}"#), 3);
    let text = server.client().get("/metrics").text();
    let buckets = text.lines().filter_map(|line| line.strip_prefix("tidings_delivery_lag_seconds_bucket"));
    let counts: Vec<u64> = buckets.map(|line| line.split(' ').nth(1).unwrap().parse().unwrap()).collect();
    assert!(counts.is_sorted() && counts.len() == 10, "{counts:?}");
}

#[test]
fn messages_that_are_never_finished_take_no_more_than_they_may_together() {
    let server = start_with(&Limits { unfinished_bytes: 300_000, ..Limits::default() });
    // The first fragment of a message, masked with zeros, as long as a header of 16 bits can say.
    let fragment = [&[0x01, 0xfe, 0xff, 0xff, 0, 0, 0, 0][..], &vec![b'x'; 0xffff]].concat();
    let begin = |_| {
        let mut socket = WebSocket::open(server.client(), "/topics/news", &[]);
        socket.client.send(&fragment);
        // Answered behind the fragment.
        socket.client.send([0x89, 0x80, 0, 0, 0, 0]);
        let last = socket.frame();
        (socket, last)
    };
    let (mut granted, refused): (Vec<_>, Vec<_>) =
        (0..20).map(begin).partition(|(_, frame)| matches!(frame, Some(Frame::Pong(_))));
    assert!((1..=4).contains(&granted.len()), "{} were granted", granted.len());
    for (_, frame) in &refused {
        assert!(matches!(frame, Some(Frame::Close(1013, _))), "{frame:?}");
    }
    assert_eq!(refusals(&server, "unfinished_bytes"), refused.len() as u64);
    // Those that were granted may go on, and make room when they are done.
    for (socket, _) in &mut granted {
        socket.client.send([0x80, 0x80, 0, 0, 0, 0]);
        assert_eq!(socket.text().len(), 0xffff);
    }
    drop(refused);
    let mut late = WebSocket::open(server.client(), "/topics/other", &[]);
    late.send(&"x".repeat(200_000));
    assert_eq!(late.text().len(), 200_000);
}

#[test]
fn a_message_that_is_too_large_is_counted_once_however_long_its_client_goes_on() {
    let server = start_with(&Limits { message_bytes: 900_000, ..Limits::default() });
    for _ in 0..16 {
        server.publish("news", &"x".repeat(900_000)); // more than the sockets hold, so that the Close has to wait
    }
    let mut socket = WebSocket::open(server.client(), "/topics/news?after=oldest", &[]);
    socket.client.send([&[0x81, 0xff], &(3_u64 << 20).to_be_bytes()[..], &[0; 4]].concat());
    for _ in 0..20 {
        socket.client.send([b'x'; 1000]);
        assert_eq!(server.client().get("/healthz").status, 200); // a turn of the loop, at least
    }
    server.await_metric("tidings_refusals_total{reason=\"message_bytes\"}", 1);
}

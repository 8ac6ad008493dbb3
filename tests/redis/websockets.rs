//! What comes in WebSocket frames is published in another thread: the loop, which serves everybody else, waits for nobody.

use crate::client::{Frame, WebSocket};
use crate::server::Redis;
use crate::{data, node, node_with, poll, publish, until};
use std::thread;
use std::time::{Duration, Instant};
use tidings::server::Limits;

#[test]
fn what_a_client_sends_at_once_is_published_in_order() {
    let redis = Redis::start("ws-order");
    let (one, other) = (node(&redis), node(&redis));
    let mut here = WebSocket::open(one.client(), "/topics/news", &[]);
    let mut there = WebSocket::open(other.client(), "/topics/news", &[]);
    let sent: Vec<String> = (0..300).map(|n| n.to_string()).collect();
    for text in &sent {
        here.send(text);
    }
    for socket in [&mut here, &mut there] {
        let got: Vec<String> = sent.iter().map(|_| socket.text()).collect();
        assert_eq!(got, sent);
    }
    assert_eq!(data(&poll(&other, "news", "oldest")), sent);
}

#[test]
fn a_redis_that_stands_still_holds_up_nobody_else() {
    let redis = Redis::start("ws-stopped");
    // A client whose Pong is not read in the meantime is not taken for gone.
    let limits =
        Limits { keepalive: Duration::from_millis(100), pong_time: Duration::from_millis(300), ..Limits::default() };
    let server = node_with(&redis, &limits);
    let first = publish(&server, "news", "first");
    let mut sockets: Vec<WebSocket> =
        (0..40).map(|_| WebSocket::open(server.client(), "/topics/news", &["tidings.v1"])).collect();
    redis.signal("STOP");
    for socket in &mut sockets {
        socket.send(r#"{"data":"late"}"#);
        socket.send(r#"{"data":"and behind it"}"#);
    }
    let begun = Instant::now();
    // A connection that could be made anew would be given up after a second.
    while begun.elapsed() < Duration::from_millis(700) {
        let asked = Instant::now();
        assert_eq!(server.client().get("/healthz").status, 200);
        assert_eq!(data(&server.client().get("/topics/news")), ["first"]);
        assert!(asked.elapsed() < Duration::from_millis(500), "{:?}", asked.elapsed());
        thread::sleep(Duration::from_millis(50)); // so as not to be a load
    }
    assert_eq!(server.metric("tidings_subscribers{transport=\"websocket\"}"), 40);
    assert_eq!(server.metric("tidings_refusals_total{reason=\"pong_time\"}"), 0);
    redis.signal("CONT");
    until("all is there", || data(&poll(&server, "news", first)).len() == 80);
}

#[test]
fn what_is_not_taken_closes_with_1013() {
    let mut redis = Redis::start("ws-gone");
    let server = node(&redis);
    publish(&server, "news", "first");
    let mut socket = WebSocket::open(server.client(), "/topics/news", &[]);
    redis.kill();
    until("it is missed", || server.metric("tidings_redis_connected") == 0);
    socket.send("lost");
    socket.send("and what is behind it");
    let frame = socket.frame();
    assert!(matches!(&frame, Some(Frame::Close(1013, reason)) if reason.contains("not there")), "{frame:?}");
    redis.run();
    until("it is back", || server.metric("tidings_redis_connected") == 1);
    assert_eq!(publish(&server, "news", "second").n(), 2);
}

#[test]
fn what_is_on_its_way_is_waited_for_when_the_server_drains() {
    let redis = Redis::start("ws-drain");
    let (mut server, other) = (node(&redis), node(&redis));
    publish(&server, "news", "first");
    let mut socket = WebSocket::open(server.client(), "/topics/news", &[]);
    redis.signal("STOP");
    socket.send("last");
    // The frame has come and is with a thread when its successor's bytes are not read.
    thread::sleep(Duration::from_millis(200));
    server.handle.drain();
    thread::sleep(Duration::from_millis(200)); // nothing tells that it waits
    redis.signal("CONT");
    assert_eq!(socket.text(), "last");
    assert!(matches!(socket.frame(), Some(Frame::Close(1001, _))));
    server.join();
    assert_eq!(data(&poll(&other, "news", "oldest")), ["first", "last"]);
}

#[test]
fn what_waits_for_redis_is_bounded() {
    let redis = Redis::start("ws-bounded");
    let server = node_with(&redis, &Limits { unfinished_bytes: 1 << 20, ..Limits::default() });
    publish(&server, "news", "first");
    let mut sockets: Vec<WebSocket> = (0..40).map(|_| WebSocket::open(server.client(), "/topics/news", &[])).collect();
    redis.signal("STOP");
    for socket in &mut sockets {
        socket.send(&"x".repeat(100_000));
    }
    let refused = || server.metric("tidings_refusals_total{reason=\"unfinished_bytes\"}");
    let waiting = || server.metric("tidings_unfinished_bytes");
    until("all have come", || refused() * 100_000 + waiting() == 4_000_000);
    let refused = usize::try_from(refused()).unwrap();
    assert!((30..40).contains(&refused), "{refused}");
    redis.signal("CONT");
    until("the others are taken", || waiting() == 0);
    assert_eq!(server.metric("tidings_publishes_total"), 41 - refused as u64);
    let is_refused = |socket: &mut WebSocket| matches!(socket.frame(), Some(Frame::Close(1013, _)));
    assert_eq!(sockets.iter_mut().filter_map(|socket| is_refused(socket).then_some(())).count(), refused);
}

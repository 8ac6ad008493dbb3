//! A Redis that is there and does not answer: whoever does not need it is served.

use crate::client::{Client, EventSource};
use crate::server::Redis;
use crate::{data, node_with, poll, publish, until};
use std::time::{Duration, Instant};
use tidings::server::Limits;

/// Sends a publish, and does not wait for the answer.
fn begin_post(mut client: Client, data: &str) -> Client {
    client.request("POST", "/topics/news", &format!("Content-Length: {}\r\n", data.len()));
    client.send(data);
    client
}

#[test]
fn it_keeps_no_more_than_half_of_the_threads() {
    let redis = Redis::start("half");
    let server = node_with(&redis, &Limits { request_threads: 8, ..Limits::default() });
    publish(&server, "news", "first");
    assert_eq!(data(&poll(&server, "news", "oldest")), ["first"]);
    redis.signal("STOP");
    let posts: Vec<Client> = (0..20).map(|_| begin_post(server.client(), "x")).collect();
    let refused = || server.metric("tidings_refusals_total{reason=\"request_threads\"}");
    let begun = Instant::now();
    until("all beyond half are refused", || refused() == 16);
    for path in ["/healthz", "/topics/news"] {
        assert_eq!(server.client().get(path).status, 200);
    }
    assert_eq!(server.metric("tidings_store_waits"), 4);
    assert_eq!(server.client().get("/topics/unknown").status, 503);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    redis.signal("CONT");
    let mut statuses: Vec<u16> = posts.into_iter().map(|mut post| post.response().status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [[201; 4].as_slice(), &[503; 16]].concat());
}

#[test]
fn draining_does_not_wait_for_it() {
    let redis = Redis::start("drain-late");
    let drain_time = Duration::from_secs(2);
    let mut server = node_with(&redis, &Limits { drain_time, ..Limits::default() });
    publish(&server, "news", "first");
    let mut source = EventSource::open(server.client(), "/topics/news", "");
    redis.signal("STOP");
    let _post = begin_post(server.client(), "x");
    until("it is on its way", || server.metric("tidings_store_waits") == 1);
    let begun = Instant::now();
    server.handle.drain();
    until("nobody is let in", || std::net::TcpStream::connect(server.addr).is_err());
    assert!(begun.elapsed() < drain_time / 4, "{:?}", begun.elapsed());
    assert_eq!(source.event(), None);
    assert!(begun.elapsed() < drain_time * 3 / 4, "{:?}", begun.elapsed());
    server.join();
    assert!(begun.elapsed() < drain_time * 5 / 4, "{:?}", begun.elapsed());
    redis.signal("CONT");
}

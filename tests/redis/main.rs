//! Servers with one Redis: what they share, and what they say when it is gone, comes back, or has lost something.
//!
//! Needs a `redis-server`, the one in `TIDINGS_REDIS_SERVER` or in the path, and fails without: `tests/redis/run` brings
//! one. Each test has a Redis of its own on loopback.
//!
//! ```text
//!   publisher ──▶ one node after the other ──▶ ┌───────┐
//!                                              │ Redis │ killed, stopped, emptied, put back
//!   subscribers ◀── one node after the other ◀── └───────┘
//! ```
#![cfg(unix)] // signals

mod away;
#[path = "../siege/check.rs"]
#[allow(dead_code)] // its other users need the rest
mod check;
#[path = "../server/client.rs"]
#[allow(dead_code)]
mod client;
#[path = "../faults/feed.rs"]
#[allow(dead_code)]
mod feed;
mod foreign;
mod full;
mod lag;
mod late;
mod losing;
#[path = "../faults/position.rs"]
mod position;
mod program;
#[path = "../faults/random.rs"]
#[allow(dead_code)]
mod random;
mod room;
#[path = "../program/run.rs"]
#[allow(dead_code)]
mod run;
#[path = "../server/running.rs"]
#[allow(dead_code)]
mod running;
mod server;
mod sharing;
mod standstill;
mod three_nodes;
mod websockets;

use crate::client::{Answer, Client};
use crate::running::Running;
use crate::server::Redis;
use std::time::{Duration, Instant};
use tidings::server::{Limits, Server};
use tidings::topic::Cursor;

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server of its own in this process.
fn node(redis: &Redis) -> Running {
    node_with(redis, &Limits::default())
}

fn node_with(redis: &Redis, limits: &Limits) -> Running {
    running::run(Server::builder().limits(*limits).redis(redis.url().parse().unwrap()))
}

/// One with another way to a Redis.
fn node_at(url: &str) -> Running {
    running::run(Server::builder().redis(url.parse().unwrap()))
}

/// Publishes by a POST with these headers.
fn post(client: &mut Client, topic: &str, headers: &str, data: &str) -> Answer {
    client.request("POST", &format!("/topics/{topic}"), &format!("{headers}Content-Length: {}\r\n", data.len()));
    client.send(data);
    client.response()
}

/// Publishes; gives the id.
fn publish(server: &Running, topic: &str, data: &str) -> Cursor {
    let answer = server.client().post(&format!("/topics/{topic}"), data);
    assert_eq!(answer.status, 201, "{}", answer.text());
    id(&answer)
}

fn id(answer: &Answer) -> Cursor {
    tidings::envelope::parse_published(&answer.text()).unwrap()
}

/// What a poll after that gives, within a second.
fn poll(server: &Running, topic: &str, after: impl std::fmt::Display) -> Answer {
    server.client().get(&format!("/topics/{topic}?after={after}&wait=1"))
}

/// The data of the messages in a poll's answer.
fn data(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let events = body["events"].as_array().unwrap();
    events.iter().map(|event| event["data"].as_str().unwrap().to_owned()).collect()
}

/// Tries until it is so.
#[track_caller]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "not so within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(20)); // what is asked is another process
    }
}

//! `tidings serve --redis`: what it says, and how it ends.

use crate::run::{Running, command, run, serve};
use crate::server::Redis;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

fn start(url: &str) -> crate::run::Ended {
    run(&["serve", "--addr", "127.0.0.1:0", "--redis", url], b"")
}

#[test]
fn a_redis_that_is_not_there_or_will_not_do_is_a_failure_at_once() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ended = start(&format!("redis://:secret@{free}/"));
    ended.assert_code(1);
    assert!(ended.stderr.contains(&format!("Redis at {free}: ")), "{}", ended.stderr);
    assert_eq!((ended.stderr.lines().count(), ended.stdout.as_str()), (1, ""), "{}", ended.stderr);
    assert!(!ended.stderr.contains("secret"), "{}", ended.stderr);
}

#[test]
fn so_is_a_wrong_password_which_nobody_is_told() {
    let redis = Redis::start_with("password", &["--requirepass", "right"]);
    let addr = redis.addr();
    for url in [format!("redis://:wrong@{addr}/"), format!("redis://{addr}/")] {
        let ended = start(&url);
        ended.assert_code(1);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        assert!(!ended.stderr.contains("wrong@"), "{}", ended.stderr);
    }
    // The right one, where nobody sees it.
    let mut with_password = command(&["serve", "--addr", "127.0.0.1:0"]);
    let server = Running::start(with_password.env("TIDINGS_REDIS", format!("redis://:right@{addr}/")));
    assert!(server.line().unwrap().starts_with("listening on "));
    server.terminate();
    server.end().assert_code(0);
}

#[test]
fn so_is_what_is_no_redis() {
    // `INFO` comes as several lines: to an HTTP server a bad request.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let _ = client.read(&mut [0; 1024]);
            let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    let ended = start(&format!("redis://{addr}/"));
    ended.assert_code(1);
    assert!(ended.stderr.contains("no Redis"), "{}", ended.stderr);
    // One that is silent.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let ended = start(&format!("redis://{}/", listener.local_addr().unwrap()));
    ended.assert_code(1);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
}

#[test]
fn a_url_that_is_none_is_a_wrong_call() {
    let unusable = ["", "http://127.0.0.1/", "redis://", "rediss://127.0.0.1/", "redis://:secret@127.0.0.1/x"];
    let with_options = ["redis://127.0.0.1/?protocol=secret", "unix:///x?protocol=secret", "unix:///x?db=secret"];
    for url in unusable.iter().chain(&with_options) {
        let ended = start(url);
        ended.assert_code(2);
        assert!(ended.stderr.contains("--redis"), "{}", ended.stderr);
        assert!(!ended.stderr.contains("secret"), "{}", ended.stderr);
    }
    let ended = Running::start(command(&["serve", "--addr", "127.0.0.1:0"]).env("TIDINGS_REDIS", "")).end();
    ended.assert_code(2);
    assert!(ended.stderr.contains("TIDINGS_REDIS"), "{}", ended.stderr);
}

#[test]
fn that_it_is_gone_and_back_stands_in_the_log() {
    let mut redis = Redis::start("log");
    let server = serve(&["--redis", &redis.url(), "--log", "info"]);
    assert!(server.running.said().unwrap().contains("listening"));
    redis.kill();
    let gone = server.running.said().unwrap();
    assert!(gone.contains("WARN tidings::server: Redis is gone redis=") && gone.contains(" why="), "{gone}");
    thread::sleep(Duration::from_millis(500)); // it is not told again
    redis.run();
    let back = server.running.said().unwrap();
    assert!(back.contains("INFO tidings::server: Redis is back redis="), "{back}");
    server.running.terminate();
    server.running.end().assert_code(0);
}

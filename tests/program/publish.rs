//! `tidings publish`.

use crate::run::{Running, command, run, serve, serve_on};
use std::io::Write;
use std::process::Stdio;

#[test]
fn a_message_prints_its_id() {
    let server = serve(&[]);
    let ended = run(&["publish", &server.topic("t"), "hello"], b"");
    ended.assert_code(0);
    assert!(ended.stdout.trim_end().ends_with("-1"), "{ended:?}");
    assert_eq!(ended.stderr, "");
}

#[test]
fn lines_end_in_lf_or_crlf_and_the_last_needs_no_end() {
    let server = serve(&[]);
    let url = server.topic("t");
    assert_eq!(run(&["publish", &url, "-"], b"one\r\n\ntwo").assert_code(0).stdout.lines().count(), 3);
    assert_eq!(run(&["publish", &url], b"three\n").assert_code(0).stdout.lines().count(), 1);
    let ended = run(&["subscribe", &url, "--after", "oldest", "--count", "4"], b"");
    assert_eq!(ended.stdout, "one\n\ntwo\nthree\n");
}

#[test]
fn a_failure_is_one_line_that_says_which() {
    let server = serve(&[]);
    let ended = run(&["publish", &server.topic("t"), "-"], b"fine\n\xff\n");
    ended.assert_code(1);
    assert_eq!(ended.stderr, "tidings: line 2: it is not UTF-8 (see --lossy); the lines before it were published\n");
    assert_eq!(ended.stdout.lines().count(), 1, "the line before it was");
    let ended = run(&["publish", &server.topic("t"), "-"], b"\xff\n");
    assert_eq!(ended.assert_code(1).stderr, "tidings: line 1: it is not UTF-8 (see --lossy); nothing was published\n");
}

#[test]
fn lossy_replaces_what_is_not_utf_8() {
    let server = serve(&[]);
    let url = server.topic("t");
    run(&["publish", &url, "-", "--lossy"], b"caf\xe9\nfine\n").assert_code(0);
    let ended = run(&["subscribe", &url, "--after", "oldest", "--count", "2"], b"");
    assert_eq!(ended.stdout, "caf\u{fffd}\nfine\n");
}

#[cfg(target_os = "linux")]
#[test]
fn ids_that_cannot_be_printed_are_a_failure_but_everything_is_published() {
    let server = serve(&[]);
    let url = server.topic("t");
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut running = Running::start(command(&["publish", &url, "-"]).stdin(Stdio::piped()).stdout(full));
    running.stdin().write_all(b"one\ntwo\nthree\n").unwrap();
    let ended = running.end();
    ended.assert_code(1);
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    assert!(ended.stderr.contains("the ids cannot be printed; publishing goes on"), "{ended:?}");
    let ended = run(&["subscribe", &url, "--after", "oldest", "--count", "3"], b"");
    assert_eq!(ended.stdout, "one\ntwo\nthree\n");
}

#[cfg(unix)]
#[test]
fn an_outage_is_told_when_it_begins_and_when_it_is_over() {
    let server = serve(&[]);
    let (addr, url) = (server.addr().to_owned(), server.topic("t"));
    let mut publisher = Running::start(command(&["publish", &url, "-"]).stdin(Stdio::piped()));
    let mut stdin = publisher.stdin();
    stdin.write_all(b"one\n").unwrap();
    publisher.line().unwrap();
    server.running.terminate();
    server.running.end().assert_code(0);
    stdin.write_all(b"two\n").unwrap();
    let said = publisher.said().unwrap();
    assert!(said.contains("cannot connect: ") && said.ends_with("; trying again for up to 30 s"), "{said}");
    let _server = serve_on(&addr, &[]);
    publisher.line().unwrap();
    drop(stdin);
    assert_eq!(publisher.end().assert_code(0).stderr, "tidings: the server has taken it; going on\n");
}

#[test]
fn a_refusal_tells_what_the_server_said() {
    let server = serve(&[]);
    let ended = run(&["publish", &server.topic("t?event=tidings.reset"), "x"], b"");
    ended.assert_code(1);
    assert!(ended.stderr.contains(": the server answered 400 Bad Request: "), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1);
}

#[test]
fn a_message_with_a_key_is_published_once_however_often_it_is_called() {
    let server = serve(&[]);
    let url = server.topic("t");
    let publish = ["publish", &url, "paid", "--idempotency-key", "order-4711"];
    let first = run(&publish, b"").assert_code(0).stdout.clone();
    assert_eq!(run(&publish, b"").assert_code(0).stdout, first);
    let other = run(&["publish", &url, "paid twice", "--idempotency-key", "order-4711"], b"");
    assert!(other.assert_code(1).stderr.contains("422"), "{other:?}");
    assert_ne!(run(&["publish", &url, "paid"], b"").assert_code(0).stdout, first, "without it each call is a message");
    let ended = run(&["subscribe", &url, "--after", "oldest", "--count", "2"], b"");
    assert_eq!(ended.stdout, "paid\npaid\n");
}

//! `tidings publish`.

use crate::run::{run, serve};

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
    assert_eq!(ended.stderr, "tidings: line 2: it is not UTF-8; the lines before it were published\n");
    assert_eq!(ended.stdout.lines().count(), 1, "the line before it was");
}

#[test]
fn a_refusal_tells_what_the_server_said() {
    let server = serve(&[]);
    let ended = run(&["publish", &server.topic("t"), "x", "--event", "tidings.reset"], b"");
    ended.assert_code(1);
    assert!(ended.stderr.contains(": the server answered 400 Bad Request: "), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1);
}

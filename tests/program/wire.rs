//! `tidings subscribe --wire`.

use crate::run::{Running, command, json, run, serve};

/// A server with two messages, and what a subscriber to them prints.
fn watched(via: &str, options: &[&str]) -> (String, String) {
    let server = serve(&[]);
    let url = server.topic("t");
    for data in ["one", "two"] {
        run(&["publish", &url, data], b"").assert_code(0);
    }
    let arguments = ["subscribe", &url, "--via", via, "--after", "oldest", "--count", "2", "--wire"];
    let ended = run(&[&arguments[..], options].concat(), b"");
    ended.assert_code(0);
    (ended.stdout, ended.stderr)
}

#[track_caller]
fn assert_said(said: &str, parts: &[&str]) {
    let mut rest = said;
    for part in parts {
        let at = rest.find(part).unwrap_or_else(|| panic!("no {part:?} where it should be in {said}"));
        rest = &rest[at + part.len()..];
    }
    assert!(said.lines().all(|line| line.starts_with(['=', '>', '<'])), "{said}");
    assert!(!said.contains("Illegal"), "{said}");
}

#[test]
fn every_transport_is_explained_and_the_data_are_the_same() {
    let head = "> ";
    for (via, parts) in [
        (
            "sse",
            &[
                "request line: GET",
                "text/event-stream",
                "status line: HTTP/1.1 200",
                "chunk size",
                "data: one",
                "data: two",
            ][..],
        ),
        (
            "stream",
            &["request line: GET", "x-ndjson", "status line: HTTP/1.1 200", "chunk size", "data: one", "data: two"],
        ),
        ("long", &["request line: GET", "status line: HTTP/1.1 200", "data: one", "data: two", "more: false"]),
        ("short", &["request line: GET", "status line: HTTP/1.1 200", "data: one", "data: two", "more: false"]),
        (
            "ws",
            &[
                "Sec-WebSocket-Key",
                "status line: HTTP/1.1 101",
                "right: base64 of the SHA-1",
                "opcode 0x1: text",
                "data: one",
                "data: two",
                "opcode 0x8: Close",
                "status code: 1000",
            ],
        ),
    ] {
        let (data, said) = watched(via, &[]);
        assert_eq!(data, "one\ntwo\n", "{via}");
        assert_said(&said, &[&["= connection 1 to 127.0.0.1 port "], &[head], parts].concat());
    }
}

#[test]
fn json_on_standard_output_stays_json() {
    let (lines, said) = watched("ws", &["--json"]);
    let types: Vec<_> = lines.lines().map(|line| json(line)["type"].clone()).collect();
    assert_eq!(types, ["bookmark", "message", "message"]);
    assert_said(&said, &["> ", "< "]);
}

#[test]
fn nobody_is_told_a_secret() {
    let options = ["--token", "s3cret-1", "--header", "X-Key: s3cret-2", "--header", "Cookie: a=s3cret-3"];
    for via in ["sse", "ws", "long"] {
        let (_, said) = watched(via, &options);
        assert_said(&said, &["header: X-Key: …"]);
        assert_said(&said, &["header: Authorization: …"]);
        // 's3cret' in hexadecimal, as a field's first bytes would show it.
        assert!(!said.contains("s3cret") && !said.contains("73 33 63"), "{said}");
    }
    let server = serve(&[]);
    let url = format!("{}?access_token=s3cret", server.topic("t"));
    let mut running = Running::start(&mut command(&["subscribe", &url, "--wire"]));
    loop {
        let line = running.said().unwrap();
        assert!(!line.contains("s3cret"), "{line}");
        if line.starts_with('<') {
            break;
        }
    }
    running.kill();
}

#[test]
fn what_comes_is_explained_when_it_comes_and_the_data_with_it() {
    let server = serve(&[]);
    let url = server.topic("t");
    let running = Running::start(&mut command(&["subscribe", &url, "--via", "ws", "--wire"]));
    // The bookmark: it is connected.
    while !running.said().unwrap().contains("type: bookmark") {}
    run(&["publish", &url, "now"], b"").assert_code(0);
    while !running.said().unwrap().contains("data: now") {}
    assert_eq!(running.line().unwrap(), "now");
}

#[test]
fn it_is_for_subscribers() {
    for arguments in [
        &["publish", "http://h/", "x", "--wire"][..],
        &["inspect", "8100", "--wire"],
        &["subscribe", "http://h/", "--wire=all"],
    ] {
        run(arguments, b"").assert_code(2);
    }
}

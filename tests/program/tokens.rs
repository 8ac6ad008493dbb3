//! Who may do what: the tokens of `serve`, and those that `publish` and `subscribe` show.

use crate::run::{Ended, Running, command, run, serve};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

const TRANSPORTS: [&str; 5] = ["sse", "ws", "stream", "long", "short"];

/// Runs it with these variables.
fn run_with(variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
    Running::start(command(arguments).envs(variables.iter().copied())).end()
}

#[test]
fn tokens_say_who_may_publish_and_who_may_subscribe() {
    let server = serve(&["--publish-token", "editor", "--subscribe-token", "reader", "--subscribe-token", "both"]);
    let url = server.topic("t");
    for (shown, code, said) in [
        (&["--token", "editor"][..], 0, ""),
        (&["--header", "Authorization: Bearer editor"], 0, ""),
        (&[], 1, "401 Unauthorized"),
        (&["--token", "wrong"], 1, "401 Unauthorized"),
        (&["--token", "reader"], 1, "403 Forbidden"),
    ] {
        let ended = run(&[&["publish", &url, "hello"], shown].concat(), b"");
        assert!(ended.assert_code(code).stderr.contains(said), "{ended:?}");
    }
    for via in TRANSPORTS {
        let subscribe = ["subscribe", &url, "--via", via, "--after", "oldest", "--count", "1"];
        for (shown, code, printed) in [
            (&["--token", "reader"][..], 0, "hello\n"),
            (&["--token", "both"], 0, "hello\n"),
            (&[], 1, ""),
            (&["--token", "editor"], 1, ""),
        ] {
            let ended = run(&[&subscribe[..], shown].concat(), b"");
            assert_eq!(ended.assert_code(code).stdout, printed, "{via} {shown:?}");
        }
    }
}

#[test]
fn tokens_come_from_the_environment_unless_the_command_line_has_one() {
    let variables = [("TIDINGS_PUBLISH_TOKEN", "editor both"), ("TIDINGS_SUBSCRIBE_TOKEN", " both ")];
    let arguments = ["serve", "--addr", "127.0.0.1:0", "--subscribe-token", "reader"];
    let server = Running::start(command(&arguments).envs(variables));
    let line = server.line().unwrap();
    let url = format!("{}topics/t", line.strip_prefix("listening on ").unwrap());
    let publish = ["publish", url.as_str(), "hello"];
    run_with(&[("TIDINGS_TOKEN", "editor")], &publish).assert_code(0);
    run_with(&[("TIDINGS_TOKEN", "both")], &publish).assert_code(0);
    run_with(&[("TIDINGS_TOKEN", "reader")], &publish).assert_code(1);
    run_with(&[("TIDINGS_TOKEN", "reader")], &[&publish[..], &["--token", "both"]].concat()).assert_code(0);
    let header = ["--header", "authorization: Bearer both"];
    run_with(&[("TIDINGS_TOKEN", "reader")], &[&publish[..], &header].concat()).assert_code(0);
    let in_url = format!("{url}?access_token=both");
    run_with(&[("TIDINGS_TOKEN", "reader")], &["publish", &in_url, "hello"]).assert_code(0);
    let subscribe = ["subscribe", &url, "--after", "oldest", "--count", "1"];
    run_with(&[("TIDINGS_TOKEN", "reader")], &subscribe).assert_code(0);
    run_with(&[("TIDINGS_TOKEN", "both")], &subscribe).assert_code(1);
}

#[test]
fn a_token_is_named_once_and_well() {
    let header = ["--header", "Authorization: Basic eDp5"];
    for (variables, arguments, said) in [
        (&[][..], &["serve", "--publish-token", ""][..], "--publish-token: a token is not empty"),
        (&[], &["serve", "--subscribe-token", "a b"], "--subscribe-token: a token is made of "),
        (&[("TIDINGS_PUBLISH_TOKEN", "")], &["serve"], "TIDINGS_PUBLISH_TOKEN: a token is not empty"),
        (&[("TIDINGS_SUBSCRIBE_TOKEN", " ")], &[], "TIDINGS_SUBSCRIBE_TOKEN: a token is not empty"),
        (&[("TIDINGS_TOKEN", "")], &["publish", "http://h/", "x"], "TIDINGS_TOKEN: a token is not empty"),
        (&[], &["subscribe", "http://h/", "--token", "s3cr3t s3cr3t"], "--token: a token is made of "),
        (&[], &[&["publish", "http://h/", "x", "--token", "a"][..], &header].concat(), "which one?"),
        (&[], &[&["subscribe", "http://h/", "--token", "a"][..], &header].concat(), "which one?"),
        (&[], &["subscribe", "http://h/?access_token=s3cr3t", "--token", "a"], "which one?"),
    ] {
        let ended = run_with(variables, arguments);
        ended.assert_code(2);
        assert!(ended.stderr.contains(said) && !ended.stderr.contains("s3cr3t"), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    }
}

#[test]
fn no_token_is_ever_printed() {
    let server = serve(&["--publish-token", "s3cr3t", "--subscribe-token", "s3cr3t"]);
    let url = server.topic("t");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = format!("http://{}/t?access_token=s3cr3t", nobody.local_addr().unwrap());
    drop(nobody);
    let wrong = format!("{url}?access_token=s3cr3t2");
    for arguments in [
        &["publish", &url, "x", "--token", "s3cr3t2"][..],
        &["publish", &wrong, "x"],
        &["publish", &gone, "x"],
        &["subscribe", &url, "--token", "s3cr3t2"],
        &["subscribe", &wrong, "--via", "ws"],
        &["subscribe", &gone],
    ] {
        let ended = run(arguments, b"");
        assert!(!ended.assert_code(1).stderr.contains("s3cr3t"), "{ended:?}");
    }
    let good = format!("{url}?access_token=s3cr3t");
    assert_eq!(run(&["publish", &good, "x"], b"").assert_code(0).stderr, "");
}

#[test]
fn a_token_is_not_saved_with_the_cursor_and_another_goes_on_there() {
    let server = serve(&["--subscribe-token", "s3cr3t", "--subscribe-token", "other"]);
    let url = server.topic("t");
    run(&["publish", &url, "-"], b"one\ntwo\n").assert_code(0);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tokens");
    let subscribe = |token: &str| {
        let (url, path) = (format!("{url}?access_token={token}"), path.to_str().unwrap());
        run(&["subscribe", &url, "--after", "oldest", "--count", "1", "--save", path], b"")
    };
    let _ = std::fs::remove_file(&path); // of an earlier run
    assert_eq!(subscribe("s3cr3t").assert_code(0).stdout, "one\n");
    let saved = std::fs::read_to_string(&path).unwrap();
    let ended = subscribe("other");
    std::fs::remove_file(&path).unwrap();
    assert!(saved.contains("/topics/t") && !saved.contains("s3cr3t"), "{saved}");
    assert_eq!(ended.assert_code(0).stdout, "two\n");
}

/// Reads the head of the next request.
fn head(listener: &TcpListener) -> (TcpStream, String) {
    let (mut socket, _) = listener.accept().unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    (socket, String::from_utf8(head).unwrap())
}

#[test]
fn a_token_goes_to_no_other_server() {
    let [first, other] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let url = format!("http://{}/t", first.local_addr().unwrap());
    let location = format!("http://{}/t", other.local_addr().unwrap());
    for via in TRANSPORTS {
        let subscriber = Running::start(&mut command(&["subscribe", &url, "--via", via, "--token", "s3cr3t"]));
        let (mut socket, request) = head(&first);
        assert!(request.contains("Authorization: Bearer s3cr3t\r\n"), "{via}: {request}");
        let redirect = format!("HTTP/1.1 307 See There\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        socket.write_all(redirect.as_bytes()).unwrap();
        let (mut socket, request) = head(&other);
        assert!(!request.contains("s3cr3t"), "{via}: {request}");
        socket.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").unwrap();
        subscriber.end().assert_code(1);
    }
}

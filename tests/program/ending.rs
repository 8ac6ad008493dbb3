//! How it ends: by a signal, by a closed pipe, by a server that goes away.

use crate::run::{Running, command, json, run, serve, serve_on, subscribe};

const TRANSPORTS: [&str; 5] = ["sse", "ws", "stream", "long", "short"];

#[test]
fn a_closed_standard_output_is_a_reason_to_end_and_no_failure() {
    let server = serve(&[]);
    let url = server.topic("t");
    run(&["publish", &url, "x"], b"").assert_code(0);
    for via in TRANSPORTS {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let arguments = ["subscribe", &url, "--via", via, "--after", "oldest"];
        let ended = Running::start(command(&arguments).stdout(writer)).end();
        assert_eq!(ended.assert_code(0).stderr, "", "{via}");
    }
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(Running::start(command(&["inspect", "8100"]).stdout(writer)).end().assert_code(0).stderr, "");
}

#[cfg(unix)]
#[test]
fn a_subscriber_ends_with_its_reader_though_nothing_comes() {
    use std::io::{BufRead, BufReader};
    let server = serve(&[]);
    let url = server.topic("t");
    run(&["publish", &url, "x"], b"").assert_code(0);
    for via in TRANSPORTS {
        let (reader, writer) = std::io::pipe().unwrap();
        let mut subscriber = command(&["subscribe", &url, "--via", via, "--after", "oldest"]);
        let subscriber = Running::start(subscriber.stdout(writer));
        let mut line = String::new();
        BufReader::new(reader).read_line(&mut line).unwrap(); // as `head -1` does, which then goes
        assert_eq!(line, "x\n", "{via}");
        assert_eq!(subscriber.end().assert_code(0).stderr, "", "{via}");
    }
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_subscriber_with_what_it_had_received() {
    let server = serve(&[]);
    let url = server.topic("t");
    for via in TRANSPORTS {
        let subscriber = subscribe(&url, &["--via", via]);
        run(&["publish", &url, via], b"").assert_code(0);
        assert_eq!(json(&subscriber.line().unwrap())["data"], via);
        subscriber.terminate();
        let ended = subscriber.end();
        assert_eq!((ended.assert_code(0).stdout.as_str(), ended.stderr.as_str()), ("", ""), "{via}");
    }
}

#[cfg(unix)]
#[test]
fn a_signal_drains_the_server_and_its_subscribers_come_back_to_the_next_one() {
    let server = serve(&[]);
    let (addr, url) = (server.addr().to_owned(), server.topic("t"));
    let subscribers: Vec<Running> = TRANSPORTS.iter().map(|via| subscribe(&url, &["--via", via])).collect();
    run(&["publish", &url, "before"], b"").assert_code(0);
    for (subscriber, via) in subscribers.iter().zip(TRANSPORTS) {
        assert_eq!(json(&subscriber.line().unwrap())["data"], "before", "{via}");
    }
    server.running.terminate();
    server.running.end().assert_code(0);

    let _server = serve_on(&addr, &[]);
    run(&["publish", &url, "after"], b"").assert_code(0);
    for (subscriber, via) in subscribers.into_iter().zip(TRANSPORTS) {
        // Another epoch: what the old server kept is gone, and that is said.
        let mut lines = std::iter::from_fn(|| subscriber.line()).map(|line| json(&line));
        let reset = lines.by_ref().find(|line| line["type"] == "reset").unwrap();
        assert_eq!(reset["reason"], "epoch", "{via}");
        let message = lines.find(|line| line["type"] == "message").unwrap();
        assert_eq!(message["data"], "after", "{via}");
    }
}

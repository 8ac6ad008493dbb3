//! Ten thousand log lines over five transports, at once, and with a change of the transport in mid-stream.

use crate::run::{Running, Server, command, json, serve, subscribe};
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Stdio;
use std::thread;

const LINES: usize = 10_000;
const TRANSPORTS: [&str; 5] = ["sse", "ws", "stream", "long", "short"];

/// Lines as a busy system writes them: the same ones in each run.
fn log_lines() -> Vec<String> {
    const LEVELS: [&str; 4] = ["DEBUG", "INFO ", "WARN ", "ERROR"];
    const WORDS: [&str; 8] = [
        "connection reset by peer",
        "Größe überschritten: 12 µs",
        "日本語のメッセージ",
        r#"{"user":"o'neil","path":"C:\\tmp\\x"}"#,
        "emoji 🚀🦀 and \u{200d}joiners",
        "tab\tseparated\tvalues",
        "data: not a field",
        ": nor a comment",
    ];
    let mut random = 1_u64;
    let mut below = |n: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(random >> 33).unwrap() % n
    };
    (0..LINES)
        .map(|n| match below(100) {
            0..3 => String::new(),
            3 => " ".repeat(1 + below(5)),
            4 => format!("{n} {}", WORDS[below(8)].repeat(200)),
            _ => {
                let mut line = format!("2026-11-20T20:{:02}:{:02}Z {} [{n}] ", n / 60 % 60, n % 60, LEVELS[below(4)]);
                for _ in 0..=below(4) {
                    write!(line, "{} ", WORDS[below(8)]).unwrap();
                }
                line
            }
        })
        .collect()
}

/// Publishes all lines, in a thread: the ids that were printed.
fn publish(server: &Server, topic: &str, lines: &[String]) -> thread::JoinHandle<Vec<String>> {
    let mut publisher = Running::start(command(&["publish", &server.topic(topic), "-"]).stdin(Stdio::piped()));
    let mut stdin = publisher.stdin();
    let text = lines.join("\n");
    thread::spawn(move || {
        stdin.write_all(text.as_bytes()).unwrap();
        drop(stdin);
        let ended = publisher.end();
        ended.assert_code(0);
        ended.stdout.lines().map(str::to_owned).collect()
    })
}

/// Id and data of the messages of a subscriber, up to so many; the bookmarks among them are passed over.
fn messages(subscriber: &Running, most: usize) -> Vec<(String, String)> {
    let mut messages = Vec::new();
    while messages.len() < most {
        let Some(line) = subscriber.line() else { break };
        let line = json(&line);
        match line["type"].as_str() {
            Some("message") => {
                messages.push((line["id"].as_str().unwrap().to_owned(), line["data"].as_str().unwrap().to_owned()));
            }
            Some("bookmark") => {}
            _ => panic!("unexpected after {} messages: {line}", messages.len()),
        }
    }
    messages
}

#[track_caller]
fn assert_complete(messages: &[(String, String)], lines: &[String], ids: &[String], who: &str) {
    assert_eq!(messages.len(), lines.len(), "{who}");
    for (n, ((id, data), line)) in messages.iter().zip(lines).enumerate() {
        assert_eq!(data, line, "{who}: line {n}");
        assert_eq!(id, &ids[n], "{who}: id of line {n}");
    }
}

#[test]
fn each_transport_gets_every_line_once_and_in_order() {
    let (server, lines) = (serve(&[]), log_lines());
    let url = server.topic("log");
    let count = LINES.to_string();
    let subscribers: Vec<Running> =
        TRANSPORTS.iter().map(|via| subscribe(&url, &["--via", via, "--count", &count])).collect();
    let publisher = publish(&server, "log", &lines);
    let received: Vec<_> = subscribers.iter().map(|subscriber| messages(subscriber, usize::MAX)).collect();
    let ids = publisher.join().unwrap();
    for (messages, via) in received.iter().zip(TRANSPORTS) {
        assert_complete(messages, &lines, &ids, via);
    }
    for subscriber in subscribers {
        subscriber.end().assert_code(0);
    }
}

#[test]
fn a_subscriber_killed_half_way_goes_on_over_another_transport() {
    let (server, lines) = (serve(&[]), log_lines());
    let url = server.topic("log");
    let subscribers: Vec<Running> = TRANSPORTS.iter().map(|via| subscribe(&url, &["--via", via])).collect();
    let publisher = publish(&server, "log", &lines);

    let readers: Vec<_> = subscribers
        .into_iter()
        .zip(TRANSPORTS.into_iter().cycle().skip(1))
        .map(|(mut subscriber, other)| {
            let url = url.clone();
            thread::spawn(move || {
                let mut received = messages(&subscriber, LINES / 2);
                subscriber.kill();
                // What it had printed when it was killed counts, and nothing else.
                received.extend(messages(&subscriber, usize::MAX));
                let (cursor, _) = received.last().unwrap();
                let left = (LINES - received.len()).to_string();
                let arguments = ["subscribe", &url, "--json", "--via", other, "--after", cursor, "--count", &left];
                let again = Running::start(&mut command(&arguments));
                received.extend(messages(&again, usize::MAX));
                again.end().assert_code(0);
                received
            })
        })
        .collect();
    let ids = publisher.join().unwrap();
    for (reader, via) in readers.into_iter().zip(TRANSPORTS) {
        assert_complete(&reader.join().unwrap(), &lines, &ids, via);
    }
}

#[test]
fn without_json_the_data_alone_is_printed() {
    let server = serve(&[]);
    let url = server.topic("t");
    crate::run::run(&["publish", &url, "-"], b"one\n\n\"three\"\n").assert_code(0);
    for via in TRANSPORTS {
        let ended = crate::run::run(&["subscribe", &url, "--via", via, "--after", "oldest", "--count", "3"], b"");
        ended.assert_code(0);
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("one\n\n\"three\"\n", ""), "{via}");
    }
}

#[test]
fn event_names_arrive_over_each_transport() {
    let server = serve(&[]);
    let url = server.topic("t");
    crate::run::run(&["publish", &url, "x", "--event", "größe & co"], b"").assert_code(0);
    for via in TRANSPORTS {
        let ended =
            crate::run::run(&["subscribe", &url, "--via", via, "--after", "oldest", "--count", "1", "--json"], b"");
        let line = json(ended.assert_code(0).stdout.lines().last().unwrap());
        assert_eq!((&line["event"], &line["data"]), (&"größe & co".into(), &"x".into()), "{via}");
    }
}

#[test]
fn only_events_that_are_asked_for_arrive_over_each_transport() {
    let server = serve(&[]);
    let url = server.topic("t");
    for (data, event) in [("1", "price"), ("2", "weather"), ("4", "price")] {
        crate::run::run(&["publish", &url, data, "--event", event], b"").assert_code(0);
        crate::run::run(&["publish", &url, "unnamed"], b"").assert_code(0);
    }
    for via in TRANSPORTS {
        let subscribe = ["subscribe", &url, "--via", via, "--after", "oldest", "--count"];
        for (options, expected) in [
            (&["2", "--event", "price"][..], "1\n4\n"),
            (&["3", "--event", "weather", "--event", "price"], "1\n2\n4\n"),
            (&["4", "--event", "message", "--event", "weather"], "unnamed\n2\nunnamed\nunnamed\n"),
        ] {
            let ended = crate::run::run(&[&subscribe[..], options].concat(), b"");
            assert_eq!(ended.assert_code(0).stdout, expected, "{via} {options:?}");
        }
    }
}

#[test]
fn the_scheme_of_the_url_chooses_unless_via_does() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    for (scheme, options, header) in [
        ("ws", &[][..], "Upgrade: websocket\r\n"),
        ("WS", &[], "Upgrade: websocket\r\n"),
        ("http", &[], "Accept: text/event-stream\r\n"),
        ("ws", &["--via", "sse"], "Accept: text/event-stream\r\n"),
        ("http", &["--via", "ws"], "Upgrade: websocket\r\n"),
    ] {
        let _subscriber = Running::start(command(&["subscribe", &format!("{scheme}://{addr}/")]).args(options));
        let (mut socket, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            socket.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        let head = String::from_utf8(head).unwrap();
        assert!(head.contains(header), "{scheme} {options:?}: {head}");
    }
}

#[test]
fn a_subscriber_that_fell_behind_is_told_over_each_transport() {
    let server = serve(&["--keep-messages", "2"]);
    let url = server.topic("t");
    let published = crate::run::run(&["publish", &url, "-"], b"1\n2\n3\n4\n");
    let first = published.assert_code(0).stdout.lines().next().unwrap().to_owned();
    for via in TRANSPORTS {
        let ended =
            crate::run::run(&["subscribe", &url, "--via", via, "--after", &first, "--count", "2", "--json"], b"");
        let lines: Vec<_> = ended.assert_code(0).stdout.lines().map(json).collect();
        let reset = lines.iter().find(|line| line["type"] == "reset").unwrap_or_else(|| panic!("{via}: {lines:?}"));
        assert_eq!(reset["reason"], "trimmed", "{via}");
        let data: Vec<_> = lines.iter().filter_map(|line| line["data"].as_str()).collect();
        assert_eq!(data, ["3", "4"], "{via}");
        let oldest = reset["oldest"].as_str().unwrap();
        let said = format!("tidings: messages were lost: the log begins after {oldest} now; going on from there\n");
        assert_eq!(ended.stderr, said, "{via}");
    }
}

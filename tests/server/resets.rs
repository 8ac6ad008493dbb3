//! Three ways to lose the thread, over five transports: each says so, and goes on with what is left.

use crate::client::{EventSource, Frame, WebSocket};
use crate::running::{Running, start_with};
use std::time::{Duration, Instant};
use tidings::envelope::{Batch, Envelope, parse_reset};
use tidings::server::Limits;
use tidings::topic::{Bounds, Cursor, Reset};

/// A server with a topic that keeps one message, cursors that cannot be served, and the resets they deserve.
fn cases() -> (Running, Vec<(Cursor, Reset)>) {
    let topic = Bounds { messages: 1, ..Bounds::default() };
    let server = start_with(&Limits { topic, ..Limits::default() });
    let trimmed = server.publish("news", "1");
    let oldest = server.publish("news", "2");
    let newest = server.publish("news", "3");
    let reset = |reason: &str| Reset { reason: reason.parse().unwrap(), oldest, newest };
    let cases = vec![
        (trimmed, reset("trimmed")),
        (Cursor::new(newest.epoch() - 1, 3), reset("epoch")),
        (Cursor::new(newest.epoch(), 4), reset("future")),
    ];
    (server, cases)
}

#[test]
fn polls() {
    let (server, cases) = cases();
    for (cursor, reset) in cases {
        for wait in ["", "&wait=60"] {
            let answer = server.client().get(&format!("/topics/news?after={cursor}{wait}"));
            assert_eq!(answer.status, 410);
            assert_eq!(parse_reset(&answer.text()).unwrap(), reset);
        }
        let next = server.client().get(&format!("/topics/news?after={}", reset.oldest)).text();
        assert_eq!(Batch::parse(&next).unwrap().events[0].data, "3");
    }
}

#[test]
fn event_streams() {
    let (server, cases) = cases();
    for (cursor, reset) in cases {
        let mut source = EventSource::open(server.client(), "/topics/news", &format!("Last-Event-ID: {cursor}\r\n"));
        let event = source.event().unwrap();
        assert_eq!((event.name.as_str(), event.id), ("tidings.reset", reset.oldest.to_string()));
        assert_eq!(parse_reset(&event.data).unwrap(), reset);
        assert_eq!(source.event().unwrap().data, "3");
    }
}

#[test]
fn json_streams() {
    let (server, cases) = cases();
    for (cursor, reset) in cases {
        let mut client = server.client();
        client.request("GET", &format!("/topics/news?after={cursor}"), "Accept: application/x-ndjson\r\n");
        assert_eq!(client.head().status, 200);
        let text = client.body_until("\"data\":\"3\"}\n");
        let mut lines = text.lines().map(|line| Envelope::parse(line).unwrap());
        assert_eq!(lines.next(), Some(Envelope::Reset(reset)));
        assert!(matches!(lines.next(), Some(Envelope::Message { data, .. }) if data == "3"));
    }
}

#[test]
fn websockets_with_envelopes() {
    let (server, cases) = cases();
    for (cursor, reset) in cases {
        let target = format!("/topics/news?after={cursor}");
        let mut socket = WebSocket::open(server.client(), &target, &["tidings.v1"]);
        assert_eq!(Envelope::parse(&socket.text()).unwrap(), Envelope::Reset(reset));
        assert!(matches!(Envelope::parse(&socket.text()), Ok(Envelope::Message { data, .. }) if data == "3"));
    }
}

#[test]
fn websockets_of_bare_data_are_closed() {
    let (server, cases) = cases();
    for (cursor, reset) in cases {
        let mut socket = WebSocket::open(server.client(), &format!("/topics/news?after={cursor}"), &[]);
        assert_eq!(socket.frame(), Some(Frame::Close(4410, format!("reset: {}", reset.reason))));
        assert_eq!(socket.frame(), None);
    }
}

#[test]
fn a_number_that_the_new_head_has_overtaken_is_still_of_another_epoch() {
    let (server, _) = cases();
    let newest = server.publish("news", "4");
    let old = Cursor::new(newest.epoch() - 1, 2);
    let mut source = EventSource::open(server.client(), &format!("/topics/news?after={old}"), "");
    let reset = parse_reset(&source.event().unwrap().data).unwrap();
    assert_eq!(reset.reason.as_str(), "epoch");
}

/// Each transport answers an old cursor with a reset: its reason, and where reading goes on.
fn reasons(server: &Running, cursor: Cursor) -> Vec<(String, Cursor)> {
    let target = format!("/topics/news?after={cursor}");
    let short = parse_reset(&server.client().get(&target).text()).unwrap();
    let long = parse_reset(&server.client().get(&format!("{target}&wait=60")).text()).unwrap();
    let mut source = EventSource::open(server.client(), &target, "");
    let event = parse_reset(&source.event().unwrap().data).unwrap();
    let mut client = server.client();
    client.request("GET", &target, "Accept: application/x-ndjson\r\n");
    assert_eq!(client.head().status, 200);
    let line = client.body_until("\n");
    let mut socket = WebSocket::open(server.client(), &target, &["tidings.v1"]);
    let envelopes = [line.lines().next().unwrap().to_owned(), socket.text()];
    let envelopes = envelopes.map(|text| match Envelope::parse(&text).unwrap() {
        Envelope::Reset(reset) => reset,
        other => panic!("{other:?} is no reset"),
    });
    [short, long, event].into_iter().chain(envelopes).map(|reset| (reset.reason.to_string(), reset.oldest)).collect()
}

#[test]
fn after_a_restart_an_old_cursor_is_a_reset_over_every_transport_even_when_its_number_is_overtaken() {
    // Servers that follow each other within a millisecond.
    let mut epochs = Vec::new();
    for _ in 0..5 {
        let mut server = start_with(&Limits::default());
        let old = server.publish("news", "1");
        server.stop();
        let server = start_with(&Limits::default());
        let mut newest = old;
        for n in 1..=3 {
            newest = server.publish("news", &n.to_string());
        }
        assert!(newest.n() > old.n());
        for reset in reasons(&server, old) {
            assert_eq!(reset, ("epoch".into(), Cursor::new(newest.epoch(), 0)));
        }
        epochs.extend([old.epoch(), newest.epoch()]);
    }
    assert!(epochs.is_sorted_by(|earlier, later| earlier < later), "{epochs:?}");
}

#[test]
fn what_is_dropped_by_bytes_is_a_reset_over_every_transport() {
    let topic = Bounds { bytes: 1000, ..Bounds::default() };
    let server = start_with(&Limits { topic, ..Limits::default() });
    let lost = server.publish("news", "1");
    server.publish("news", "2");
    server.publish("news", &"x".repeat(800));
    let oldest = Cursor::new(lost.epoch(), 2);
    for reset in reasons(&server, lost) {
        assert_eq!(reset, ("trimmed".into(), oldest));
    }
}

#[test]
fn what_has_grown_too_old_is_a_reset_over_every_transport() {
    let topic = Bounds { age: Duration::from_millis(20), ..Bounds::default() };
    let server = start_with(&Limits { topic, ..Limits::default() });
    // A topic with a subscriber stays, however empty it becomes.
    let _listener = WebSocket::open(server.client(), "/topics/news", &[]);
    let first = server.publish("news", "1");
    let before = Cursor::new(first.epoch(), 0);
    let until = Instant::now() + Duration::from_secs(10);
    while server.client().get(&format!("/topics/news?after={before}")).status == 200 {
        assert!(Instant::now() < until, "it is still there");
    }
    for reset in reasons(&server, before) {
        assert_eq!(reset, ("trimmed".into(), first));
    }
    assert_eq!(server.publish("news", "2").n(), 2, "the numbers go on");
}

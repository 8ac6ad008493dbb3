//! Three ways to lose the thread, over five transports: each says so, and goes on with what is left.

use crate::client::{EventSource, Frame, WebSocket};
use crate::running::{Running, start_with};
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

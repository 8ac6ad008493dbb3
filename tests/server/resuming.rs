//! One cursor for all transports: who changes in mid-stream loses and doubles nothing.

use crate::client::{EventSource, WebSocket};
use crate::running::{Running, start};
use tidings::envelope::{Batch, Envelope};

/// Reads `count` messages after `after` over one transport: their data, and the cursor to go on with.
type Read = fn(&Running, &str, usize) -> (Vec<String>, String);

fn sse(server: &Running, after: &str, count: usize) -> (Vec<String>, String) {
    let mut source = EventSource::open(server.client(), "/topics/news", &format!("Last-Event-ID: {after}\r\n"));
    let data = (0..count).map(|_| source.event().unwrap().data).collect();
    (data, source.last_event_id().to_owned())
}

fn ndjson(server: &Running, after: &str, count: usize) -> (Vec<String>, String) {
    let mut client = server.client();
    client.request("GET", &format!("/topics/news?after={after}"), "Accept: application/x-ndjson\r\n");
    assert_eq!(client.head().status, 200);
    let (mut data, mut cursor) = (Vec::new(), after.to_owned());
    while data.len() < count {
        take(&client.line(), &mut data, &mut cursor);
    }
    (data, cursor)
}

fn websocket(server: &Running, after: &str, count: usize) -> (Vec<String>, String) {
    let mut socket = WebSocket::open(server.client(), &format!("/topics/news?after={after}"), &["tidings.v1"]);
    let (mut data, mut cursor) = (Vec::new(), after.to_owned());
    while data.len() < count {
        take(&socket.text(), &mut data, &mut cursor);
    }
    (data, cursor)
}

fn take(envelope: &str, data: &mut Vec<String>, cursor: &mut String) {
    match Envelope::parse(envelope).unwrap() {
        Envelope::Message { id, data: text, .. } => {
            data.push(text.into_owned());
            *cursor = id.to_string();
        }
        Envelope::Bookmark { id } => *cursor = id.to_string(),
        other => panic!("{other:?}"),
    }
}

fn poll(server: &Running, after: &str, wait: &str) -> (Vec<String>, String) {
    let text = server.client().get(&format!("/topics/news?after={after}{wait}")).text();
    let batch = Batch::parse(&text).unwrap();
    (batch.events.iter().map(|entry| entry.data.to_string()).collect(), batch.next.to_string())
}

fn short_poll(server: &Running, after: &str, _: usize) -> (Vec<String>, String) {
    poll(server, after, "")
}

fn long_poll(server: &Running, after: &str, _: usize) -> (Vec<String>, String) {
    poll(server, after, "&wait=30")
}

#[test]
fn changing_the_transport_in_mid_stream_loses_and_doubles_nothing() {
    let server = start();
    let mut next = 0;
    let mut publish = |count: usize| {
        for _ in 0..count {
            server.publish("news", &next.to_string());
            next += 1;
        }
    };
    publish(1);
    let (mut seen, mut cursor) = short_poll(&server, "oldest", 1);
    let transports: [Read; 5] = [sse, ndjson, websocket, long_poll, short_poll];
    for round in 0..25 {
        // Read fewer than there are, so that the next transport finds the rest.
        publish(if round % 5 < 3 { 3 } else { 1 });
        let (data, after) = transports[round % 5](&server, &cursor, 2);
        seen.extend(data);
        cursor = after;
    }
    let expected: Vec<String> = (0..seen.len()).map(|n| n.to_string()).collect();
    assert_eq!(seen, expected);
    assert!(seen.len() > 40);
}

#[test]
fn who_has_only_seen_a_bookmark_can_come_back_to_it() {
    let server = start();
    server.publish("news", "old");
    let mut socket = WebSocket::open(server.client(), "/topics/news", &["tidings.v1"]);
    let bookmark = socket.text();
    let (mut data, mut cursor) = (Vec::new(), String::new());
    take(&bookmark, &mut data, &mut cursor);
    drop(socket);
    server.publish("news", "meanwhile");
    for read in [sse as Read, ndjson, websocket, long_poll, short_poll] {
        assert_eq!(read(&server, &cursor, 1).0, ["meanwhile"]);
    }
}

#[test]
fn over_every_transport_what_is_published_between_replay_and_going_live_is_neither_lost_nor_doubled() {
    const COUNT: usize = 1500;
    let server = start();
    let begin = server.publish("news", "0").to_string();
    let readers: [Read; 5] = [sse, ndjson, websocket, bare_websocket, polls_without_end];
    std::thread::scope(|scope| {
        let server = &server;
        scope.spawn(|| {
            for n in 1..COUNT {
                server.publish("news", &n.to_string());
            }
        });
        let readers: Vec<_> = (0..3)
            .flat_map(|_| readers)
            .map(|read| {
                let begin = begin.clone();
                scope.spawn(move || read(server, &begin, COUNT - 1).0)
            })
            .collect();
        let expected: Vec<String> = (1..COUNT).map(|n| n.to_string()).collect();
        for (n, reader) in readers.into_iter().enumerate() {
            assert_eq!(reader.join().unwrap(), expected, "reader {n}");
        }
    });
}

fn bare_websocket(server: &Running, after: &str, count: usize) -> (Vec<String>, String) {
    let mut socket = WebSocket::open(server.client(), &format!("/topics/news?after={after}"), &[]);
    ((0..count).map(|_| socket.text()).collect(), String::new())
}

fn polls_without_end(server: &Running, after: &str, count: usize) -> (Vec<String>, String) {
    let (mut data, mut cursor) = (Vec::new(), after.to_owned());
    while data.len() < count {
        let (more, next) = long_poll(server, &cursor, 0);
        data.extend(more);
        cursor = next;
    }
    (data, cursor)
}

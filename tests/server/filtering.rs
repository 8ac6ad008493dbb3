//! `?event=NAME`: only what is asked for, over every transport, with the cursors of the whole topic.

use crate::client::{Client, EventSource, Frame, WebSocket};
use crate::running::{Running, start, start_with};
use proptest::prelude::*;
use std::time::Duration;
use tidings::envelope::{Batch, Envelope};
use tidings::server::Limits;
use tidings::topic::{Bounds, Cursor};

const HELD: &str = r#"tidings_subscribers{transport="long-poll"}"#;

fn json_stream(server: &Running, target: &str) -> Client {
    let mut client = server.client();
    client.request("GET", target, "Accept: application/x-ndjson\r\n");
    assert_eq!(client.head().status, 200);
    client
}

fn poll(client: &mut Client, target: &str) -> (Vec<String>, Cursor, bool) {
    let text = client.get(target).text();
    let batch = Batch::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (batch.events.iter().map(|entry| entry.data.to_string()).collect(), batch.next, batch.more)
}

/// The envelope that comes next, of those that a JSON stream or a WebSocket has.
fn bookmark(text: &str) -> Cursor {
    match Envelope::parse(text).unwrap() {
        Envelope::Bookmark { id } => id,
        other => panic!("{other:?} is no bookmark"),
    }
}

#[test]
fn every_transport_gives_what_matches_and_nothing_else() {
    let server = start();
    server.publish_event("news", "a", "1");
    server.publish_event("news", "b", "2");
    server.publish("news", "3");
    server.publish_event("news", "c", "4");
    let last = server.publish_event("news", "a", "5");
    for (query, expected) in [
        ("event=a", &["1", "5"][..]),
        ("event=a&event=b", &["1", "2", "5"]),
        ("event=c&event=a&event=a", &["1", "4", "5"]),
        ("event=message&event=a", &["1", "3", "5"]),
        ("", &["1", "2", "3", "4", "5"]),
    ] {
        let target = format!("/topics/news?after=oldest&{query}");
        for wait in ["", "&wait=20"] {
            assert_eq!(poll(&mut server.client(), &format!("{target}{wait}")).0, expected, "{query}");
        }
        let mut source = EventSource::open(server.client(), &target, "");
        let mut socket = WebSocket::open(server.client(), &target, &["tidings.v1"]);
        let mut bare = WebSocket::open(server.client(), &target, &[]);
        let mut lines = json_stream(&server, &target);
        assert_eq!(bookmark(&socket.text()).n(), 0);
        for data in expected {
            assert_eq!(source.event().unwrap().data, *data, "{query}");
            assert!(matches!(Envelope::parse(&socket.text()), Ok(Envelope::Message { data: got, .. }) if got == *data));
            assert_eq!(bare.text(), *data, "{query}");
        }
        let text =
            lines.body_until(&format!("{{\"type\":\"message\",\"id\":\"{last}\",\"event\":\"a\",\"data\":\"5\"}}\n"));
        assert_eq!(text.lines().count(), expected.len() + 1, "{query}: {text}");
    }
}

#[test]
fn a_name_that_could_not_be_published_is_400_over_every_transport() {
    let server = start();
    let many: Vec<String> = (0..33).map(|n| format!("event={n}")).collect();
    let long = format!("event={}", "a".repeat(129));
    for query in ["event=", "event=a&event=", "event=tidings.reset", "event=a%0Ab", &long, &many.join("&")] {
        for headers in
            ["", "Accept: text/event-stream\r\n", "Accept: application/x-ndjson\r\n", crate::client::HANDSHAKE]
        {
            let mut client = server.client();
            client.request("GET", &format!("/topics/news?{query}"), headers);
            let answer = client.response();
            assert_eq!((answer.status, answer.text().starts_with("event: ")), (400, true), "{query} {headers:?}");
        }
    }
    let fits = format!("/topics/news?{}", many[1..].join("&"));
    assert_eq!(server.client().get(&fits).status, 200);
}

#[test]
fn a_held_poll_is_not_answered_by_what_does_not_match() {
    let server = start();
    let mut client = server.client();
    client.request("GET", "/topics/news?wait=60&event=a", "");
    server.await_metric(HELD, 1);
    for n in 0..100 {
        server.publish_event("news", "b", &n.to_string());
    }
    assert_eq!(server.metric(HELD), 1);
    let id = server.publish_event("news", "a", "x");
    let expected = format!(r#"{{"events":[{{"id":"{id}","event":"a","data":"x"}}],"next":"{id}","more":false}}"#);
    assert_eq!(client.response().text(), expected);
}

#[test]
fn the_end_of_a_hold_brings_a_next_that_has_advanced() {
    let options = tidings::longpoll::Options { hold_max: Duration::from_millis(50), ..Default::default() };
    let server = start_with(&Limits { poll: options, ..Limits::default() });
    server.publish("news", "1");
    let id = server.publish("news", "2");
    assert_eq!(poll(&mut server.client(), "/topics/news?wait=60&event=a"), (vec![], id, false));
    assert_eq!(poll(&mut server.client(), &format!("/topics/news?wait=60&event=a&after={id}")), (vec![], id, false));
}

#[test]
fn polls_held_for_different_events_get_different_answers() {
    let server = start();
    let mut clients: Vec<Client> = ["event=a", "event=b", "event=a&event=b", ""]
        .into_iter()
        .map(|query| {
            let before = server.metric(HELD);
            let mut client = server.client();
            client.request("GET", &format!("/topics/news?after=now&wait=60&{query}"), "");
            server.await_metric(HELD, before + 1);
            client
        })
        .collect();
    server.publish_event("news", "a", "1");
    server.publish_event("news", "b", "2");
    let has: Vec<(bool, bool)> = clients
        .iter_mut()
        .map(|client| client.response().text())
        .map(|text| (text.contains(r#""data":"1""#), text.contains(r#""data":"2""#)))
        .collect();
    assert_eq!((has[0], has[1]), ((true, false), (false, true)));
    assert!(has[2].0 && has[3].0, "{has:?}");
}

#[test]
fn keepalives_tell_a_filtered_subscriber_where_it_stands() {
    let server = start_with(&Limits { keepalive: Duration::from_millis(20), ..Limits::default() });
    let target = "/topics/news?event=a";
    let mut source = EventSource::open(server.client(), target, "");
    let mut lines = json_stream(&server, target);
    let mut socket = WebSocket::open(server.client(), target, &["tidings.v1"]);
    let start = bookmark(&socket.text());
    server.publish_event("news", "b", "1");
    let id = server.publish_event("news", "b", "2");
    assert_eq!((start.epoch(), start.n(), id.n()), (id.epoch(), 0, 2));
    source.client.body_until(&format!("id: {id}\n\n"));
    lines.body_until(&format!("{{\"type\":\"bookmark\",\"id\":\"{id}\"}}\n"));
    loop {
        match socket.frame() {
            Some(Frame::Text(text)) if bookmark(&text) == id => break,
            Some(Frame::Text(_) | Frame::Ping(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    // It knows now, so that from here on there are Pings alone.
    for _ in 0..3 {
        assert_eq!(socket.frame(), Some(Frame::Ping(vec![])));
    }
}

#[test]
fn who_wants_nothing_of_a_busy_topic_is_not_told_of_a_loss() {
    let topic = Bounds { messages: 10, ..Bounds::default() };
    let server = start_with(&Limits { topic, ..Limits::default() });
    let target = "/topics/news?event=a";
    let mut source = EventSource::open(server.client(), target, "");
    let mut lines = json_stream(&server, target);
    let mut socket = WebSocket::open(server.client(), target, &["tidings.v1"]);
    let mut known = bookmark(&socket.text());
    for n in 1..=60 {
        // Each message is given time to pass: a loop that is kept from running could not tell of it.
        let id = server.publish_event("news", "b", "x");
        assert_eq!((id.n(), known.epoch()), (n, id.epoch()));
        if n - known.n() == 6 {
            known = bookmark(&socket.text());
            assert_eq!(known, id, "half of what is kept, and one, has gone by");
            source.client.body_until(&format!("id: {id}\n\n"));
            lines.body_until(&format!("{{\"type\":\"bookmark\",\"id\":\"{id}\"}}\n"));
        } else {
            await_passed(&server, n);
        }
    }
}

/// Waits until the loop has looked at everything: what is published to another topic is delivered behind it.
fn await_passed(server: &Running, n: u64) {
    let mut client = server.client();
    client.request("GET", "/topics/other?after=now&wait=20", "");
    server.await_metric(HELD, 1);
    server.publish("other", &n.to_string());
    assert_eq!(client.response().status, 200);
    server.await_metric(HELD, 0);
}

#[test]
fn messages_that_many_filters_see_arrive_once_at_each() {
    let server = start();
    let mut sources: Vec<(EventSource, u64)> = (0..20)
        .map(|n| (EventSource::open(server.client(), &format!("/topics/news?event={}", n % 4), ""), n % 4))
        .collect();
    for n in 0..40_u64 {
        server.publish_event("news", &(n % 4).to_string(), &n.to_string());
    }
    for (source, kind) in &mut sources {
        for n in (0..40).filter(|n| n % 4 == *kind) {
            assert_eq!(source.event().unwrap().data, n.to_string());
        }
    }
}

#[test]
fn a_filter_does_not_hide_a_reset() {
    let topic = Bounds { messages: 1, ..Bounds::default() };
    let server = start_with(&Limits { topic, ..Limits::default() });
    let lost = server.publish_event("news", "b", "1");
    server.publish_event("news", "b", "2");
    server.publish_event("news", "a", "3");
    let target = format!("/topics/news?event=a&after={lost}");
    let mut source = EventSource::open(server.client(), &target, "");
    assert_eq!(source.event().unwrap().name, "tidings.reset");
    assert_eq!(source.event().unwrap().data, "3");
    assert_eq!(server.client().get(&target).status, 410);
}

/// What the reader of the property below does.
#[derive(Debug, Clone)]
enum Act {
    /// So many messages of this event are published; an empty name is none.
    Publish(&'static str, usize),
    /// Connects over this transport, reads so many messages at the most, and goes.
    Read(Transport, usize),
}

#[derive(Debug, Clone, Copy)]
enum Transport {
    Sse,
    Lines,
    WebSocket,
    LongPoll,
    ShortPoll,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    use Transport::{Lines, LongPoll, ShortPoll, Sse, WebSocket};
    let events = prop::sample::select(vec!["", "message", "a", "b"]);
    let transports = prop::sample::select(vec![Sse, Lines, WebSocket, LongPoll, ShortPoll]);
    let act = prop_oneof![
        (events, 1..6_usize).prop_map(|(event, count)| Act::Publish(event, count)),
        (transports, 0..4_usize).prop_map(|(transport, count)| Act::Read(transport, count)),
    ];
    prop::collection::vec(act, 1..30)
}

/// Reads `count` messages, which are there, and maybe others: their data, and what a client would resume after.
fn read(server: &Running, transport: Transport, query: &str, after: &str, count: usize) -> (Vec<String>, String) {
    let target = format!("/topics/t?after={after}{query}");
    let (mut data, mut cursor) = (Vec::new(), after.to_owned());
    let mut take = |text: &str| match Envelope::parse(text).unwrap() {
        Envelope::Message { id, data: text, .. } => {
            data.push(text.into_owned());
            cursor = id.to_string();
            data.len()
        }
        Envelope::Bookmark { id } => {
            cursor = id.to_string();
            data.len()
        }
        other => panic!("{other:?}"),
    };
    match transport {
        Transport::Sse => {
            let mut source = EventSource::open(server.client(), &target, "");
            let data = (0..count).map(|_| source.event().unwrap().data).collect();
            let id = source.last_event_id();
            (data, if id.is_empty() { after.to_owned() } else { id.to_owned() })
        }
        Transport::Lines => {
            let mut client = json_stream(server, &target);
            while take(&client.line()) < count {}
            (data, cursor)
        }
        Transport::WebSocket => {
            let mut socket = WebSocket::open(server.client(), &target, &["tidings.v1"]);
            while take(&socket.text()) < count {}
            (data, cursor)
        }
        Transport::LongPoll | Transport::ShortPoll => {
            let wait = if matches!(transport, Transport::LongPoll) { "&wait=9" } else { "" };
            let (data, next, _) = poll(&mut server.client(), &format!("{target}{wait}"));
            (data, next.to_string())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_filtered_reader_over_any_mix_of_transports_sees_exactly_what_matches_once_and_in_order(
        acts in acts(),
        names in prop::collection::vec(prop::sample::select(vec!["message", "a", "none"]), 0..3),
    ) {
        // Small batches, so that a read ends in the midst of them; short holds, for where there is nothing.
        let poll = tidings::longpoll::Options { hold_max: Duration::from_millis(5), batch_messages: 3, ..Default::default() };
        let server = start_with(&Limits { poll, batch_bytes: 300, ..Limits::default() });
        let query: String = names.iter().flat_map(|name| ["&event=", name]).collect();
        let is_wanted = |event: &str| names.is_empty() || names.contains(&if event.is_empty() { "message" } else { event });
        let (mut published, mut expected, mut seen) = (0, Vec::new(), Vec::new());
        let mut cursor = String::from("oldest");
        for act in acts.into_iter().chain([Act::Read(Transport::Lines, usize::MAX)]) {
            match act {
                Act::Publish(event, count) => for _ in 0..count {
                    published += 1;
                    let data = published.to_string();
                    if event.is_empty() { server.publish("t", &data) } else { server.publish_event("t", event, &data) };
                    expected.extend(is_wanted(event).then_some(data));
                },
                Act::Read(transport, count) => {
                    let count = count.min(expected.len() - seen.len());
                    let (data, next) = read(&server, transport, &query, &cursor, count);
                    seen.extend(data);
                    prop_assert!(expected.starts_with(&seen), "{:?} is not the beginning of {:?}", seen, expected);
                    cursor = next;
                }
            }
        }
        prop_assert_eq!(seen, expected);
    }
}

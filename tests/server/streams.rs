//! Event streams and streams of JSON lines.

use crate::client::{Client, DATE, Event, EventSource};
use crate::running::{Running, start, start_with};
use std::time::Duration;
use tidings::server::Limits;

const SSE: &str = r#"tidings_subscribers{transport="sse"}"#;

/// Opens a stream and reads the head and the first chunk, which is the bookmark.
fn open(server: &Running, target: &str, accept: &str) -> Client {
    let mut client = server.client();
    client.request("GET", target, &format!("Accept: {accept}\r\n"));
    assert_eq!(client.head().status, 200);
    client
}

#[test]
fn an_event_stream_to_the_byte() {
    let server = start();
    let old = server.publish("news", "old");
    let mut client = server.client();
    client.request("GET", "/topics/news?after=oldest", "Accept: text/event-stream\r\n");
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\
                X-Accel-Buffering: no\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n";
    let chunk = |data: &str| format!("{:08x}\r\n{data}\r\n", data.len());
    let epoch = old.epoch();
    let history = format!(
        "{head}{DATE}\r\n{}{}",
        chunk(&format!("id: {epoch}-0\n\n")),
        chunk(&format!("id: {old}\ndata: old\n\n"))
    );
    client.expect(history);

    let id = server.publish_event("news", "price", "1\r\n2");
    let live = chunk(&format!("id: {id}\nevent: price\ndata: 1\ndata: 2\n\n"));
    client.expect(live);
}

#[test]
fn a_json_stream_to_the_byte() {
    let server = start();
    let old = server.publish("news", "old");
    let mut client = server.client();
    client.request("GET", "/topics/news?after=oldest", "Accept: application/x-ndjson\r\n");
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nCache-Control: no-store\r\n\
                X-Accel-Buffering: no\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n";
    let chunk = |data: &str| format!("{:08x}\r\n{data}\r\n", data.len());
    let history = format!(
        "{head}{DATE}\r\n{}{}",
        chunk(&format!("{{\"type\":\"bookmark\",\"id\":\"{}-0\"}}\n", old.epoch())),
        chunk(&format!("{{\"type\":\"message\",\"id\":\"{old}\",\"data\":\"old\"}}\n"))
    );
    client.expect(history);

    let id = server.publish_event("news", "price", "12");
    let live = chunk(&format!("{{\"type\":\"message\",\"id\":\"{id}\",\"event\":\"price\",\"data\":\"12\"}}\n"));
    client.expect(live);
}

#[test]
fn an_http_1_0_client_gets_a_stream_that_the_end_of_the_connection_ends() {
    let server = start();
    let id = server.publish("news", "old");
    let mut client = server.client();
    client.send("GET /topics/news?after=oldest HTTP/1.0\r\nAccept: text/event-stream\r\n\r\n");
    let expected = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n\
         Connection: close\r\n{DATE}\r\nid: {}-0\n\nid: {id}\ndata: old\n\n",
        id.epoch()
    );
    client.expect(expected);
    server.handle.drain();
    let rest = String::from_utf8(client.raw_to_end()).unwrap();
    assert!(rest.starts_with("retry: ") && rest.ends_with("\n\n"), "{rest:?}");
}

/// In chunked coding a chunk without data is the end.
#[test]
fn an_empty_message_does_not_end_a_stream() {
    let server = start();
    for (accept, empty, next) in [
        ("text/event-stream", "data:\n\n", "data: next\n\n"),
        ("application/x-ndjson", "\"data\":\"\"}\n", "\"data\":\"next\"}\n"),
    ] {
        let mut client = open(&server, "/topics/news", accept);
        server.publish("news", "");
        client.body_until(empty);
        server.publish("news", "next");
        client.body_until(next);
    }
}

#[test]
fn a_stream_without_a_cursor_begins_now_and_says_where_that_is() {
    let server = start();
    let old = server.publish("news", "old");
    let mut client = open(&server, "/topics/news", "application/x-ndjson");
    assert_eq!(client.body_until("\n"), format!("{{\"type\":\"bookmark\",\"id\":\"{old}\"}}\n"));
    server.publish("news", "new");
    assert!(client.body_until("\n").contains("\"data\":\"new\""));
}

#[test]
fn last_event_id_outdoes_the_query() {
    let server = start();
    let first = server.publish("news", "1");
    let second = server.publish("news", "2");
    let target = format!("/topics/news?after={second}");
    let mut source = EventSource::open(server.client(), &target, &format!("Last-Event-ID: {first}\r\n"));
    let event = Event { id: second.to_string(), name: "message".into(), data: "2".into() };
    assert_eq!(source.event(), Some(event));
    // An empty one says nothing.
    let mut source = EventSource::open(server.client(), &format!("/topics/news?after={first}"), "Last-Event-ID:\r\n");
    assert_eq!(source.event().unwrap().data, "2");
}

#[test]
fn malformed_cursors_are_400() {
    let server = start();
    for (target, headers) in [("/topics/a?after=x", ""), ("/topics/a", "Last-Event-ID: x\r\n")] {
        let mut client = server.client();
        client.request("GET", target, &format!("Accept: text/event-stream\r\n{headers}"));
        assert_eq!(client.response().status, 400);
    }
}

#[test]
fn the_transport_is_what_accept_says() {
    let server = start();
    server.publish("news", "x");
    for (accept, expected) in [
        ("text/event-stream", "text/event-stream"),
        ("TEXT/Event-Stream; charset=utf-8", "text/event-stream"),
        ("application/x-ndjson", "application/x-ndjson"),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("text/html, */*;q=0.8", "application/json"),
        ("text/event-stream, */*", "text/event-stream"),
        ("application/x-ndjson, text/event-stream", "application/x-ndjson"),
        ("application/x-ndjson;q=0.5, text/event-stream;q=0.75", "text/event-stream"),
        ("application/json, text/event-stream;q=0.9", "application/json"),
        ("text/event-stream;q=0", "application/json"),
        ("text/event-streams", "application/json"),
    ] {
        let mut client = server.client();
        client.request("GET", "/topics/news", &format!("Accept: {accept}\r\n"));
        assert_eq!(client.head().header("content-type"), Some(expected), "{accept}");
    }
}

#[test]
fn a_silent_stream_gets_its_cursor_again() {
    let server = start_with(&Limits { keepalive: Duration::from_millis(20), ..Limits::default() });
    let id = server.publish("news", "1");
    let mut client = open(&server, "/topics/news", "text/event-stream");
    let bookmark = format!("id: {id}\n\n");
    assert_eq!(client.body_until(&bookmark.repeat(3)), bookmark.repeat(3));
    let mut client = open(&server, "/topics/news", "application/x-ndjson");
    let bookmark = format!("{{\"type\":\"bookmark\",\"id\":\"{id}\"}}\n");
    assert_eq!(client.body_until(&bookmark.repeat(3)), bookmark.repeat(3));
}

#[test]
fn a_listener_that_goes_is_forgotten_and_what_it_says_is_ignored() {
    let server = start();
    let mut source = EventSource::open(server.client(), "/topics/news", "");
    server.await_metric(SSE, 1);
    source.client.send("GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n");
    server.publish("news", "1");
    assert_eq!(source.event().unwrap().data, "1");
    drop(source);
    server.await_metric(SSE, 0);
}

#[test]
fn what_has_piled_up_comes_in_order_and_whole() {
    let server = start_with(&Limits { batch_bytes: 1000, ..Limits::default() });
    let long = "x".repeat(3000);
    for n in 0..500 {
        server.publish("news", &if n % 50 == 0 { format!("{n}{long}") } else { n.to_string() });
    }
    let mut source = EventSource::open(server.client(), "/topics/news?after=oldest", "");
    for n in 0..1000 {
        if n >= 500 {
            server.publish("news", &n.to_string());
        }
        let data = source.event().unwrap().data;
        assert_eq!(data.trim_end_matches('x'), n.to_string());
    }
}

#[test]
fn a_message_published_while_subscribing_is_neither_lost_nor_doubled() {
    let server = start();
    let (handle, topic) = (server.handle.clone(), "news".parse().unwrap());
    let publisher = std::thread::spawn(move || {
        for n in 0..3000 {
            handle.publish(&topic, None, n.to_string()).unwrap();
        }
    });
    for _ in 0..20 {
        let mut source = EventSource::open(server.client(), "/topics/news?after=oldest", "");
        for n in 0..100 {
            assert_eq!(source.event().unwrap().data, n.to_string());
        }
    }
    publisher.join().unwrap();
    let mut source = EventSource::open(server.client(), "/topics/news?after=oldest", "");
    for n in 0..3000 {
        assert_eq!(source.event().unwrap().data, n.to_string());
    }
}

#[test]
fn many_listeners_all_hear_everything() {
    let server = start();
    let mut sources: Vec<_> = (0..50).map(|_| EventSource::open(server.client(), "/topics/news", "")).collect();
    for n in 0..20 {
        server.publish("news", &n.to_string());
    }
    for source in &mut sources {
        for n in 0..20 {
            assert_eq!(source.event().unwrap().data, n.to_string());
        }
    }
}

#[test]
fn topics_do_not_mix_even_if_a_cursor_is_of_another() {
    let server = start();
    let of_a = server.publish("a", "1");
    server.publish("a", "2");
    server.publish("b", "3");
    let cursor = format!("/topics/a?after={of_a}");
    let mut first = EventSource::open(server.client(), &cursor, "");
    assert_eq!(first.event().unwrap().data, "2");
    let mut second = EventSource::open(server.client(), &cursor.replace("/a?", "/b?"), "");
    assert_eq!(second.event().unwrap().name, "tidings.reset");
    assert_eq!(second.event().unwrap().data, "3");
}

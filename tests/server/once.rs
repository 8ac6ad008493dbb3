//! `POST` with an `Idempotency-Key`: once, however often.

use crate::client::{Answer, Client, DATE, EventSource};
use crate::running::{run, start, start_with};
use std::collections::HashSet;
use std::thread;
use tidings::server::{Limits, Server};
use tidings::topic::Bounds;

/// Publishes with these headers.
fn post(client: &mut Client, target: &str, headers: &str, body: &str) -> Answer {
    client.request("POST", target, &format!("{headers}Content-Length: {}\r\n", body.len()));
    client.send(body);
    client.response()
}

fn keyed(client: &mut Client, key: &str, body: &str) -> Answer {
    post(client, "/topics/news", &format!("Idempotency-Key: {key}\r\n"), body)
}

#[test]
fn the_same_key_again_has_the_same_answer_and_publishes_nothing() {
    let server = start();
    let epoch = server.publish("news", "before").epoch();
    let mut source = EventSource::open(server.client(), "/topics/news", "");
    let body = format!("{{\"id\":\"{epoch}-2\"}}");
    for _ in 0..3 {
        let mut client = server.client();
        client.request("POST", "/topics/news?event=e", "Idempotency-Key: \"k-1\"\r\nContent-Length: 5\r\n");
        client.send("hello");
        client.expect(format!(
            "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n\
             Idempotency-Key: \"k-1\"\r\nContent-Length: {}\r\n{DATE}\r\n{body}",
            body.len()
        ));
    }
    server.publish("news", "after");
    assert_eq!((source.event().unwrap().data, source.event().unwrap().data), ("hello".into(), "after".into()));
    assert_eq!(server.metric("tidings_publishes_total"), 3);
}

#[test]
fn a_key_is_the_same_with_and_without_quotation_marks_and_another_in_another_topic() {
    let server = start();
    let mut client = server.client();
    let first = keyed(&mut client, "\"k\"", "x").text();
    assert_eq!(keyed(&mut client, "k", "x").text(), first);
    assert_ne!(keyed(&mut client, "K", "x").text(), first);
    let other = post(&mut client, "/topics/other", "Idempotency-Key: k\r\n", "x");
    assert_ne!((other.status, other.text()), (201, first));
}

#[test]
fn the_same_key_with_another_message_is_422() {
    let server = start();
    let mut client = server.client();
    assert_eq!(keyed(&mut client, "k", "x").status, 201);
    let event = post(&mut client, "/topics/news?event=e", "Idempotency-Key: k\r\n", "x");
    for answer in [keyed(&mut client, "k", "y"), event] {
        assert_eq!((answer.status, answer.header("content-type")), (422, Some("text/plain; charset=utf-8")));
        assert_eq!(answer.text(), "another message was published with this idempotency key\n");
    }
    assert_eq!(server.publish("news", "next").n(), 2);
}

#[test]
fn a_key_that_is_malformed_is_400() {
    let server = start();
    let mut client = server.client();
    let long = "k".repeat(129);
    for key in ["", "\"\"", "a b", "a, b", "\"a\", \"b\"", "\"a", "ä", &long] {
        let answer = keyed(&mut server.client(), key, "x");
        assert_eq!((answer.status, answer.text().lines().count()), (400, 1), "{key:?}");
    }
    let twice = post(&mut server.client(), "/topics/news", "Idempotency-Key: a\r\nIdempotency-Key: a\r\n", "x");
    assert_eq!(twice.status, 400);
    assert_eq!(keyed(&mut client, &"k".repeat(128), "x").status, 201);
    assert_eq!(server.publish("news", "next").n(), 2, "nothing else was published");
}

#[test]
fn a_key_is_forgotten_with_its_message_over_the_wire() {
    let topic = Bounds { messages: 2, ..Bounds::default() };
    let server = start_with(&Limits { topic, ..Limits::default() });
    let mut client = server.client();
    let first = keyed(&mut client, "k", "x").text();
    server.publish("news", "2");
    assert_eq!(keyed(&mut client, "k", "x").text(), first);
    server.publish("news", "3");
    let again = keyed(&mut client, "k", "another");
    assert_eq!(again.status, 201);
    assert!(again.text().ends_with("-4\"}"), "{again:?}");
}

#[test]
fn of_many_with_one_key_at_once_one_is_published() {
    let server = start();
    let ids: HashSet<(String, usize)> = thread::scope(|scope| {
        let publishers: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = server.client();
                    (0..50)
                        .map(|n| (keyed(&mut client, &format!("k-{n}"), &n.to_string()).text(), n))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        publishers.into_iter().flat_map(|publisher| publisher.join().unwrap()).collect()
    });
    assert_eq!(ids.len(), 50, "each key has one id");
    assert_eq!(server.publish("news", "next").n(), 51);
}

#[test]
fn the_server_says_that_it_knows_keys() {
    let server = start();
    let mut client = server.client();
    client.request("OPTIONS", "/topics/news", "Idempotency-Key: \"k\"\r\n");
    let answer = client.response();
    assert_eq!((answer.status, answer.header("idempotency-key")), (204, Some("\"k\"")));
    assert_eq!(client.post("/topics/news", "x").header("idempotency-key"), None);
}

#[test]
fn pages_of_allowed_origins_may_send_a_key() {
    let server = run(Server::builder().allow_origin("https://example.org"));
    let mut client = server.client();
    let headers = "Origin: https://example.org\r\nAccess-Control-Request-Method: POST\r\n\
                   Access-Control-Request-Headers: idempotency-key\r\n";
    client.request("OPTIONS", "/topics/news", headers);
    let answer = client.response();
    let allowed = answer.header("access-control-allow-headers").expect("a page may ask");
    assert!(allowed.split(", ").any(|name| name == "Idempotency-Key"), "{allowed}");
}

#[test]
fn an_embedder_publishes_once_too() {
    let server = start();
    let (topic, key) = ("news".parse().unwrap(), || "k".parse().unwrap());
    let first = server.handle.publish_once(&topic, key(), None, "x").unwrap();
    let again = server.handle.publish_once(&topic, key(), None, "x").unwrap();
    assert_eq!((first.is_new, again.is_new, again.id), (true, false, first.id));
    assert!(server.handle.publish_once(&topic, key(), None, "y").is_err());
    assert_eq!(keyed(&mut server.client(), "k", "x").text(), format!("{{\"id\":\"{}\"}}", first.id));
}

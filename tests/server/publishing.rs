//! `POST /topics/{topic}`.

use crate::client::DATE;
use crate::running::{start, start_with};
use std::collections::HashSet;
use std::io::Write;
use std::thread;
use tidings::server::Limits;
use tidings::topic::Bounds;

#[test]
fn publish_answers_201_with_the_id_to_the_byte() {
    let server = start();
    let mut client = server.client();
    client.send("POST /topics/news HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello");
    let answer = client.response();
    assert_eq!(answer.status, 201);
    let first = server.publish("news", "again");
    assert_eq!(first.n(), 2);
    let body = format!("{{\"id\":\"{}-1\"}}", first.epoch());
    assert_eq!(answer.text(), body);

    client.send("POST /topics/news HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
    let expected = format!(
        "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n\
         Content-Length: {}\r\n{DATE}Connection: close\r\n\r\n{{\"id\":\"{}-3\"}}",
        body.len(),
        first.epoch()
    );
    client.expect(expected);
    client.expect_end();
}

#[test]
fn chunked_bodies_and_event_names_are_taken() {
    let server = start();
    let mut client = server.client();
    client.request("POST", "/topics/news?event=price%20now", "Transfer-Encoding: chunked\r\n");
    client.send("3\r\na\nb\r\n2\r\nc\"\r\n0\r\n\r\n");
    let id = client.response().text();
    let polled = client.get("/topics/news").text();
    assert!(polled.starts_with(r#"{"events":[{"id":""#), "{polled}");
    assert!(polled.contains(r#","event":"price now","data":"a\nbc\""}]"#), "{polled}");
    assert!(polled.contains(id.trim_start_matches(r#"{"id":"#).trim_end_matches('}')), "{polled} {id}");
}

#[test]
fn bad_chunks_are_refused_and_the_connection_ends() {
    let server = start();
    let extension = format!("5;{}", "a".repeat(1 << 20));
    for size in ["+5", "0x5", "5_0", "00000000000000005", "5\n", "", "5 ", &extension] {
        let mut client = server.client();
        client.request("POST", "/topics/news", "Transfer-Encoding: chunked\r\n");
        // The server may have ended the connection long before all of it was sent.
        let _ = client.socket.write_all(format!("{size}\r\nhello\r\n0\r\n\r\n").as_bytes());
        let answer = client.response();
        let shown = size.get(..20).unwrap_or(size);
        assert_eq!((answer.status, answer.header("connection")), (400, Some("close")), "{shown:?}");
    }
    assert_eq!(server.client().get("/topics/news").text().matches("\"data\"").count(), 0);
}

#[test]
fn an_empty_body_is_an_empty_message() {
    let server = start();
    let mut client = server.client();
    assert_eq!(client.post("/topics/news", "").status, 201);
    assert!(client.get("/topics/news").text().contains(r#""data":"""#));
}

#[test]
fn what_cannot_be_published_is_refused_and_the_connection_goes_on() {
    let server = start();
    let mut client = server.client();
    for (target, body, status) in [
        ("/topics/news?event=tidings.reset", "x", 400),
        ("/topics/news?event=a%0Ab", "x", 400),
        ("/topics/news?event=", "x", 400),
        ("/topics/no/such", "x", 400),
        ("/topics/", "x", 400),
        ("/topics/a%20b", "x", 400),
        ("/nowhere", "x", 404),
    ] {
        let answer = server.client().post(target, body);
        assert_eq!(answer.status, status, "{target}");
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(answer.text().lines().count(), 1, "{target}");
    }
    client.request("POST", "/topics/news", "Content-Length: 2\r\n");
    client.send([0xff, 0xfe]);
    assert_eq!(client.response().status, 400);
    // Its body was read: the next request follows.
    assert_eq!(client.post("/topics/news", "x").status, 201);
}

#[test]
fn a_body_over_the_limit_is_413_before_it_is_read() {
    let server = start_with(&Limits { body_bytes: 10, ..Limits::default() });
    assert_eq!(server.client().post("/topics/news", "0123456789").status, 201);
    let mut client = server.client();
    client.request("POST", "/topics/news", "Content-Length: 11\r\nExpect: 100-continue\r\n");
    let answer = client.response();
    assert_eq!((answer.status, answer.header("connection")), (413, Some("close")));
    client.expect_end();

    let mut client = server.client();
    client.request("POST", "/topics/news", "Transfer-Encoding: chunked\r\n");
    client.send("6\r\n012345\r\n5\r\n67890\r\n0\r\n\r\n");
    assert_eq!(client.response().status, 413);
}

#[test]
fn a_message_over_its_limit_is_413() {
    let server = start_with(&Limits { message_bytes: 4, ..Limits::default() });
    assert_eq!(server.client().post("/topics/news", "1234").status, 201);
    assert_eq!(server.client().post("/topics/news", "12345").status, 413);
    let topic = Bounds { bytes: 200, ..Bounds::default() };
    let server = start_with(&Limits { topic, ..Limits::default() });
    assert_eq!(server.client().post("/topics/news", &"x".repeat(100)).status, 413);
}

#[test]
fn expect_100_continue_is_answered_before_the_body_is_sent() {
    let server = start();
    let mut client = server.client();
    client.request("POST", "/topics/news", "Content-Length: 2\r\nExpect: 100-continue\r\n");
    assert_eq!(client.raw(25), b"HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hi");
    assert_eq!(client.response().status, 201);
}

#[test]
fn who_expects_100_continue_gets_the_final_answer_alone_if_the_body_is_not_wanted() {
    let server = start();
    for (target, status) in [("/nowhere", 404), ("/topics/news?event=tidings.x", 400), ("/healthz", 405)] {
        let mut client = server.client();
        client.request("POST", target, "Content-Length: 2\r\nExpect: 100-continue\r\n");
        let answer = client.response();
        assert_eq!((answer.status, answer.header("connection")), (status, Some("close")), "{target}");
    }
    // Without a body there is nothing to go on with.
    let mut client = server.client();
    client.request("POST", "/topics/news", "Content-Length: 0\r\nExpect: 100-continue\r\n");
    assert_eq!(client.response().status, 201);
}

#[test]
fn a_body_that_does_not_come_is_408() {
    let server = start_with(&Limits { body_time: std::time::Duration::from_millis(30), ..Limits::default() });
    let mut client = server.client();
    client.request("POST", "/topics/news", "Content-Length: 2\r\n");
    client.send("h");
    let answer = client.response();
    assert_eq!((answer.status, answer.header("connection")), (408, Some("close")));
}

#[test]
fn expect_100_continue_of_http_1_0_is_ignored() {
    let server = start();
    let mut client = server.client();
    client.send("POST /topics/news HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    client.send("hi");
    assert_eq!(client.response().status, 201);
}

#[test]
fn publishes_at_one_time_have_cursors_of_their_own() {
    let server = start();
    let ids: HashSet<String> = thread::scope(|scope| {
        let publish = || {
            let mut client = server.client();
            (0..50).map(|_| client.post("/topics/news", "x").text()).collect::<Vec<_>>()
        };
        let publishers: Vec<_> = (0..4).map(|_| scope.spawn(publish)).collect();
        publishers.into_iter().flat_map(|publisher| publisher.join().unwrap()).collect()
    });
    assert_eq!(ids.len(), 200);
    assert_eq!(server.publish("news", "x").n(), 201);
}

//! Short and long polls.

use crate::client::DATE;
use crate::running::{Running, start, start_with};
use std::time::{Duration, Instant};
use tidings::envelope::{Batch, parse_reset};
use tidings::server::Limits;
use tidings::topic::Bounds;

const HELD: &str = r#"tidings_subscribers{transport="long-poll"}"#;

/// A client whose poll is held.
fn held(server: &Running, target: &str) -> crate::client::Client {
    let before = server.metric(HELD);
    let mut client = server.client();
    client.request("GET", target, "");
    server.await_metric(HELD, before + 1);
    client
}

#[test]
fn a_short_poll_to_the_byte() {
    let server = start();
    let id = server.publish_event("news", "price", "12");
    let mut client = server.client();
    client.request("GET", "/topics/news", "Connection: close\r\n");
    let body = format!(r#"{{"events":[{{"id":"{id}","event":"price","data":"12"}}],"next":"{id}","more":false}}"#);
    let expected = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n\
         Content-Length: {}\r\n{DATE}Connection: close\r\n\r\n{body}",
        body.len()
    );
    client.expect(expected);
    client.expect_end();
}

#[test]
fn a_lost_answer_asked_for_again_is_the_same() {
    let server = start();
    server.publish("news", "1");
    server.publish("news", "2");
    let mut client = server.client();
    assert_eq!(client.get("/topics/news?wait=5").text(), client.get("/topics/news?wait=5").text());
}

#[test]
fn polls_read_on_from_next_in_batches() {
    let poll = tidings::longpoll::Options { batch_messages: 2, ..Default::default() };
    let server = start_with(&Limits { poll, ..Limits::default() });
    for n in 0..5 {
        server.publish("news", &n.to_string());
    }
    let (mut client, mut after, mut seen) = (server.client(), String::from("oldest"), String::new());
    loop {
        let text = client.get(&format!("/topics/news?after={after}")).text();
        let batch = Batch::parse(&text).unwrap();
        assert!(batch.events.len() <= 2);
        seen.extend(batch.events.iter().map(|entry| &*entry.data));
        after = batch.next.to_string();
        if !batch.more {
            break;
        }
    }
    assert_eq!(seen, "01234");
}

#[test]
fn a_held_poll_is_answered_by_a_publish_to_the_byte() {
    let server = start();
    let mut client = held(&server, "/topics/news?wait=20");
    let id = server.publish("news", "hello");
    let body = format!(r#"{{"events":[{{"id":"{id}","data":"hello"}}],"next":"{id}","more":false}}"#);
    let expected = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n\
         Content-Length: {}\r\n{DATE}\r\n{body}",
        body.len()
    );
    client.expect(expected);
    server.await_metric(HELD, 0);
    // The connection goes on.
    assert_eq!(client.get("/healthz").status, 200);
}

#[test]
fn prefer_wait_holds_too() {
    let server = start();
    let mut client = server.client();
    client.request("GET", "/topics/news", "Prefer: respond-async, wait=20\r\n");
    server.await_metric(HELD, 1);
    server.publish("news", "hello");
    assert!(client.response().text().contains("hello"));
}

#[test]
fn a_held_poll_is_answered_when_its_time_is_over_with_a_cursor() {
    let poll = tidings::longpoll::Options { hold_max: Duration::from_millis(50), ..Default::default() };
    let server = start_with(&Limits { poll, ..Limits::default() });
    let id = server.publish("news", "old");
    let begun = Instant::now();
    let answer = server.client().get("/topics/news?after=now&wait=60");
    assert!(begun.elapsed() >= Duration::from_millis(50));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text(), format!(r#"{{"events":[],"next":"{id}","more":false}}"#));
}

#[test]
fn a_held_poll_whose_client_goes_is_forgotten() {
    let server = start();
    let client = held(&server, "/topics/news?wait=60");
    drop(client);
    server.await_metric(HELD, 0);
}

#[test]
fn a_request_sent_behind_a_held_poll_is_answered_after_it() {
    let server = start();
    let mut client = held(&server, "/topics/news?wait=60");
    client.request("GET", "/healthz", "");
    server.publish("news", "hello");
    assert!(client.response().text().contains("hello"));
    assert_eq!(client.response().text(), "ok\n");
}

/// Its body would be taken for another request, and whose that is a proxy in front could not tell.
#[test]
fn a_held_poll_with_a_body_ends_the_connection() {
    let server = start();
    let smuggled = "POST /topics/news?smuggled HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\nx";
    let mut client = server.client();
    client.request("GET", "/topics/news?wait=60", &format!("Content-Length: {}\r\n", smuggled.len()));
    client.send(smuggled);
    server.await_metric(HELD, 1);
    let id = server.publish("news", "hello");
    let answer = client.response();
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    client.expect_end();
    let newest = server.client().get(&format!("/topics/news?after={id}")).text();
    assert!(newest.starts_with(r#"{"events":[]"#), "{newest}");
}

#[test]
fn many_held_polls_are_answered_by_one_publish() {
    let server = start();
    let mut clients: Vec<_> = (0..20).map(|_| held(&server, "/topics/news?wait=60")).collect();
    server.publish("news", "hello");
    let answers: Vec<_> = clients.iter_mut().map(|client| client.response().text()).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0] && answer.contains("hello")));
}

#[test]
fn too_many_held_polls_are_429() {
    let server = start_with(&Limits { held_polls: 1, ..Limits::default() });
    let mut first = held(&server, "/topics/news?wait=60");
    let answer = server.client().get("/topics/news?wait=60");
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("1")));
    server.publish("news", "hello");
    assert_eq!(first.response().status, 200);
    let mut next = held(&server, "/topics/other?wait=60");
    server.publish("other", "hello");
    assert_eq!(next.response().status, 200);
}

#[test]
fn malformed_polls_are_400() {
    let server = start();
    let mut client = server.client();
    for target in ["after=x", "after=1-", "after=%31-01", "wait=-1", "wait=soon", "after="] {
        assert_eq!(client.get(&format!("/topics/news?{target}")).status, 400, "{target}");
    }
}

#[test]
fn a_cursor_that_cannot_be_served_is_410_and_never_held() {
    let topic = Bounds { messages: 1, ..Bounds::default() };
    let server = start_with(&Limits { topic, ..Limits::default() });
    let trimmed = server.publish("news", "1");
    let oldest = server.publish("news", "2");
    let newest = server.publish("news", "3");
    let epoch = newest.epoch();
    let mut client = server.client();
    for (cursor, reason) in
        [(trimmed.to_string(), "trimmed"), (format!("{}-3", epoch - 1), "epoch"), (format!("{epoch}-4"), "future")]
    {
        for wait in ["", "&wait=60"] {
            let answer = client.get(&format!("/topics/news?after={cursor}{wait}"));
            assert_eq!(answer.status, 410);
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            let reset = parse_reset(&answer.text()).unwrap();
            assert_eq!((reset.reason.as_str(), reset.oldest, reset.newest), (reason, oldest, newest));
        }
    }
}

#[test]
fn a_topic_that_was_made_anew_has_a_new_epoch() {
    let topic = Bounds { age: Duration::from_millis(20), ..Bounds::default() };
    let server = start_with(&Limits { topic, ..Limits::default() });
    let id = server.publish("news", "1");
    server.await_metric("tidings_topics", 0);
    let again = server.publish("news", "2");
    assert!(again.epoch() > id.epoch());
    assert_eq!(again.n(), 1);
    let reset = server.client().get(&format!("/topics/news?after={id}"));
    assert_eq!(parse_reset(&reset.text()).unwrap().reason.as_str(), "epoch");
}

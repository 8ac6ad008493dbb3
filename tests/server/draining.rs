//! Going away: everybody is told, and `run` returns.

use crate::client::{Client, EventSource, Frame, WebSocket};
use crate::running::{run, start};
use tidings::server::{PublishError, Server};

#[test]
fn everybody_is_told() {
    let mut server = start();
    let id = server.publish("news", "1");
    let mut poll = server.client();
    poll.request("GET", "/topics/news?after=now&wait=60", "");
    let mut lines = server.client();
    lines.request("GET", "/topics/news", "Accept: application/x-ndjson\r\n");
    assert_eq!(lines.head().status, 200);
    let mut source = EventSource::open(server.client(), "/topics/news", "");
    let mut bare = WebSocket::open(server.client(), "/topics/news", &[]);
    let mut envelopes = WebSocket::open(server.client(), "/topics/news", &["tidings.v1"]);
    envelopes.text();
    let mut idle = server.client();
    server.await_metric(r#"tidings_subscribers{transport="long-poll"}"#, 1);
    server.await_metric(r#"tidings_subscribers{transport="websocket"}"#, 2);

    server.handle.drain();
    let answer = poll.response();
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    assert_eq!(answer.text(), format!(r#"{{"events":[],"next":"{id}","more":false}}"#));
    poll.expect_end();
    lines.body_until("{\"type\":\"drain\"}\n");
    assert_eq!(lines.piece(), None);
    assert_eq!(source.event(), None);
    for socket in [&mut bare, &mut envelopes] {
        assert_eq!(socket.frame(), Some(Frame::Close(1001, "draining".into())));
        assert_eq!(socket.frame(), None);
    }
    idle.expect_end();
    drop((poll, lines, source, bare, envelopes, idle));
    server.join();
}

#[test]
fn an_event_stream_is_told_when_to_come_back() {
    let server = start();
    let mut client = server.client();
    client.request("GET", "/topics/news", "Accept: text/event-stream\r\n");
    assert_eq!(client.head().status, 200);
    client.body_until("\n\n");
    server.handle.drain();
    let text = client.body_until("\n\n");
    let millis: u64 = text.strip_prefix("retry: ").unwrap().trim_end().parse().unwrap();
    assert!((1000..=4000).contains(&millis));
    assert_eq!(client.piece(), None);
    client.expect_end();
}

#[test]
fn a_request_that_is_being_read_is_answered_503() {
    let mut server = start();
    let mut client = server.client();
    client.send("GET /topics/news HTTP/1.1\r\n");
    server.await_metric("tidings_requests_waiting", 1);
    server.handle.drain();
    client.send("Host: t\r\n\r\n");
    let answer = client.response();
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    assert_eq!(answer.header("connection"), Some("close"));
    client.expect_end();
    drop(client);
    server.join();
}

#[test]
fn a_request_on_a_kept_connection_is_answered_503_even_if_nobody_runs_any_more() {
    let mut server = start();
    let mut client = server.client();
    assert_eq!(client.get("/healthz").status, 200);
    server.stop();
    // Its thread still waits for the next request; draining did not wait for that.
    let answer = client.get("/healthz");
    assert_eq!((answer.status, answer.text().as_str()), (503, "draining\n"));
    client.expect_end();
}

#[test]
fn draining_twice_or_before_running_is_fine() {
    let server = Server::builder().bind("127.0.0.1:0").unwrap();
    let handle = server.handle();
    handle.drain();
    handle.drain();
    server.run().unwrap();
    assert_eq!(handle.publish(&"news".parse().unwrap(), None, "nobody hears it"), Err(PublishError::Draining));
}

#[test]
fn a_client_that_does_not_go_is_waited_for_no_longer_than_the_limit() {
    let limits = tidings::server::Limits { drain_time: std::time::Duration::from_millis(50), ..Default::default() };
    let mut server = run(Server::builder().limits(limits));
    let mut stuck = server.client();
    stuck.send("GET /hea");
    server.await_metric("tidings_requests_waiting", 1);
    server.stop();
}

/// Whether the request has come when the server looks is up to the system, so it may take a few tries.
#[test]
fn a_request_that_came_before_is_answered_503() {
    let answered = (0..50).any(|_| {
        let server = Server::builder().bind("127.0.0.1:0").unwrap();
        let mut client = Client::connect(server.local_addr());
        client.request("GET", "/healthz", "");
        server.handle().drain();
        let running = std::thread::spawn(|| server.run());
        let answer = String::from_utf8(client.raw_to_end()).unwrap();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 503 "), "{answer}");
        drop(client);
        running.join().unwrap().unwrap();
        !answer.is_empty()
    });
    assert!(answered);
}

#[test]
fn what_is_published_once_draining_has_begun_is_refused() {
    let mut server = start();
    let topic = "news".parse().unwrap();
    let mut client = server.client();
    client.send("POST /topics/news HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n");
    client.expect("HTTP/1.1 100 Continue\r\n\r\n");
    server.handle.publish(&topic, None, "1").unwrap();
    server.handle.drain();
    assert_eq!(server.handle.publish(&topic, None, "2"), Err(PublishError::Draining));
    client.send("3");
    let answer = client.response();
    assert_eq!((answer.status, answer.text().as_str()), (503, "the server is draining\n"));
    client.expect_end();
    drop(client);
    server.join();
}

#[test]
fn what_is_shown_of_a_server_is_short() {
    let builder = Server::builder();
    assert!(format!("{builder:?}").starts_with("Builder { limits: "));
    let server = builder.bind("127.0.0.1:0").unwrap();
    assert_eq!(format!("{server:?}"), format!("Server {{ local_addr: {}, .. }}", server.local_addr()));
    assert_eq!(format!("{:?}", server.handle()), "Handle { is_draining: false, .. }");
}

#[test]
fn what_was_published_before_draining_is_delivered() {
    for _ in 0..20 {
        let mut server = start();
        let mut source = EventSource::open(server.client(), "/topics/news", "");
        let mut socket = WebSocket::open(server.client(), "/topics/news", &[]);
        server.await_metric(r#"tidings_subscribers{transport="sse"}"#, 1);
        server.await_metric(r#"tidings_subscribers{transport="websocket"}"#, 1);
        server.publish("news", "the last news");
        server.handle.drain();
        assert_eq!(source.event().expect("it comes before the end").data, "the last news");
        assert_eq!(socket.text(), "the last news");
        drop((source, socket));
        server.join();
    }
}

#[test]
fn who_waits_to_be_let_in_is_told_however_many_they_are() {
    const CLIENTS: usize = 100;
    let server = Server::builder().bind("127.0.0.1:0").unwrap();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let mut client = Client::connect(server.local_addr());
            client.request("GET", "/healthz", "");
            client
        })
        .collect();
    server.handle().drain();
    let running = std::thread::spawn(|| server.run());
    for mut client in clients {
        assert_eq!(client.response().status, 503);
    }
    running.join().unwrap().unwrap();
}

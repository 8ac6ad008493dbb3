//! Requests and their answers, whatever they are about.

use crate::client::Answer;
use crate::running::{run, start, start_with};
use std::time::Duration;
use tidings::server::{Limits, Server};

#[test]
fn healthz_says_ok() {
    let server = start();
    let answer = server.client().get("/healthz");
    assert_eq!((answer.status, answer.text().as_str()), (200, "ok\n"));
}

#[test]
fn other_paths_are_404_and_other_methods_405_with_what_is_allowed() {
    let server = start();
    let mut client = server.client();
    assert_eq!(client.get("/topics").status, 404);
    assert_eq!(client.get("/topicsx").status, 404);
    for (method, target, allow) in [
        ("DELETE", "/topics/news", "GET, HEAD, POST, OPTIONS"),
        ("PUT", "/topics/news", "GET, HEAD, POST, OPTIONS"),
        ("POST", "/healthz", "GET, HEAD, OPTIONS"),
        ("POST", "/metrics", "GET, HEAD, OPTIONS"),
    ] {
        client.request(method, target, "");
        let answer = client.response();
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allow)), "{method} {target}");
    }
}

#[test]
fn options_says_what_is_allowed() {
    let server = start();
    let mut client = server.client();
    for (target, allow) in [
        ("/topics/news", "GET, HEAD, POST, OPTIONS"),
        ("*", "GET, HEAD, POST, OPTIONS"),
        ("/healthz", "GET, HEAD, OPTIONS"),
        ("/", "GET, HEAD, OPTIONS"),
    ] {
        client.request("OPTIONS", target, "");
        let answer = client.response();
        assert_eq!((answer.status, answer.header("allow")), (204, Some(allow)), "{target}");
        assert_eq!(answer.header("access-control-allow-methods"), None);
    }
}

#[test]
fn head_is_get_without_a_body() {
    let server = start();
    server.publish("news", "hello");
    let mut client = server.client();
    for target in ["/healthz", "/topics/news", "/topics/news?after=now&wait=60"] {
        let get = client.get(&target.replace("&wait=60", ""));
        client.request("HEAD", target, "");
        let head = client.response_to("HEAD");
        let lines =
            |answer: &Answer| answer.headers.iter().filter(|(name, _)| name != "Date").cloned().collect::<Vec<_>>();
        assert_eq!((head.status, lines(&head)), (get.status, lines(&get)), "{target}");
        assert!(head.header("date").is_some());
        assert!(head.body.is_empty());
    }
}

#[test]
fn head_of_a_stream_is_its_head_and_then_the_end() {
    let server = start();
    for accept in ["text/event-stream", "application/x-ndjson"] {
        let heads = ["GET", "HEAD"].map(|method| {
            let mut client = server.client();
            client.request(method, "/topics/news", &format!("Accept: {accept}\r\n"));
            let mut head = client.head_of_answer_to(method);
            head.headers.retain(|(name, _)| name != "Date");
            if method == "HEAD" {
                client.expect_end();
            }
            (head.status, head.headers)
        });
        assert_eq!(heads[0], heads[1]);
    }
    let mut client = server.client();
    client.request("HEAD", "/topics/news?after=x", "Accept: text/event-stream\r\n");
    assert_eq!(client.response_to("HEAD").status, 400);
}

#[test]
fn a_refused_handshake_that_is_a_head_has_no_body() {
    let server = start();
    let mut client = server.client();
    client.request("HEAD", "/topics/news", "Connection: Upgrade\r\nUpgrade: websocket\r\n");
    let head = client.response_to("HEAD");
    assert_eq!((head.status, head.header("connection")), (405, Some("close")));
    client.expect_end();
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = start();
    let mut client = server.client();
    client.send(
        "POST /topics/a HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\n1\
         GET /topics/a HTTP/1.1\r\nHost: t\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: t\r\n\r\n\
         POST /topics/a HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n2\r\n0\r\nTrailer: x\r\n\r\n\
         HEAD /topics/a HTTP/1.1\r\nHost: t\r\n\r\nGET /topics/a HTTP/1.1\r\nHost: t\r\n\r\n",
    );
    assert_eq!(client.response().status, 201);
    assert!(client.response().text().contains(r#""data":"1""#));
    assert_eq!(client.response().status, 404);
    assert_eq!(client.response().status, 201);
    assert_eq!(client.response_to("HEAD").status, 200);
    assert!(client.response().text().contains(r#""data":"2""#));
}

#[test]
fn a_connection_is_kept_and_waits_in_the_loop_between_requests() {
    let server = start_with(&Limits { next_request_time: Duration::from_millis(1), ..Limits::default() });
    let mut client = server.client();
    for _ in 0..3 {
        assert_eq!(client.get("/healthz").status, 200);
        // The thread that asks is one itself.
        server.await_metric("tidings_request_threads", 1);
    }
}

#[test]
fn http_1_0_is_closed_unless_it_asks_to_stay() {
    let server = start();
    let mut client = server.client();
    client.send("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_eq!(client.response().header("connection"), Some("keep-alive"));
    client.send("GET /healthz HTTP/1.0\r\n\r\n");
    assert_eq!(client.response().header("connection"), Some("close"));
    client.expect_end();
}

/// RFC 9112 §9.6
#[test]
fn behind_a_close_nothing_is_processed() {
    let server = start();
    server.publish("a", "1");
    let mut client = server.client();
    client.send(
        "GET /topics/a HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n\
         POST /topics/a HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\n2",
    );
    let answer = client.response();
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    client.expect_end();
    let kept = server.client().get("/topics/a").text();
    assert!(kept.contains(r#""data":"1""#) && !kept.contains(r#""data":"2""#), "{kept}");
}

#[test]
fn no_tunnel_is_opened() {
    let server = start();
    let mut client = server.client();
    client.send("CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n");
    let answer = client.response();
    assert_eq!((answer.status, answer.header("transfer-encoding")), (404, None));
}

#[test]
fn a_client_that_ends_its_stream_behind_a_request_is_answered() {
    let server = start();
    let mut client = server.client();
    client.send("GET /healthz HTTP/1.0\r\n\r\n");
    client.finish();
    assert_eq!(client.response().text(), "ok\n");
    client.expect_end();
}

#[test]
fn bad_heads_are_refused_and_the_connection_ends() {
    let server = start();
    for (head, status) in [
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\nHost: t\n\n", 400),
        ("GET / HTTP/2.0\r\nHost: t\r\n\r\n", 505),
        ("GET /\r\n\r\n", 400),
        ("POST /topics/a HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("POST /topics/a HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ("POST /topics/a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("POST /topics/a HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    ] {
        let mut client = server.client();
        client.send(head);
        let answer = client.response();
        assert_eq!((answer.status, answer.header("connection")), (status, Some("close")), "{head}");
        client.expect_end();
    }
    assert_eq!(server.client().get("/healthz").status, 200);
}

#[test]
fn a_large_head_is_431() {
    let server = start();
    let mut client = server.client();
    client.request("GET", "/healthz", &format!("X: {}\r\n", "x".repeat(20_000)));
    assert_eq!(client.response().status, 431);
    let mut client = server.client();
    client.request("GET", "/healthz", &"X: x\r\n".repeat(100));
    assert_eq!(client.response().status, 431);
}

#[test]
fn a_head_that_does_not_come_is_408() {
    let server = start_with(&Limits { head_time: Duration::from_millis(30), ..Limits::default() });
    let mut client = server.client();
    client.send("GET /hea");
    let answer = client.response();
    assert_eq!((answer.status, answer.header("connection")), (408, Some("close")));
    client.expect_end();
}

#[test]
fn an_idle_connection_is_closed() {
    let server = start_with(&Limits { idle_time: Duration::from_millis(30), ..Limits::default() });
    server.client().expect_end();
}

#[test]
fn a_body_that_nobody_wants_ends_the_connection() {
    let server = start();
    let mut client = server.client();
    client.request("GET", "/healthz", "Content-Length: 30\r\n");
    client.send("GET /nowhere HTTP/1.1\r\nHost: t\r\n");
    let answer = client.response();
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    client.expect_end();
}

#[test]
fn the_live_page_loads_nothing_from_elsewhere() {
    let server = start();
    let mut client = server.client();
    for (path, content_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/page.css", "text/css; charset=utf-8"),
        ("/page.js", "text/javascript; charset=utf-8"),
        ("/page/icon.svg", "image/svg+xml"),
    ] {
        let answer = client.get(path);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(content_type)), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{policy}");
        assert!(policy.contains(" ws://t "), "{policy}");
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
    }
}

/// Every file that the page names is there: what it imports, too.
#[test]
fn the_live_page_is_whole() {
    let server = start();
    let mut client = server.client();
    let mut paths = vec![String::from("/")];
    let mut at = 0;
    while at < paths.len() {
        let path = paths[at].clone();
        at += 1;
        let answer = client.get(&path);
        assert_eq!(answer.status, 200, "{path}");
        let text = answer.text();
        let folder = &path[..=path.rfind('/').unwrap()];
        for (before, end) in [("src=\"", '"'), ("href=\"", '"'), ("from './", '\'')] {
            for rest in text.split(before).skip(1) {
                let name = rest.split(end).next().unwrap();
                if !name.contains([':', '#', '$']) && !paths.contains(&format!("{folder}{name}")) {
                    paths.push(format!("{folder}{name}"));
                }
            }
        }
    }
    assert!(paths.len() > 8, "{paths:?}");
}

#[test]
fn a_message_is_explained_as_each_transport_sends_it() {
    let server = start();
    let id = server.publish_event("news", "price", "12");
    let mut client = server.client();
    let answer = client.get(&format!("/wire/news/{id}"));
    assert_eq!(answer.status, 200);
    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(json["id"], id.to_string());
    let views = json["views"].as_array().unwrap();
    let transports: Vec<_> = views.iter().map(|view| view["transport"].as_str().unwrap()).collect();
    assert_eq!(transports, ["websocket", "sse", "stream", "long-poll", "short-poll"]);
    for view in views {
        let bytes = view["bytes"].as_str().unwrap();
        let covered: u64 = view["fields"].as_array().unwrap().iter().map(|field| field["len"].as_u64().unwrap()).sum();
        assert_eq!(covered * 2, bytes.len() as u64);
        assert!(bytes.contains("3132"), "the data is in it");
        let may_be_compressed = cfg!(feature = "deflate") && view["transport"] == "websocket";
        assert_eq!(view["note"].is_string(), may_be_compressed, "{view}");
    }
    for (path, status) in [
        (format!("news/{}-2", id.epoch()), 404),
        (format!("news/{}-0", id.epoch()), 404),
        (format!("other/{id}"), 404),
        ("news".into(), 404),
        ("news/x".into(), 400),
        (format!("n*/{id}"), 400),
    ] {
        assert_eq!(client.get(&format!("/wire/{path}")).status, status, "{path}");
    }
    let long = server.publish("news", &"\n".repeat(20_000));
    assert_eq!(client.get(&format!("/wire/news/{long}")).status, 422);
    // Asking makes no topic.
    assert_eq!(server.metric("tidings_topics"), 1);
}

#[test]
fn the_pages_of_the_servers_own_may_be_left_out() {
    let server = run(Server::builder().live_page(false).metrics(false));
    let id = server.publish("news", "1");
    let mut client = server.client();
    for path in ["/", "/page.css", &format!("/wire/news/{id}"), "/metrics"] {
        assert_eq!(client.get(path).status, 404, "{path}");
    }
    assert_eq!(client.get("/healthz").status, 200);
    let server = run(Server::builder().live_page(false));
    assert_eq!((server.client().get("/").status, server.client().get("/metrics").status), (404, 200));
}

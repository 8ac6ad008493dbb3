//! Pages of other origins.

use crate::client::HANDSHAKE;
use crate::running::run;
use tidings::server::Server;

#[test]
fn pages_of_other_origins_must_not_open_a_websocket_or_publish() {
    let server = run(Server::builder().allow_origin("https://friend.example"));
    for (origin, allowed) in [
        ("", true),
        ("Origin: https://friend.example\r\n", true),
        ("Origin: http://friend.example\r\n", false),
        ("Origin: https://foe.example\r\n", false),
        ("Origin: http://t:81\r\n", false),
        ("Origin: http://t.foe.example\r\n", false),
        ("Origin: null\r\n", false),
        ("Origin: http://t\r\nOrigin: https://foe.example\r\n", false),
    ] {
        let mut client = server.client();
        client.request("GET", "/topics/news", &format!("{HANDSHAKE}{origin}"));
        assert_eq!(client.head().status, if allowed { 101 } else { 403 }, "{origin}");
        let mut client = server.client();
        client.request("POST", "/topics/news", &format!("Content-Length: 0\r\n{origin}"));
        assert_eq!(client.response().status, if allowed { 201 } else { 403 }, "{origin}");
        // Reading is refused by the browser itself, for want of a header.
        let mut client = server.client();
        client.request("GET", "/topics/news", origin);
        let answer = client.response();
        let cors = origin.contains("https://friend").then_some("https://friend.example");
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, cors), "{origin}");
    }
}

/// A site whose name leads to this machine once its page is loaded sends its own name as `Host`, too.
#[test]
fn a_page_of_the_servers_own_comes_from_a_name_that_no_site_can_take() {
    let server = run(Server::builder().allow_origin("http://proxied.example"));
    for (host, origin, allowed) in [
        ("127.0.0.1:8080", "http://127.0.0.1:8080", true),
        ("[::1]:8080", "http://[::1]:8080", true),
        ("[::1]", "http://[::1]", true),
        ("localhost", "http://localhost", true),
        ("LocalHost:81", "https://localhost:81", true),
        ("news.localhost", "http://news.localhost", true),
        ("proxied.example", "http://proxied.example", true),
        ("127.0.0.1:8080", "http://127.0.0.1:8081", false),
        ("foe.example", "http://foe.example", false),
        ("127.0.0.1.foe.example", "http://127.0.0.1.foe.example", false),
        ("localhost.foe.example:80", "http://localhost.foe.example:80", false),
        ("notlocalhost", "http://notlocalhost", false),
    ] {
        for (request, headers, status) in
            [("GET /topics/news", HANDSHAKE, 101), ("POST /topics/news", "Content-Length: 0\r\n", 201)]
        {
            let mut client = server.client();
            client.send(format!("{request} HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n{headers}\r\n"));
            assert_eq!(client.head().status, if allowed { status } else { 403 }, "{request} {host} {origin}");
        }
    }
}

#[test]
fn allowed_origins_may_read_every_transport() {
    let server = run(Server::builder().allow_origin("*"));
    server.publish("news", "1");
    for accept in ["*/*", "text/event-stream", "application/x-ndjson"] {
        let mut client = server.client();
        client.request("GET", "/topics/news", &format!("Origin: https://any.example\r\nAccept: {accept}\r\n"));
        let head = client.head();
        assert_eq!(head.header("access-control-allow-origin"), Some("https://any.example"));
        assert_eq!(head.header("vary"), Some("Origin"));
        assert_eq!(head.header("access-control-expose-headers"), Some("Retry-After"));
    }
    let mut held = server.client();
    held.request("GET", "/topics/news?after=now&wait=60", "Origin: https://any.example\r\n");
    server.await_metric(r#"tidings_subscribers{transport="long-poll"}"#, 1);
    server.publish("news", "2");
    assert_eq!(held.response().header("access-control-allow-origin"), Some("https://any.example"));
}

/// A cache that has kept the answer to somebody else must not give it to a page that may read it, nor the other way round.
#[test]
fn every_answer_says_that_it_depends_on_the_origin_where_one_is_allowed() {
    let server = run(Server::builder().allow_origin("https://friend.example"));
    for origin in ["", "Origin: https://friend.example\r\n", "Origin: https://foe.example\r\n", "Origin: http://t\r\n"]
    {
        for (method, target, headers) in [
            ("GET", "/", ""),
            ("GET", "/nowhere", ""),
            ("GET", "/topics/news", ""),
            ("HEAD", "/topics/news", ""),
            ("GET", "/topics/news?after=1-1", ""),
            ("GET", "/topics/news", "Accept: text/event-stream\r\n"),
            ("POST", "/topics/news", "Content-Length: 0\r\n"),
            ("DELETE", "/topics/news", ""),
            ("OPTIONS", "/topics/news", ""),
        ] {
            let mut client = server.client();
            client.request(method, target, &format!("{headers}{origin}"));
            let head = client.head_of_answer_to(method);
            assert_eq!(head.header("vary"), Some("Origin"), "{method} {target} {origin}");
        }
    }
    let mut held = server.client();
    held.request("GET", "/topics/news?after=now&wait=60", "");
    server.await_metric(r#"tidings_subscribers{transport="long-poll"}"#, 1);
    server.publish("news", "2");
    assert_eq!(held.response().header("vary"), Some("Origin"));
    // Where none is, all get the same.
    let server = run(Server::builder());
    let mut client = server.client();
    client.request("GET", "/healthz", "Origin: https://foe.example\r\n");
    assert_eq!(client.response().header("vary"), None);
}

#[test]
fn a_preflight_says_what_an_allowed_page_may_send() {
    let server = run(Server::builder().allow_origin("https://friend.example"));
    let mut client = server.client();
    let ask = "Access-Control-Request-Method: POST\r\n";
    client.request("OPTIONS", "/topics/news", &format!("Origin: https://friend.example\r\n{ask}"));
    let answer = client.response();
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://friend.example"));
    assert_eq!(answer.header("access-control-allow-methods"), Some("GET, HEAD, POST, OPTIONS"));
    assert!(answer.header("access-control-allow-headers").unwrap().contains("Last-Event-ID"));
    client.request("OPTIONS", "/topics/news", &format!("Origin: https://foe.example\r\n{ask}"));
    let answer = client.response();
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, None));
}

#[test]
fn what_is_no_origin_is_refused() {
    for origin in
        ["", "null", "example.org", "https://example.org/", "https://example.org/page", "https://", "://x", "*.org"]
    {
        let error = Server::builder().allow_origin(origin).bind("127.0.0.1:0").unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput, "{origin}");
        assert!(error.to_string().contains(&format!("{origin:?}")), "{error}");
    }
    for origin in ["*", "https://example.org", "http://127.0.0.1:8080", "http://[::1]:80", "app://local"] {
        Server::builder().allow_origin(origin).bind("127.0.0.1:0").unwrap();
    }
}

//! Who may do what, by bearer tokens (RFC 6750).

use crate::client::{Answer, Client, Frame, HANDSHAKE, WebSocket};
use crate::running::{Running, run};
use tidings::http::BearerToken;
use tidings::server::{Server, Tokens};

const EDITOR: &str = "edit.or_~+/-1==";
const READER: &str = "reader";
const BOTH: &str = "both";

fn token(text: &str) -> BearerToken {
    text.parse().unwrap()
}

fn guarded_by(tokens: Tokens) -> Running {
    run(Server::builder().authorize(move |request| tokens.check(request)))
}

/// One token for each action, and one for both.
fn guarded() -> Running {
    let tokens = Tokens::default().publish(&token(EDITOR)).subscribe(&token(READER));
    guarded_by(tokens.publish(&token(BOTH)).subscribe(&token(BOTH)))
}

fn ask(client: &mut Client, method: &str, target: &str, headers: &str) -> Answer {
    client.request(method, target, headers);
    client.head()
}

const POST: &str = "Content-Length: 0\r\n";

/// Everything that a topic can be asked for, and the message in its place below `/wire/`.
const READS: [(&str, &str); 5] = [
    ("/topics/news?after=oldest", ""),
    ("/topics/news?wait=1&after=oldest", ""),
    ("/topics/news?after=oldest", "Accept: text/event-stream\r\n"),
    ("/topics/news?after=oldest", "Accept: application/x-ndjson\r\n"),
    ("/topics/news?after=oldest", HANDSHAKE),
];

#[test]
fn s2_1_the_header_shows_a_token_for_each_action() {
    let server = guarded();
    server.publish("news", "1");
    for (shown, publishes, subscribes) in [
        (EDITOR, 201, 403),
        (READER, 403, 200),
        (BOTH, 201, 200),
        ("wrong", 401, 401),
        ("reade", 401, 401),
        ("readers", 401, 401),
        ("Reader", 401, 401),
        ("no token", 401, 401),
        ("", 401, 401),
    ] {
        let header = format!("Authorization: Bearer {shown}\r\n");
        let answer = ask(&mut server.client(), "POST", "/topics/news", &format!("{POST}{header}"));
        assert_eq!(answer.status, publishes, "{shown}");
        for (target, headers) in READS {
            let answer = ask(&mut server.client(), "GET", target, &format!("{headers}{header}"));
            let expected = if subscribes == 200 && headers == HANDSHAKE { 101 } else { subscribes };
            assert_eq!(answer.status, expected, "{shown} {target} {headers}");
        }
    }
}

#[test]
fn s2_3_the_query_shows_a_token_where_a_page_cannot_send_headers() {
    let server = guarded();
    server.publish("news", "1");
    for (target, headers) in READS {
        for (shown, is_good) in [("access_token=reader", true), ("access_token=wrong", false), ("token=reader", false)]
        {
            let answer = ask(&mut server.client(), "GET", &format!("{target}&{shown}"), headers);
            let good = if headers == HANDSHAKE { 101 } else { 200 };
            assert_eq!(answer.status, if is_good { good } else { 401 }, "{target} {shown}");
            // No cache keeps what was got for a token.
            let is_stored = answer.status == 200 && answer.header("cache-control") != Some("no-store");
            assert!(!is_stored, "{answer:?}");
        }
    }
    let answer = ask(&mut server.client(), "POST", "/topics/news?access_token=edit.or_~%2B/-1==", POST);
    assert_eq!((answer.status, answer.header("cache-control")), (201, Some("no-store")));
}

#[test]
fn s3_a_refusal_says_how_to_show_a_token_and_what_was_wrong_but_never_the_token() {
    let server = guarded();
    let header = |token: &str| format!("{POST}Authorization: Bearer {token}\r\n");
    for (headers, query, status, challenge) in [
        (POST.to_owned(), "", 401, r#"Bearer realm="tidings""#),
        (format!("{POST}Authorization: Basic eDp5\r\n"), "", 401, r#"Bearer realm="tidings""#),
        (header("s3cr3t"), "", 401, r#"Bearer realm="tidings", error="invalid_token""#),
        (POST.to_owned(), "?access_token=s3cr3t", 401, r#"Bearer realm="tidings", error="invalid_token""#),
        (header(READER), "", 403, r#"Bearer realm="tidings", error="insufficient_scope""#),
        // By one way only, and once.
        (header(BOTH), "?access_token=both", 400, r#"Bearer realm="tidings", error="invalid_request""#),
        (
            POST.to_owned(),
            "?access_token=both&access_token=s3cr3t",
            400,
            r#"Bearer realm="tidings", error="invalid_request""#,
        ),
        (
            format!("{}Authorization: Bearer s3cr3t\r\n", header(BOTH)),
            "",
            400,
            r#"Bearer realm="tidings", error="invalid_request""#,
        ),
    ] {
        let mut client = server.client();
        client.request("POST", &format!("/topics/news{query}"), &headers);
        let answer = client.response();
        assert_eq!((answer.status, answer.header("www-authenticate")), (status, Some(challenge)), "{headers}{query}");
        let told = format!("{answer:?}{}", answer.text());
        assert!(!told.contains("s3cr3t") && !told.contains(BOTH), "{told}");
    }
    // RFC 9110 §11.1: schemes have no case; and one for somebody else does not count.
    let both = format!("{POST}Authorization: Basic eDp5\r\nauthorization: BEARER   {BOTH}\r\n");
    assert_eq!(ask(&mut server.client(), "POST", "/topics/news", &both).status, 201);
}

#[test]
fn an_action_without_tokens_is_for_everybody() {
    let server = guarded_by(Tokens::default().publish(&token(EDITOR)));
    for (target, headers) in READS {
        let expected = if headers == HANDSHAKE { 101 } else { 200 };
        let headers = format!("{headers}Authorization: Bearer whatever\r\n");
        // The long poll with nothing to tell is answered in time.
        assert_eq!(ask(&mut server.client(), "GET", target, &headers).status, expected);
    }
    assert_eq!(ask(&mut server.client(), "POST", "/topics/news", POST).status, 401);
    let server = guarded_by(Tokens::default().subscribe(&token(READER)));
    assert_eq!(ask(&mut server.client(), "POST", "/topics/news", POST).status, 201);
    assert_eq!(server.client().get("/topics/news").status, 401);
}

#[test]
fn the_bytes_on_the_wire_are_for_subscribers_and_the_servers_own_pages_for_everybody() {
    let server = guarded();
    let id = server.publish("news", "1");
    let wire = format!("/wire/news/{id}");
    assert_eq!(server.client().get(&wire).status, 401);
    assert_eq!(server.client().get(&format!("{wire}?access_token={EDITOR}").replace('+', "%2B")).status, 403);
    assert_eq!(server.client().get(&format!("{wire}?access_token={READER}")).status, 200);
    for path in ["/", "/page.js", "/healthz", "/metrics"] {
        assert_eq!(server.client().get(path).status, 200, "{path}");
    }
    // What stands in the page's own address goes nowhere else.
    assert_eq!(server.client().get("/?access_token=reader").header("referrer-policy"), Some("no-referrer"));
    // A preflight shows no token, and asks for nothing yet.
    assert_eq!(ask(&mut server.client(), "OPTIONS", "/topics/news", "").status, 204);
}

#[test]
fn a_websocket_publishes_with_a_token_that_is_for_both() {
    let server = guarded();
    for subprotocols in [&[][..], &["tidings.v1"]] {
        let message = if subprotocols.is_empty() { "2" } else { r#"{"data":"2"}"# };
        let mut socket = WebSocket::open(server.client(), "/topics/news?access_token=reader", subprotocols);
        socket.send(message);
        let closed = std::iter::from_fn(|| socket.frame()).find_map(|frame| match frame {
            Frame::Close(code, _) => Some(code),
            _ => None,
        });
        assert_eq!(closed, Some(1008));
        let mut socket = WebSocket::open(server.client(), "/topics/news?access_token=both", subprotocols);
        socket.send(message);
        let heard = std::iter::from_fn(|| socket.frame()).find(|frame| match frame {
            Frame::Text(text) => text.ends_with('2') || text.contains(r#""data":"2""#),
            other => panic!("{other:?}"),
        });
        assert!(heard.is_some());
    }
}

#[test]
fn a_mounted_handler_is_for_whoever_shows_any_of_the_tokens() {
    let tokens = Tokens::default().publish(&token(EDITOR)).subscribe(&token(READER));
    let server =
        run(Server::builder().event_stream("/jobs", |_| Ok(())).authorize(move |request| tokens.check(request)));
    for (shown, status) in [("", 401), ("?access_token=wrong", 401), ("?access_token=reader", 200)] {
        assert_eq!(ask(&mut server.client(), "GET", &format!("/jobs{shown}"), "").status, status, "{shown}");
    }
    let editor = format!("Authorization: Bearer {EDITOR}\r\n");
    assert_eq!(ask(&mut server.client(), "GET", "/jobs", &editor).status, 200);
}

#[test]
fn what_is_no_token_is_refused_and_none_is_shown() {
    let longest = "x".repeat(BearerToken::MAX_LEN);
    for text in ["a", "AZaz09-._~+/", "a==", &longest] {
        assert_eq!(token(text).as_str(), text);
    }
    for text in ["", "=", "a=b", "a b", "a,b", "ü", "a\n", &format!("{longest}x")] {
        let error = text.parse::<BearerToken>().unwrap_err().to_string();
        assert!(error.starts_with("a token "), "{error}");
    }
    let shown = format!("{:?} {:?}", token(READER), Tokens::default().subscribe(&token(READER)));
    assert!(!shown.contains(READER), "{shown}");
    let server = run(Server::builder().authorize(|request| {
        let shown = format!("{request:?}");
        assert!(shown.contains("/topics/news") && !shown.contains(READER), "{shown}");
        tidings::server::Access::Granted
    }));
    let header = format!("Authorization: Bearer {READER}\r\n");
    assert_eq!(ask(&mut server.client(), "GET", "/topics/news?access_token=reader", &header).status, 200);
}

#[test]
fn who_is_refused_is_counted_and_who_only_listens_is_not() {
    let server = guarded();
    let refused = |count| server.await_metric("tidings_refusals_total{reason=\"access\"}", count);
    assert_eq!(ask(&mut server.client(), "GET", "/topics/news", "").status, 401);
    assert_eq!(ask(&mut server.client(), "POST", "/topics/news", &bearer_of(READER)).status, 403);
    refused(2);
    // That it must not publish is no refusal as long as it does not.
    drop(WebSocket::open(server.client(), &format!("/topics/news?access_token={READER}"), &[]));
    refused(2);
}

fn bearer_of(token: &str) -> String {
    format!("{POST}Authorization: Bearer {token}\r\n")
}

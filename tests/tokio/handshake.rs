//! The opening handshake over a stream, in any split, and what comes of it.

use crate::wire::*;
use std::io::ErrorKind;
use tidings::http::Status;
use tidings::tokio::{OpenError, Options, Terms, Upgrade, WebSocket, accept, accept_with, connect};
use tidings::ws::handshake::{HandshakeError, HandshakeFailure, Opening};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

const REQUEST: &[u8] = b"GET /chat?x HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Protocol: a, b\r\nOrigin: https://example.org\r\n\r\n";
const ACCEPTED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

#[test]
fn frames_right_behind_the_request_are_frames_wherever_it_is_cut() {
    let frames = client_says(|client, output| client.send_text("at once", output).unwrap());
    let wire = [REQUEST, &frames].concat();
    for at in 0..wire.len() {
        run(async {
            let (ours, mut theirs) = tokio::io::duplex(1 << 16);
            let options = Options::default();
            let client = async {
                theirs.write_all(&wire[..at]).await.unwrap();
                tokio::task::yield_now().await;
                theirs.write_all(&wire[at..]).await.unwrap();
                let mut answer = vec![0; ACCEPTED.len()];
                theirs.read_exact(&mut answer).await.unwrap();
                assert_eq!(answer, ACCEPTED);
            };
            let terms = Terms::default();
            let (mut server, ()) = tokio::join!(async { accept(ours, &terms, &options).await.unwrap() }, client);
            assert_eq!(server.next().await.unwrap().unwrap(), text("at once"));
        });
    }
}

#[test]
fn frames_right_behind_the_answer_are_frames() {
    run(async {
        let (ours, mut theirs) = tokio::io::duplex(1 << 16);
        let options = Options::default();
        let opening = Opening { host: "h", target: "/", ..Opening::default() };
        let server = async {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                theirs.read_buf(&mut request).await.unwrap();
            }
            let request = String::from_utf8(request).unwrap();
            let headers = request.lines().filter_map(|line| line.split_once(": "));
            let headers = headers.map(|(name, value)| (name, value.as_bytes()));
            let upgrade = Upgrade::check("GET", true, headers, &Terms::default()).unwrap();
            let mut answer = String::from("HTTP/1.1 101 x\r\n");
            for (name, value) in upgrade.headers() {
                answer.extend([name, ": ", value, "\r\n"]);
            }
            let frames = b"\x81\x02hi";
            theirs.write_all(&[answer.as_bytes(), b"\r\n", frames].concat()).await.unwrap();
        };
        let (client, ()) = tokio::join!(connect(ours, &opening, &options), server);
        assert_eq!(client.unwrap().next().await.unwrap().unwrap(), text("hi"));
    });
}

#[test]
fn an_upgrade_of_another_server_is_the_same_connection() {
    run(async {
        let headers = [
            ("host", &b"h"[..]),
            ("connection", b"keep-alive, Upgrade"),
            ("upgrade", b"websocket"),
            ("sec-websocket-version", b"13"),
            ("sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", b"b, a"),
        ];
        let terms = Terms { subprotocols: &["a", "c"], headers: &[("X-More", "1")], ..Terms::default() };
        let upgrade = Upgrade::check("GET", true, headers, &terms).unwrap();
        assert_eq!(upgrade.subprotocol(), Some("a"));
        let answer: Vec<_> = upgrade.headers().collect();
        assert!(answer.contains(&("Sec-WebSocket-Protocol", "a")) && answer.contains(&("X-More", "1")));
        let (ours, theirs) = tokio::io::duplex(64);
        let mut server = upgrade.websocket(ours, &Options::default());
        assert_eq!(server.subprotocol(), Some("a"));
        let mut client = WebSocket::client(theirs, &Options::default());
        client.send_text("hi").await.unwrap();
        assert_eq!(server.next().await.unwrap().unwrap(), text("hi"));

        let error = Upgrade::check("POST", true, headers, &terms).unwrap_err();
        assert!(matches!(error, OpenError::Request(HandshakeError::Method)));
        let error = Upgrade::check("GET", true, headers.into_iter().take(4), &terms).unwrap_err();
        assert!(matches!(error, OpenError::Request(HandshakeError::Key)));
    });
}

async fn refused(wire: &[u8]) -> (OpenError, String) {
    let (ours, mut theirs) = tokio::io::duplex(1 << 16);
    theirs.write_all(wire).await.unwrap();
    let (terms, options) = (Terms::default(), Options::default());
    let accepting = accept_with(ours, &terms, &options, |head, request| match (head.path(), request.origin()) {
        ("/chat", Some("https://example.org")) => Ok(()),
        _ => Err(Status::FORBIDDEN),
    });
    let error = accepting.await.unwrap_err();
    let mut answer = String::new();
    theirs.read_to_string(&mut answer).await.unwrap();
    (error, answer.lines().next().unwrap_or_default().to_owned())
}

#[test]
fn who_is_not_let_in_is_told_why() {
    run(async {
        let request = String::from_utf8(REQUEST.to_vec()).unwrap();
        let (error, answer) = refused(request.replace("example.org", "evil.example").as_bytes()).await;
        assert!(matches!(error, OpenError::Refused(Status::FORBIDDEN)));
        assert_eq!(answer, "HTTP/1.1 403 Forbidden");
        let (error, answer) = refused(request.replace(": 13", ": 8").as_bytes()).await;
        assert!(matches!(error, OpenError::Request(HandshakeError::Version)));
        assert_eq!(answer, "HTTP/1.1 426 Upgrade Required");
        let (error, answer) = refused(request.replace("Host: h", "Content-Length: 5\r\nHost: h").as_bytes()).await;
        assert!(matches!(error, OpenError::Refused(Status::BAD_REQUEST)));
        assert_eq!(answer, "HTTP/1.1 400 Bad Request");
        let long = request.replace("Host", &format!("X: {}\r\nHost", "x".repeat(17_000)));
        let (error, answer) = refused(long.as_bytes()).await;
        assert!(matches!(error, OpenError::Head(_)), "no more than 16 KiB are kept");
        assert_eq!(answer, "HTTP/1.1 431 Request Header Fields Too Large");
    });
}

#[test]
fn an_answer_that_does_not_accept_is_an_error() {
    run(async {
        for (answer, expected) in [
            ("HTTP/1.1 401 no\r\n\r\n".into(), "refused with status 401"),
            (
                String::from_utf8(ACCEPTED.to_vec()).unwrap(),
                "the server's Sec-WebSocket-Accept does not answer the key",
            ),
            ("SSH-2.0-x\r\n".into(), ""),
            ("HTTP/1.1 101 x\r\n".into(), "unexpected end of file"),
        ] {
            let (ours, mut theirs) = tokio::io::duplex(1 << 16);
            let opening = Opening { host: "h", target: "/", ..Opening::default() };
            theirs.write_all(answer.as_bytes()).await.unwrap();
            theirs.shutdown().await.unwrap();
            let error = connect(ours, &opening, &Options::default()).await.unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            let is_response =
                matches!(error, OpenError::Response(HandshakeFailure::Accept | HandshakeFailure::Head(_)));
            assert_eq!(is_response, !matches!(error, OpenError::Refused(_) | OpenError::Io(_)));
        }
    });
}

#[test]
fn a_handshake_that_does_not_come_is_given_up() {
    run(async {
        let started = Instant::now();
        let (ours, mut theirs) = tokio::io::duplex(1 << 16);
        theirs.write_all(&REQUEST[..50]).await.unwrap();
        let error = accept(ours, &Terms::default(), &Options::default()).await.unwrap_err();
        assert!(matches!(&error, OpenError::Io(error) if error.kind() == ErrorKind::TimedOut), "{error}");
        assert_eq!(started.elapsed().as_secs(), 10);

        let (ours, theirs) = tokio::io::duplex(1 << 16);
        drop(theirs);
        let error = accept(ours, &Terms::default(), &Options::default()).await.unwrap_err();
        assert!(matches!(&error, OpenError::Io(error) if error.kind() == ErrorKind::UnexpectedEof), "{error}");
    });
}

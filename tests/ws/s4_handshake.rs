//! §4: the opening handshake, both sides.

use crate::support;
use crate::wire::{FIN, Got, TEXT, masked, receive, text};
use bytes::BytesMut;
use tidings::Step;
use tidings::http::{HeadError, Headers, RequestReader, SendError, Status};
use tidings::ws::handshake::{
    AcceptError, Answer, ClientHandshake, HandshakeError, HandshakeFailure, Opening, Request, Response, is_upgrade,
};
use tidings::ws::{Config, Connection};

/// The key and the answer to it are the example of §1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

fn nonce(bytes: &mut [u8]) {
    bytes.copy_from_slice(b"the sample nonce");
}

const GOOD: [(&str, &str); 5] = [
    ("Host", "example.org"),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", KEY),
    ("Sec-WebSocket-Version", "13"),
];

/// [`GOOD`] with the value of one header changed, or the header left out, and others added.
fn with(name: &str, value: Option<&'static str>, more: &[(&'static str, &'static str)]) -> Headers<'static> {
    let kept =
        GOOD.into_iter().filter_map(|(n, v)| if n == name { value.map(|value| (n, value)) } else { Some((n, v)) });
    kept.chain(more.iter().copied()).collect()
}

fn check(headers: &Headers<'static>) -> Result<(), HandshakeError> {
    Request::check("GET", true, headers).map(drop)
}

#[test]
fn the_example_is_accepted_with_the_accept_of_section_1_3() {
    let headers: Headers<'_> = GOOD.into_iter().collect();
    let mut output = BytesMut::new();
    let answer = Answer { headers: &[("Set-Cookie", "a=b")], ..Answer::default() };
    Request::check("GET", true, &headers).unwrap().accept(&answer, &mut output).unwrap();
    let expected = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {ACCEPT}\r\nSet-Cookie: a=b\r\n\r\n"
    );
    assert_eq!(output, expected.as_bytes());
}

#[test]
fn connection_and_upgrade_are_words_in_lists_in_any_case() {
    for value in ["keep-alive, Upgrade", "UPGRADE", "upgrade,close"] {
        assert_eq!(check(&with("Connection", Some(value), &[])), Ok(()));
    }
    assert_eq!(check(&with("Connection", Some("keep-alive"), &[("connection", "upgrade")])), Ok(()), "repeated header");
    assert_eq!(check(&with("Upgrade", Some("h2c, WebSocket"), &[])), Ok(()));

    assert_eq!(check(&with("Connection", Some("keep-alive"), &[])), Err(HandshakeError::Connection));
    assert_eq!(check(&with("Connection", Some("upgraded"), &[])), Err(HandshakeError::Connection));
    assert_eq!(check(&with("Upgrade", Some("h2c"), &[])), Err(HandshakeError::Upgrade));
    assert_eq!(check(&with("Upgrade", None, &[])), Err(HandshakeError::Upgrade));
}

#[test]
fn only_a_get_of_http_1_1_is_a_handshake() {
    let headers: Headers<'_> = GOOD.into_iter().collect();
    assert_eq!(Request::check("POST", true, &headers).err(), Some(HandshakeError::Method));
    assert_eq!(Request::check("get", true, &headers).err(), Some(HandshakeError::Method));
    assert_eq!(Request::check("GET", false, &headers).err(), Some(HandshakeError::HttpVersion));
    assert_eq!(check(&with("Host", None, &[])), Err(HandshakeError::Host));
}

#[test]
fn the_key_must_decode_to_16_bytes_and_come_once() {
    for key in ["", "AAAA", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZSE=", "!!!!!!!!"]
    {
        assert_eq!(check(&with("Sec-WebSocket-Key", Some(key), &[])), Err(HandshakeError::Key), "{key:?}");
    }
    let example = "AQIDBAUGBwgJCgsMDQ4PEC==";
    assert_eq!(check(&with("Sec-WebSocket-Key", Some(example), &[])), Ok(()), "§4.1 step 7, with bits to spare");
    assert_eq!(check(&with("Sec-WebSocket-Key", None, &[])), Err(HandshakeError::Key));
    assert_eq!(check(&with("", None, &[("Sec-WebSocket-Key", KEY)])), Err(HandshakeError::Key));
}

#[test]
fn another_version_gets_426_and_is_told_13() {
    for version in ["8", "14", "013", "13, 8", ""] {
        assert_eq!(
            check(&with("Sec-WebSocket-Version", Some(version), &[])),
            Err(HandshakeError::Version),
            "{version}"
        );
    }
    assert_eq!(check(&with("Sec-WebSocket-Version", None, &[])), Err(HandshakeError::Version));
    let mut output = BytesMut::new();
    HandshakeError::Version.reject(&mut output);
    let answer = String::from_utf8(output.to_vec()).unwrap();
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
    assert!(answer.contains("\r\nSec-WebSocket-Version: 13\r\n"), "{answer}");
    assert!(answer.contains("\r\nUpgrade: websocket\r\n"), "{answer}");
    assert!(answer.contains("\r\nConnection: close\r\nConnection: Upgrade\r\n"), "{answer}");
}

#[test]
fn a_version_comes_once() {
    assert_eq!(check(&with("", None, &[("Sec-WebSocket-Version", "13")])), Err(HandshakeError::Version));
}

#[test]
fn each_fault_of_a_handshake_has_a_status() {
    for (fault, status, words) in [
        (HandshakeError::Method, 405, "a WebSocket handshake is a GET"),
        (HandshakeError::HttpVersion, 400, "a WebSocket handshake is of HTTP/1.1"),
        (HandshakeError::Host, 400, "a WebSocket handshake has one Host"),
        (HandshakeError::Upgrade, 400, "Upgrade does not name websocket"),
        (HandshakeError::Connection, 400, "Connection does not name Upgrade"),
        (HandshakeError::Key, 400, "Sec-WebSocket-Key is not the base64 of 16 bytes"),
        (HandshakeError::Version, 426, "Sec-WebSocket-Version is not 13"),
    ] {
        let mut output = BytesMut::new();
        fault.reject(&mut output);
        let answer = String::from_utf8(output.to_vec()).unwrap();
        assert_eq!(fault.status().as_u16(), status);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.contains("\r\nConnection: close"), "{answer}");
        assert_eq!(answer.contains("\r\nAllow: GET\r\n"), status == 405, "RFC 9110 §15.5.6: {answer}");
        assert!(answer.ends_with(&format!("\r\n\r\n{words}")), "{answer}");
        assert_eq!(fault.to_string(), words);
    }
}

#[test]
fn a_request_that_names_websocket_asks_for_the_upgrade() {
    for (header, expected) in [
        ("Upgrade: websocket", true),
        ("upgrade: h2c, WebSocket", true),
        ("Upgrade: h2c", false),
        ("Connection: Upgrade", false),
    ] {
        let wire = format!("GET / HTTP/1.1\r\nHost: h\r\n{header}\r\n\r\n");
        let step = RequestReader::default().receive(wire.as_bytes(), &mut BytesMut::new()).unwrap();
        assert_eq!(is_upgrade(&step.event.unwrap()), expected, "{header}");
    }
}

#[test]
fn the_server_chooses_only_what_was_offered() {
    let headers = with("", None, &[("Sec-WebSocket-Protocol", "v2, v1"), ("Sec-WebSocket-Protocol", "v0")]);
    let request = Request::check("GET", true, &headers).unwrap();
    assert_eq!(request.subprotocols().collect::<Vec<_>>(), ["v2", "v1", "v0"]);
    let mut output = BytesMut::new();
    let choosing = |subprotocol| Answer { subprotocol: Some(subprotocol), ..Answer::default() };
    assert_eq!(request.accept(&choosing("v3"), &mut output), Err(AcceptError::UnofferedSubprotocol));
    let split = Answer { headers: &[("X", "a\r\nSec-WebSocket-Protocol: v3")], ..Answer::default() };
    assert_eq!(request.accept(&split, &mut output), Err(AcceptError::Http(SendError::HeaderValue)));
    assert!(output.is_empty(), "nothing is written on an error");
    request.accept(&choosing("v0"), &mut output).unwrap();
    assert!(String::from_utf8(output.to_vec()).unwrap().contains("\r\nSec-WebSocket-Protocol: v0\r\n"));
}

#[test]
fn the_client_writes_what_a_server_accepts() {
    let mut wire = BytesMut::new();
    let opening = Opening {
        host: "example.org:8080",
        target: "/chat?room=1",
        subprotocols: &["v2", "v1"],
        headers: &[("Origin", "https://example.org")],
        ..Opening::default()
    };
    ClientHandshake::new(&opening, nonce, &mut wire).unwrap();
    let outcome = support::check(&wire, || {
        let mut reader = RequestReader::default();
        move |input: &mut [u8], output: &mut BytesMut| {
            let step = reader.receive(input, output)?;
            let event = step.event.map(|head| {
                let request = Request::from_head(&head).unwrap();
                let subprotocols: Vec<String> = request.subprotocols().map(str::to_owned).collect();
                (head.target.to_owned(), request.origin().map(str::to_owned), subprotocols)
            });
            Ok::<_, HeadError>(Step { consumed: step.consumed, event })
        }
    });
    let origin = Some("https://example.org".to_owned());
    assert_eq!(outcome.ok(), [("/chat?room=1".to_owned(), origin, vec!["v2".to_owned(), "v1".to_owned()])]);
}

#[test]
fn the_client_offers_subprotocols_that_are_tokens_and_none_twice() {
    for wrong in [&["a", "a"][..], &[""], &["a, b"], &["a b"], &["a", "b", "a"], &["é"], &["\"a\""]] {
        let mut wire = BytesMut::new();
        let opening = Opening { host: "h", target: "/", subprotocols: wrong, ..Opening::default() };
        assert_eq!(ClientHandshake::new(&opening, nonce, &mut wire).err(), Some(SendError::HeaderValue), "{wrong:?}");
        assert!(wire.is_empty());
    }
}

#[test]
fn a_target_has_no_fragment() {
    let mut wire = BytesMut::new();
    let opening = Opening { host: "h", target: "/chat#room", ..Opening::default() };
    assert_eq!(ClientHandshake::new(&opening, nonce, &mut wire).err(), Some(SendError::Target));
    assert!(wire.is_empty());
}

#[test]
fn every_connection_has_a_key_of_its_own() {
    let opening = Opening { host: "h", target: "/", ..Opening::default() };
    let key_from = |random| {
        let mut wire = BytesMut::new();
        ClientHandshake::new(&opening, random, &mut wire).unwrap();
        let step = RequestReader::default().receive(&wire, &mut BytesMut::new()).unwrap();
        step.event.unwrap().headers.get_str("sec-websocket-key").unwrap().to_owned()
    };
    assert_eq!(key_from(nonce), KEY);
    assert_ne!(key_from(|bytes: &mut [u8]| bytes.fill(7)), KEY);
}

/// What the client makes of an answer, in every split: the status if it was refused, the subprotocol if accepted.
type Answered = Result<Option<String>, u16>;

#[track_caller]
fn client_gets(answer: &str) -> support::Outcome<Answered, HandshakeFailure> {
    support::check(answer.as_bytes(), || {
        let opening = Opening { host: "h", target: "/", subprotocols: &["v2", "v1"], ..Opening::default() };
        let mut client = ClientHandshake::new(&opening, nonce, &mut BytesMut::new()).unwrap();
        let mut done = false;
        move |input: &mut [u8], _: &mut BytesMut| {
            if done {
                return Ok(Step { consumed: 0, event: None });
            }
            let step = client.receive(input)?;
            done = step.event.is_some();
            let event = step.event.map(|response| match response {
                Response::Accepted { subprotocol, .. } => Ok(subprotocol.map(str::to_owned)),
                Response::Refused(head) => Err(head.status.as_u16()),
            });
            Ok(Step { consumed: step.consumed, event })
        }
    })
}

fn switching(more: &str) -> String {
    format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\n{more}\r\n")
}

#[test]
fn the_client_takes_a_good_answer() {
    let good = format!("Sec-WebSocket-Accept: {ACCEPT}\r\n");
    assert_eq!(client_gets(&switching(&good)).ok(), [Ok(None)]);
    let chosen = format!("{good}Sec-WebSocket-Protocol: v1\r\n");
    assert_eq!(client_gets(&switching(&chosen)).ok(), [Ok(Some("v1".to_owned()))]);
    let interim = format!("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n{}", switching(&good));
    assert_eq!(client_gets(&interim).ok(), [Ok(None)], "interim answers are passed over");
}

#[test]
fn the_client_refuses_a_wrong_or_missing_accept() {
    for accept in ["", "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n", "Sec-WebSocket-Accept: \r\n"] {
        assert_eq!(client_gets(&switching(accept)).err(), HandshakeFailure::Accept);
    }
    let twice = format!("Sec-WebSocket-Accept: {ACCEPT}\r\nSec-WebSocket-Accept: {ACCEPT}\r\n");
    assert_eq!(client_gets(&switching(&twice)).err(), HandshakeFailure::Accept);
}

#[test]
fn the_client_refuses_what_it_did_not_offer() {
    let good = format!("Sec-WebSocket-Accept: {ACCEPT}\r\n");
    for more in ["Sec-WebSocket-Protocol: v3\r\n", "Sec-WebSocket-Protocol: v1\r\nSec-WebSocket-Protocol: v2\r\n"] {
        let answer = switching(&format!("{good}{more}"));
        assert_eq!(client_gets(&answer).err(), HandshakeFailure::UnofferedSubprotocol);
    }
    let answer = switching(&format!("{good}Sec-WebSocket-Extensions: permessage-deflate\r\n"));
    assert_eq!(client_gets(&answer).err(), HandshakeFailure::UnofferedExtension);
}

#[test]
fn the_client_refuses_an_answer_that_does_not_upgrade() {
    let accept = format!("Sec-WebSocket-Accept: {ACCEPT}\r\n\r\n");
    let no_upgrade = format!("HTTP/1.1 101 OK\r\nConnection: Upgrade\r\n{accept}");
    assert_eq!(client_gets(&no_upgrade).err(), HandshakeFailure::Upgrade);
    let no_connection = format!("HTTP/1.1 101 OK\r\nUpgrade: websocket\r\n{accept}");
    assert_eq!(client_gets(&no_connection).err(), HandshakeFailure::Connection);
    let another = format!("HTTP/1.1 101 OK\r\nUpgrade: h2c, websocket\r\nConnection: Upgrade\r\n{accept}");
    assert_eq!(client_gets(&another).err(), HandshakeFailure::Upgrade);
}

#[test]
fn a_refusal_is_an_outcome_with_its_head() {
    for (answer, status) in [
        ("HTTP/1.1 302 Found\r\nLocation: /there\r\n\r\n", Status::FOUND),
        ("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\n\r\n", Status::UNAUTHORIZED),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Status::OK),
    ] {
        assert_eq!(client_gets(answer).ok(), [Err(status.as_u16())]);
    }
}

#[test]
fn bytes_behind_the_handshake_reach_the_connection() {
    let mut wire = BytesMut::new();
    let opening = Opening { host: "h", target: "/", ..Opening::default() };
    ClientHandshake::new(&opening, nonce, &mut wire).unwrap();
    wire.extend_from_slice(&masked(FIN | TEXT, b"early"));

    let step = RequestReader::default().receive(&wire, &mut BytesMut::new()).unwrap();
    assert!(Request::from_head(&step.event.unwrap()).is_ok());
    let connection = Connection::server(Config::default());
    let outcome = support::feed(receive(connection), &[&wire[step.consumed..]]);
    assert_eq!(outcome.ok(), [text("early")]);

    let mut answer = switching(&format!("Sec-WebSocket-Accept: {ACCEPT}\r\n")).into_bytes();
    answer.extend(b"\x82\x01!");
    let mut client = ClientHandshake::new(&opening, nonce, &mut BytesMut::new()).unwrap();
    let consumed = client.receive(&answer).unwrap().consumed;
    let outcome = support::feed(receive(crate::wire::client(Config::default())), &[&answer[consumed..]]);
    assert_eq!(outcome.ok(), [Got::Binary(b"!".to_vec())]);
}

#[test]
fn each_failure_says_what_was_wrong_with_the_answer() {
    for (failure, words) in [
        (HandshakeFailure::Upgrade, "the server's Upgrade is not websocket"),
        (HandshakeFailure::Connection, "the server's Connection does not name Upgrade"),
        (HandshakeFailure::Accept, "the server's Sec-WebSocket-Accept does not answer the key"),
        (HandshakeFailure::UnofferedExtension, "the server chose an extension that was not offered"),
        (HandshakeFailure::Extension, "the server chose an extension on terms that were not offered"),
        (HandshakeFailure::UnofferedSubprotocol, "the server chose a subprotocol that was not offered"),
        (HandshakeFailure::Head(HeadError::Version), &HeadError::Version.to_string()),
    ] {
        assert_eq!(failure.to_string(), words);
    }
    assert_eq!(AcceptError::UnofferedSubprotocol.to_string(), "the client did not offer that subprotocol");
    assert_eq!(AcceptError::Http(SendError::HeaderValue).to_string(), SendError::HeaderValue.to_string());
}

//! RFC 8441: the opening handshake over HTTP/2, both sides.

use tidings::http::{Headers, SendError, Status};
use tidings::ws::handshake::extended_connect::{Accepted, ClientHandshake, ConnectError, Pseudo, Request, Response};
use tidings::ws::handshake::{AcceptError, Extensions, HandshakeFailure};

/// The request of §5.1, which offers compression, too.
const EXAMPLE: [(&str, &str); 4] = [
    ("sec-websocket-protocol", "chat, superchat"),
    ("sec-websocket-extensions", "permessage-deflate"),
    ("sec-websocket-version", "13"),
    ("origin", "http://www.example.com"),
];
const PSEUDO: Pseudo<'static> = Pseudo {
    method: "CONNECT",
    protocol: Some("websocket"),
    scheme: Some("https"),
    authority: Some("server.example.com"),
    path: Some("/chat"),
};

fn example(more: &[(&'static str, &'static str)]) -> Headers<'static> {
    EXAMPLE.iter().chain(more).copied().collect()
}

#[track_caller]
fn refused(pseudo: Pseudo<'_>, expected: ConnectError) {
    assert_eq!(Request::check(&pseudo, &example(&[])).err(), Some(expected), "{pseudo:?}");
}

fn pairs<'a>(headers: &'a [(&'static str, String)]) -> Headers<'a> {
    headers.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[test]
fn s5_1_the_example_is_accepted_with_200_and_the_chosen_subprotocol_alone() {
    let headers = example(&[]);
    let request = Request::check(&PSEUDO, &headers).unwrap();
    assert_eq!(request.origin(), Some("http://www.example.com"));
    assert_eq!(request.subprotocols().collect::<Vec<_>>(), ["chat", "superchat"]);
    let expected =
        Accepted { headers: vec![("sec-websocket-protocol", "chat".to_owned())], extensions: Extensions::default() };
    assert_eq!(request.accept(Some("chat"), None), Ok(expected));
    assert_eq!(request.accept(None, None).unwrap().headers, []);
}

#[test]
fn s5_the_server_chooses_only_what_the_connect_offers() {
    let headers = example(&[]);
    let request = Request::check(&PSEUDO, &headers).unwrap();
    assert_eq!(request.accept(Some("Chat"), None), Err(AcceptError::UnofferedSubprotocol));
    let headers = [("sec-websocket-version", "13")].into_iter().collect();
    let request = Request::check(&PSEUDO, &headers).unwrap();
    assert_eq!(request.accept(Some("chat"), None), Err(AcceptError::UnofferedSubprotocol));
    assert_eq!(request.origin(), None);
}

#[test]
fn s5_another_method_or_protocol_opens_no_websocket() {
    for method in ["GET", "connect", ""] {
        refused(Pseudo { method, ..PSEUDO }, ConnectError::Method);
        assert!(!Pseudo { method, ..PSEUDO }.is_websocket());
    }
    for protocol in [Some("connect-udp"), Some("WebSocket"), Some(""), None] {
        refused(Pseudo { protocol, ..PSEUDO }, ConnectError::Protocol);
        assert!(!Pseudo { protocol, ..PSEUDO }.is_websocket());
    }
    assert!(PSEUDO.is_websocket());
}

#[test]
fn s4_scheme_and_path_are_there_and_the_authority() {
    for scheme in [None, Some(""), Some("wss"), Some("HTTPS")] {
        refused(Pseudo { scheme, ..PSEUDO }, ConnectError::Scheme);
    }
    for path in [None, Some(""), Some("*"), Some("chat")] {
        refused(Pseudo { path, ..PSEUDO }, ConnectError::Path);
    }
    for authority in [None, Some("")] {
        refused(Pseudo { authority, ..PSEUDO }, ConnectError::Authority);
    }
    let plain = Pseudo { scheme: Some("http"), path: Some("/?a=b"), ..PSEUDO };
    assert!(Request::check(&plain, &example(&[])).is_ok());
}

#[test]
fn s5_connection_and_upgrade_are_refused() {
    for header in [("connection", "upgrade"), ("Connection", ""), ("upgrade", "websocket")] {
        assert_eq!(Request::check(&PSEUDO, &example(&[header])).err(), Some(ConnectError::Upgrade), "{header:?}");
    }
}

#[test]
fn s5_a_key_is_not_looked_at() {
    let headers = example(&[("sec-websocket-key", "nonsense")]);
    let accepted = Request::check(&PSEUDO, &headers).unwrap().accept(None, None).unwrap();
    assert_eq!(accepted.headers, [], "and not answered");
    let client = ClientHandshake::new(&[], None).unwrap();
    assert_eq!(client.headers(), [("sec-websocket-version", "13".to_owned())]);
    let answer = [("sec-websocket-accept", "nonsense")].into_iter().collect();
    assert!(matches!(client.check(200, &answer), Ok(Response::Accepted { .. })));
}

#[test]
fn s5_the_version_is_13_and_comes_once() {
    for versions in [&[][..], &["8"], &["013"], &["13, 8"], &["13", "13"]] {
        let headers = versions.iter().map(|version| ("sec-websocket-version", *version)).collect();
        assert_eq!(Request::check(&PSEUDO, &headers).err(), Some(ConnectError::Version), "{versions:?}");
    }
}

#[test]
fn each_fault_of_a_connect_has_a_status_and_says_what_would_do() {
    for (fault, status, header) in [
        (ConnectError::Method, Status::METHOD_NOT_ALLOWED, Some(("allow", "CONNECT"))),
        (ConnectError::Protocol, Status::NOT_IMPLEMENTED, None),
        (ConnectError::Scheme, Status::BAD_REQUEST, None),
        (ConnectError::Authority, Status::BAD_REQUEST, None),
        (ConnectError::Path, Status::BAD_REQUEST, None),
        (ConnectError::Upgrade, Status::BAD_REQUEST, None),
        (ConnectError::Version, Status::BAD_REQUEST, Some(("sec-websocket-version", "13"))),
    ] {
        assert_eq!((fault.status(), fault.header()), (status, header), "{fault}");
    }
}

#[test]
fn pseudo_header_fields_among_the_headers_have_one_value() {
    let fields = [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "https"),
        (":authority", "server.example.com"),
        (":path", "/chat"),
    ];
    let headers: Headers<'_> = fields.into_iter().chain(EXAMPLE).collect();
    assert_eq!(Pseudo::of(&headers), PSEUDO);
    assert!(Request::check(&Pseudo::of(&headers), &headers).is_ok());
    for (field, expected) in fields.into_iter().zip([
        ConnectError::Method,
        ConnectError::Protocol,
        ConnectError::Scheme,
        ConnectError::Authority,
        ConnectError::Path,
    ]) {
        let twice = [field].into_iter().chain(fields).chain(EXAMPLE).collect();
        assert_eq!(Request::check(&Pseudo::of(&twice), &twice).err(), Some(expected));
    }
}

#[test]
fn what_the_client_sends_over_http_2_the_server_accepts() {
    for (is_secure, scheme) in [(true, "https"), (false, "http")] {
        let pseudo = Pseudo::websocket(is_secure, "server.example.com", "/chat");
        assert_eq!(pseudo, Pseudo { scheme: Some(scheme), ..PSEUDO });
        let client = ClientHandshake::new(&["superchat", "chat"], None).unwrap();
        let sent = client.headers();
        assert!(sent.iter().all(|(name, _)| !name.contains(|c: char| c.is_ascii_uppercase())));
        let headers = pairs(&sent);
        let request = Request::check(&pseudo, &headers).unwrap();
        assert_eq!(request.subprotocols().collect::<Vec<_>>(), ["superchat", "chat"]);
        let accepted = request.accept(Some("chat"), None).unwrap();
        let expected = Response::Accepted { subprotocol: Some("chat"), extensions: Extensions::default() };
        assert_eq!(client.check(200, &pairs(&accepted.headers)), Ok(expected));
    }
    assert_eq!(ClientHandshake::new(&["a", "a"], None).err(), Some(SendError::HeaderValue));
}

#[cfg(feature = "deflate")]
#[test]
fn s5_compression_is_agreed_on_as_in_http_1_1() {
    use tidings::ws::deflate::Options;

    let options = Options { server_no_context_takeover: true, ..Options::default() };
    let client = ClientHandshake::new(&[], Some(&options)).unwrap();
    let sent = client.headers();
    let headers = pairs(&sent);
    let request = Request::check(&PSEUDO, &headers).unwrap();
    assert_eq!(request.accept(None, None).unwrap().extensions, Extensions::default());
    let accepted = request.accept(None, Some(&Options::default())).unwrap();
    let [("sec-websocket-extensions", agreed)] = &accepted.headers[..] else { panic!("{accepted:?}") };
    assert!(agreed.contains("server_no_context_takeover"), "{agreed}");
    let answer = client.check(200, &pairs(&accepted.headers)).unwrap();
    let Response::Accepted { extensions, .. } = answer else { panic!("{answer:?}") };
    assert!(extensions.deflate.is_some());
}

#[test]
fn s5_the_client_refuses_what_it_did_not_offer_over_http_2() {
    let client = ClientHandshake::new(&["chat"], None).unwrap();
    for (header, failure) in [
        (("sec-websocket-protocol", "superchat"), HandshakeFailure::UnofferedSubprotocol),
        (("sec-websocket-extensions", "permessage-deflate"), HandshakeFailure::UnofferedExtension),
    ] {
        assert_eq!(client.check(200, &[header].into_iter().collect()), Err(failure));
    }
    for status in [101, 302, 403, 501, 999] {
        assert_eq!(client.check(status, &Headers::default()), Ok(Response::Refused));
    }
}

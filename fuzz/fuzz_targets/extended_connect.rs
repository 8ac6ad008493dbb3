//! The opening handshake over HTTP/2, both sides: what a server accepts is what it accepts over HTTP/1.1, the answer names
//! nothing that was not offered, and the client that offered it takes that answer; a client takes no other.
//!
//! The first byte chooses the side and the deflate options; then come header lines, pseudo-header fields among them, as a
//! stack gives them that keeps these together.
#![cfg_attr(fuzzing, no_main)]

use bytes::BytesMut;
use tidings::http::Headers;
use tidings::ws::deflate;
use tidings::ws::handshake::extended_connect::{ClientHandshake, Pseudo, Request, Response};
use tidings::ws::handshake::{self, Answer};

/// One input.
pub fn run(data: &[u8]) {
    let Some((&choice, lines)) = data.split_first() else { return };
    let lines = lines.split(|byte| *byte == b'\n').filter_map(|line| {
        let at = line.iter().skip(1).position(|byte| *byte == b':')? + 1; // not the colon of a pseudo-header field
        Some((str::from_utf8(&line[..at]).ok()?, line[at + 1..].trim_ascii()))
    });
    let lines: Vec<(&str, &[u8])> = lines.collect();
    if choice & 1 == 0 { server(choice, &lines) } else { client(choice, &lines) }
}

fn options(choice: u8) -> Option<deflate::Options> {
    (choice & 2 == 0).then(deflate::Options::default)
}

fn server(choice: u8, lines: &[(&str, &[u8])]) {
    let headers: Headers<'_> = lines.iter().copied().collect();
    let pseudo = Pseudo::of(&headers);
    let request = match Request::check(&pseudo, &headers) {
        Ok(request) => request,
        Err(error) => {
            assert!((400..=599).contains(&error.status().as_u16()), "{error} is refused");
            return;
        }
    };
    assert!(pseudo.is_websocket());
    let options = options(choice);
    let chosen = request.subprotocols().nth(usize::from(choice >> 2 & 1));
    let accepted = request.accept(chosen, options.as_ref());
    assert!(request.accept(Some("not offered, and no token"), options.as_ref()).is_err());

    // The same in HTTP/1.1, whose headers are these and some more.
    let host = ("host", &b"h"[..]);
    let more = [
        ("upgrade", &b"websocket"[..]),
        ("connection", b"upgrade"),
        ("sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let others = lines.iter().copied().filter(|(name, _)| {
        !name.starts_with(':') && ![host.0, more[2].0].iter().any(|known| known.eq_ignore_ascii_case(name))
    });
    let headers: Headers<'_> = others.chain([host]).chain(more).collect();
    let over_http_1 = handshake::Request::check("GET", true, &headers).expect("nothing else is asked for there");
    let answer = Answer { subprotocol: chosen, deflate: options.as_ref(), ..Answer::default() };
    let extensions = over_http_1.accept(&answer, &mut BytesMut::new());
    match (&accepted, &extensions) {
        (Ok(accepted), Ok(extensions)) => assert_eq!(accepted.extensions, *extensions),
        // A name that cannot be written in a header of HTTP/1.1 is the caller's error there, or in both.
        (_, Err(_)) => {}
        (Err(error), Ok(_)) => panic!("{error}, but not over HTTP/1.1"),
    }
    for (name, value) in accepted.iter().flat_map(|accepted| &accepted.headers) {
        assert!(*name != "sec-websocket-protocol" || chosen == Some(value));
    }
}

fn client(choice: u8, lines: &[(&str, &[u8])]) {
    let options = options(choice);
    let client = ClientHandshake::new(&["a", "b"], options.as_ref()).expect("a valid request");
    let headers: Headers<'_> = lines.iter().copied().collect();
    for status in [200, 299] {
        let Ok(Response::Accepted { subprotocol, extensions }) = client.check(status, &headers) else { continue };
        assert!(subprotocol.is_none_or(|name| name == "a" || name == "b"));
        assert!(options.is_some() || extensions.deflate.is_none(), "compression was not offered");
    }
    for status in [101, 300, 404] {
        assert_eq!(client.check(status, &headers), Ok(Response::Refused));
    }
    // A server that reads what this client offers, and the client what that answers, agree.
    let offered = client.headers();
    let offered: Headers<'_> = offered.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let request = Request::check(&Pseudo::websocket(true, "h", "/"), &offered).expect("our own request");
    let chosen = request.subprotocols().nth(usize::from(choice >> 2 & 1));
    let accepted = request.accept(chosen, Some(&deflate::Options::default())).expect("it was offered");
    let answer: Headers<'_> = accepted.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let Ok(Response::Accepted { subprotocol, extensions }) = client.check(200, &answer) else { panic!("{accepted:?}") };
    assert_eq!((subprotocol, extensions), (chosen, accepted.extensions));
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| run(data));

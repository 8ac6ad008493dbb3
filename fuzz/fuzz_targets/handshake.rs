//! The opening handshake of either side: any bytes in any split give the same outcome, and what is refused gets one
//! whole HTTP answer.
//!
//! The first byte chooses the side and the size of the pieces.
#![cfg_attr(fuzzing, no_main)]

use bytes::BytesMut;
use tidings::Step;
use tidings::http::{RequestReader, ResponseReader};
use tidings::ws::handshake::{Answer, ClientHandshake, HandshakeFailure, Opening, Request, Response};

#[path = "../../tests/support/mod.rs"]
mod support;

/// One input.
pub fn run(data: &[u8]) {
    let Some((&choice, wire)) = data.split_first() else { return };
    let piece = usize::from(choice >> 1) + 1;
    let pieces: Vec<&[u8]> = wire.chunks(piece).collect();
    if choice & 1 == 0 {
        assert_eq!(support::feed(server(), &[wire]), support::feed(server(), &pieces));
    } else {
        assert_eq!(support::feed(client(), &[wire]), support::feed(client(), &pieces));
    }
}

/// Every head in the input is answered, and the answer must be HTTP.
fn server() -> impl FnMut(&mut [u8], &mut BytesMut) -> Result<Step<bool>, tidings::http::HeadError> {
    let mut reader = RequestReader::default();
    move |input, output| {
        let step = reader.receive(input, output)?;
        let event = step.event.map(|head| {
            let mut answer = BytesMut::new();
            let accepted = match Request::from_head(&head) {
                Ok(request) => {
                    let subprotocol = request.subprotocols().next();
                    let deflate = tidings::ws::deflate::Options::default();
                    let choice = Answer { subprotocol, deflate: Some(&deflate), ..Answer::default() };
                    // An offered name that is not a header value is the caller's error, not a crash.
                    request.accept(&choice, &mut answer).is_ok()
                }
                Err(error) => {
                    error.reject(&mut answer);
                    false
                }
            };
            if !answer.is_empty() {
                let parsed = ResponseReader::default().receive(&answer).expect("our answer is HTTP");
                assert_eq!(parsed.event.expect("and whole").status.as_u16() == 101, accepted);
            }
            accepted
        });
        Ok(Step { consumed: step.consumed, event })
    }
}

/// The subprotocol that was agreed on, and the status: 101, or the one that refused.
type Outcome = (Option<String>, u16);

fn client() -> impl FnMut(&mut [u8], &mut BytesMut) -> Result<Step<Outcome>, HandshakeFailure> {
    let opening = Opening { host: "h", target: "/", subprotocols: &["a", "b"], ..Opening::default() };
    let nonce = |bytes: &mut [u8]| bytes.copy_from_slice(b"the sample nonce");
    let mut client = ClientHandshake::new(&opening, nonce, &mut BytesMut::new()).expect("a valid request");
    let mut done = false;
    move |input, _| {
        if done {
            return Ok(Step { consumed: 0, event: None });
        }
        let step = client.receive(input)?;
        done = step.event.is_some();
        let event = step.event.map(|response| match response {
            Response::Accepted { subprotocol, .. } => {
                assert!(subprotocol.is_none_or(|name| name == "a" || name == "b"));
                (subprotocol.map(str::to_owned), 101)
            }
            Response::Refused(head) => (None, head.status.as_u16()),
        });
        Ok(Step { consumed: step.consumed, event })
    }
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| run(data));

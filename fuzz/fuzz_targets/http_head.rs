//! Heads of requests and responses, one after the other: however the bytes are cut, the heads, the answer and the error
//! are the same; no head is larger than its limits; what a head is asked about gives an answer; and a head that can be
//! written again reads the same.
#![cfg_attr(fuzzing, no_main)]

#[path = "../../tests/support/mod.rs"]
mod support;

use bytes::BytesMut;
use std::fmt::Debug;
use std::str;
use support::{Outcome, feed};
use tidings::Step;
use tidings::http::{
    BodyError, Framing, HeadError, HeadLimits, Headers, RequestHead, RequestReader, ResponseHead, ResponseReader,
    Version, encode_request, encode_response,
};

/// The first byte says how the rest is cut into pieces, and how tight the limits are the second time.
pub fn run(data: &[u8]) {
    let Some((&cut, stream)) = data.split_first() else { return };
    let cut = usize::from(cut);
    for limits in [HeadLimits::default(), HeadLimits { bytes: 16 + cut, headers: cut % 8 }] {
        same_in_pieces(stream, cut, || requests(limits));
        same_in_pieces(stream, cut, || responses(limits));
    }
}

/// A head made owned, with all that can be asked of it.
type Head = String;

fn same_in_pieces<F>(stream: &[u8], cut: usize, make: impl Fn() -> F)
where
    F: FnMut(&mut [u8], &mut BytesMut) -> Result<Step<Head>, HeadError>,
{
    let run = |piece: usize| -> Outcome<Head, HeadError> { feed(make(), &stream.chunks(piece).collect::<Vec<_>>()) };
    let whole = run(stream.len().max(1));
    assert_eq!(run(1), whole, "byte by byte");
    assert_eq!(run(1 + cut), whole, "in pieces of {}", 1 + cut);
}

fn requests(limits: HeadLimits) -> impl FnMut(&mut [u8], &mut BytesMut) -> Result<Step<Head>, HeadError> {
    let mut reader = RequestReader::new(limits);
    move |input, output| {
        let step = reader.receive(input, output);
        if let Err(error) = step {
            assert!(output.starts_with(b"HTTP/1.1 ") || output.is_empty(), "an answer, once");
            assert_eq!(reader.receive(b"GET / HTTP/1.0\r\n\r\n", &mut BytesMut::new()), Err(error), "final");
        }
        let step = step?;
        let Some(head) = &step.event else { return Ok(Step { consumed: step.consumed, event: None }) };
        within(limits, &head.headers);
        request_again(head);
        let asked = (head.path(), head.query(), head.authority(), head.keep_alive(), Framing::of_request(head));
        Ok(owned(&step, limits, &asked))
    }
}

fn responses(limits: HeadLimits) -> impl FnMut(&mut [u8], &mut BytesMut) -> Result<Step<Head>, HeadError> {
    let mut reader = ResponseReader::new(limits);
    move |input, _| {
        let step = reader.receive(input)?;
        let Some(head) = &step.event else { return Ok(Step { consumed: step.consumed, event: None }) };
        within(limits, &head.headers);
        response_again(head);
        let asked = (head.keep_alive(), Framing::of_response("GET", head), Framing::of_response("CONNECT", head));
        assert_eq!(Framing::of_response("HEAD", head), Ok::<_, BodyError>(Framing::Empty));
        Ok(owned(&step, limits, &asked))
    }
}

fn owned<H: Debug>(step: &Step<H>, limits: HeadLimits, asked: &impl Debug) -> Step<Head> {
    assert!(step.consumed <= limits.bytes);
    Step { consumed: step.consumed, event: Some(format!("{:?} {asked:?}", step.event)) }
}

fn within(limits: HeadLimits, headers: &Headers<'_>) {
    assert!(headers.len() <= limits.headers);
    for header in headers {
        assert!(headers.get_all(header.name).any(|value| value == header.value));
        assert!(!header.value.contains(&b'\r') && !header.value.contains(&b'\n'));
        assert!(headers.tokens(header.name).all(|token| !token.is_empty() && !token.contains(',')));
    }
}

/// The headers as what the encoders take; `None` if they are not all UTF-8.
fn pairs<'a>(headers: &Headers<'a>) -> Option<Vec<(&'a str, &'a str)>> {
    headers.iter().map(|header| Some((header.name, str::from_utf8(header.value).ok()?))).collect()
}

fn request_again(head: &RequestHead<'_>) {
    let Some(pairs) = pairs(&head.headers) else { return };
    let mut wire = BytesMut::new();
    if encode_request(head.method, head.target, &pairs, &mut wire).is_err() {
        assert!(wire.is_empty(), "an error writes nothing");
        return;
    }
    let limits = HeadLimits { bytes: usize::MAX, headers: usize::MAX };
    let step = RequestReader::new(limits).receive(&wire, &mut BytesMut::new()).expect("what was read once");
    let again = step.event.expect("a whole head");
    assert_eq!(again, RequestHead { version: Version::Http11, ..head.clone() });
}

fn response_again(head: &ResponseHead<'_>) {
    let Some(pairs) = pairs(&head.headers) else { return };
    let mut wire = BytesMut::new();
    if encode_response(head.status, &pairs, &mut wire).is_err() {
        assert!(wire.is_empty(), "an error writes nothing");
        return;
    }
    let limits = HeadLimits { bytes: usize::MAX, headers: usize::MAX };
    let again = ResponseReader::new(limits).receive(&wire).expect("what was read once").event.expect("a whole head");
    assert_eq!(again, ResponseHead { version: Version::Http11, reason: head.status.reason(), ..head.clone() });
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| run(data));

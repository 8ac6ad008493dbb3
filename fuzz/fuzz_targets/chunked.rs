//! Bodies in chunked coding: however the bytes are cut, the content and the error are the same; there is never more
//! content than the limit, nor anything after the end; what a strict reader written without regard to splits makes of a
//! whole body is the same; and the content, encoded again, decodes to itself.
#![cfg_attr(fuzzing, no_main)]

#[path = "../../tests/support/mod.rs"]
mod support;

use bytes::BytesMut;
use std::str;
use support::feed;
use tidings::Step;
use tidings::http::{BodyError, BodyEvent, BodyReader, Framing, chunked};

/// The first byte says how the rest is cut into pieces, the second is the limit.
pub fn run(data: &[u8]) {
    let [cut, limit, stream @ ..] = data else { return };
    let (cut, limit) = (usize::from(*cut), u64::from(*limit));
    let whole = decode(stream, stream.len().max(1), limit);
    assert_eq!(decode(stream, 1, limit), whole, "byte by byte");
    assert_eq!(decode(stream, 1 + cut, limit), whole, "in pieces of {}", 1 + cut);

    assert!(whole.content.len() as u64 <= limit);
    if whole.ended {
        assert_eq!(reference(stream).as_ref(), Some(&whole.content), "the reference");
    }
    again(&whole.content, 1 + cut);
}

#[derive(Debug, PartialEq, Eq)]
struct Body {
    content: Vec<u8>,
    ended: bool,
    error: Option<BodyError>,
}

fn decode(stream: &[u8], piece: usize, limit: u64) -> Body {
    let mut reader = BodyReader::new(Framing::Chunked, limit);
    let mut body = Body { content: Vec::new(), ended: false, error: None };
    let receive = |input: &mut [u8], _: &mut BytesMut| {
        let Step { consumed, event } = reader.receive(input).inspect_err(|error| {
            assert_eq!(reader.receive(b"0\r\n\r\n"), Err(*error), "final");
            assert_eq!(reader.receive_eof(), Err(*error), "final");
        })?;
        assert!(!body.ended || (consumed == 0 && event.is_none()), "nothing follows the end");
        match &event {
            Some(BodyEvent::Data(data)) => {
                assert!(!data.is_empty(), "data is never empty");
                body.content.extend_from_slice(data);
            }
            Some(BodyEvent::End) => body.ended = true,
            None => assert!(body.ended || consumed == input.len(), "without an event everything is consumed"),
        }
        assert_eq!(reader.is_done(), body.ended);
        Ok(Step { consumed, event: event.map(|_| ()) })
    };
    body.error = feed(receive, &stream.chunks(piece).collect::<Vec<_>>()).error;
    body
}

/// The content of a body that is there from its first to its last byte.
fn reference(mut stream: &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    loop {
        let line = stream.windows(2).position(|pair| pair == b"\r\n")?;
        let digits = stream.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let size = usize::from_str_radix(str::from_utf8(&stream[..digits]).ok()?, 16).ok()?;
        stream = &stream[line + 2..];
        if size == 0 {
            return Some(content);
        }
        content.extend_from_slice(stream.get(..size)?);
        stream = stream.get(size..)?.strip_prefix(b"\r\n")?;
    }
}

fn again(content: &[u8], piece: usize) {
    let mut wire = BytesMut::new();
    for (index, piece) in content.chunks(piece).enumerate() {
        if index % 2 == 0 {
            chunked::encode(piece, &mut wire);
        } else {
            chunked::encode_with(&mut wire, |output| output.extend_from_slice(piece));
        }
    }
    chunked::encode_end(&mut wire);
    let body = decode(&wire, piece, content.len() as u64);
    assert_eq!(body, Body { content: content.to_vec(), ended: true, error: None });
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| run(data));

//! What holds for any input.

use super::support::feed;
use super::{Head, Piece, map, merge};
use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use tidings::http::{
    BodyError, BodyReader, Framing, HeadError, RequestReader, ResponseReader, Status, Version, chunked, encode_request,
    encode_response,
};

/// `bytes` cut at these places.
fn cut<'a>(bytes: &'a [u8], places: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<_> = places.iter().map(|place| place.index(bytes.len() + 1)).collect();
    places.sort_unstable();
    let mut pieces = Vec::new();
    let mut rest = bytes;
    for place in places.into_iter().rev() {
        let (front, back) = rest.split_at(place);
        pieces.push(back);
        rest = front;
    }
    pieces.push(rest);
    pieces.reverse();
    pieces
}

/// Bytes that look like HTTP often enough to come far.
fn near_http() -> impl Strategy<Value = Vec<u8>> {
    const WORDS: [&[u8]; 15] = [
        b"GET / HTTP/1.1\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"Host: h\r\n",
        b"\r\n",
        b"\r",
        b"\n",
        b": ",
        b" ",
        b"A: b",
        b"5",
        b"hello",
        b"0",
        b";",
        b"\xff",
        b"\0",
    ];
    vec(prop::sample::select(&WORDS[..]).prop_map(<[u8]>::to_vec), 0..24).prop_map(|words| words.concat())
}

fn headers() -> impl Strategy<Value = Vec<(String, String)>> {
    // No framing headers and no Host by chance: three letters at most.
    vec(("[A-Za-z!#-]{1,3}", "([!-~][ -~é]{0,20}[!-~])?"), 0..20)
}

proptest! {
    #[test]
    fn any_split_of_requests_gives_the_same(wire in near_http(), places in vec(any::<prop::sample::Index>(), 0..6)) {
        let run = |pieces: &[&[u8]]| {
            let mut reader = RequestReader::default();
            feed(|input, output| Ok::<_, HeadError>(map(reader.receive(input, output)?, |head| Head::of_request(&head))), pieces)
        };
        prop_assert_eq!(run(&[&wire]), run(&cut(&wire, &places)));
    }

    #[test]
    fn any_split_of_responses_gives_the_same(wire in near_http(), places in vec(any::<prop::sample::Index>(), 0..6)) {
        let run = |pieces: &[&[u8]]| {
            let mut reader = ResponseReader::default();
            feed(|input, _| Ok::<_, HeadError>(map(reader.receive(input)?, |head| Head::of_response(&head))), pieces)
        };
        prop_assert_eq!(run(&[&wire]), run(&cut(&wire, &places)));
    }

    #[test]
    fn any_split_of_chunks_gives_the_same(wire in near_http(), places in vec(any::<prop::sample::Index>(), 0..6)) {
        let run = |pieces: &[&[u8]]| {
            let mut reader = BodyReader::new(Framing::Chunked, 12);
            let mut outcome = feed(|input, _| Ok::<_, BodyError>(map(reader.receive(input)?, Piece::of)), pieces);
            outcome.events = merge(outcome.events);
            outcome
        };
        prop_assert_eq!(run(&[&wire]), run(&cut(&wire, &places)));
    }

    #[test]
    fn a_request_that_is_encoded_decodes(method in "[A-Z-]{1,9}", target in "/[!-\"$-~]{0,40}", headers in headers()) {
        let mut pairs = vec![("Host", "localhost:80")];
        pairs.extend(headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let mut wire = BytesMut::new();
        encode_request(&method, &target, &pairs, &mut wire).unwrap();

        let step = RequestReader::default().receive(&wire, &mut BytesMut::new()).unwrap();
        prop_assert_eq!(step.consumed, wire.len());
        let head = step.event.unwrap();
        prop_assert_eq!((head.method, head.target, head.version), (&*method, &*target, Version::Http11));
        prop_assert_eq!(head.headers, pairs.into_iter().collect());
    }

    #[test]
    fn a_response_that_is_encoded_decodes(status in 100_u16..600, headers in headers()) {
        let status = Status::new(status).unwrap();
        let pairs: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut wire = BytesMut::new();
        encode_response(status, &pairs, &mut wire).unwrap();

        let step = ResponseReader::default().receive(&wire).unwrap();
        prop_assert_eq!(step.consumed, wire.len());
        let head = step.event.unwrap();
        prop_assert_eq!((head.status, head.reason), (status, status.reason()));
        prop_assert_eq!(head.headers, pairs.into_iter().collect());
    }

    #[test]
    fn chunks_that_are_encoded_decode(data in vec(vec(any::<u8>(), 0..40), 0..10), in_place in any::<bool>()) {
        let mut wire = BytesMut::new();
        for piece in &data {
            if in_place {
                chunked::encode_with(&mut wire, |output| output.extend_from_slice(piece));
            } else {
                chunked::encode(piece, &mut wire);
            }
        }
        chunked::encode_end(&mut wire);

        let data = data.concat();
        let mut reader = BodyReader::new(Framing::Chunked, data.len() as u64);
        let outcome = feed(|input, _| Ok::<_, BodyError>(map(reader.receive(input)?, Piece::of)), &[&wire]);
        let mut expected = vec![Piece::End];
        if !data.is_empty() {
            expected.insert(0, Piece::Data(data));
        }
        prop_assert_eq!(merge(outcome.ok()), expected);
    }
}

//! The decoder against one written straight from the standard's text, and against the encoder.

use crate::sse_decode::{self, sse_reference};
use crate::support::{check, scaled};
use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use std::time::Duration;
use tidings::Step;
use tidings::sse::{Decoded, Decoder, Event};

/// What event streams are made of, and what they should not be made of.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => prop::sample::select(vec!["\n", "\r", "\r\n", "\n\n"]),
        8 => prop::sample::select(vec!["data", "event", "id", "retry", "data: ", "id: ", "event: ", "retry: ", "datum"]),
        4 => prop::sample::select(vec![":", " ", ": ", "\0"]),
        4 => prop::sample::select(vec!["x", "12", "price", "ü", "😀", "a long value that is longer than a vector register"]),
        1 => prop::sample::select(vec!["\u{feff}"]),
    ]
    .prop_map(|text| text.as_bytes().to_vec());
    let bad = prop::sample::select(vec![&b"\xff"[..], b"\xef", b"\xef\xbb", b"\xe2\x82", b"\xf0\x9f\x98", b"\x80"])
        .prop_map(<[u8]>::to_vec);
    // Long enough to be decoded as they come.
    let long = prop_oneof![
        Just("Größe: 😀 日本 ".repeat(16).into_bytes()),
        Just([&"ü".repeat(130).into_bytes()[..], b"\xe2\x82", &[b'x'; 260], b"\xf0\x90"].concat()),
        Just([&"€".repeat(90).into_bytes()[..], b"\xed\xa0\x80\xff", &"😀".repeat(65).into_bytes()].concat()),
    ];
    vec(prop_oneof![60 => piece, 5 => bad, 1 => long], 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_stream_in_any_split_means_what_the_standard_says(stream in stream()) {
        let outcome = check(&stream, || {
            let mut decoder = Decoder::default();
            move |input, _| {
                let Step { consumed, event } = decoder.receive(input)?;
                let event = event.map(|event| (event.into_owned(), decoder.last_event_id().to_owned()));
                Ok::<_, tidings::sse::DecodeError>(Step { consumed, event })
            }
        });
        prop_assert_eq!(outcome.ok(), sse_reference::decode(&stream));
    }

    #[test]
    fn the_fuzz_target_holds(cut in any::<u8>(), stream in stream()) {
        sse_decode::run(&[&[cut][..], &stream].concat());
    }

    #[test]
    fn what_is_encoded_is_decoded(
        id in proptest::option::of("[^\r\n\0]{0,40}"),
        event in proptest::option::of("[^\r\n\0]{1,40}"),
        data in scaled("(\r|\n|\r\n|[ -~]|\\PC){0,80}", "(\r|\n|\r\n|[ -~]|\\PC){0,10}"),
        comment in proptest::option::of("(\r|\n|[ -~]){0,40}"),
        retry in proptest::option::of(any::<u64>().prop_map(Duration::from_millis)),
    ) {
        let block = Event {
            id: id.clone().map(Into::into),
            event: event.clone().map(Into::into),
            data: Some(data.clone().into()),
            retry,
            comment: comment.map(Into::into),
        };
        let mut wire = BytesMut::new();
        block.encode(&mut wire).unwrap();
        let message = Decoded::Message {
            event: event.unwrap_or_else(|| "message".to_owned()).into(),
            data: data.replace("\r\n", "\n").replace('\r', "\n").into(),
            id: id.map(Into::into),
        };
        let expected: Vec<_> = retry.map(Decoded::Retry).into_iter().chain([message]).collect();
        let seen: Vec<_> = sse_reference::decode(&wire).into_iter().map(|(decoded, _)| decoded).collect();
        prop_assert_eq!(seen, expected);
    }
}

#[test]
fn long_pieces_may_split_characters_and_what_is_none() {
    let good = "Größe: 😀 日本 ".repeat(scaled(40, 12)).into_bytes();
    let bad = [&good[..], b"\xf0\x9f", &good, b"\xe2", &good, b"\xed\xa0\x80", &good, b"\xc0\xaf\xff\xf0\x90"].concat();
    for value in [good, bad] {
        let stream = [b"data: ", &value[..], b"\ndata: ", &value, b"\n\n"].concat();
        for cut in (257..330).chain(2040..2060).step_by(scaled(1, 72)) {
            sse_decode::run(&[&[u8::try_from(cut % 256).unwrap()], &stream[..]].concat());
            assert_eq!(sse_decode::decode(&stream, cut), sse_reference::decode(&stream), "in pieces of {cut}");
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "tests/fuzz_corpus.rs does the same")]
fn the_fuzz_seeds_hold() {
    for seed in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds/sse_decode")).unwrap() {
        sse_decode::run(&std::fs::read(seed.unwrap().path()).unwrap());
    }
}

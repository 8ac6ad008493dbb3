//! Event streams: any bytes, in any pieces, mean what a decoder written straight from the standard says, and what they
//! mean can be written again and means the same.
#![cfg_attr(fuzzing, no_main)]

#[path = "../../tests/support/sse_reference.rs"]
pub mod sse_reference;

use bytes::BytesMut;
use std::fmt::Write as _;
use tidings::sse::{Decoded, Decoder, DecoderLimits, Event};

/// The first byte says how the rest is cut into pieces.
pub fn run(data: &[u8]) {
    let Some((&cut, stream)) = data.split_first() else { return };
    let expected = sse_reference::decode(stream);
    for piece in [stream.len(), 1, 1 + usize::from(cut), 257 + 16 * usize::from(cut)] {
        assert_eq!(decode(stream, piece), expected, "in pieces of {piece}");
    }
    for (decoded, _) in expected {
        written_again(&decoded);
    }
    under_tight_limits(stream, usize::from(cut));
}

/// What the decoder makes of a stream in pieces of this length. As the reference it knows no limits.
pub fn decode(stream: &[u8], piece: usize) -> Vec<(Decoded<'static>, String)> {
    let mut limits = DecoderLimits::default();
    (limits.data, limits.event, limits.id) = (usize::MAX, usize::MAX, usize::MAX);
    let mut decoder = Decoder::new(limits);
    let mut seen = Vec::new();
    for piece in stream.chunks(piece.max(1)) {
        let mut rest = piece;
        loop {
            let step = decoder.receive(rest).expect("there are no limits");
            rest = &rest[step.consumed..];
            let Some(event) = step.event else { break };
            seen.push((event.into_owned(), decoder.last_event_id().to_owned()));
        }
        assert!(rest.is_empty(), "without an event everything is consumed");
    }
    seen
}

fn written_again(decoded: &Decoded<'_>) {
    let event = match decoded.clone() {
        Decoded::Message { event, .. } if event.contains('\0') => return, // readable, but never written
        Decoded::Message { event, data, id } => Event { id, event: Some(event), data: Some(data), ..Event::default() },
        Decoded::LastEventId(id) => Event::bookmark(id),
        Decoded::Retry(wait) => Event::default().with_retry(wait),
    };
    let mut wire = BytesMut::new();
    event.encode(&mut wire).expect("what was decoded can be sent");
    let again = decode(&wire, wire.len());
    assert_eq!(again.len(), 1);
    assert_eq!(&again[0].0, decoded);
}

/// Limits hold, and where they are met does not depend on the pieces.
fn under_tight_limits(stream: &[u8], limit: usize) {
    let mut limits = DecoderLimits::default();
    (limits.data, limits.event, limits.id) = (limit, limit / 2, limit / 4);
    let whole = limited(stream, stream.len(), limits);
    assert_eq!(whole, limited(stream, 1, limits));
    assert_eq!(whole, limited(stream, 7, limits));
}

fn limited(stream: &[u8], piece: usize, limits: DecoderLimits) -> String {
    let mut decoder = Decoder::new(limits);
    let mut seen = String::new();
    for piece in stream.chunks(piece.max(1)) {
        let mut rest = piece;
        loop {
            match decoder.receive(rest) {
                Ok(step) => {
                    rest = &rest[step.consumed..];
                    let Some(event) = step.event else { break };
                    write!(seen, "{event:?}").expect("a string takes everything");
                }
                Err(error) => {
                    assert_eq!(decoder.receive(rest), Err(error), "an error is final");
                    return seen + &format!("{error:?}");
                }
            }
        }
    }
    seen
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| run(data));

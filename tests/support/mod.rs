//! The one `check` helper of the decoder tests: it feeds a case whole, byte by byte, at every two-way split and with
//! trailing bytes, and fails unless each way of feeding gives the same events, the same answer and the same error.
//!
//! Shared by the tests and the fuzz targets.
#![allow(dead_code)] // each user needs a part of it

use bytes::BytesMut;
use std::fmt::Debug;
use tidings::Step;
use tidings::http::Headers;
use tidings::ws::deflate;
use tidings::ws::handshake::{Answer, Extensions, Request};

/// What a machine made of a stream of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome<E, X> {
    /// The events, in order.
    pub events: Vec<E>,
    /// The error that ended the stream, if one did.
    pub error: Option<X>,
    /// Everything the machine appended to `output`.
    pub output: Vec<u8>,
}

impl<E: Debug, X: Debug> Outcome<E, X> {
    /// The events of a stream that must not fail.
    #[track_caller]
    pub fn ok(self) -> Vec<E> {
        assert!(self.error.is_none(), "unexpected error {:?} after {:?}", self.error, self.events);
        self.events
    }

    /// The error of a stream that must fail.
    #[track_caller]
    pub fn err(self) -> X {
        self.error.unwrap_or_else(|| panic!("expected an error, got {:?}", self.events))
    }
}

/// What a server agrees on with a client that makes this offer in `Sec-WebSocket-Extensions`.
pub fn agree(offer: &str, options: &deflate::Options) -> Extensions {
    let headers: Headers<'_> = [
        ("Host", "h"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Extensions", offer),
    ]
    .into_iter()
    .collect();
    let request = Request::check("GET", true, &headers).expect("a good request");
    let answer = Answer { deflate: Some(options), ..Answer::default() };
    request.accept(&answer, &mut BytesMut::new()).expect("a good answer")
}

/// A size or a count as it is, or as it is under Miri, which takes some hundred times as long for each step. What a
/// case shows must not depend on it.
pub const fn scaled<T: Copy>(normal: T, miri: T) -> T {
    if cfg!(miri) { miri } else { normal }
}

/// Two-way splits are tried at every position up to this length of a case, and at so many positions beyond.
const ALL_SPLITS_UP_TO: usize = scaled(2048, 2);
const SPLITS_BEYOND: usize = scaled(256, 2);
/// Under Miri a case longer than this goes in about so many pieces instead of byte by byte.
const BYTEWISE_UP_TO: usize = 64;

/// Feeds `wire` to fresh machines in every way and returns the common outcome. `make` gives a fresh machine as a
/// closure of the shape of `receive`, its event made owned.
#[track_caller]
pub fn check<E, X, F>(wire: &[u8], make: impl Fn() -> F) -> Outcome<E, X>
where
    E: Debug + PartialEq,
    X: Debug + PartialEq,
    F: FnMut(&mut [u8], &mut BytesMut) -> Result<Step<E>, X>,
{
    check_merged(wire, make, |events| events)
}

/// [`check`] for machines that hand out pieces: `merge` brings the events to a form in which the split does not show.
#[track_caller]
pub fn check_merged<E, X, F>(wire: &[u8], make: impl Fn() -> F, merge: impl Fn(Vec<E>) -> Vec<E>) -> Outcome<E, X>
where
    E: Debug + PartialEq,
    X: Debug + PartialEq,
    F: FnMut(&mut [u8], &mut BytesMut) -> Result<Step<E>, X>,
{
    let run = |pieces: &[&[u8]]| {
        let mut outcome = feed(make(), pieces);
        outcome.events = merge(outcome.events);
        outcome
    };
    let whole = run(&[wire]);

    let piece = scaled(1, wire.len() / BYTEWISE_UP_TO + 1);
    let bytewise = run(&wire.chunks(piece).collect::<Vec<_>>());
    assert_eq!(whole, bytewise, "byte by byte differs from whole");

    let stride = if wire.len() <= ALL_SPLITS_UP_TO { 1 } else { wire.len() / SPLITS_BEYOND };
    for at in (1..wire.len()).step_by(stride) {
        let split = run(&[&wire[..at], &wire[at..]]);
        assert_eq!(whole, split, "split at {at} differs from whole");
    }

    for trailing in scaled(&[b"\0", b"\n", b":", b"\x81", b"\xff"][..], &[b"\0"]) {
        let mut longer = wire.to_vec();
        longer.extend_from_slice(*trailing);
        let with_trailing = run(&[&longer]);
        assert!(
            with_trailing.events.starts_with(&whole.events),
            "trailing {trailing:?} changes earlier events: {with_trailing:?} instead of {whole:?}"
        );
        if whole.error.is_some() {
            assert_eq!(whole.error, with_trailing.error, "trailing {trailing:?} changes the error");
        }
    }
    whole
}

/// Feeds the pieces to one machine as a driver would: what is not consumed stays at the front of the buffer.
#[track_caller]
pub fn feed<E, X>(
    mut receive: impl FnMut(&mut [u8], &mut BytesMut) -> Result<Step<E>, X>,
    pieces: &[&[u8]],
) -> Outcome<E, X> {
    let mut outcome = Outcome { events: Vec::new(), error: None, output: Vec::new() };
    let mut output = BytesMut::new();
    let mut buffer: Vec<u8> = Vec::new();
    'pieces: for piece in pieces {
        buffer.extend_from_slice(piece);
        let mut idle_events = 0;
        loop {
            let step = receive(&mut buffer, &mut output);
            outcome.output.extend_from_slice(&output.split());
            match step {
                Ok(Step { consumed, event }) => {
                    assert!(consumed <= buffer.len(), "consumed {consumed} of {} bytes", buffer.len());
                    buffer.drain(..consumed);
                    let Some(event) = event else { break };
                    idle_events = if consumed == 0 { idle_events + 1 } else { 0 };
                    assert!(idle_events < 4, "events without end that consume nothing");
                    outcome.events.push(event);
                }
                Err(error) => {
                    outcome.error = Some(error);
                    break 'pieces;
                }
            }
        }
    }
    outcome
}

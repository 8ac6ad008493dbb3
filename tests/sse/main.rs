//! The event stream format, rule by rule of the WHATWG HTML standard, section "Server-sent events".

#[path = "../support/mod.rs"]
mod support;

#[path = "../../fuzz/fuzz_targets/sse_decode.rs"]
mod sse_decode;

mod differential;
mod dispatching;
mod encode;
mod fields;
mod interpreting;
mod limits;
mod parsing;
mod reconnecting;

use std::time::Duration;
use support::{Outcome, check};
use tidings::Step;
use tidings::sse::{DecodeError, Decoded, Decoder, DecoderLimits};

/// What a stream means, however it is split, as short lines: `type=data`, `#id`, `retry N`, each with ` @id` behind it
/// if there is a last event ID.
#[track_caller]
fn decode(wire: impl AsRef<[u8]>) -> Vec<String> {
    decode_within(DecoderLimits::default(), wire.as_ref()).ok()
}

#[track_caller]
fn decode_within(limits: DecoderLimits, wire: &[u8]) -> Outcome<String, DecodeError> {
    check(wire, || {
        let mut decoder = Decoder::new(limits);
        move |input, _| {
            let Step { consumed, event } = decoder.receive(input)?;
            Ok(Step { consumed, event: event.map(|event| told(&event, decoder.last_event_id())) })
        }
    })
}

fn told(event: &Decoded<'_>, last_event_id: &str) -> String {
    let mut line = match event {
        Decoded::Message { event, data, .. } => format!("{event}={data}"),
        Decoded::LastEventId(id) => format!("#{id}"),
        Decoded::Retry(wait) if *wait == Duration::from_millis(u64::MAX) => "retry max".to_owned(),
        Decoded::Retry(wait) => format!("retry {}", wait.as_millis()),
    };
    if !last_event_id.is_empty() {
        line += " @";
        line += last_event_id;
    }
    line
}

/// Gives all of the stream to a decoder, forgets the events, and says which ID would be sent again.
fn last_event_id_after(wire: &str) -> String {
    let mut decoder = Decoder::default();
    drain(&mut decoder, wire.as_bytes());
    decoder.receive_eof();
    decoder.last_event_id().to_owned()
}

fn drain(decoder: &mut Decoder, mut input: &[u8]) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let step = decoder.receive(input).unwrap();
        input = &input[step.consumed..];
        let Some(event) = step.event else { return seen };
        seen.push(told(&event, decoder.last_event_id()));
    }
}

//! Which transport a request for a topic asks for.

use crate::http::RequestHead;
use crate::ws::handshake;

/// What one resource can be served as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    WebSocket,
    Sse,
    Ndjson,
    /// Short or long, as `wait` says.
    Poll,
}

/// The media type of an event stream.
pub(super) const EVENT_STREAM: &str = "text/event-stream";
/// The media type of a stream of JSON lines.
pub(super) const NDJSON: &str = "application/x-ndjson";
const JSON: &str = "application/json";

/// An upgrade outdoes what is accepted; a stream must be asked for by name, for `*/*` is what everybody accepts.
pub(super) fn transport(head: &RequestHead<'_>) -> Transport {
    if handshake::is_upgrade(head) { Transport::WebSocket } else { accepted(head) }
}

/// RFC 9110 §12.5.1: of those named the one with the greatest weight; the first of equals.
fn accepted(head: &RequestHead<'_>) -> Transport {
    let mut best = (0, Transport::Poll);
    for range in head.headers.tokens("accept") {
        let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
        let name = name.trim();
        let transport = if name.eq_ignore_ascii_case(EVENT_STREAM) {
            Transport::Sse
        } else if name.eq_ignore_ascii_case(NDJSON) {
            Transport::Ndjson
        } else if name.eq_ignore_ascii_case(JSON) {
            Transport::Poll
        } else {
            continue;
        };
        let weight = weight(parameters);
        if weight > best.0 {
            best = (weight, transport);
        }
    }
    best.1
}

/// RFC 9110 §12.4.2: `q=`, 0 to 1 with at most three decimals, here in thousandths. Without one it is 1; what is
/// malformed counts as 1 too.
fn weight(parameters: &str) -> u16 {
    const WHOLE: u16 = 1000;
    let value = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    match value.map(|value| value.split_once('.').unwrap_or((value, ""))) {
        Some(("0", decimals)) if decimals.len() <= 3 && decimals.bytes().all(|byte| byte.is_ascii_digit()) => {
            let thousandths = decimals.bytes().chain([b'0'; 3]).take(3);
            thousandths.fold(0, |weight, digit| weight * 10 + u16::from(digit - b'0'))
        }
        _ => WHOLE,
    }
}

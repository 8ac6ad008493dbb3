//! Event streams: decoding and encoding beside other crates and the physical limit. What is counted are the bytes of
//! data seen or written.

use axum::body::{Body, HttpBody as _};
use axum::response::{IntoResponse as _, sse};
use bytes::{Bytes, BytesMut};
use eventsource_stream::Eventsource;
use futures_util::Stream;
use std::convert::Infallible;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use tidings::sse::{Decoded, Decoder, Event};
use tidings_benches::{Bench, Contestant};

fn main() {
    let mut bench = Bench::from_args();
    decode_rows(&mut bench);
    encode_rows(&mut bench);
}

// Decoding: each payload in three kinds of chunks.

fn decode_rows(bench: &mut Bench) {
    bench.section("decode event streams, time an event");
    let ticks = (0..4000).map(|n| format!("id: {:08}\ndata: {{\"symbol\":\"ABC\",\"price\":{:08}}}\n\n", n, n * 7));
    let long = (0..400).map(|n| format!("id: {n:08}\nevent: update\ndata: {}\n\n", json(1024)));
    let foreign = (0..400).map(|n| format!("id: {n:08}\ndata: {}\n\n", "Grüße aus Köln, 日本 ".repeat(40)));
    let huge = format!("id: 1\ndata: {}\n\n", json(1 << 20));
    let payloads = [
        ("60 B ticks", ticks.map(Bytes::from).collect::<Vec<_>>()),
        ("1 KiB JSON", long.map(Bytes::from).collect()),
        ("1 KiB non-ASCII", foreign.map(Bytes::from).collect()),
        ("1 MiB event", vec![Bytes::from(huge)]),
    ];
    for (name, events) in payloads {
        let stream = Bytes::from(events.concat());
        let cut = |len: usize| {
            (0..stream.len()).step_by(len).map(|at| stream.slice(at..stream.len().min(at + len))).collect()
        };
        let kinds = [("16 KiB chunks", cut(16 << 10)), ("an event a chunk", events.clone()), ("10 B chunks", cut(10))];
        for (kind, chunks) in kinds {
            bench.row(&format!("{name}, {kind}"), events.len() as u64, decoders(&stream, &chunks, events.len()));
        }
    }
}

fn json(len: usize) -> String {
    let mut text = String::from("{\"values\":[");
    while text.len() < len - 12 {
        text += "{\"k\":12345},";
    }
    text + "0]}"
}

fn decoders<'a>(stream: &'a Bytes, chunks: &'a [Bytes], events: usize) -> Vec<Contestant<'a>> {
    let limit = || memchr::memchr2_iter(b'\n', b'\r', black_box(stream)).count() as u64;
    let mut contestants = vec![
        Contestant::new("tidings", || by_tidings(chunks)),
        Contestant::limit("line scan", limit),
        Contestant::new("sse-core", || by_sse_core(chunks)),
        Contestant::new("sse-stream", || by_sse_stream(chunks)),
    ];
    // It reads what it has again with every chunk: one MiB in 10 B chunks would take minutes.
    if events > 1 || chunks.len() < 1000 {
        contestants.push(Contestant::new("eventsource-stream", || by_eventsource_stream(chunks)));
    }
    contestants
}

fn by_tidings(chunks: &[Bytes]) -> u64 {
    let mut decoder = Decoder::default();
    let mut seen = 0;
    for chunk in chunks {
        let mut rest = &chunk[..];
        while let Ok(step) = decoder.receive(rest) {
            rest = &rest[step.consumed..];
            match step.event {
                Some(Decoded::Message { data, .. }) => seen += black_box(data).len(),
                Some(_) => {}
                None => break,
            }
        }
    }
    seen as u64
}

fn by_sse_core(chunks: &[Bytes]) -> u64 {
    let mut decoder = sse_core::SseDecoder::with_limit((16 << 20).try_into().unwrap());
    let mut seen = 0;
    for chunk in chunks {
        let mut rest = &chunk[..];
        while let Some(event) = decoder.next(&mut rest) {
            if let sse_core::SseEvent::Message(message) = event.unwrap() {
                seen += black_box(message.data).len();
            }
        }
    }
    seen as u64
}

fn by_sse_stream(chunks: &[Bytes]) -> u64 {
    let mut seen = 0;
    each(sse_stream::SseByteStream::new(Chunks(chunks.iter())), |event| {
        seen += black_box(event.unwrap().data).map_or(0, |data| data.len());
    });
    seen as u64
}

fn by_eventsource_stream(chunks: &[Bytes]) -> u64 {
    let mut seen = 0;
    each(Chunks(chunks.iter()).eventsource(), |event| seen += black_box(event.unwrap().data).len());
    seen as u64
}

/// Chunks that are there at once, for decoders that want a stream.
struct Chunks<'a>(std::slice::Iter<'a, Bytes>);

impl Stream for Chunks<'_> {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().cloned().map(Ok))
    }
}

fn each<S: Stream>(stream: S, mut then: impl FnMut(S::Item)) {
    let mut stream = pin!(stream);
    let mut context = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(item)) = stream.as_mut().poll_next(&mut context) {
        then(item);
    }
}

// Encoding.

fn encode_rows(bench: &mut Bench) {
    bench.section("encode events, time each");
    let lines = (0..10).map(|n| format!("line {n} of a longer text")).collect::<Vec<_>>().join("\n");
    let payloads = [
        ("60 B tick", "{\"symbol\":\"ABC\",\"price\":12}".to_owned()),
        ("1 KiB JSON", json(1024)),
        ("ten lines", lines),
        ("1 MiB", json(1 << 20)),
    ];
    for (name, data) in payloads {
        bench.row(name, 1, encoders(&data));
    }
}

/// Into one buffer that is emptied in between, or into one each where the crate works that way.
fn encoders(data: &str) -> Vec<Contestant<'_>> {
    fn event(data: &str) -> Event<'_> {
        Event::message(data).with_id("17-12345").with_event("price")
    }
    let (mut output, mut copy) = (BytesMut::new(), BytesMut::new());
    let ours = move || {
        output.clear();
        event(black_box(data)).encode(&mut output).expect("it is legal");
        black_box(&output).len() as u64
    };
    let ours_with_a_buffer_each = move || {
        let mut output = BytesMut::new();
        event(black_box(data)).encode(&mut output).expect("it is legal");
        black_box(output.freeze()).len() as u64
    };
    let by_sse_stream = move || {
        let event = sse_stream::Sse::default().id("17-12345").event("price").data(black_box(data));
        black_box(event.encode().expect("it is legal")).len() as u64
    };
    let mut body = body_by_axum(data.to_owned());
    let by_axum = move || match Pin::new(&mut body).poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Some(Ok(frame))) => black_box(frame.into_data().expect("it is data")).len() as u64,
        _ => unreachable!("there is always an event"),
    };
    let limit = move || {
        copy.clear();
        copy.extend_from_slice(black_box(data.as_bytes()));
        black_box(&copy).len() as u64
    };
    vec![
        Contestant::new("tidings", ours),
        Contestant::limit("memcpy", limit),
        Contestant::new("tidings, a buffer each", ours_with_a_buffer_each),
        Contestant::new("sse-stream", by_sse_stream),
        Contestant::new("axum", by_axum),
    ]
}

/// axum gives the bytes of an event only as a frame of a response's body: here one body, each frame of which is an event
/// that is made when it is asked for.
fn body_by_axum(data: String) -> Body {
    let event = move || sse::Event::default().id("17-12345").event("price").data(black_box(&data));
    let events = futures_util::stream::repeat_with(move || Ok::<_, Infallible>(event()));
    sse::Sse::new(events).into_response().into_body()
}

//! Event streams: decoding and encoding beside other crates and the physical limit.
//!
//! `cargo bench --bench sse` runs the cells with criterion and then prints a table in which all of a row's contestants
//! took turns, so that a noisy machine is unfair to none. `cargo bench --bench sse -- --test` only checks that they
//! agree, `-- --table` prints the table alone. A further word keeps to the rows that have it in their name.

use bytes::{Bytes, BytesMut};
use criterion::{Criterion, Throughput};
use eventsource_stream::Eventsource;
use futures_core::Stream;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tidings::sse::{Decoded, Decoder, Event};

/// One row: something to do, and who does it. Each gives the same number, the bytes of data seen or written.
struct Row {
    name: String,
    /// For the time of each.
    events: u32,
    bytes: usize,
    contestants: Contestants,
}

type Contestants = Vec<(&'static str, Box<dyn Fn() -> usize>)>;

fn main() {
    let asked = |word: &str| std::env::args().any(|arg| arg == word);
    let filter = std::env::args().skip(1).find(|arg| !arg.starts_with('-')).unwrap_or_default();
    let mut rows: Vec<Row> = decode_rows().into_iter().chain(encode_rows()).collect();
    rows.retain(|row| row.name.contains(&filter));
    for row in &rows {
        agree(row);
    }
    if asked("--test") || !asked("--bench") {
        return;
    }
    if !asked("--table") {
        with_criterion(&rows);
    }
    print_table(&rows);
}

fn agree(row: &Row) {
    let expected = row.contestants[0].1();
    for (who, run) in &row.contestants[1..] {
        if *who != "limit" {
            assert_eq!(run(), expected, "{}: {who}", row.name);
        }
    }
}

fn with_criterion(rows: &[Row]) {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20);
    for row in rows {
        let mut group = criterion.benchmark_group(&row.name);
        group.throughput(Throughput::Bytes(row.bytes as u64));
        for (who, run) in &row.contestants {
            group.bench_function(*who, |bencher| bencher.iter(run));
        }
        group.finish();
    }
    criterion.final_summary();
}

/// Median time of each contestant, taken in turns, and how that compares to ours.
fn print_table(rows: &[Row]) {
    const ROUNDS: usize = 61;
    println!("\nns an event, median of {ROUNDS} turns (in brackets: how many times the first)");
    for row in rows {
        let mut times: Vec<Vec<Duration>> = vec![Vec::new(); row.contestants.len()];
        let mut turns: Vec<usize> = (0..row.contestants.len()).collect();
        for round in 0..ROUNDS {
            shuffle(&mut turns, round);
            for &turn in &turns {
                let start = Instant::now();
                black_box(row.contestants[turn].1());
                times[turn].push(start.elapsed());
            }
        }
        let medians: Vec<f64> = times
            .iter_mut()
            .map(|times| {
                times.sort_unstable();
                times[ROUNDS / 2].as_secs_f64() * 1e9 / f64::from(row.events)
            })
            .collect();
        let mut line = format!("{:<28}", row.name);
        for ((who, _), median) in row.contestants.iter().zip(&medians) {
            write!(line, " {who} {median:.1} ({:.2})", median / medians[0]).unwrap();
        }
        println!("{line}");
    }
}

/// Another order for each round: who comes next finds the cache and the allocator as the one before has left them.
fn shuffle(turns: &mut [usize], round: usize) {
    for at in (1..turns.len()).rev() {
        turns.swap(at, (round * 7 + at * 13 + round / 3) % (at + 1));
    }
}

// Decoding: each payload in three kinds of chunks.

fn decode_rows() -> Vec<Row> {
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
    let mut rows = Vec::new();
    for (name, events) in payloads {
        let stream = Bytes::from(events.concat());
        let cut = |len: usize| (0..stream.len()).step_by(len).map(move |at| (at, len)).collect::<Vec<_>>();
        let slice = |cuts: Vec<(usize, usize)>| {
            cuts.into_iter().map(|(at, len)| stream.slice(at..stream.len().min(at + len))).collect::<Vec<_>>()
        };
        let kinds = [
            ("16 KiB chunks", slice(cut(16 << 10))),
            ("an event a chunk", events.clone()),
            ("10 B chunks", slice(cut(10))),
        ];
        for (kind, chunks) in kinds {
            rows.push(decode_row(&format!("{name}, {kind}"), events.len().try_into().unwrap(), &stream, chunks));
        }
    }
    rows
}

fn json(len: usize) -> String {
    let mut text = String::from("{\"values\":[");
    while text.len() < len - 12 {
        text += "{\"k\":12345},";
    }
    text + "0]}"
}

fn decode_row(name: &str, events: u32, stream: &Bytes, chunks: Vec<Bytes>) -> Row {
    let mut contestants: Contestants = Vec::new();
    let input = chunks.clone();
    contestants.push(("tidings", Box::new(move || by_tidings(&input))));
    let input = chunks.clone();
    contestants.push(("sse-core", Box::new(move || by_sse_core(&input))));
    let input = chunks.clone();
    contestants.push(("sse-stream", Box::new(move || by_sse_stream(&input))));
    // It reads what it has again with every chunk: one MiB in 10 B chunks would take minutes.
    if events > 1 || chunks.len() < 1000 {
        contestants.push(("eventsource-stream", Box::new(move || by_eventsource_stream(&chunks))));
    }
    let input = stream.clone();
    contestants.push(("limit", Box::new(move || memchr::memchr2_iter(b'\n', b'\r', &input).count())));
    Row { name: format!("decode {name}"), events, bytes: stream.len(), contestants }
}

fn by_tidings(chunks: &[Bytes]) -> usize {
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
    seen
}

fn by_sse_core(chunks: &[Bytes]) -> usize {
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
    seen
}

fn by_sse_stream(chunks: &[Bytes]) -> usize {
    let mut seen = 0;
    each(sse_stream::SseByteStream::new(Chunks(chunks.iter())), |event| {
        seen += black_box(event.unwrap().data).map_or(0, |data| data.len());
    });
    seen
}

fn by_eventsource_stream(chunks: &[Bytes]) -> usize {
    let mut seen = 0;
    each(Chunks(chunks.iter()).eventsource(), |event| seen += black_box(event.unwrap().data).len());
    seen
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

fn encode_rows() -> Vec<Row> {
    let lines = (0..10).map(|n| format!("line {n} of a longer text")).collect::<Vec<_>>().join("\n");
    [
        ("60 B tick", 1000, "{\"symbol\":\"ABC\",\"price\":12}".to_owned()),
        ("1 KiB JSON", 1000, json(1024)),
        ("ten lines", 1000, lines),
        ("1 MiB", 1, json(1 << 20)),
    ]
    .into_iter()
    .map(|(name, times, data)| encode_row(name, times, &data))
    .collect()
}

/// `times` events into one buffer that is emptied between them, or one buffer each where the crate works that way.
fn encode_row(name: &str, times: u32, data: &str) -> Row {
    let mut contestants: Contestants = Vec::new();
    let text = data.to_owned();
    contestants.push((
        "tidings",
        Box::new(move || {
            let mut output = BytesMut::new();
            (0..times)
                .map(|_| {
                    output.clear();
                    Event::message(black_box(&*text))
                        .with_id("17-12345")
                        .with_event("price")
                        .encode(&mut output)
                        .unwrap();
                    black_box(&output).len()
                })
                .sum()
        }),
    ));
    let text = data.to_owned();
    contestants.push((
        "tidings, a buffer each",
        Box::new(move || {
            (0..times)
                .map(|_| {
                    let mut output = BytesMut::new();
                    Event::message(black_box(&*text))
                        .with_id("17-12345")
                        .with_event("price")
                        .encode(&mut output)
                        .unwrap();
                    black_box(output.freeze()).len()
                })
                .sum()
        }),
    ));
    let text = data.to_owned();
    contestants.push((
        "sse-stream",
        Box::new(move || {
            (0..times)
                .map(|_| {
                    let event = sse_stream::Sse::default().id("17-12345").event("price").data(black_box(&*text));
                    black_box(event.encode().unwrap()).len()
                })
                .sum()
        }),
    ));
    let text = data.to_owned();
    contestants.push((
        "limit",
        Box::new(move || {
            let mut output = BytesMut::new();
            (0..times)
                .map(|_| {
                    output.clear();
                    output.extend_from_slice(black_box(text.as_bytes()));
                    black_box(&output).len()
                })
                .sum()
        }),
    ));
    let bytes = contestants[0].1();
    Row { name: format!("encode {name}"), events: times, bytes, contestants }
}

//! The path of every delivery: into the log, out of it, into the caller's buffer. Beside each encoding stands its
//! physical limit, a copy of the same bytes.

use bytes::BytesMut;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;
use tidings::envelope::{self, Envelope};
use tidings::topic::{Bounds, Cursor, Topic};

const KEPT: u64 = 10_000;

fn full_topic(data: &str) -> Topic<Duration> {
    let mut topic = Topic::new(1, Bounds { bytes: usize::MAX, ..Bounds::default() });
    for _ in 0..KEPT {
        topic.publish(None, data, Duration::ZERO).expect("it fits");
    }
    topic
}

fn log(c: &mut Criterion) {
    let mut group = c.benchmark_group("topic");
    let mut topic = full_topic("a short message");
    group.bench_function("publish, one in and one out", |b| {
        b.iter(|| topic.publish(None, black_box("a short message"), Duration::ZERO));
    });
    let depths = [("read at the floor", topic.oldest().n()), ("read at the middle", topic.newest().n() - KEPT / 2)];
    for (name, n) in depths {
        group.bench_function(name, |b| {
            b.iter(|| topic.read(black_box(Cursor::new(1, n))).map(|mut all| all.next().is_some()));
        });
    }
    group.finish();
}

fn encode_message(c: &mut Criterion) {
    for (name, data) in [("encode 64 B", "x".repeat(64)), ("encode 64 KiB", "x".repeat(64 * 1024))] {
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Bytes(data.len() as u64));
        let sent = Envelope::Message { id: Cursor::new(1_700_000_000_000, 7), event: None, data: (&*data).into() };
        let mut output = BytesMut::with_capacity(128 * 1024);
        group.bench_function("envelope", |b| {
            b.iter(|| {
                output.clear();
                sent.encode(&mut output);
                black_box(&output);
            });
        });
        let encoded = output.to_vec();
        group.bench_function("memcpy", |b| {
            b.iter(|| {
                output.clear();
                output.extend_from_slice(black_box(&encoded));
                black_box(&output);
            });
        });
        group.finish();
    }
}

fn encode_poll(c: &mut Criterion) {
    let topic = full_topic("a short message");
    let mut output = BytesMut::with_capacity(256 * 1024);
    let mut group = c.benchmark_group("encode a poll's answer of 500");
    group.throughput(Throughput::Elements(500));
    group.bench_function("envelope", |b| {
        b.iter(|| {
            output.clear();
            let Ok(all) = topic.read(topic.oldest()) else { return };
            envelope::encode_batch(all.batch(500, usize::MAX), topic.newest(), true, &mut output);
            black_box(&output);
        });
    });
    group.finish();
}

criterion_group!(benches, log, encode_message, encode_poll);
criterion_main!(benches);

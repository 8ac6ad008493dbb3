//! The path of every delivery: into the log, out of it, into the caller's buffer. Beside each encoding stands its
//! physical limit, a copy of the same bytes.

use bytes::BytesMut;
use std::hint::black_box;
use std::time::Duration;
use tidings::envelope::{self, Envelope};
use tidings::topic::{Bounds, Cursor, Topic};
use tidings_benches::{Bench, Contestant};

const KEPT: u64 = 10_000;
const SHORT: &str = "a short message";

fn main() {
    let mut bench = Bench::from_args();
    log(&mut bench);
    encode_message(&mut bench);
    encode_poll(&mut bench);
}

fn full_topic() -> Topic<Duration> {
    let mut topic = Topic::new(1, Bounds { bytes: usize::MAX, ..Bounds::default() });
    for _ in 0..KEPT {
        topic.publish(None, SHORT, Duration::ZERO).expect("it fits");
    }
    topic
}

fn log(bench: &mut Bench) {
    bench.section("a log of 10,000 messages, time each");
    let mut topic = full_topic();
    let publish = || {
        topic.publish(None, black_box(SHORT), Duration::ZERO).expect("it fits");
        topic.len() as u64
    };
    bench.row("publish, one in and one out", 1, vec![Contestant::new("tidings", publish)]);
    let topic = full_topic();
    let read_after = |n| {
        let topic = &topic;
        move || topic.read(black_box(Cursor::new(1, n))).map_or(0, |mut all| u64::from(all.next().is_some()))
    };
    let at_the_floor = Contestant::new("at the floor", read_after(topic.oldest().n()));
    let in_the_middle = Contestant::new("in the middle", read_after(topic.newest().n() - KEPT / 2));
    bench.row("read one", 1, vec![at_the_floor, in_the_middle]);
}

fn encode_message(bench: &mut Bench) {
    bench.section("encode a message's envelope, time each");
    for (name, len) in [("64 B", 64), ("64 KiB", 64 << 10)] {
        let data = "x".repeat(len);
        let message = Envelope::Message { id: Cursor::new(1_700_000_000_000, 7), event: None, data: (&*data).into() };
        let row = encode_row(|output| message.encode(output));
        bench.row(name, 1, row);
    }
}

fn encode_poll(bench: &mut Bench) {
    bench.section("encode a poll's answer of 500 messages, time a message");
    let topic = full_topic();
    let row = encode_row(|output| {
        let all = topic.read(topic.oldest()).expect("it is kept");
        envelope::encode_batch(all.batch(500, usize::MAX), topic.newest(), true, output);
    });
    bench.row("short messages", 500, row);
}

/// Encoding into a buffer that is emptied in between, and copying the same bytes.
fn encode_row<'a>(encode: impl Fn(&mut BytesMut) + 'a) -> Vec<Contestant<'a>> {
    let mut output = BytesMut::new();
    encode(&mut output);
    let encoded = output.to_vec();
    let mut copied = BytesMut::new();
    let encode = move || {
        output.clear();
        encode(&mut output);
        black_box(&output).len() as u64
    };
    let copy = move || {
        copied.clear();
        copied.extend_from_slice(black_box(&encoded));
        black_box(&copied).len() as u64
    };
    vec![Contestant::new("tidings", encode), Contestant::limit("memcpy", copy)]
}

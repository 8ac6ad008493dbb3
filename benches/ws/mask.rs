//! Masking in place.

use std::hint::black_box;
use std::ops::Range;
use tidings_benches::{Bench, Contestant};

const KEY: [u8; 4] = [1, 2, 3, 4];

pub fn rows(bench: &mut Bench) {
    bench.section("mask in place, time a payload");
    for (name, len) in
        [("16 B", 16), ("125 B", 125), ("512 B", 512), ("1 KiB", 1 << 10), ("16 KiB", 16 << 10), ("1 MiB", 1 << 20)]
    {
        let (from, mut to) = (Payload::new(len), Payload::new(len));
        let copy = move || {
            black_box(to.bytes()).copy_from_slice(black_box(&from).as_slice());
            len as u64
        };
        let contestants = vec![
            contestant("tidings", len, |data| tidings::ws::mask::apply(black_box(KEY), data)),
            Contestant::limit("memcpy", copy),
            contestant("nexus-web", len, |data| nexus_web::ws::apply_mask(data, black_box(KEY))),
            contestant("sockudo-ws", len, |data| sockudo_ws::mask::apply_mask(data, black_box(KEY))),
            contestant("fastwebsockets", len, |data| fastwebsockets::unmask(data, black_box(KEY))),
        ];
        bench.row(name, 1, contestants);
    }
}

fn contestant(name: &'static str, len: usize, mask: impl Fn(&mut [u8]) + 'static) -> Contestant<'static> {
    let mut payload = Payload::new(len);
    Contestant::new(name, move || {
        mask(black_box(payload.bytes()));
        u64::from(payload.as_slice()[len - 1])
    })
}

/// A payload as it lies behind a header of eight bytes at the beginning of a cache line: for each contestant alike.
struct Payload {
    memory: Vec<u8>,
    range: Range<usize>,
}

impl Payload {
    fn new(len: usize) -> Self {
        const LINE: usize = 64;
        const HEADER: usize = 8;
        let memory = vec![1; LINE + HEADER + len];
        let at = memory.as_ptr().align_offset(LINE) + HEADER;
        Self { memory, range: at..at + len }
    }

    fn as_slice(&self) -> &[u8] {
        &self.memory[self.range.clone()]
    }

    fn bytes(&mut self) -> &mut [u8] {
        &mut self.memory[self.range.clone()]
    }
}

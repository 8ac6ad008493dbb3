//! Masking in place.

use std::hint::black_box;
use tidings_benches::{Bench, Contestant};

const KEY: [u8; 4] = [1, 2, 3, 4];

pub fn rows(bench: &mut Bench) {
    bench.section("mask in place, time a payload");
    for (name, len) in
        [("16 B", 16), ("125 B", 125), ("512 B", 512), ("1 KiB", 1 << 10), ("16 KiB", 16 << 10), ("1 MiB", 1 << 20)]
    {
        let from = vec![1_u8; len];
        let mut to = vec![0_u8; len];
        let copy = move || {
            black_box(&mut to[..]).copy_from_slice(black_box(&from));
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
    let mut data = vec![1u8; len];
    Contestant::new(name, move || {
        mask(black_box(&mut data));
        u64::from(data[len - 1])
    })
}

//! WebSocket: decoding, encoding, handshake, masking and compressing, beside the peers and the physical limits.

mod decode;
mod deflate;
mod encode;
mod handshake;
mod mask;
mod sample;
mod socket;

use tidings_benches::Bench;

fn main() {
    let mut bench = Bench::from_args();
    decode::rows(&mut bench);
    encode::rows(&mut bench);
    handshake::rows(&mut bench);
    mask::rows(&mut bench);
    deflate::rows(&mut bench);
}

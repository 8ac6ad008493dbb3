//! The server over real sockets: one message to many subscribers, and echoes, beside bare loops of reads and writes.

mod echo;
mod fan_out;
mod sockets;

use tidings_benches::Bench;

fn main() {
    let mut bench = Bench::from_args();
    fan_out::rows(&mut bench);
    echo::rows(&mut bench);
}

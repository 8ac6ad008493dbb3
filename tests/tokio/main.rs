//! `tidings::tokio` on streams in memory, of any size, on a simulated clock. No test waits for real time.

mod cancelled;
mod closing;
mod events;
mod exchange;
mod halves;
mod handshake;
mod pieces;
mod pressure;
mod time;
mod wire;

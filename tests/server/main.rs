//! The server over real sockets: what goes over the wire, by subject.
#![cfg(all(feature = "server", feature = "client", feature = "deflate"))]

mod addresses;
mod attacks;
mod client;
mod draining;
mod filtering;
mod forwarded;
mod full_duplex;
mod halves;
mod http;
mod journal;
mod limits;
mod mounted;
mod once;
mod origins;
mod polls;
mod publishing;
mod resets;
mod resuming;
mod running;
mod streams;
#[cfg(feature = "tls")]
mod tls;
mod tokens;
mod websockets;

//! The clients, through the public API.
#![cfg(all(feature = "client", feature = "server", feature = "deflate"))]

mod event_source;
mod filter;
mod halves;
mod publisher;
mod retry_after;
mod scripted;
mod streams;
mod tap;
mod websocket;

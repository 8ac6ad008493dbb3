//! The clients, through the public API.
#![cfg(feature = "client")]

mod event_source;
mod filter;
mod halves;
mod publisher;
mod retry_after;
mod scripted;
mod streams;
mod tap;
mod websocket;

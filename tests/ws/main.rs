//! WebSocket through the public API, filed by section of RFC 6455.

#![allow(clippy::cast_possible_truncation, clippy::decimal_bitwise_operands, clippy::similar_names)] // frames by hand
mod delivery;
mod keepalive;
mod limits;
mod peers;
mod properties;
#[cfg(feature = "deflate")]
mod rfc7692;
mod rfc8441_extended_connect;
mod s4_handshake;
mod s5_1_masking;
mod s5_2_framing;
mod s5_4_fragmentation;
mod s5_5_control;
mod s6_sending;
mod s7_closing;
mod s8_utf8;
mod split;
#[path = "../support/mod.rs"]
mod support;
mod wire;

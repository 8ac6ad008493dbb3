//! RFC 7692: permessage-deflate.

mod decoding;
mod negotiation;
mod sending;

use crate::delivery::joined;
use crate::support::{self, agree as extensions, scaled};
use crate::wire::*;
use bytes::BytesMut;
use proptest::prelude::*;
use tidings::http::RequestReader;
use tidings::ws::deflate::{Encoder, Options};
use tidings::ws::handshake::{ClientHandshake, Extensions, HandshakeFailure, Opening, Response};
use tidings::ws::{Config, Connection, Delivery, Prepared, ProtocolError};

const RSV1: u8 = 0x40;

/// The server's answer to an offer, as its header.
fn answer(offer: &str, options: &Options) -> Option<String> {
    extensions(offer, options).deflate.map(|agreement| agreement.to_string())
}

fn server_with(offer: &'static str, config: Config) -> Connection {
    Connection::server(config).with_extensions(&extensions(offer, &eager()))
}

fn server() -> Connection {
    server_with("permessage-deflate", Config::default())
}

/// Compress everything, so that short samples show what happens.
fn eager() -> Options {
    Options { min_len: 0, ..Options::default() }
}

/// What the client makes of an answer to its offer.
fn client_gets(options: &Options, answer: &str) -> Result<Extensions, HandshakeFailure> {
    let opening = Opening { host: "h", target: "/", deflate: Some(options), ..Opening::default() };
    let nonce = |bytes: &mut [u8]| bytes.copy_from_slice(b"the sample nonce");
    let mut client = ClientHandshake::new(&opening, nonce, &mut BytesMut::new()).unwrap();
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Extensions: {answer}\r\n\r\n"
    );
    match client.receive(answer.as_bytes())?.event {
        Some(Response::Accepted { extensions, .. }) => Ok(extensions),
        other => panic!("{other:?}"),
    }
}

/// "Hello" as in §7.2.3.1, and the same again referring to it as in §7.2.3.2.
const HELLO: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
const HELLO_AGAIN: [u8; 5] = [0xf2, 0x00, 0x11, 0x00, 0x00];

/// Bytes that do not compress.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

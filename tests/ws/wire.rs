//! Frames written by hand, legal or not, and connections fed with them in every split.

use crate::support::{self, Outcome};
use bytes::BytesMut;
use tidings::Step;
use tidings::ws::{CloseCode, Config, Connection, Event, ProtocolError, mask};

pub const CONTINUATION: u8 = 0x0;
pub const TEXT: u8 = 0x1;
pub const BINARY: u8 = 0x2;
pub const CLOSE: u8 = 0x8;
pub const PING: u8 = 0x9;
pub const PONG: u8 = 0xA;
pub const FIN: u8 = 0x80;

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// An event made owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Got {
    Text(String),
    Binary(Vec<u8>),
    TextChunk(String, bool),
    BinaryChunk(Vec<u8>, bool),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
}

impl From<Event<'_>> for Got {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Text(text) => Self::Text(text.into_owned()),
            Event::Binary(data) => Self::Binary(data.into_owned()),
            Event::TextChunk { text, last } => Self::TextChunk(text.into_owned(), last),
            Event::BinaryChunk { data, last } => Self::BinaryChunk(data.into_owned(), last),
            Event::Ping(data) => Self::Ping(data.to_vec()),
            Event::Pong(data) => Self::Pong(data.to_vec()),
            Event::Close(close) => Self::Close(close.map(|close| (close.code.as_u16(), close.reason.to_owned()))),
        }
    }
}

pub fn text(text: &str) -> Got {
    Got::Text(text.to_owned())
}

/// A frame with the given first byte, its length in the shortest form.
pub fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    frame(first, 0, payload, payload)
}

/// The same as a client sends it.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut hidden = payload.to_vec();
    mask::apply(KEY, &mut hidden);
    frame(first, 0x80, payload, &[&KEY[..], &hidden].concat())
}

fn frame(first: u8, mask_bit: u8, payload: &[u8], rest: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        len @ 0..=125 => frame.push(mask_bit | len as u8),
        len @ 126..=0xffff => {
            frame.push(mask_bit | 126);
            frame.extend((len as u16).to_be_bytes());
        }
        len => {
            frame.push(mask_bit | 127);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend(rest);
    frame
}

/// The payload of a Close frame.
pub fn close_payload(code: u16, reason: &str) -> Vec<u8> {
    [&code.to_be_bytes()[..], reason.as_bytes()].concat()
}

/// The Close frame with which a server names a violation.
pub fn goodbye(error: ProtocolError) -> Vec<u8> {
    unmasked(FIN | CLOSE, &close_payload(error.close_code().as_u16(), error.as_str()))
}

pub fn fixed_key(bytes: &mut [u8]) {
    for (byte, key) in bytes.iter_mut().zip(KEY.iter().cycle()) {
        *byte = *key;
    }
}

pub fn client(config: Config) -> Connection {
    Connection::client(config, fixed_key)
}

/// Feeds a server in every split.
#[track_caller]
pub fn server_gets(wire: &[u8]) -> Outcome<Got, ProtocolError> {
    gets(wire, || Connection::server(Config::default()))
}

#[track_caller]
pub fn gets(wire: &[u8], make: impl Fn() -> Connection) -> Outcome<Got, ProtocolError> {
    support::check(wire, || receive(make()))
}

/// A connection as the closure that `support` feeds.
pub fn receive(mut connection: Connection) -> impl FnMut(&mut [u8], &mut BytesMut) -> Result<Step<Got>, ProtocolError> {
    move |input, output| {
        let step = connection.receive(input, output)?;
        Ok(Step { consumed: step.consumed, event: step.event.map(Got::from) })
    }
}

/// A server must refuse `wire` with exactly this error, and say so in a Close frame.
#[track_caller]
pub fn server_refuses(wire: &[u8], error: ProtocolError) {
    let outcome = server_gets(wire);
    assert_eq!(outcome.error, Some(error), "after {:?}", outcome.events);
    assert!(outcome.output.ends_with(&goodbye(error)), "{:x?}", outcome.output);
}

/// A server that has been fed `wire` whole, with what it wrote.
pub fn server_after(wire: &[u8]) -> (Connection, BytesMut) {
    let mut connection = Connection::server(Config::default());
    let mut output = BytesMut::new();
    let mut input = wire.to_vec();
    let mut rest = &mut input[..];
    while let Ok(Step { consumed, event: Some(_) }) = connection.receive(rest, &mut output) {
        rest = &mut rest[consumed..];
    }
    (connection, output)
}

pub const NORMAL: CloseCode = CloseCode::NORMAL;

//! permessage-deflate beside the compressor alone that it stands on, at the same level and with the window kept from
//! message to message.

use bytes::BytesMut;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use std::fmt::Write as _;
use std::hint::black_box;
use tidings::http::RequestReader;
use tidings::ws::deflate::Options;
use tidings::ws::handshake::{Answer, ClientHandshake, Opening, Request, Response};
use tidings::ws::{Config, Connection, Event};
use tidings_benches::{Bench, Contestant};

/// Messages of a call, in all more than the window holds.
const BYTES: usize = 256 << 10;
/// More than any of them takes, compressed or not.
const ROOM: usize = 64 << 10;
/// What the flush at the end of a message leaves, which the wire does without.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

pub fn rows(bench: &mut Bench) {
    let samples = [("1 KiB JSON", messages(1 << 10)), ("16 KiB JSON", messages(16 << 10))];
    bench.section("compress as a server, level 3, time a message");
    for (name, messages) in &samples {
        let contestants = vec![compress_tidings(messages), compress_alone(messages)];
        bench.row(name, messages.len() as u64, contestants);
    }
    bench.section("decompress as a client, time a message");
    for (name, messages) in &samples {
        let contestants = vec![decompress_tidings(messages), decompress_alone(messages)];
        bench.row(name, messages.len() as u64, contestants);
    }
}

/// Lists of quotes: the same keys over and over, other numbers each time.
fn messages(len: usize) -> Vec<String> {
    let mut random = 1_u64;
    let mut message = || {
        let mut text = String::from("[");
        while text.len() < len - 60 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (price, volume) = (random >> 44, (random >> 20) % 10_000);
            write!(text, r#"{{"symbol":"ABC","price":{price},"volume":{volume}}},"#).expect("a string takes it");
        }
        text.pop();
        text + "]"
    };
    (0..BYTES / len).map(|_| message()).collect()
}

/// Both sides of a connection that has agreed on permessage-deflate.
fn connect() -> (Connection, Connection) {
    let deflate = Options::default();
    let mut wire = BytesMut::new();
    let opening = Opening { host: "example.org", target: "/", deflate: Some(&deflate), ..Opening::default() };
    let mut handshake = ClientHandshake::new(&opening, tidings::system_random, &mut wire).expect("it is legal");
    let mut answer = BytesMut::new();
    let head = RequestReader::default().receive(&wire, &mut answer).expect("it is legal").event.expect("it is whole");
    let request = Request::from_head(&head).expect("it is legal");
    let terms = Answer { deflate: Some(&deflate), ..Answer::default() };
    let agreed = request.accept(&terms, &mut answer).expect("it is legal");
    let server = Connection::server(Config::default()).with_extensions(&agreed);
    let step = handshake.receive(&answer).expect("it is legal");
    let Some(Response::Accepted { extensions, .. }) = step.event else { panic!("it is accepted") };
    let client = Connection::client(Config::default(), tidings::system_random).with_extensions(&extensions);
    (client, server)
}

fn compress_tidings(messages: &[String]) -> Contestant<'_> {
    let (_, mut server) = connect();
    let mut output = BytesMut::new();
    Contestant::new("tidings", move || {
        let mut written = 0;
        for message in messages {
            server.send_text(black_box(message), &mut output).expect("it is open");
            written += black_box(&output).len() - HEADER;
            output.clear();
        }
        written as u64
    })
}

/// Of an unmasked frame with 126 bytes to 64 KiB.
const HEADER: usize = 4;

fn compress_alone(messages: &[String]) -> Contestant<'_> {
    let (mut compress, mut buffer) = (compressor(), Vec::with_capacity(ROOM));
    Contestant::new("flate2 alone", move || {
        messages.iter().map(|message| black_box(compressed(&mut compress, message, &mut buffer)).len() as u64).sum()
    })
}

fn compressor() -> Compress {
    Compress::new_with_window_bits(Compression::new(Options::default().level), false, 15)
}

/// A message's payload as it goes into a frame.
fn compressed<'b>(compress: &mut Compress, message: &str, buffer: &'b mut Vec<u8>) -> &'b [u8] {
    buffer.clear();
    compress.compress_vec(black_box(message.as_bytes()), buffer, FlushCompress::Sync).expect("it has room");
    &buffer[..buffer.len() - TAIL.len()]
}

fn decompress_tidings(messages: &[String]) -> Contestant<'_> {
    let (mut client, mut server) = connect();
    let mut wire = BytesMut::new();
    for message in messages {
        server.send_text(message, &mut wire).expect("it is open");
    }
    let mut output = BytesMut::new();
    Contestant::new("tidings", move || {
        let (mut seen, mut used) = (0, 0);
        loop {
            let step = client.receive(&mut wire[used..], &mut output).expect("it is legal");
            used += step.consumed;
            let Some(Event::Text(text)) = step.event else { return seen as u64 };
            seen += black_box(text).len();
        }
    })
}

fn decompress_alone(messages: &[String]) -> Contestant<'_> {
    let (mut compress, mut buffer) = (compressor(), Vec::with_capacity(ROOM));
    let payloads: Vec<Vec<u8>> =
        messages.iter().map(|message| [compressed(&mut compress, message, &mut buffer), &TAIL].concat()).collect();
    let mut decompress = Decompress::new_with_window_bits(false, 15);
    Contestant::new("flate2 alone", move || {
        let mut seen = 0;
        for payload in &payloads {
            buffer.clear();
            decompress.decompress_vec(black_box(payload), &mut buffer, FlushDecompress::Sync).expect("it is legal");
            seen += black_box(&buffer).len();
        }
        seen as u64
    })
}

//! A connection in halves says and hears the same as one that was not divided: the same input at the same time gives the
//! same events and the same end, the same that is sent is refused or not, and the output is the same bytes.
//!
//! The first byte chooses the role, compression and the size of the pieces, the second before which of them something is
//! sent, and before which the connection is divided.
#![cfg_attr(fuzzing, no_main)]

use bytes::BytesMut;
use tidings::ws::deflate::Options;
use tidings::ws::{Answers, CloseCode, Config, Connection, Ending, Event, ProtocolError, Receiver, SendError, Sender};
use tidings::{Step, Transport};

#[path = "../../tests/support/mod.rs"]
mod support;

/// One input.
pub fn run(data: &[u8]) {
    let Some((&[choice, script], wire)) = data.split_first_chunk() else { return };
    let whole = play(choice, script, wire, |at| at == usize::MAX);
    let divided = usize::from(script) % 5;
    let halves = play(choice, script, wire, |at| at == divided);
    assert_eq!(whole, halves, "divided before the piece {divided}");
}

/// Everything that can be seen of a connection.
#[derive(Debug, PartialEq)]
struct Seen {
    events: Vec<Got>,
    error: Option<ProtocolError>,
    sent: Vec<Result<(), SendError>>,
    /// After each piece.
    stands: Vec<(bool, Transport)>,
    ending: Ending,
    output: Vec<u8>,
}

/// An event in words: its kind and its payload.
type Got = (&'static str, Vec<u8>);

fn play(choice: u8, script: u8, wire: &[u8], is_divided_before: impl Fn(usize) -> bool) -> Seen {
    let mut side = Side::Whole(Box::new(connection(choice)));
    let (mut input, mut output) = (Vec::new(), BytesMut::new());
    let (mut events, mut sent, mut stands) = (Vec::new(), Vec::new(), Vec::new());
    let mut error = None;
    for (n, piece) in wire.chunks(usize::from(choice >> 2) + 1).enumerate() {
        if is_divided_before(n) {
            side = side.divided();
        }
        if script >> (n % 8) & 1 == 1 {
            sent.push(side.send(n, script, &mut output));
        }
        input.extend_from_slice(piece);
        let mut used = 0;
        while error.is_none() {
            match side.receive(&mut input[used..], &mut output) {
                Ok(step) => {
                    used += step.consumed;
                    let Some(event) = step.event else { break };
                    events.push(event);
                }
                Err(found) => error = Some(found),
            }
        }
        input.drain(..used);
        stands.push(side.stands());
    }
    Seen { events, error, sent, stands, ending: side.end(), output: output.to_vec() }
}

fn connection(choice: u8) -> Connection {
    let config = Config { max_message: 600, max_frame: 500, max_fragments: 9, ..Config::default() };
    let connection =
        if choice & 1 == 0 { Connection::server(config) } else { Connection::client(config, |bytes| bytes.fill(0x5a)) };
    if choice & 2 == 0 {
        return connection;
    }
    connection.with_extensions(&support::agree("permessage-deflate", &Options { min_len: 0, ..Options::default() }))
}

enum Side {
    Whole(Box<Connection>),
    Halves { receiver: Box<Receiver>, sender: Box<Sender>, answers: Answers, close_sent: bool },
}

impl Side {
    fn divided(self) -> Self {
        match self {
            Self::Whole(connection) => {
                let close_sent = !connection.is_open();
                let (receiver, sender) = connection.split();
                let (receiver, sender, answers) = (Box::new(receiver), Box::new(sender), Answers::default());
                Self::Halves { receiver, sender, answers, close_sent }
            }
            halves @ Self::Halves { .. } => halves,
        }
    }

    fn receive(&mut self, input: &mut [u8], output: &mut BytesMut) -> Result<Step<Got>, ProtocolError> {
        let received = match self {
            Self::Whole(connection) => {
                // What waits to be written counts, and in halves that is never more than the answers to one step.
                let mut answers = BytesMut::new();
                let received = connection.receive(input, &mut answers);
                output.extend_from_slice(&answers);
                received
            }
            Self::Halves { receiver, answers, close_sent, .. } => {
                let received = receiver.receive(input, answers);
                answers.write(close_sent, output);
                assert!(answers.is_empty());
                received
            }
        };
        received.map(|step| Step { consumed: step.consumed, event: step.event.map(own) })
    }

    /// One thing after the other, and by some scripts a Close.
    fn send(&mut self, n: usize, script: u8, output: &mut BytesMut) -> Result<(), SendError> {
        macro_rules! send {
            ($side:expr) => {
                match n % 7 {
                    0 => $side.send_text("the same again and again", output),
                    1 => $side.send_text_fragment("the same again", false, output),
                    2 => $side.ping(b"there?", output),
                    3 => $side.send_text_fragment(" and again", true, output),
                    4 => $side.send_binary(&[7; 300], output),
                    5 if script & 0x40 != 0 => $side.close(CloseCode::NORMAL, "enough", output),
                    _ => $side.pong(b"here", output),
                }
            };
        }
        match self {
            Self::Whole(connection) => send!(connection),
            Self::Halves { receiver, sender, close_sent, .. } => {
                if *close_sent {
                    sender.close_sent();
                }
                let was_open = sender.is_open();
                let sent = send!(sender);
                if was_open && !sender.is_open() {
                    *close_sent = true;
                    receiver.close_sent();
                }
                sent
            }
        }
    }

    /// Whether no Close was sent, and what is to become of the socket.
    fn stands(&self) -> (bool, Transport) {
        match self {
            Self::Whole(connection) => (connection.is_open(), connection.transport()),
            Self::Halves { receiver, .. } => (receiver.is_open(), receiver.transport()),
        }
    }

    fn end(&mut self) -> Ending {
        match self {
            Self::Whole(connection) => connection.receive_eof(),
            Self::Halves { receiver, .. } => receiver.receive_eof(),
        }
    }
}

fn own(event: Event<'_>) -> Got {
    match event {
        Event::Text(text) => ("text", text.as_bytes().to_vec()),
        Event::Binary(data) => ("binary", data.into_owned()),
        Event::TextChunk { .. } | Event::BinaryChunk { .. } => unreachable!("whole messages are the default"),
        Event::Ping(data) => ("ping", data.to_vec()),
        Event::Pong(data) => ("pong", data.to_vec()),
        Event::Close(close) => ("close", close.map_or_else(Vec::new, |close| close.reason.as_bytes().to_vec())),
    }
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| run(data));

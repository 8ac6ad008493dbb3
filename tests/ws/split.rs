//! A connection in two halves: they see and say what the whole would.

use crate::support;
use crate::wire::*;
use bytes::BytesMut;
use tidings::Transport;
#[cfg(feature = "deflate")]
use tidings::ws::Event;
use tidings::ws::{Answers, CloseCode, Config, Connection, Ending, Receiver, SendError, Sender};

/// Two halves and what stands beside their output.
struct Halves {
    receiver: Receiver,
    sender: Sender,
    answers: Answers,
    close_sent: bool,
    output: BytesMut,
}

impl Halves {
    fn of(connection: Connection) -> Self {
        let (receiver, sender) = connection.split();
        Self { receiver, sender, answers: Answers::default(), close_sent: false, output: BytesMut::new() }
    }

    fn server() -> Self {
        Self::of(Connection::server(Config::default()))
    }

    fn receive(&mut self, wire: &[u8]) -> Option<Got> {
        let (mut wire, len) = (wire.to_vec(), wire.len());
        let step = self.receiver.receive(&mut wire, &mut self.answers).unwrap();
        assert_eq!(step.consumed, len, "each case is one frame");
        step.event.map(Got::from)
    }

    /// What goes out for the receiver.
    fn answer(&mut self) -> Vec<u8> {
        self.answers.write(&mut self.close_sent, &mut self.output);
        self.output.split().to_vec()
    }
}

#[test]
fn the_receiver_gives_the_same_events_and_answers_in_every_split() {
    let close = masked(FIN | CLOSE, &close_payload(1000, "bye"));
    let fragmented = [masked(TEXT, b"a"), masked(FIN | PING, b"1"), masked(FIN | CONTINUATION, b"b")].concat();
    for wire in [
        [masked(FIN | TEXT, b"Hello"), masked(FIN | PING, b"?"), masked(FIN | BINARY, &[7; 5000])].concat(),
        [fragmented.clone(), masked(FIN | PONG, b""), close.clone()].concat(),
        [close.clone(), masked(FIN | TEXT, b"late"), close].concat(),
        [fragmented, masked(FIN | PING, b"2"), masked(FIN | TEXT, b"\xff")].concat(),
        masked(FIN | CLOSE, &[3]),
        unmasked(FIN | TEXT, b"bare"),
    ] {
        let whole = server_gets(&wire);
        let halves = support::check(&wire, || {
            let (mut receiver, _) = Connection::server(Config::default()).split();
            let (mut answers, mut close_sent) = (Answers::default(), false);
            move |input: &mut [u8], output: &mut BytesMut| {
                let received = receiver
                    .receive(input, &mut answers)
                    .map(|step| tidings::Step { consumed: step.consumed, event: step.event.map(Got::from) });
                answers.write(&mut close_sent, output);
                received
            }
        });
        assert_eq!(halves, whole);
    }
}

#[test]
fn of_two_closes_at_once_only_the_first_goes_out() {
    let close = masked(FIN | CLOSE, &close_payload(1000, ""));
    // The sender's is in the output when the answer comes to it.
    let mut halves = Halves::server();
    halves.sender.close(CloseCode::GOING_AWAY, "", &mut halves.output).unwrap();
    halves.close_sent = true;
    assert!(matches!(halves.receive(&close), Some(Got::Close(Some((1000, _))))));
    assert_eq!(halves.answer(), unmasked(FIN | CLOSE, &close_payload(1001, "")));

    // The answer is, and the sender is told.
    let mut halves = Halves::server();
    halves.receive(&close);
    assert_eq!(halves.answer(), unmasked(FIN | CLOSE, &close_payload(1000, "")));
    assert!(halves.close_sent && halves.sender.is_open());
    halves.sender.close_sent();
    assert_eq!(halves.sender.close(CloseCode::NORMAL, "", &mut halves.output), Err(SendError::Closed));
    assert_eq!(halves.sender.send_text("late", &mut halves.output), Err(SendError::Closed));
    assert!(halves.output.is_empty());
}

#[test]
fn pings_are_answered_behind_a_close_of_the_senders_and_before_one_of_the_receivers() {
    let mut halves = Halves::server();
    halves.receiver.close_sent();
    halves.close_sent = true;
    halves.receive(&masked(FIN | PING, b"1"));
    halves.receive(&masked(FIN | CLOSE, b""));
    assert_eq!(halves.answer(), unmasked(FIN | PONG, b"1"), "a Close was sent before");

    let mut halves = Halves::server();
    halves.receive(&masked(FIN | PING, b"1"));
    halves.receive(&masked(FIN | CLOSE, b""));
    assert_eq!(halves.answer(), [unmasked(FIN | PONG, b"1"), unmasked(FIN | CLOSE, b"")].concat());
}

#[test]
fn the_receiver_tells_what_becomes_of_the_socket() {
    let mut halves = Halves::server();
    halves.receiver.close_sent();
    assert!(!halves.receiver.is_open());
    assert_eq!(halves.receiver.transport(), Transport::KeepOpen);
    halves.receive(&masked(FIN | CLOSE, b""));
    assert_eq!(halves.receiver.transport(), Transport::HalfClose);
    assert_eq!(halves.receiver.receive_eof(), Ending::Clean);

    let mut halves = Halves::server();
    assert_eq!(halves.receiver.receive_eof(), Ending::Abnormal);
    assert_eq!(halves.receiver.transport(), Transport::Close);
}

#[test]
fn a_message_under_way_is_finished_by_its_half() {
    let mut connection = Connection::server(Config::default());
    let mut output = BytesMut::new();
    connection.receive(&mut masked(TEXT, b"un"), &mut output).unwrap();
    connection.send_text_fragment("Hel", false, &mut output).unwrap();
    let mut halves = Halves::of(connection);
    assert_eq!(halves.receive(&masked(FIN | CONTINUATION, b"finished")), Some(text("unfinished")));
    assert_eq!(halves.sender.send_text("no", &mut output), Err(SendError::MessageOpen));
    halves.sender.send_text_fragment("lo", true, &mut output).unwrap();
    assert_eq!(&output[..], [unmasked(TEXT, b"Hel"), unmasked(FIN | CONTINUATION, b"lo")].concat());
}

#[test]
fn of_the_pongs_that_nobody_takes_the_newest_is_kept() {
    let (mut receiver, _) = Connection::server(Config { max_unsent: 5, ..Config::default() }).split();
    let (mut answers, mut output) = (Answers::default(), BytesMut::new());
    for n in *b"1234" {
        receiver.receive(&mut masked(FIN | PING, &[n]), &mut answers).unwrap();
    }
    answers.write(&mut false, &mut output);
    assert!(answers.is_empty());
    receiver.receive(&mut [], &mut answers).unwrap();
    answers.write(&mut false, &mut output);
    assert_eq!(&output[..], [b"1", b"2", b"4"].map(|n| unmasked(FIN | PONG, n)).concat());
}

/// A client's two halves draw keys of their own from the same source.
#[test]
fn what_both_halves_of_a_client_send_is_masked() {
    let mut halves = Halves::of(Connection::client(Config::default(), |key| key.fill(7)));
    halves.receive(&unmasked(FIN | PING, b"?"));
    halves.receiver.ping(&mut halves.answers);
    halves.sender.send_text("Hello", &mut halves.output).unwrap();
    let wire = halves.answer();
    assert_eq!(server_gets(&wire).ok(), [text("Hello"), Got::Pong(b"?".to_vec()), Got::Ping(Vec::new())]);
}

#[cfg(feature = "deflate")]
#[test]
fn each_half_goes_on_with_the_window_of_its_direction() {
    use tidings::ws::deflate;
    let extensions = support::agree("permessage-deflate", &deflate::Options { min_len: 0, ..Default::default() });
    let mut server = Connection::server(Config::default()).with_extensions(&extensions);
    let mut client = Connection::client(Config::default(), tidings::system_random).with_extensions(&extensions);
    let news = "what is said twice is said shorter the second time".repeat(3);
    let (mut up, mut down) = (BytesMut::new(), BytesMut::new());

    client.send_text(&news, &mut up).unwrap();
    server.send_text(&news, &mut down).unwrap();
    let first = (up.len(), down.len());
    assert_eq!(server.receive(&mut up.split(), &mut BytesMut::new()).unwrap().event, Some(Event::Text((&news).into())));
    let mut halves = Halves::of(server);
    client.send_text(&news, &mut up).unwrap();
    halves.sender.send_text(&news, &mut down).unwrap();
    assert!(up.len() < first.0 / 2 && down.len() - first.1 < first.1 / 2, "the windows were kept");
    assert_eq!(halves.receive(&up), Some(text(&news)));
    let mut input = down.to_vec();
    for _ in 0..2 {
        let step = client.receive(&mut input, &mut up).unwrap();
        assert_eq!(step.event, Some(Event::Text((&news).into())));
        let consumed = step.consumed;
        input.drain(..consumed);
    }
}

#[test]
fn each_half_says_how_it_stands() {
    let mut halves = Halves::server();
    assert!(halves.answers.is_empty() && halves.receiver.is_open() && halves.sender.is_open());
    assert_eq!(halves.receiver.unfinished(), 0);
    // The first fragment of a message, which stays with the half that receives.
    halves.receive(&masked(TEXT, b"Hello"));
    assert!(halves.receiver.unfinished() >= 5, "what it has room for counts");
    halves.receive(&masked(FIN | PING, b"?"));
    assert!(!halves.answers.is_empty());
    halves.receive(&masked(FIN | CLOSE, b""));
    assert!(!halves.receiver.is_open() && halves.sender.is_open());
    halves.sender.close_sent();
    assert!(!halves.sender.is_open());
}

//! RFC 7692: permessage-deflate.

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

#[test]
fn s7_1_the_server_answers_each_parameter() {
    let defaults = Options::default();
    for (offer, expected) in [
        ("permessage-deflate", "permessage-deflate"),
        ("permessage-deflate; client_max_window_bits", "permessage-deflate"),
        ("permessage-deflate; client_max_window_bits=10", "permessage-deflate; client_max_window_bits=10"),
        ("permessage-deflate;client_max_window_bits=\"10\"", "permessage-deflate; client_max_window_bits=10"),
        ("permessage-deflate; server_max_window_bits=9", "permessage-deflate; server_max_window_bits=9"),
        ("permessage-deflate; server_max_window_bits=15", "permessage-deflate; server_max_window_bits=15"),
        ("permessage-deflate; server_no_context_takeover", "permessage-deflate; server_no_context_takeover"),
        ("permessage-deflate; client_no_context_takeover", "permessage-deflate; client_no_context_takeover"),
        ("x-other; a=b, permessage-deflate", "permessage-deflate"),
    ] {
        assert_eq!(answer(offer, &defaults).as_deref(), Some(expected), "{offer}");
    }
    for other in ["", "x-other; a=b", "permessage-deflat"] {
        assert_eq!(answer(other, &defaults), None, "{other:?}");
    }
}

#[test]
fn s7_the_server_goes_to_the_next_offer_when_one_is_wrong() {
    let defaults = Options::default();
    for wrong in [
        "permessage-deflate; unknown",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=09",
        "permessage-deflate; server_max_window_bits=+9",
        "permessage-deflate; server_max_window_bits=",
        "permessage-deflate; client_max_window_bits=",
        // 2⁸ bytes are a window that the compressor cannot keep to
        "permessage-deflate; server_max_window_bits=8",
    ] {
        assert_eq!(answer(wrong, &defaults), None, "{wrong}");
        let both = format!("{wrong}, permessage-deflate; server_max_window_bits=12");
        assert_eq!(
            answer(&both, &defaults).as_deref(),
            Some("permessage-deflate; server_max_window_bits=12"),
            "{wrong}"
        );
    }
}

#[test]
fn s7_1_2_2_client_max_window_bits_is_answered_only_if_offered() {
    let small = Options { client_max_window_bits: 10, server_max_window_bits: 11, ..Options::default() };
    assert_eq!(answer("permessage-deflate", &small).as_deref(), Some("permessage-deflate; server_max_window_bits=11"));
    assert_eq!(
        answer("permessage-deflate; client_max_window_bits", &small).as_deref(),
        Some("permessage-deflate; server_max_window_bits=11; client_max_window_bits=10")
    );
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

#[test]
fn s7_the_client_fails_on_an_answer_that_it_did_not_offer() {
    let defaults = Options::default();
    for good in [
        "permessage-deflate",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; server_max_window_bits=8; client_max_window_bits=8",
    ] {
        assert!(client_gets(&defaults, good).unwrap().deflate.is_some(), "{good}");
    }
    for wrong in [
        "permessage-deflate; unknown",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate, permessage-deflate",
        "x-other",
        "permessage-deflate, x-other",
    ] {
        assert_eq!(client_gets(&defaults, wrong), Err(HandshakeFailure::Extension), "{wrong}");
    }
    let asking = Options { server_no_context_takeover: true, server_max_window_bits: 10, ..Options::default() };
    assert_eq!(client_gets(&asking, "permessage-deflate"), Err(HandshakeFailure::Extension));
    assert_eq!(
        client_gets(&asking, "permessage-deflate; server_no_context_takeover; server_max_window_bits=11"),
        Err(HandshakeFailure::Extension)
    );
    assert!(client_gets(&asking, "permessage-deflate; server_no_context_takeover; server_max_window_bits=9").is_ok());
}

#[test]
fn s5_what_was_offered_and_not_accepted_is_not_used() {
    let agreed = client_gets(&eager(), "").unwrap();
    assert_eq!(agreed, Extensions::default());
    let make = || client(Config::default()).with_extensions(&agreed);
    let mut output = BytesMut::new();
    make().send_text(&"x".repeat(1000), &mut output).unwrap();
    assert_eq!(output, masked(FIN | TEXT, &[b'x'; 1000]));
    assert_eq!(gets(&unmasked(FIN | RSV1 | TEXT, &HELLO), make).err(), ProtocolError::ReservedBits);
}

#[test]
fn s7_1_the_client_offers_what_it_wants() {
    let offer = |options: Options| {
        let mut wire = BytesMut::new();
        let opening = Opening { host: "h", target: "/", deflate: Some(&options), ..Opening::default() };
        ClientHandshake::new(&opening, fixed_key, &mut wire).unwrap();
        let step = RequestReader::default().receive(&wire, &mut BytesMut::new()).unwrap();
        step.event.unwrap().headers.get_str("sec-websocket-extensions").unwrap().to_owned()
    };
    assert_eq!(offer(Options::default()), "permessage-deflate; client_max_window_bits");
    let all = Options {
        server_no_context_takeover: true,
        client_no_context_takeover: true,
        server_max_window_bits: 10,
        client_max_window_bits: 11,
        ..Options::default()
    };
    assert_eq!(
        offer(all),
        "permessage-deflate; client_max_window_bits=11; server_max_window_bits=10; server_no_context_takeover; \
         client_no_context_takeover"
    );
}

/// "Hello" as in §7.2.3.1, and the same again referring to it as in §7.2.3.2.
const HELLO: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
const HELLO_AGAIN: [u8; 5] = [0xf2, 0x00, 0x11, 0x00, 0x00];

#[test]
fn s7_2_3_the_examples_decode() {
    let stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
    let with_bfinal = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
    let two_blocks = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
    for payload in [&HELLO[..], &stored, &with_bfinal, &two_blocks] {
        let wire = masked(FIN | RSV1 | TEXT, payload);
        assert_eq!(gets(&wire, server).ok(), [text("Hello")], "{payload:x?}");
    }
    let fragments = [masked(RSV1 | TEXT, &HELLO[..3]), masked(FIN | CONTINUATION, &HELLO[3..])].concat();
    assert_eq!(gets(&fragments, server).ok(), [text("Hello")]);
}

#[test]
fn s7_2_3_2_context_takeover_reaches_back_and_an_uncompressed_message_leaves_it_alone() {
    let plain = masked(FIN | TEXT, b"between");
    let wire = [masked(FIN | RSV1 | TEXT, &HELLO), plain, masked(FIN | RSV1 | TEXT, &HELLO_AGAIN)].concat();
    assert_eq!(gets(&wire, server).ok(), [text("Hello"), text("between"), text("Hello")]);

    // Without takeover the second has nothing to refer to.
    let forgetful = || server_with("permessage-deflate; client_no_context_takeover", Config::default());
    let outcome = gets(&wire, forgetful);
    assert_eq!(outcome.events, [text("Hello"), text("between")]);
    assert_eq!(outcome.error, Some(ProtocolError::InvalidDeflate));
    // The parameter of the other direction changes nothing here.
    let other = || server_with("permessage-deflate; server_no_context_takeover", Config::default());
    assert_eq!(gets(&wire, other).ok().len(), 3);
}

#[test]
fn s7_2_3_4_after_bfinal_further_messages_decode() {
    let with_bfinal = masked(FIN | RSV1 | TEXT, &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00]);
    let wire = [with_bfinal.clone(), masked(FIN | RSV1 | TEXT, &HELLO), with_bfinal].concat();
    assert_eq!(gets(&wire, server).ok(), [text("Hello"), text("Hello"), text("Hello")]);
}

#[test]
fn an_empty_message_is_empty_both_ways() {
    for empty in [&[][..], &[0x00], &[0x02, 0x00]] {
        assert_eq!(gets(&masked(FIN | RSV1 | TEXT, empty), server).ok(), [text("")], "{empty:x?}");
        assert_eq!(gets(&masked(FIN | RSV1 | BINARY, empty), server).ok(), [Got::Binary(vec![])], "{empty:x?}");
    }
    // An eager sender makes it one byte, which is no shorter than nothing: it goes out plain.
    let mut output = BytesMut::new();
    server().send_text("", &mut output).unwrap();
    assert_eq!(output, unmasked(FIN | TEXT, b""));
    let mut connection = server();
    connection.send_text_fragment("", false, &mut output).unwrap();
    connection.send_text_fragment("", true, &mut output).unwrap();
    let wire = output.split_off(2);
    assert_eq!(wire[0], RSV1 | TEXT);
    let receiver = || client(Config::default()).with_extensions(&extensions("permessage-deflate", &eager()));
    assert_eq!(gets(&wire, receiver).ok(), [text("")]);
}

#[test]
fn s6_rsv1_only_on_the_first_frame_of_a_message_and_only_if_negotiated() {
    let continued = [masked(RSV1 | TEXT, &HELLO[..3]), masked(FIN | RSV1 | CONTINUATION, &HELLO[3..])].concat();
    assert_eq!(gets(&continued, server).err(), ProtocolError::ReservedBits);
    for opcode in [PING, PONG, CLOSE] {
        assert_eq!(gets(&masked(FIN | RSV1 | opcode, b""), server).err(), ProtocolError::ReservedBits);
    }
    server_refuses(&masked(FIN | RSV1 | TEXT, &HELLO), ProtocolError::ReservedBits);
}

#[test]
fn rsv1_is_sent_on_the_first_frame_of_a_message_only() {
    let mut connection = server();
    let mut first_byte = |send: &dyn Fn(&mut Connection, &mut BytesMut)| {
        let mut output = BytesMut::new();
        send(&mut connection, &mut output);
        output[0]
    };
    assert_eq!(first_byte(&|c, out| c.send_text_fragment("one ", false, out).unwrap()), RSV1 | TEXT);
    assert_eq!(first_byte(&|c, out| c.send_text_fragment("two ", false, out).unwrap()), CONTINUATION);
    assert_eq!(first_byte(&|c, out| c.ping(b"?", out).unwrap()), FIN | PING);
    assert_eq!(first_byte(&|c, out| c.pong(b"!", out).unwrap()), FIN | PONG);
    assert_eq!(first_byte(&|c, out| c.send_text_fragment("three", true, out).unwrap()), FIN | CONTINUATION);
    assert_eq!(first_byte(&|c, out| c.close(NORMAL, "", out).unwrap()), FIN | CLOSE);
}

#[test]
fn a_ping_inside_a_fragmented_compressed_message_leaves_it_alone() {
    let wire = [
        masked(RSV1 | TEXT, &HELLO[..2]),
        masked(FIN | PING, b"\xff\xff"),
        masked(CONTINUATION, &HELLO[2..4]),
        masked(FIN | PONG, b""),
        masked(FIN | CONTINUATION, &HELLO[4..]),
    ]
    .concat();
    let outcome = gets(&wire, server);
    assert_eq!(outcome.ok(), [Got::Ping(vec![0xff, 0xff]), Got::Pong(vec![]), text("Hello")]);
}

#[test]
fn what_is_not_deflate_is_refused() {
    let wire = masked(FIN | RSV1 | BINARY, &[0xff; 20]);
    assert_eq!(gets(&wire, server).err(), ProtocolError::InvalidDeflate);
}

#[test]
fn inflated_text_must_be_utf8() {
    let mut output = BytesMut::new();
    client(Config::default())
        .with_extensions(&extensions("permessage-deflate", &eager()))
        .send_binary(&[b"long enough to be compressed, long enough", &b"\xed\xa0\x80"[..]].concat(), &mut output)
        .unwrap();
    output[0] = FIN | RSV1 | TEXT;
    assert_eq!(gets(&output, server).err(), ProtocolError::InvalidUtf8);
}

#[test]
fn the_cap_on_the_inflated_message_is_exact_over_fragments_too() {
    let mut wire = BytesMut::new();
    let mut sender = client(Config::default()).with_extensions(&extensions("permessage-deflate", &eager()));
    let size = scaled(100_000, 10_000);
    sender.send_binary(&vec![7; size], &mut wire).unwrap();
    sender.send_binary_fragment(&vec![7; size / 10 * 6], false, &mut wire).unwrap();
    sender.send_binary_fragment(&vec![7; size / 10 * 4], true, &mut wire).unwrap();
    assert!(wire.len() < size / 100, "{}", wire.len());
    for delivery in [Delivery::Whole, Delivery::Chunks] {
        let limited =
            |max_message| server_with("permessage-deflate", Config { max_message, delivery, ..Config::default() });
        let outcome = support::feed(receive(limited(size)), &[&wire]);
        let total: usize = outcome.ok().iter().map(payload_len).sum();
        assert_eq!(total, 2 * size);
        let outcome = support::feed(receive(limited(size - 1)), &[&wire]);
        assert_eq!(outcome.error, Some(ProtocolError::MessageTooBig));
        assert_eq!(outcome.events, []);
    }
}

#[test]
fn a_code_point_split_over_compressed_fragments_is_whole_and_counts_once() {
    let message = "compress me, compress me, compress me: é";
    let (begin, end) = message.as_bytes().split_at(message.len() - 1);
    let mut wire = BytesMut::new();
    let mut sender = client(Config::default()).with_extensions(&extensions("permessage-deflate", &eager()));
    sender.send_binary_fragment(begin, false, &mut wire).unwrap();
    sender.send_binary_fragment(end, true, &mut wire).unwrap();
    wire[0] = RSV1 | TEXT;
    for delivery in [Delivery::Whole, Delivery::Chunks] {
        let within = |max_message| {
            let config = Config { max_message, delivery, ..Config::default() };
            support::check_merged(&wire, || receive(server_with("permessage-deflate", config.clone())), joined)
        };
        assert_eq!(within(message.len()).ok(), [text(message)]);
        assert_eq!(within(message.len() - 1).err(), ProtocolError::MessageTooBig);
    }
}

#[test]
fn only_inflated_bytes_count() {
    // Behind the message come blocks that are empty, and longer than the message.
    let whole_block = [&HELLO[..], &[0x00, 0x00, 0xff, 0xff]].concat();
    let empty_blocks = [&[0x00, 0x00, 0x00, 0xff, 0xff].repeat(3)[..], &[0x00]].concat();
    let wire = [masked(RSV1 | TEXT, &whole_block), masked(FIN | CONTINUATION, &empty_blocks)].concat();
    let limited = || server_with("permessage-deflate", Config { max_message: 5, ..Config::default() });
    assert_eq!(gets(&wire, limited).ok(), [text("Hello")]);
}

#[test]
fn what_is_wrong_with_a_message_does_not_depend_on_how_it_was_cut() {
    const LEN: usize = scaled(5000, 1100);
    // A stored block, and behind it a block of the type that there is not.
    let stored = |payload: &[u8]| {
        let len = payload.len() as u16;
        [&[0x00][..], &len.to_le_bytes(), &(!len).to_le_bytes(), payload, &[0x06]].concat()
    };
    let fails = |payload: &[u8], max_message, delivery| {
        let config = Config { max_message, delivery, ..Config::default() };
        let wire = masked(FIN | RSV1 | TEXT, &stored(payload));
        support::check_merged(&wire, || receive(server_with("permessage-deflate", config.clone())), joined).err()
    };
    let long = [b'x'; LEN];
    let bad = [&long[..], b"\xff"].concat();
    for delivery in [Delivery::Whole, Delivery::Chunks] {
        for &limit in scaled(&[1, 1000, 1024, 2048, LEN - 2, LEN - 1][..], &[1, 1024, LEN - 1]) {
            assert_eq!(fails(&long, limit, delivery), ProtocolError::MessageTooBig, "{limit}");
        }
        assert_eq!(fails(&long, LEN, delivery), ProtocolError::InvalidDeflate);
    }
    assert_eq!(fails(&bad, LEN + 1, Delivery::Chunks), ProtocolError::InvalidUtf8);
    assert_eq!(fails(&bad, LEN, Delivery::Chunks), ProtocolError::MessageTooBig);
}

#[test]
fn many_small_blocks_take_linear_time() {
    // Each ends the stream, which makes the inflater begin anew.
    let time_for = |blocks: usize| {
        let mut wire = masked(FIN | RSV1 | BINARY, &[0x03, 0x00].repeat(blocks));
        let mut connection = server();
        let start = std::time::Instant::now();
        let step = connection.receive(&mut wire, &mut BytesMut::new()).unwrap();
        assert_eq!(step.event.map(Got::from), Some(Got::Binary(vec![])));
        start.elapsed()
    };
    // 32 times as many take 32 times as long in a quiet place, and over 500 times if it were not linear. What else the
    // machine does may spoil one comparison, but not all of them.
    let is_linear = || time_for(scaled(320_000, 320)) < time_for(scaled(10_000, 10)) * 250;
    assert!((0..10).any(|_| is_linear()));
}

fn payload_len(event: &Got) -> usize {
    match event {
        Got::Binary(data) | Got::BinaryChunk(data, _) => data.len(),
        Got::Text(text) | Got::TextChunk(text, _) => text.len(),
        _ => 0,
    }
}

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

#[test]
fn s7_1_2_the_window_that_was_agreed_on_is_kept_to() {
    // Noise again and again at a distance: only a window that reaches so far back finds it and makes it small.
    for (offer, reach) in [
        ("permessage-deflate", 1 << 15),
        ("permessage-deflate; server_max_window_bits=12", 1 << 12),
        ("permessage-deflate; server_max_window_bits=9", 1 << 9),
    ] {
        for &distance in scaled(&[200, 600, 3000, 5000, 20_000][..], &[200, 600]) {
            // Six bits a byte, so that the message is worth compressing with any window.
            let noise: Vec<u8> = noise(distance).into_iter().map(|byte| byte & 0x3f).collect();
            let message = noise.repeat(scaled(8, 3));
            let mut wire = BytesMut::new();
            server_with(offer, Config::default()).send_binary(&message, &mut wire).unwrap();
            let is_found = wire.len() < message.len() / 2;
            assert_eq!(is_found, distance < reach, "{offer}, distance {distance}: {} bytes", wire.len());
            let receiver = || client(Config::default()).with_extensions(&extensions(offer, &eager()));
            assert_eq!(support::feed(receive(receiver()), &[&wire]).ok(), [Got::Binary(message)]);
        }
    }
}

#[test]
fn s7_1_2_2_a_client_told_to_use_256_bytes_sends_plain() {
    let agreed = client_gets(&eager(), "permessage-deflate; client_max_window_bits=8").unwrap();
    let mut output = BytesMut::new();
    client(Config::default()).with_extensions(&agreed).send_text(&"x".repeat(1000), &mut output).unwrap();
    assert_eq!(output, masked(FIN | TEXT, &[b'x'; 1000]));
}

/// The client's own parameters are hints: its window is at most what is answered, whatever it has offered, and what it
/// did not hear of it may still keep to.
#[test]
fn s7_2_2_what_counts_is_the_answer_and_not_the_offer() {
    for (own, answered, reach) in [
        (15, "permessage-deflate", 1 << 15),
        (15, "permessage-deflate; client_max_window_bits=9", 1 << 9),
        (12, "permessage-deflate; client_max_window_bits=9", 1 << 9),
        (9, "permessage-deflate; client_max_window_bits=12", 1 << 9),
        (9, "permessage-deflate", 1 << 9),
    ] {
        let agreed = client_gets(&Options { client_max_window_bits: own, ..eager() }, answered).unwrap();
        for distance in [200, 600] {
            let noise: Vec<u8> = noise(distance).into_iter().map(|byte| byte & 0x3f).collect();
            let message = noise.repeat(3);
            let mut wire = BytesMut::new();
            client(Config::default()).with_extensions(&agreed).send_binary(&message, &mut wire).unwrap();
            assert_eq!(wire.len() < message.len() / 2, distance < reach, "{own}, {answered}, distance {distance}");
            assert_eq!(support::feed(receive(server()), &[&wire]).ok(), [Got::Binary(message)]);
        }
    }
    // The server answers to each hint, so that nothing that was only offered could be relied on.
    let hints = "permessage-deflate; client_max_window_bits=9; client_no_context_takeover";
    let taken = "permessage-deflate; client_no_context_takeover; client_max_window_bits=9";
    assert_eq!(answer(hints, &Options::default()).as_deref(), Some(taken));
}

#[test]
fn s7_1_1_the_sender_forgets_its_window_if_that_was_agreed_on() {
    let sizes = |offer| {
        let mut connection = server_with(offer, Config::default());
        [0, 1].map(|_| {
            let mut output = BytesMut::new();
            connection.send_text("the same words again and again, the same", &mut output).unwrap();
            output.len()
        })
    };
    let [first, second] = sizes("permessage-deflate");
    assert!(second < first, "{second} < {first}");
    let [first, second] = sizes("permessage-deflate; server_no_context_takeover");
    assert_eq!(first, second);
}

#[test]
fn s7_1_1_2_the_client_forgets_its_window_if_either_side_said_so() {
    for (own, answered, forgets) in [
        (false, "permessage-deflate", false),
        (true, "permessage-deflate", true),
        (false, "permessage-deflate; client_no_context_takeover", true),
    ] {
        let agreed = client_gets(&Options { client_no_context_takeover: own, ..eager() }, answered).unwrap();
        let mut connection = client(Config::default()).with_extensions(&agreed);
        let [first, second] = [0, 1].map(|_| {
            let mut output = BytesMut::new();
            connection.send_text("the same words again and again, the same", &mut output).unwrap();
            output.len()
        });
        assert_eq!(first == second, forgets, "{own}, {answered}: {first}, {second}");
    }
}

#[test]
fn s7_2_1_a_flush_that_finds_no_room_goes_on_in_more() {
    // What does not compress fills the compressor's first KiB just before, at and behind the end of the fragment.
    let (mut wire, mut expected) = (BytesMut::new(), Vec::new());
    let mut sender = server();
    for len in (1000..1040).step_by(scaled(1, 13)) {
        sender.send_binary_fragment(&noise(len), false, &mut wire).unwrap();
        sender.send_binary_fragment(b"end", true, &mut wire).unwrap();
        expected.push(Got::Binary([&noise(len)[..], b"end"].concat()));
    }
    let receiver = client(Config::default()).with_extensions(&extensions("permessage-deflate", &eager()));
    assert_eq!(support::feed(receive(receiver), &[&wire]).ok(), expected);
}

#[test]
fn small_and_incompressible_messages_go_out_plain_and_the_next_still_decodes() {
    let mut connection = Connection::server(Config::default())
        .with_extensions(&extensions("permessage-deflate", &Options { min_len: 64, ..Options::default() }));
    let noise = noise(500);
    let long = "compressible ".repeat(20);
    let mut wire = BytesMut::new();
    connection.send_text("short", &mut wire).unwrap();
    assert_eq!(wire, unmasked(FIN | TEXT, b"short"));
    for _ in 0..2 {
        connection.send_text(&long, &mut wire).unwrap();
        connection.send_binary(&noise, &mut wire).unwrap();
    }
    let receiver = || client(Config::default()).with_extensions(&extensions("permessage-deflate", &eager()));
    let (long, noise) = (text(&long), Got::Binary(noise));
    let expected = [text("short"), long.clone(), noise.clone(), long, noise];
    assert_eq!(gets(&wire, receiver).ok(), expected);
}

#[test]
fn a_prepared_message_goes_compressed_to_whom_it_may_and_later_messages_still_decode() {
    let long = "compressible ".repeat(20);
    let news = Prepared::text(&long).deflated(&mut Encoder::default());
    for (offer, compressed) in [
        ("permessage-deflate", true),
        ("permessage-deflate; server_no_context_takeover", true),
        ("permessage-deflate; server_max_window_bits=10", false),
    ] {
        let mut connection = server_with(offer, Config::default());
        let mut wire = BytesMut::new();
        connection.send_text(&long, &mut wire).unwrap();
        let before = wire.len();
        connection.send_prepared(&news, &mut wire).unwrap();
        assert_eq!(wire[before] & RSV1 != 0, compressed, "{offer}");
        connection.send_text(&long, &mut wire).unwrap();
        let receiver = || client(Config::default()).with_extensions(&extensions(offer, &eager()));
        assert_eq!(gets(&wire, receiver).ok(), [text(&long), text(&long), text(&long)], "{offer}");
    }
}

#[test]
fn a_prepared_message_that_stays_plain_leaves_the_window_alone() {
    let plain = Prepared::binary(&noise(500)).deflated(&mut Encoder::default());
    let mut connection = server();
    let mut size = || {
        let mut output = BytesMut::new();
        connection.send_text("the same words again and again, the same", &mut output).unwrap();
        let len = output.len();
        connection.send_prepared(&plain, &mut output).unwrap();
        assert_eq!(output[len], FIN | BINARY);
        len
    };
    let (first, second) = (size(), size());
    assert!(second < first, "{second} < {first}");
}

#[test]
fn an_encoder_compresses_from_the_least_length_on_and_never_for_nothing() {
    let mut encoder = Encoder::new(&Options { min_len: 20, ..Options::default() });
    for (len, compressed) in [(19, false), (20, true), (21, true)] {
        let mut wire = BytesMut::new();
        encoder.encode_text(&"x".repeat(len), &mut wire);
        assert_eq!(wire[0] & RSV1 != 0, compressed, "{len}");
        let receiver = || client(Config::default()).with_extensions(&extensions("permessage-deflate", &eager()));
        assert_eq!(gets(&wire, receiver).ok(), [text(&"x".repeat(len))]);
    }
    let mut encoder = Encoder::new(&eager());
    for len in 0..30 {
        for unit in ["x", "xy", "xyz", "0123456789"] {
            let message: String = unit.chars().cycle().take(len).collect();
            let mut wire = BytesMut::new();
            encoder.encode_text(&message, &mut wire);
            assert!(wire[0] == FIN | TEXT || wire.len() < 2 + len, "{message:?} became {} bytes", wire.len());
        }
    }
}

#[test]
fn only_clients_with_the_largest_window_take_messages_of_an_encoder() {
    for (offer, takes) in [
        ("permessage-deflate", true),
        ("permessage-deflate; client_max_window_bits=9", true),
        ("permessage-deflate; server_max_window_bits=14", false),
    ] {
        assert_eq!(extensions(offer, &eager()).deflate.unwrap().takes_shared(), takes, "{offer}");
    }
}

fn offers() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "permessage-deflate",
        "permessage-deflate; client_no_context_takeover; server_max_window_bits=9",
        "permessage-deflate; server_no_context_takeover; client_max_window_bits=9",
        "permessage-deflate; client_max_window_bits=10; server_max_window_bits=11",
    ])
}

fn message_text() -> impl Strategy<Value = String> {
    prop_oneof![".{0,60}", scaled("[ab]{200,900}", "[ab]{60,90}"), scaled("(xyz){1000,2000}", "(xyz){100,200}")]
}

proptest! {
    #[test]
    fn what_one_role_sends_compressed_the_other_receives_in_any_split(
        offer in offers(),
        messages in prop::collection::vec(message_text(), 1..scaled(6, 3)),
        piece in 1usize..3000,
        chunks in any::<bool>(),
        fragments in any::<bool>(),
    ) {
        let agreed = extensions(offer, &Options { min_len: 10, ..Options::default() });
        let delivery = if chunks { Delivery::Chunks } else { Delivery::Whole };
        let config = Config { delivery, ..Config::default() };
        for from_server in [true, false] {
            let (mut sender, receiver) = (Connection::server(config.clone()), client(config.clone()));
            let mut receiver = receiver.with_extensions(&agreed);
            sender = sender.with_extensions(&agreed);
            if !from_server {
                std::mem::swap(&mut sender, &mut receiver);
            }
            let mut wire = BytesMut::new();
            for message in &messages {
                if fragments {
                    let middle = message.chars().take(7).map(char::len_utf8).sum();
                    sender.send_text_fragment(&message[..middle], false, &mut wire).unwrap();
                    sender.send_text_fragment(&message[middle..], true, &mut wire).unwrap();
                } else {
                    sender.send_text(message, &mut wire).unwrap();
                }
            }
            let pieces: Vec<&[u8]> = wire.chunks(piece).collect();
            let got = joined(support::feed(receive(receiver), &pieces).ok());
            let expected: Vec<Got> = messages.iter().map(|message| text(message)).collect();
            prop_assert_eq!(got, expected);
        }
    }
}

//! What is made of compressed messages (§6.2, §7.2.2).

use super::*;

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

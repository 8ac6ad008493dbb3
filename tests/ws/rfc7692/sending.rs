//! What goes out compressed, and by which window (§6.1, §7.2.1).

use super::*;

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

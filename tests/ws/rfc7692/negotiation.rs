//! What is offered, answered and agreed on (§5, §7.1).

use super::*;

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

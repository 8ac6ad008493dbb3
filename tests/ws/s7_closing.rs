//! §5.5.1, §7: the closing handshake.

use crate::wire::*;
use bytes::BytesMut;
use tidings::Transport;
use tidings::ws::{CloseCode, Config, Connection, Ending, MAX_REASON, ProtocolError, SendError};

#[test]
fn a_close_is_echoed_once_and_all_after_it_is_ignored() {
    let close = masked(FIN | CLOSE, &close_payload(1000, "bye"));
    let wire = [close.clone(), masked(FIN | TEXT, b"late"), close, vec![0xff; 40]].concat();
    let outcome = server_gets(&wire);
    assert_eq!(outcome.output, unmasked(FIN | CLOSE, &1000u16.to_be_bytes()));
    assert_eq!(outcome.ok(), [Got::Close(Some((1000, "bye".to_owned())))]);
}

#[test]
fn an_empty_close_is_echoed_empty() {
    let outcome = server_gets(&masked(FIN | CLOSE, b""));
    assert_eq!(outcome.output, unmasked(FIN | CLOSE, b""));
    assert_eq!(outcome.ok(), [Got::Close(None)]);
}

#[test]
fn a_close_in_the_middle_of_a_message_is_legal() {
    let wire = [masked(TEXT, b"unfinished"), masked(FIN | CLOSE, &close_payload(1000, ""))].concat();
    assert_eq!(server_gets(&wire).ok(), [Got::Close(Some((1000, String::new())))]);
}

#[test]
fn a_close_is_answered_in_the_midst_of_a_message_that_is_being_sent() {
    let mut connection = Connection::server(Config::default());
    let mut output = BytesMut::new();
    connection.send_text_fragment("unfin", false, &mut output).unwrap();
    output.clear();
    connection.receive(&mut masked(FIN | CLOSE, &close_payload(1000, "")), &mut output).unwrap();
    assert_eq!(output.split(), unmasked(FIN | CLOSE, &close_payload(1000, "")));
    assert_eq!(connection.send_text_fragment("ished", true, &mut output), Err(SendError::Closed));
    assert!(output.is_empty());
}

#[test]
fn a_close_with_half_a_code_is_refused() {
    server_refuses(&masked(FIN | CLOSE, &[3]), ProtocolError::CloseTooShort);
}

#[test]
fn codes_that_must_not_be_sent_are_refused() {
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        server_refuses(&masked(FIN | CLOSE, &close_payload(code, "")), ProtocolError::InvalidCloseCode(code));
        assert_eq!(CloseCode::new(code), None);
    }
}

#[test]
fn codes_that_may_be_sent_are_accepted() {
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999] {
        let outcome = server_gets(&masked(FIN | CLOSE, &close_payload(code, "")));
        assert_eq!(outcome.ok(), [Got::Close(Some((code, String::new())))]);
    }
}

#[test]
fn a_reason_that_is_not_utf8_is_1007() {
    let payload = [&1000u16.to_be_bytes()[..], b"\xce\xba\xe1\xbd"].concat();
    server_refuses(&masked(FIN | CLOSE, &payload), ProtocolError::InvalidUtf8);
    assert_eq!(ProtocolError::InvalidUtf8.close_code().as_u16(), 1007);
}

#[test]
fn after_sending_close_data_still_arrives_and_nothing_more_is_sent() {
    let mut connection = Connection::server(Config::default());
    let mut output = BytesMut::new();
    connection.close(CloseCode::GOING_AWAY, "restart", &mut output).unwrap();
    assert_eq!(output.split(), unmasked(FIN | CLOSE, &close_payload(1001, "restart")));
    assert!(!connection.is_open());

    let late = [masked(FIN | TEXT, b"late"), masked(FIN | PING, b"?"), masked(FIN | CLOSE, &close_payload(1001, ""))];
    let mut got = Vec::new();
    for frame in late {
        let mut frame = frame.clone();
        got.extend(connection.receive(&mut frame, &mut output).unwrap().event.map(Got::from));
    }
    assert_eq!(got, [text("late"), Got::Ping(b"?".to_vec()), Got::Close(Some((1001, String::new())))]);
    assert_eq!(output.split(), unmasked(FIN | PONG, b"?"), "a Pong, and no second Close");
    assert_eq!(connection.send_text("x", &mut output), Err(SendError::Closed));
    assert_eq!(connection.ping(b"", &mut output), Err(SendError::Closed));
    assert_eq!(connection.close(NORMAL, "", &mut output), Err(SendError::Closed));
}

#[test]
fn the_server_ends_the_stream_first() {
    let (mut connection, _) = server_after(&masked(FIN | CLOSE, b""));
    assert_eq!(connection.transport(), Transport::HalfClose);
    assert_eq!(connection.receive_eof(), Ending::Clean);
    assert_eq!(connection.receive_eof(), Ending::Clean, "and it stays so");
    assert_eq!(connection.transport(), Transport::Close);

    let mut connection = client(Config::default());
    let mut output = BytesMut::new();
    connection.close(NORMAL, "", &mut output).unwrap();
    assert_eq!(connection.transport(), Transport::KeepOpen);
    connection.receive(&mut unmasked(FIN | CLOSE, b""), &mut output).unwrap();
    assert_eq!(connection.transport(), Transport::KeepOpen, "waits for the server");
    assert_eq!(connection.receive_eof(), Ending::Clean);
    assert_eq!(connection.transport(), Transport::Close);
}

#[test]
fn after_a_violation_each_side_half_closes_and_the_error_is_final() {
    let (mut connection, mut output) = server_after(&masked(FIN | 0x3, b""));
    assert_eq!(output.split(), goodbye(ProtocolError::ReservedOpcode(3)));
    assert_eq!(connection.transport(), Transport::HalfClose);
    for mut late in [masked(FIN | TEXT, b"x"), masked(FIN | PING, b"?"), masked(FIN | CLOSE, b"")] {
        let again = connection.receive(&mut late, &mut output);
        assert_eq!(again, Err(ProtocolError::ReservedOpcode(3)));
        assert!(output.is_empty(), "one Close is enough");
    }
}

#[test]
fn an_end_without_close_is_abnormal() {
    let mut connection = Connection::server(Config::default());
    assert_eq!(connection.receive_eof(), Ending::Abnormal);
    let mut output = BytesMut::new();
    assert_eq!(connection.send_text("x", &mut output), Err(SendError::Closed));
}

#[test]
fn a_code_is_shown_with_its_name() {
    for (code, shown) in [
        (1000, "1000 normal closure"),
        (1012, "1012 service restart"),
        (3000, "3000 registered by a library or framework"),
        (4999, "4999 private use"),
    ] {
        let code = CloseCode::new(code).unwrap();
        assert_eq!((code.to_string(), format!("{code:?}")), (shown.to_owned(), format!("CloseCode({shown})")));
    }
}

#[test]
fn each_violation_has_words_of_its_own_that_fit_a_close() {
    let violations = [
        ProtocolError::ReservedBits,
        ProtocolError::ReservedOpcode(3),
        ProtocolError::FragmentedControl,
        ProtocolError::ControlTooLong,
        ProtocolError::LengthNotShortest,
        ProtocolError::LengthOver63Bits,
        ProtocolError::Unmasked,
        ProtocolError::Masked,
        ProtocolError::UnexpectedContinuation,
        ProtocolError::ExpectedContinuation,
        ProtocolError::InvalidUtf8,
        ProtocolError::CloseTooShort,
        ProtocolError::InvalidCloseCode(1005),
        ProtocolError::InvalidDeflate,
        ProtocolError::FrameTooBig,
        ProtocolError::MessageTooBig,
        ProtocolError::TooManyFragments,
    ];
    let words: std::collections::BTreeSet<&str> = violations.iter().map(|violation| violation.as_str()).collect();
    assert_eq!(words.len(), violations.len());
    assert!(words.iter().all(|words| !words.is_empty() && words.len() <= MAX_REASON));
    assert_eq!(violations[1].to_string(), "reserved opcode: 0x3");
    assert_eq!(violations[7].to_string(), "masked frame from a server");
    assert_eq!(violations[12].to_string(), "close code that must not be sent: 1005");
}

#[test]
fn what_cannot_be_sent_is_said_in_words() {
    assert_eq!(SendError::Closed.to_string(), "the connection is closed for sending");
    assert_eq!(SendError::MessageOpen.to_string(), "another message is being sent in fragments");
    assert_eq!(SendError::ControlTooLong.to_string(), "payload too long for a control frame");
}

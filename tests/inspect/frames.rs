//! WebSocket frames: headers, messages over their fragments, closes, compression.

#[cfg(feature = "deflate")]
use crate::support::agree;
use crate::{assert_covers, faults, told};
use bytes::BytesMut;
use tidings::envelope::Envelope;
use tidings::inspect::{self, Explainer, Field, Format, Side};
use tidings::topic::Cursor;
use tidings::ws::{self, CloseCode};

#[track_caller]
fn assert_illegal(bytes: &[u8], section: &str) {
    let fields = inspect::websocket_frames(bytes);
    assert_covers(bytes, &fields);
    let said = fields.iter().any(|field| field.meaning.contains("Illegal: ") && field.meaning.contains(section));
    assert!(said, "{bytes:02x?} breaks {section}: {fields:?}");
}

#[test]
fn an_envelope_in_a_frame_is_explained_member_by_member() {
    let mut json = BytesMut::new();
    let event = Some("log".into());
    Envelope::Message { id: Cursor::new(17, 4), event, data: "say \"hi\"".into() }.encode(&mut json);
    let mut frame = BytesMut::new();
    ws::encode_text(std::str::from_utf8(&json).unwrap(), &mut frame);

    let fields = inspect::websocket_frames(&frame);
    assert_covers(&frame, &fields);
    assert_eq!(
        told(&fields),
        [
            ("FIN, RSV1-3, opcode", "1 000 0001"),
            ("MASK, payload len", "0 1000000"),
            ("member name", "{\"type\":"),
            ("type", "message"),
            ("member name", ",\"id\":"),
            ("id", "17-4"),
            ("member name", ",\"event\":"),
            ("event", "log"),
            ("member name", ",\"data\":"),
            ("data", "say \"hi\""),
            ("end of object", "}"),
        ]
    );
}

#[test]
fn a_masked_frame_is_unmasked_for_the_reader() {
    let frame = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    let fields = inspect::websocket_frames(&frame);
    assert_covers(&frame, &fields);
    assert_eq!(told(&fields)[2..], [("masking-key", "37 fa 21 3d"), ("payload data", "Hello")]);
}

#[test]
fn what_is_illegal_in_a_frame_is_said_with_its_section() {
    assert_illegal(b"\x91\x00", "§5.2");
    assert_illegal(b"\x83\x00", "§5.2");
    assert_illegal(b"\x81\x7e\x00\x05Hello", "§5.2");
    assert_illegal(b"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00", "§5.2");
    assert_illegal(b"\x09\x00", "§5.5");
    assert_illegal(b"\x89\x7e\x00\x7e", "§5.5");
    assert_illegal(b"\xc9\x00", "RFC 7692 §6.1");
    assert_illegal(b"\x80\x01x", "§5.4");
    assert_illegal(b"\x01\x01a\x81\x01b", "§5.4");
    assert_illegal(b"\x81\x01\xff", "§8.1");
    assert_illegal(b"\x81\x02\xe2\x82", "§8.1");
    assert_illegal(b"\x88\x01\x03", "§5.5.1");
    assert_illegal(b"\x88\x02\x03\xed", "§7.4.1");
}

/// What is said of frames of a side that is known.
fn frames_from(side: Side, bytes: &[u8]) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut explainer = Explainer::new(Format::Frames).from(side);
    explainer.push(bytes, |field, _| fields.push(field.clone()));
    explainer.end(|field, _| fields.push(field.clone()));
    assert_covers(bytes, &fields);
    fields
}

#[test]
fn what_an_empty_fragment_breaks_is_said_too() {
    assert_illegal(b"\x80\x00", "§5.4");
    assert_illegal(b"\x01\x00\x01\x00", "§5.4");
    assert_illegal(b"\x01\x02\xe2\x82\x80\x00", "§8.1");
}

#[test]
fn nothing_follows_a_close() {
    assert_illegal(b"\x88\x00\x81\x01a", "§5.5.1");
    assert_illegal(b"\x88\x00\x88\x00", "§5.5.1");
    let both = b"\x88\x00\x81\x81\0\0\0\0a\x88\x80\0\0\0\0";
    assert!(faults(&inspect::websocket_frames(both)).is_empty(), "each side has its own end");
}

#[test]
fn every_close_code_is_told_or_refused() {
    for (code, said) in [
        (1000_u16, "normal closure (RFC 6455 §7.4)"),
        (1011, "internal error (RFC 6455 §7.4)"),
        (3000, "registered by a library or framework (RFC 6455 §7.4)"),
        (999, "Illegal: codes below 1000"),
        (1004, "Illegal: 1004 is reserved"),
        (1005, "Illegal: 1005"),
        (1006, "Illegal: 1006"),
        (1015, "Illegal: 1015"),
        (1016, "Illegal: codes up to 2999"),
        (2999, "Illegal: codes up to 2999"),
        (5000, "Illegal: codes end at 4999"),
    ] {
        let [high, low] = code.to_be_bytes();
        let fields = inspect::websocket_frames(&[0x88, 2, high, low]);
        assert!(fields[2].meaning.starts_with(said), "{code}: {:?}", fields[2]);
    }
    let fields = inspect::websocket_frames(b"\x88\x03\x03\xe8\xff");
    assert!(fields[3].meaning.starts_with("Illegal: the reason is not UTF-8"), "{fields:?}");
}

#[test]
fn a_frame_that_is_masked_against_the_rule_is_illegal_where_the_side_is_known() {
    let (masked, plain) = (b"\x81\x81\0\0\0\0a", b"\x81\x01a");
    assert!(faults(&frames_from(Side::Client, masked)).is_empty());
    assert!(faults(&frames_from(Side::Server, plain)).is_empty());
    for (side, frame) in [(Side::Client, &plain[..]), (Side::Server, &masked[..])] {
        let fields = frames_from(side, frame);
        assert!(fields[1].meaning.starts_with("Illegal: ") && fields[1].meaning.contains("§5.1"), "{fields:?}");
    }
}

#[test]
fn fragments_are_counted_and_named_with_their_message() {
    let frames = b"\x82\x01x\x01\x01a\x89\x00\x00\x01b\x81\x81\0\0\0\0c\x80\x01c";
    let fields = inspect::websocket_frames(frames);
    let firsts: Vec<_> = fields.iter().filter(|field| field.begins_frame()).map(|field| &*field.meaning).collect();
    let ends: Vec<_> = firsts.iter().map(|meaning| meaning.rsplit("; ").next().unwrap()).collect();
    assert_eq!(
        ends,
        [
            "message 1 from the server",
            "fragment 1 of message 2 from the server",
            "between fragments of message 2 from the server",
            "fragment 2 of text message 2 from the server",
            "message 1 from the client",
            "fragment 3 of text message 2 from the server",
        ]
    );
}

/// RFC 7692 §7.2.3: its own examples.
#[cfg(feature = "deflate")]
#[test]
fn what_is_compressed_is_inflated_across_messages() {
    for frames in [
        &b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00"[..],
        b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\x81\x01?\xc1\x05\xf2\x00\x11\x00\x00",
        b"\xc1\x0b\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
    ] {
        let fields = inspect::websocket_frames(frames);
        assert_covers(frames, &fields);
        assert!(faults(&fields).is_empty(), "{fields:?}");
        let texts: Vec<_> = fields.iter().filter(|field| field.meaning.starts_with("DEFLATE")).collect();
        assert!(texts.len() == 2 && texts.iter().all(|field| field.text == "Hello"), "{fields:?}");
    }
    let fragments = b"\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00";
    assert_eq!(Format::guess(fragments), Format::Frames);
    let fields = inspect::websocket_frames(fragments);
    let text: String = fields.iter().filter(|field| field.name == "payload data").map(|field| &*field.text).collect();
    assert_eq!(text, "Hello");
    // The second message alone refers to what is not here; behind a whole handshake that cannot be.
    let second = b"\xc1\x05\xf2\x00\x11\x00\x00";
    assert!(inspect::websocket_frames(second)[2].meaning.contains("refers to messages before these bytes"));
    let agreed = b"HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    let fields = inspect::http_message(&[&agreed[..], second].concat());
    assert_eq!(faults(&fields), ["Illegal: it is not DEFLATE data (RFC 7692 §7.2.2)"]);
    // Text is text once inflated (RFC 6455 §8.1).
    assert_illegal(b"\xc1\x07\x00\x01\x00\xfe\xff\xff\x00", "§8.1");
}

#[test]
fn what_is_compressed_without_agreement_is_illegal() {
    let answer =
        b"HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n\xc1\x00";
    let fields = inspect::http_message(answer);
    assert_covers(answer, &fields);
    assert!(faults(&fields).iter().any(|fault| fault.contains("RSV1") && fault.contains("§5.2")), "{fields:?}");
}

#[cfg(feature = "deflate")]
#[test]
fn what_inflates_to_too_much_is_cut() {
    let extensions = agree("permessage-deflate", &ws::deflate::Options::default());
    let mut server = ws::Connection::server(ws::Config::default()).with_extensions(&extensions);
    let mut frames = BytesMut::new();
    server.send_binary(&vec![0; inspect::MAX_INFLATED], &mut frames).unwrap();
    server.send_binary(&vec![0; inspect::MAX_INFLATED + 1], &mut frames).unwrap();
    server.send_text(&"again ".repeat(100), &mut frames).unwrap();
    assert!(frames.len() < 10_000);
    let fields = inspect::websocket_frames(&frames);
    assert_covers(&frames, &fields);
    let payloads: Vec<_> = fields.iter().filter(|field| field.name == "payload data").collect();
    assert!(payloads[0].meaning.contains("inflated 1048576 bytes"), "{payloads:?}");
    assert!(payloads[1].meaning.starts_with("cut: it inflates to more"), "{payloads:?}");
    assert_eq!(payloads.len(), 3);
}

#[test]
fn a_code_point_may_be_split_over_fragments() {
    let fields = inspect::websocket_frames(b"\x01\x02\xe2\x82\x80\x01\xac");
    assert!(fields.iter().all(|field| !field.meaning.contains("Illegal")), "{fields:?}");
}

#[test]
fn a_close_frame_tells_its_code_and_reason() {
    let mut connection = ws::Connection::server(ws::Config::default());
    let mut frame = BytesMut::new();
    connection.close(CloseCode::GOING_AWAY, "restart", &mut frame).unwrap();
    let fields = inspect::websocket_frames(&frame);
    assert_eq!(told(&fields)[2..], [("status code", "1001"), ("reason", "restart")]);
}

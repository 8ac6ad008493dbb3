//! The JSON between server and client.
#![cfg(any(feature = "server", feature = "client"))]

use bytes::BytesMut;
use proptest::prelude::*;
use std::borrow::Cow;
use std::error::Error;
use std::time::Duration;
use tidings::envelope::{self, Batch, Entry, Envelope, EnvelopeError, Submission};
use tidings::topic::{Bounds, Cursor, Message, Reset, ResetReason, Topic};

mod support;
use support::scaled;

const ID: Cursor = Cursor::new(1_700_000_000_000, 7);
const RESET: Reset = Reset { reason: ResetReason::Trimmed, oldest: Cursor::new(1, 4), newest: Cursor::new(1, 9) };

/// What an encoder appends. It stands behind what was there before.
fn encoded(encode: impl FnOnce(&mut BytesMut)) -> String {
    let mut output = BytesMut::from("before ");
    encode(&mut output);
    let text = String::from_utf8(output.to_vec()).expect("JSON is UTF-8");
    text.strip_prefix("before ").expect("what was there stays").to_owned()
}

fn line(envelope: &Envelope<'_>) -> String {
    encoded(|output| envelope.encode(output))
}

fn message<'a>(event: Option<&'a str>, data: &'a str) -> Envelope<'a> {
    Envelope::Message { id: ID, event: event.map(Cow::Borrowed), data: data.into() }
}

#[track_caller]
fn parsed(text: &str) -> Envelope<'_> {
    Envelope::parse(text).expect("well-formed")
}

#[test]
fn each_envelope_looks_as_agreed() {
    let cases = [
        (message(None, "hi"), r#"{"type":"message","id":"1700000000000-7","data":"hi"}"#),
        (message(Some("tick"), ""), r#"{"type":"message","id":"1700000000000-7","event":"tick","data":""}"#),
        (Envelope::Bookmark { id: ID }, r#"{"type":"bookmark","id":"1700000000000-7"}"#),
        (Envelope::Reset(RESET), r#"{"type":"reset","reason":"trimmed","oldest":"1-4","newest":"1-9"}"#),
        (Envelope::Drain, r#"{"type":"drain"}"#),
    ];
    for (envelope, text) in cases {
        assert_eq!(line(&envelope), text);
        assert_eq!(parsed(text), envelope);
    }
}

#[test]
fn an_envelope_is_one_line_whatever_the_data() {
    let data = "two\nlines\r\nand \"quotes\" \\ \0 \u{7f} \u{2028} ü 🦀";
    let text = line(&message(Some("a \"name\""), data));
    assert!(!text.contains(['\n', '\r', '\0']));
    assert_eq!(parsed(&text), message(Some("a \"name\""), data));
}

#[test]
fn an_envelope_is_made_of_a_message_of_the_log() {
    let mut topic = Topic::new(1, Bounds::default());
    topic.publish(Some("tick".parse().unwrap()), "hi", Duration::ZERO).unwrap();
    let message = topic.read(topic.oldest()).unwrap().next().unwrap();
    assert_eq!(line(&message.into()), r#"{"type":"message","id":"1-1","event":"tick","data":"hi"}"#);
    assert_eq!(line(&RESET.into()), line(&Envelope::Reset(RESET)));
}

#[test]
fn what_has_no_escapes_is_borrowed() {
    let Envelope::Message { event, data, .. } = parsed(r#"{"type":"message","id":"1-1","event":"e","data":"d"}"#)
    else {
        panic!("a message")
    };
    assert!(matches!((event, data), (Some(Cow::Borrowed("e")), Cow::Borrowed("d"))));

    let batch = Batch::parse(r#"{"events":[{"id":"1-1","event":"e","data":"d"}],"next":"1-1","more":true}"#).unwrap();
    assert!(matches!(batch.events[0].event, Some(Cow::Borrowed("e"))));
    assert!(matches!(batch.events[0].data, Cow::Borrowed("d")));

    let Envelope::Message { data, .. } = parsed(r#"{"type":"message","id":"1-1","data":"a\nb"}"#) else {
        panic!("a message")
    };
    assert_eq!(data, "a\nb");
}

#[test]
fn order_whitespace_and_unknown_fields_do_not_matter() {
    let text =
        r#" { "data" : "hi", "later": {"x": [1, null]}, "id": "1700000000000-7", "type": "message", "n": 1e9 } "#;
    assert_eq!(parsed(text), message(None, "hi"));
}

#[test]
fn an_event_of_null_is_none() {
    assert_eq!(parsed(r#"{"type":"message","id":"1700000000000-7","event":null,"data":"hi"}"#), message(None, "hi"));
    assert_eq!(Submission::parse(r#"{"event":null,"data":"hi"}"#).unwrap().event, None);
}

#[test]
fn an_unknown_type_is_an_error_of_its_own() {
    for text in [r#"{"type":"","id":"1-1"}"#, r#"{"type":"Message","id":"1-1","data":""}"#, r#"{"type":"hello"}"#] {
        assert!(matches!(Envelope::parse(text), Err(EnvelopeError::UnknownType)), "{text}");
    }
}

#[test]
fn a_missing_field_is_named() {
    let cases = [
        (r#"{"type":"message","data":""}"#, "id"),
        (r#"{"type":"message","id":"1-1"}"#, "data"),
        (r#"{"type":"message","id":"1-1","data":null}"#, "data"),
        (r#"{"type":"bookmark"}"#, "id"),
        (r#"{"type":"reset","oldest":"1-1","newest":"1-1"}"#, "reason"),
        (r#"{"type":"reset","reason":"epoch","newest":"1-1"}"#, "oldest"),
        (r#"{"type":"reset","reason":"epoch","oldest":"1-1"}"#, "newest"),
    ];
    for (text, name) in cases {
        let error = Envelope::parse(text).unwrap_err();
        assert!(matches!(error, EnvelopeError::Missing(field) if field == name), "{text}: {error}");
        assert!(error.to_string().contains(name));
    }
}

#[test]
fn wrong_types_and_broken_json_are_errors() {
    let cases = [
        "",
        "null",
        "[]",
        "\"drain\"",
        "{",
        "{}",
        r#"{"type":"drain"} {"type":"drain"}"#,
        r#"{"type":"drain","type":"drain"}"#,
        r#"{"type":4}"#,
        r#"{"type":"message","id":"1-1","data":5}"#,
        r#"{"type":"message","id":"1-1","event":5,"data":""}"#,
        r#"{"type":"message","id":"1-1","data":["x"]}"#,
        r#"{"type":"message","id":1,"data":""}"#,
        r#"{"type":"message","id":"01-1","data":""}"#,
        r#"{"type":"message","id":"1-1","data":"\ud800"}"#,
        "{\"type\":\"message\",\"id\":\"1-1\",\"data\":\"a\nb\"}",
        r#"{"type":"reset","reason":"past","oldest":"1-1","newest":"1-1"}"#,
    ];
    for text in cases {
        let error = Envelope::parse(text).unwrap_err();
        assert!(matches!(error, EnvelopeError::Json(_)), "{text:?}: {error}");
        assert!(error.source().is_some());
    }
}

#[test]
fn nesting_without_end_is_an_error() {
    let deep = format!(r#"{{"type":"drain","x":{}"#, "[".repeat(scaled(1_000_000, 1000)));
    assert!(Envelope::parse(&deep).is_err());
}

fn topic() -> Topic<Duration> {
    let mut topic = Topic::new(1, Bounds::default());
    topic.publish(None, "a", Duration::ZERO).unwrap();
    topic.publish(Some("tick".parse().unwrap()), "\"b\"", Duration::ZERO).unwrap();
    topic
}

#[test]
fn a_batch_looks_as_agreed() {
    let topic = topic();
    let messages = topic.read(topic.oldest()).unwrap();
    let text = encoded(|output| envelope::encode_batch(messages, topic.newest(), true, output));
    assert_eq!(
        text,
        r#"{"events":[{"id":"1-1","data":"a"},{"id":"1-2","event":"tick","data":"\"b\""}],"next":"1-2","more":true}"#
    );
    let entry =
        |n, event: Option<&'static str>, data| Entry { id: Cursor::new(1, n), event: event.map(Cow::from), data };
    let events = vec![entry(1, None, "a".into()), entry(2, Some("tick"), "\"b\"".into())];
    assert_eq!(Batch::parse(&text).unwrap(), Batch { events, next: Cursor::new(1, 2), more: true });
}

#[test]
fn a_batch_may_be_empty_or_filtered() {
    let topic = topic();
    let none = topic.read(topic.newest()).unwrap();
    let text = encoded(|output| envelope::encode_batch(none, ID, false, output));
    assert_eq!(text, r#"{"events":[],"next":"1700000000000-7","more":false}"#);
    assert_eq!(Batch::parse(&text).unwrap(), Batch { events: vec![], next: ID, more: false });

    let ticks = topic.read(topic.oldest()).unwrap().filter(|message: &&Message| message.event.is_some());
    let text = encoded(|output| envelope::encode_batch(ticks, ID, false, output));
    assert_eq!(Batch::parse(&text).unwrap().events.len(), 1);
}

#[test]
fn a_truncated_or_incomplete_batch_is_an_error() {
    let text = r#"{"events":[{"id":"1-1","data":"a"}],"next":"1-2","more":true}"#;
    assert!(Batch::parse(text).is_ok());
    for end in 0..text.len() {
        assert!(Batch::parse(&text[..end]).is_err(), "{}", &text[..end]);
    }
    for text in [
        r#"{"next":"1-2","more":true}"#,
        r#"{"events":[],"more":true}"#,
        r#"{"events":[],"next":"1-2"}"#,
        r#"{"events":{},"next":"1-2","more":true}"#,
        r#"{"events":[],"next":"1-2","more":1}"#,
        r#"{"events":[{"id":"1-1"}],"next":"1-2","more":true}"#,
        r#"{"events":[{"data":"a"}],"next":"1-2","more":true}"#,
    ] {
        assert!(Batch::parse(text).is_err(), "{text}");
    }
}

#[test]
fn the_body_of_a_reset_looks_as_agreed() {
    for reason in [ResetReason::Trimmed, ResetReason::Epoch, ResetReason::Future] {
        let reset = Reset { reason, ..RESET };
        let text = encoded(|output| envelope::encode_reset(&reset, output));
        assert_eq!(text, format!(r#"{{"reset":"{reason}","oldest":"1-4","newest":"1-9"}}"#));
        assert_eq!(envelope::parse_reset(&text).unwrap(), reset);
    }
    assert!(envelope::parse_reset(r#"{"reset":"lost","oldest":"1-4","newest":"1-9"}"#).is_err());
    assert!(envelope::parse_reset(r#"{"reset":"epoch","oldest":"1-4"}"#).is_err());
}

#[test]
fn a_submission_has_data_and_maybe_an_event() {
    let text = encoded(|output| envelope::encode_submission(None, "a\"b", output));
    assert_eq!(text, r#"{"data":"a\"b"}"#);
    assert_eq!(Submission::parse(&text).unwrap(), Submission { event: None, data: "a\"b".into() });

    let text = encoded(|output| envelope::encode_submission(Some("tick"), "", output));
    assert_eq!(text, r#"{"event":"tick","data":""}"#);
    assert_eq!(Submission::parse(&text).unwrap(), Submission { event: Some("tick".into()), data: String::new() });

    for text in ["hi", "\"hi\"", "{}", r#"{"event":"x"}"#, r#"{"data":null}"#, r#"{"data":{"x":1}}"#] {
        assert!(Submission::parse(text).is_err(), "{text}");
    }
}

#[test]
fn what_was_published_is_answered_with_its_id() {
    let text = encoded(|output| envelope::encode_published(ID, output));
    assert_eq!(text, r#"{"id":"1700000000000-7"}"#);
    assert_eq!(envelope::parse_published(&text).unwrap(), ID);
    assert!(envelope::parse_published("{}").is_err());
}

proptest! {
    #[test]
    fn encode_then_parse_is_the_identity(epoch: u64, n: u64, event: Option<String>, data: String) {
        let id = Cursor::new(epoch, n);
        let sent = Envelope::Message { id, event: event.clone().map(Cow::from), data: data.as_str().into() };
        let text = line(&sent);
        prop_assert!(!text.contains('\n'));
        prop_assert_eq!(parsed(&text), sent);

        let text = encoded(|output| envelope::encode_submission(event.as_deref(), &data, output));
        prop_assert_eq!(Submission::parse(&text).unwrap(), Submission { event, data });
    }

    #[test]
    fn no_text_is_too_strange_to_be_refused(text in r#"[{}\[\]":,a-z0-9\\-]{0,40}"#) {
        let _ = Envelope::parse(&text);
        let _ = Batch::parse(&text);
        let _ = Submission::parse(&text);
    }
}

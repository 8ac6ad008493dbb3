//! What is text within: event streams and JSON.

use crate::{assert_covers, told};
use tidings::inspect;

#[test]
fn what_an_event_stream_ignores_is_said_and_why() {
    for (stream, name, said) in [
        (&b"id: a\0b\n\n"[..], "id", "ignored, for it has a NUL"),
        (b"retry: 5x\n\n", "retry", "ignored, for it is not only digits"),
        (b"retry:\n\n", "field name", "ignored, for it has no digits"),
        (b"foo: x\n\n", "field name", "not known, so the line is ignored (processing"),
        (b"Data: x\n\n", "field name", "not known, so the line is ignored: names count letter by letter"),
        (
            b"\xef\xbb\xbf\xef\xbb\xbfdata: x\n\n",
            "field name",
            "not known, so the line is ignored: its name begins with a byte order mark",
        ),
        (
            b"data: \xff\n\n",
            "data",
            "what the event says; several data lines are joined by LF (processing the field); what is not UTF-8",
        ),
        (b"event: x\n\n", "blank line", "ends the block: no data, so no event, and its event type is forgotten"),
        (b"id: 7\n\n", "blank line", "ends the block: no data, so no event, but the last event ID moves"),
        (b"data\n\n", "blank line", "ends the block: an event \"message\" is dispatched with 0 bytes of data"),
        (
            b"id: 7\n\nevent: e\ndata: ab\ndata: c\n\n",
            "blank line",
            "ends the block: an event \"e\" is dispatched with 4 bytes of data of 2 lines and the last event ID \"7\"",
        ),
    ] {
        let fields = inspect::event_stream(stream);
        assert_covers(stream, &fields);
        let found = fields.iter().any(|field| field.name == name && field.meaning.starts_with(said));
        assert!(found, "{said}: {fields:?}");
    }
}

#[test]
fn the_lines_of_an_event_stream_are_fields() {
    let stream = b"\xef\xbb\xbf: hi\r\nid: 17-4\nevent:log\rdata: one\ndata\n\n";
    let fields = inspect::event_stream(stream);
    assert_covers(stream, &fields);
    let told: Vec<_> = told(&fields).into_iter().filter(|(name, _)| *name != "end of line").collect();
    assert_eq!(
        told,
        [
            ("BOM", "U+FEFF"),
            ("colon", ":"),
            ("comment", " hi"),
            ("field name", "id: "),
            ("id", "17-4"),
            ("field name", "event:"),
            ("event", "log"),
            ("field name", "data: "),
            ("data", "one"),
            ("field name", "data"),
            ("blank line", "\\n"),
        ]
    );
}

#[test]
fn a_poll_answer_is_explained_member_by_member() {
    let body = br#"{"events":[{"id":"1-1","data":"a"},{"id":"1-2","data":"b"}],"next":"1-2","more":false}"#;
    let fields = inspect::json(body);
    assert_covers(body, &fields);
    let values: Vec<_> =
        told(&fields).into_iter().filter(|(name, _)| ["id", "data", "next", "more"].contains(name)).collect();
    assert_eq!(
        values,
        [("id", "1-1"), ("data", "a"), ("id", "1-2"), ("data", "b"), ("next", "1-2"), ("more", "false")]
    );
}

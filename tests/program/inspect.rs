//! `tidings inspect`.

use crate::run::{json, run};

#[test]
fn a_frame_is_explained_from_digits_however_they_are_written() {
    let expected = run(&["inspect", "810548656c6c6f"], b"").assert_code(0).stdout.clone();
    assert!(expected.contains("opcode 0x1: text") && expected.contains("Hello"), "{expected}");
    for arguments in [&["inspect", "81 05 48 65 6C 6C 6F"][..], &["inspect", "81", "05", "48:65:6c:6c", "0x6f"]] {
        assert_eq!(run(arguments, b"").assert_code(0).stdout, expected);
    }
    assert_eq!(run(&["inspect", "-"], b"8105 4865\n6c6c6f\n").assert_code(0).stdout, expected);
    assert_eq!(run(&["inspect"], b"\x81\x05Hello").assert_code(0).stdout, expected);
}

#[test]
fn an_event_stream_is_explained_as_it_is() {
    let ended = run(&["inspect", "-", "--json"], b"id: 1-7\ndata: x\n\n");
    let names: Vec<_> = ended.assert_code(0).stdout.lines().map(|line| json(line)["name"].clone()).collect();
    assert_eq!(names, ["field name", "id", "end of line", "field name", "data", "end of line", "blank line"]);
}

#[test]
fn the_format_can_be_told() {
    let ended = run(&["inspect", "-", "--as", "frames", "--json"], b"data");
    assert_eq!(json(ended.assert_code(0).stdout.lines().next().unwrap())["name"], "FIN, RSV1-3, opcode");
}

#[test]
fn what_is_incomplete_is_explained_all_the_same() {
    let ended = run(&["inspect", "8185"], b"");
    let last = ended.assert_code(0).stdout.lines().last().unwrap();
    assert_eq!(last.trim(), "incomplete: 9 bytes of the frame are missing");
    let ended = run(&["inspect", "--json", "8185"], b"");
    let last = json(ended.assert_code(0).stdout.lines().last().unwrap());
    assert_eq!((&last["at"], &last["len"], &last["name"]), (&2.into(), &0.into(), &"missing".into()));
    run(&["inspect"], b"818").assert_code(2);
    assert!(run(&["inspect", "--as", "json"], b"818").assert_code(0).stdout.contains("value: 818"));
}

//! `tidings inspect`.

use crate::run::{Running, command, json, run};
use std::io::Write as _;
use std::process::Stdio;

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

/// A file of this test's own.
fn file(name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("inspect");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_file_is_explained_and_digits_are_no_file() {
    let expected = run(&["inspect", "8100"], b"").assert_code(0).stdout.clone();
    let (raw, digits) = (file("raw.bin", b"\x81\x00"), file("digits.txt", b"81 00\n"));
    for path in [&raw, &digits] {
        let path = path.to_str().unwrap();
        assert_eq!(run(&["inspect", path], b"").assert_code(0).stdout, expected);
        assert_eq!(run(&["inspect", "--file", path], b"").assert_code(0).stdout, expected);
    }
    let named_like_digits = file("8100", b"data: x\n\n");
    let mut there = command(&["inspect", "8100"]);
    let there = Running::start(there.current_dir(named_like_digits.parent().unwrap())).end();
    assert_eq!(there.assert_code(0).stdout, expected);
    let mut there = command(&["inspect", "--file", "8100"]);
    let there = Running::start(there.current_dir(named_like_digits.parent().unwrap())).end();
    assert!(there.assert_code(0).stdout.contains("data: x"), "{there:?}");

    assert!(run(&["inspect", "no-such-file"], b"").assert_code(2).stderr.contains("neither hexadecimal nor a file"));
    run(&["inspect", "--file", "no-such-file"], b"").assert_code(1);
    run(&["inspect", "--file", raw.to_str().unwrap(), "8100"], b"").assert_code(2);
}

#[test]
fn each_frame_is_drawn_unless_not_wanted() {
    let ended = run(&["inspect", "8900", "8a80", "00000000"], b"");
    let drawn: Vec<_> = ended.assert_code(0).stdout.lines().filter(|line| line.starts_with("│  1")).collect();
    assert_eq!(
        drawn,
        [
            "│  1  │  0   │  0   │  0   │ 1 0 0 1 │  0   │ 0 0 0 0 0 0 0 │",
            "│  1  │  0   │  0   │  0   │ 1 0 1 0 │  1   │ 0 0 0 0 0 0 0 │",
        ]
    );
    for option in ["--no-picture", "--json"] {
        assert!(!run(&["inspect", "8900", option], b"").assert_code(0).stdout.contains('│'));
    }
    // Half a header is none to draw.
    let half = run(&["inspect", "89"], b"");
    assert!(half.assert_code(0).stdout.contains("opcode 0x9") && !half.stdout.contains('│'), "{half:?}");
}

#[test]
fn whose_frames_they_are_can_be_told() {
    let said = "Illegal: not masked, and a client masks each frame";
    assert!(run(&["inspect", "8900", "--from", "client"], b"").assert_code(0).stdout.contains(said));
    assert!(!run(&["inspect", "8900", "--from", "server"], b"").assert_code(0).stdout.contains("Illegal"));
    run(&["inspect", "8900", "--from", "nobody"], b"").assert_code(2);
    run(&["inspect", "--as", "sse", "--from", "client"], b"").assert_code(2);
}

#[test]
fn what_comes_is_explained_while_it_comes() {
    let mut running = Running::start(command(&["inspect", "-", "--json"]).stdin(Stdio::piped()));
    let mut stdin = running.stdin();
    for (sent, said) in [("data", None), (": x\n", Some("field name")), ("\n", Some("blank line"))] {
        stdin.write_all(sent.as_bytes()).unwrap();
        stdin.flush().unwrap();
        let Some(said) = said else { continue };
        loop {
            let line = running.line().unwrap();
            if json(&line)["name"] == said {
                break;
            }
        }
    }
    drop(stdin);
    running.end().assert_code(0);
}

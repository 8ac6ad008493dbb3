//! `tidings subscribe --save` from a server that gives no ids: what was broken off does not come again.

use crate::run::{PATIENCE, Running, command};
use crate::save::{appending, folder, saved};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};
use std::thread;

/// The limit on the length of a file ends the first run in the midst of a line, as a kill does.
#[test]
fn half_a_line_without_an_id_does_not_run_into_the_next() {
    let folder = folder("half");
    let (file, output) = (folder.join("cursor"), folder.join("output"));
    let before = "x".repeat(499) + "\n";
    fs::write(&output, &before).unwrap();
    let url = events_without_ids(["y".repeat(1000), "next".into()].into());
    let tidings = command(&["subscribe", &url, "--save", file.to_str().unwrap(), "--count", "1"]);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -c 0; ulimit -f 1; exec \"$0\" \"$@\""])
        .arg(tidings.get_program())
        .args(tidings.get_args());
    limited.stdin(Stdio::null()).stderr(Stdio::piped()).stdout(File::options().append(true).open(&output).unwrap());
    assert_eq!(Running::start(&mut limited).end().status.code(), None, "it was killed");
    let half = fs::read_to_string(&output).unwrap();
    assert!(half.len() > 500 && half.ends_with('y'), "{half}");
    assert_eq!((&saved(&file)["writing"]["from"], &saved(&file)["writing"]["to"]), (&500.into(), &1501.into()));

    let ended = appending(&url, &file, &output, &["--count", "1"]).end();
    let cut = format!("tidings: cut {} bytes off the output, of a write that was broken off; ", half.len() - 500);
    assert!(ended.assert_code(0).stderr.starts_with(&(cut + "what they told had no id and is lost\n")), "{ended:?}");
    assert_eq!(fs::read_to_string(&output).unwrap(), before.clone() + "next\n");
}

/// Whole lines of a write that was broken off stay where they will not come again.
#[test]
fn of_a_write_without_ids_only_half_a_line_is_cut_off() {
    let folder = folder("lines");
    let (file, output) = (folder.join("cursor"), folder.join("output"));
    let url = events_without_ids(["next".into()].into());
    fs::write(&output, "zero\none\ntwo\nth").unwrap();
    let found = fs::metadata(&output).unwrap();
    let (device, inode) = (found.dev(), found.ino());
    let writing = serde_json::json!({"cursor": "", "device": device, "inode": inode, "from": 5, "to": 20});
    fs::write(&file, serde_json::json!({"url": url, "cursor": "", "writing": writing}).to_string()).unwrap();
    let ended = appending(&url, &file, &output, &["--count", "1"]).end();
    assert!(ended.assert_code(0).stderr.starts_with("tidings: cut 2 bytes off the output, "), "{ended:?}");
    assert_eq!(fs::read_to_string(&output).unwrap(), "zero\none\ntwo\nnext\n");
    assert_eq!(saved(&file), serde_json::json!({"url": url, "cursor": ""}));
}

/// An event stream of another server: an event for each connection, none with an id.
fn events_without_ids(events: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for event in events {
            let (mut socket, _) = listener.accept().unwrap();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                socket.read_exact(&mut byte).unwrap();
                head.extend(byte);
            }
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {event}\n\n");
            socket.write_all(answer.as_bytes()).unwrap();
            // Until the client has gone.
            let _ = socket.read(&mut [0]);
        }
    });
    url
}

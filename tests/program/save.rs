//! `tidings subscribe --save`: what was printed is not printed again, however the program ended.

use crate::run::{Running, Server, command, json, run, serve, serve_on};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

const TRANSPORTS: [&str; 5] = ["sse", "ws", "stream", "long", "short"];

/// An empty folder of this test's own.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("save-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    folder
}

fn publish(server: &Server, lines: &str) -> Vec<String> {
    let ended = run(&["publish", &server.topic("t"), "-"], lines.as_bytes());
    ended.assert_code(0).stdout.lines().map(str::to_owned).collect()
}

/// One run to its end, printing into a pipe.
fn subscribe(server: &Server, file: &Path, options: &[&str]) -> crate::run::Ended {
    run(&[&["subscribe", &server.topic("t"), "--save", file.to_str().unwrap()], options].concat(), b"")
}

/// A run that appends to `output`.
pub fn appending(url: &str, file: &Path, output: &Path, options: &[&str]) -> Running {
    let output = File::options().create(true).append(true).open(output).unwrap();
    let mut command = command(&["subscribe", url, "--save", file.to_str().unwrap()]);
    Running::start(command.args(options).stdout(output))
}

pub fn saved(file: &Path) -> serde_json::Value {
    json(&fs::read_to_string(file).unwrap())
}

/// Asks until it is so; each question is answered at once, and the time is bounded.
fn wait_until(is_so: impl Fn() -> bool) {
    let until = Instant::now() + crate::run::PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "it did not become so");
        std::thread::yield_now();
    }
}

#[test]
fn the_next_run_goes_on_behind_the_last_line_of_the_one_before_over_any_transport() {
    let (server, folder) = (serve(&[]), folder("next"));
    let ids = publish(&server, "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    let file = folder.join("cursor");
    for (n, via) in TRANSPORTS.iter().enumerate() {
        // The option --after is for the first run; for the others the file knows better.
        let ended = subscribe(&server, &file, &["--via", via, "--after", "oldest", "--count", "2"]);
        assert_eq!(ended.assert_code(0).stdout, format!("{}\n{}\n", 2 * n, 2 * n + 1), "{via}");
        assert_eq!(ended.stderr, "");
        let url = server.topic("t");
        assert_eq!(saved(&file), serde_json::json!({"url": url, "cursor": ids[2 * n + 1]}), "{via}");
    }
    assert_eq!(fs::metadata(folder.join("cursor.lock")).unwrap().len(), 0);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "nothing else is left in the folder");
}

#[test]
fn where_it_began_is_saved_before_the_first_message() {
    let (server, folder) = (serve(&[]), folder("began"));
    publish(&server, "before\n");
    for via in TRANSPORTS {
        let file = folder.join(via);
        let mut first = appending(&server.topic("t"), &file, &folder.join("output"), &["--via", via]);
        wait_until(|| file.exists());
        first.kill();
        first.end();
        publish(&server, via);
        let ended = subscribe(&server, &file, &["--via", via, "--count", "1"]);
        assert_eq!(ended.assert_code(0).stdout, format!("{via}\n"));
    }
}

#[test]
fn killed_again_and_again_it_prints_each_line_into_a_file_once() {
    let (server, folder) = (serve(&[]), folder("killed"));
    let lines: String = (0..10_000).flat_map(|n| [n.to_string(), " x".repeat(n * 7 % 50), "\n".into()]).collect();
    publish(&server, &lines);
    for (n, via) in TRANSPORTS.iter().enumerate() {
        let (file, output) = (folder.join(format!("{via}.cursor")), folder.join(via));
        let len = || fs::metadata(&output).map_or(0, |found| found.len());
        for kill in 1..=10_u64 {
            let target = lines.len() as u64 * kill / 10 - (37 * n as u64) * (10 - kill);
            let mut subscriber = appending(&server.topic("t"), &file, &output, &["--via", via, "--after", "oldest"]);
            wait_until(|| len() >= target);
            subscriber.kill();
            let ended = subscriber.end();
            assert!(ended.stderr.is_empty() || ended.stderr.starts_with("tidings: cut "), "{ended:?}");
        }
        assert!(fs::read_to_string(&output).unwrap() == lines, "{via}: not each line once and in order");
    }
}

/// What a kill leaves behind between announcing a write and saving that it was done, at its three stages.
#[cfg(unix)]
#[test]
fn a_write_that_was_announced_counts_if_it_is_there_and_half_of_it_is_cut_off() {
    use std::os::unix::fs::MetadataExt;
    let (server, folder) = (serve(&[]), folder("announced"));
    let ids = publish(&server, "one\ntwo\nthree\nfour\n");
    let (file, output) = (folder.join("cursor"), folder.join("output"));
    for (there, cut) in [("one\n", 0), ("one\ntwo\nth", 6), ("one\ntwo\nthree\n", 0)] {
        fs::write(&output, there).unwrap();
        let found = fs::metadata(&output).unwrap();
        let (device, inode) = (found.dev(), found.ino());
        let writing = serde_json::json!({"cursor": ids[2], "device": device, "inode": inode, "from": 4, "to": 14});
        let state = serde_json::json!({"url": server.topic("t"), "cursor": ids[0], "writing": writing});
        fs::write(&file, state.to_string()).unwrap();
        let left = if there.ends_with("three\n") { "1" } else { "3" };
        let ended = appending(&server.topic("t"), &file, &output, &["--count", left]).end();
        let said = format!(
            "tidings: cut {cut} bytes off the output, of a write that was broken off; what they told follows\n"
        );
        assert_eq!(ended.assert_code(0).stderr, if cut > 0 { &said } else { "" }, "{there:?}");
        assert_eq!(fs::read_to_string(&output).unwrap(), "one\ntwo\nthree\nfour\n", "{there:?}");
        assert_eq!(saved(&file)["cursor"], ids[3]);

        // To another output nothing was written that is known of: nothing is lost, and here nothing is doubled.
        fs::write(&file, state.to_string()).unwrap();
        let ended = subscribe(&server, &file, &["--count", "3"]);
        assert_eq!(ended.assert_code(0).stdout, "two\nthree\nfour\n");
        assert_eq!(ended.stderr, "");
    }
}

/// One file that several runs print into one after the other, as from a shell's loop: they share the place to write at.
#[cfg(unix)]
#[test]
fn half_of_a_write_is_cut_off_where_the_next_run_writes_on_from_the_same_place() {
    use std::io::Write;
    use std::os::unix::fs::MetadataExt;
    let (server, folder) = (serve(&[]), folder("shared"));
    let ids = publish(&server, "one\ntwo\nthree\n");
    let (file, output) = (folder.join("cursor"), folder.join("output"));
    let mut shared = File::create(&output).unwrap();
    shared.write_all(b"one\ntwo\nth").unwrap();
    let found = shared.metadata().unwrap();
    let (device, inode) = (found.dev(), found.ino());
    let writing = serde_json::json!({"cursor": ids[2], "device": device, "inode": inode, "from": 4, "to": 14});
    let state = serde_json::json!({"url": server.topic("t"), "cursor": ids[0], "writing": writing});
    fs::write(&file, state.to_string()).unwrap();
    let mut command = command(&["subscribe", &server.topic("t"), "--save", file.to_str().unwrap(), "--count", "2"]);
    let ended = Running::start(command.stdout(shared)).end();
    assert!(!ended.assert_code(0).stderr.contains("somebody else"), "{ended:?}");
    assert_eq!(fs::read_to_string(&output).unwrap(), "one\ntwo\nthree\n");
}

#[cfg(unix)]
#[test]
fn what_was_lost_with_the_server_is_told_once() {
    let (server, folder) = (serve(&[]), folder("lost"));
    let (addr, file) = (server.addr().to_owned(), folder.join("cursor"));
    publish(&server, "one\n");
    subscribe(&server, &file, &["--after", "oldest", "--count", "1"]).assert_code(0);
    server.running.terminate();
    server.running.end().assert_code(0);

    let server = serve_on(&addr, &[]);
    publish(&server, "two\nthree\n");
    let ended = subscribe(&server, &file, &["--count", "1"]);
    assert_eq!(ended.assert_code(0).stdout, "two\n");
    assert!(ended.stderr.contains("the server or the topic began anew"), "{ended:?}");
    let ended = subscribe(&server, &file, &["--count", "1"]);
    assert_eq!((ended.assert_code(0).stdout.as_str(), ended.stderr.as_str()), ("three\n", ""));
}

#[test]
fn a_file_of_another_subscription_is_refused_and_left_alone() {
    let (server, folder) = (serve(&[]), folder("another"));
    publish(&server, "one\ntwo\nthree\n");
    let (file, url) = (folder.join("cursor"), server.topic("t"));
    subscribe(&server, &file, &["--after", "oldest", "--count", "1"]).assert_code(0);
    let before = fs::read(&file).unwrap();
    for other in [server.topic("u"), format!("{url}?x=1"), "http://127.0.0.1:1/topics/t".into()] {
        let ended = run(&["subscribe", &other, "--save", file.to_str().unwrap()], b"");
        let said = format!("{} has the cursor of another subscription, to {url}", file.display());
        assert_eq!((ended.assert_code(2).stdout.as_str(), ended.stderr.lines().count()), ("", 1), "{ended:?}");
        assert!(ended.stderr.contains(&said), "{ended:?}");
        assert_eq!(fs::read(&file).unwrap(), before);
    }
    // Nothing is put beside what is not ours.
    fs::write(folder.join("notes"), "mine").unwrap();
    subscribe(&server, &folder.join("notes"), &[]).assert_code(1);
    assert!(!folder.join("notes.lock").exists());
    // The scheme, and where it was to begin, make no other one.
    for same in [url.replace("http:", "ws:"), format!("{url}?after=oldest#x")] {
        run(&["subscribe", &same, "--save", file.to_str().unwrap(), "--count", "1"], b"").assert_code(0);
    }
}

#[test]
fn what_cannot_be_a_saved_cursor_is_one_clear_line() {
    let (server, folder) = (serve(&[]), folder("corrupt"));
    let file = folder.join("cursor");
    for foreign in [
        &b""[..],
        b"\n",
        b"1-5\n",
        b"{\"url\":",
        b"{\"url\":\"http://h/\"}",
        b"{\"url\":\"http://h/\",\"cursor\":\"1-5\",\"more\":1}",
        b"{\"url\":1,\"cursor\":\"1-5\"}",
        b"\xff\xfe",
        &b"[".repeat(100_000),
        &b" ".repeat(1_000_000),
    ] {
        fs::write(&file, foreign).unwrap();
        let ended = subscribe(&server, &file, &[]);
        assert_eq!((ended.assert_code(1).stdout.as_str(), ended.stderr.lines().count()), ("", 1), "{ended:?}");
        let said = format!("tidings: {} is no file that --save has written", file.display());
        let why = if foreign.is_empty() { ": it is empty" } else { "" };
        assert_eq!(ended.stderr, format!("{said}{why}\n"));
        assert_eq!(fs::read(&file).unwrap(), foreign, "it is left as it is");
    }
}

#[test]
fn a_place_that_cannot_be_written_is_told_before_anything_is_printed() {
    let (server, folder) = (serve(&[]), folder("unwritable"));
    publish(&server, "one\n");
    let (missing, device) = (folder.join("missing/cursor"), PathBuf::from("/dev/null"));
    for (file, code) in [(&missing, 1), (&PathBuf::new(), 1), (&folder, 2), (&device, 2)] {
        let ended = subscribe(&server, file, &["--after", "oldest", "--count", "1"]);
        assert_eq!((ended.assert_code(code).stdout.as_str(), ended.stderr.lines().count()), ("", 1), "{ended:?}");
    }
    // A folder at the place of the new file: the old one stays, and nothing is printed that could not be saved.
    let file = folder.join("cursor");
    subscribe(&server, &file, &["--after", "oldest", "--count", "1"]).assert_code(0);
    fs::create_dir(folder.join("cursor.new")).unwrap();
    let ended = subscribe(&server, &file, &["--count", "1"]);
    assert!(ended.assert_code(1).stderr.starts_with("tidings: cannot save the cursor in "), "{ended:?}");
}

#[test]
fn what_the_server_refuses_is_not_saved() {
    let (server, folder) = (serve(&[]), folder("refused"));
    publish(&server, "one\n");
    let file = folder.join("cursor");
    let ended = subscribe(&server, &file, &["--after", "yesterday"]);
    assert!(ended.assert_code(1).stderr.contains(": the server answered 400 Bad Request: "), "{ended:?}");
    assert!(!file.exists());
    let ended = subscribe(&server, &file, &["--after", "oldest", "--count", "1"]);
    assert_eq!(ended.assert_code(0).stdout, "one\n");
}

#[test]
fn a_saved_cursor_that_is_refused_is_told_with_its_file() {
    let (server, folder) = (serve(&[]), folder("foreign"));
    let file = folder.join("cursor");
    let state = serde_json::json!({"url": server.topic("t"), "cursor": "yesterday"});
    fs::write(&file, state.to_string()).unwrap();
    // Another server may have given it, over whatever has ids of its own; a poll cannot even ask for it.
    for (via, code) in TRANSPORTS.into_iter().zip([1, 1, 1, 2, 2]) {
        let ended = subscribe(&server, &file, &["--via", via]);
        let path = file.display();
        let said = format!("the cursor saved in {path} (\"yesterday\") was refused: ");
        assert!(ended.assert_code(code).stderr.contains(&said), "{via}: {ended:?}");
        assert!(ended.stderr.contains(&format!("; delete {path} to begin anew")), "{via}: {ended:?}");
        assert_eq!((ended.stdout.as_str(), ended.stderr.lines().count()), ("", 1), "{via}: {ended:?}");
        assert_eq!(saved(&file), state, "{via}");
    }
}

#[test]
fn a_second_run_with_the_same_file_is_refused_until_the_first_is_gone() {
    let (server, folder) = (serve(&[]), folder("two"));
    publish(&server, "one\n");
    let file = folder.join("cursor");
    let refused = || {
        let ended = subscribe(&server, &file, &["--count", "1"]);
        let said = format!("tidings: {} is in use by another run\n", file.display());
        assert_eq!((ended.assert_code(1).stdout.as_str(), &ended.stderr), ("", &said));
    };
    let output = folder.join("output");
    let is_printed = |text: &str| fs::read_to_string(&output).is_ok_and(|printed| printed == text);
    let mut first = appending(&server.topic("t"), &file, &output, &["--after", "oldest"]);
    wait_until(|| is_printed("one\n") && file.exists());
    refused();
    // The file is replaced by now, which is why it cannot be the one that is locked.
    publish(&server, "two\n");
    wait_until(|| is_printed("one\ntwo\n"));
    refused();
    first.kill();
    first.end();
    publish(&server, "three\n");
    appending(&server.topic("t"), &file, &output, &["--count", "1"]).end().assert_code(0);
    assert!(is_printed("one\ntwo\nthree\n"));
}

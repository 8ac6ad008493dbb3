//! A server that has used up its file descriptors.

use crate::run::{Running, Server};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

/// More clients than descriptors.
const CLIENTS: usize = 150;

fn get(client: &mut TcpStream, path: &str) -> String {
    client.set_read_timeout(Some(crate::run::PATIENCE)).unwrap();
    write!(client, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    loop {
        let mut some = [0; 4096];
        let got = client.read(&mut some).unwrap();
        assert!(got > 0, "the connection ended");
        answer.extend_from_slice(&some[..got]);
        let text = String::from_utf8(answer.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.split("Content-Length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
        if body.len() == length.unwrap().parse::<usize>().unwrap() {
            return text;
        }
    }
}

fn metric(client: &mut TcpStream, name: &str) -> u64 {
    let text = get(client, "/metrics");
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.unwrap().parse().unwrap()
}

#[test]
fn without_descriptors_the_server_stays_does_not_spin_and_serves_again() {
    let script = "ulimit -n 64 && exec \"$0\" serve --addr 127.0.0.1:0";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_tidings")]);
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let server = Server::listening(Running::start(&mut shell));
    let addr = server.addr().to_owned();

    let mut first = TcpStream::connect(&addr).unwrap();
    assert!(get(&mut first, "/healthz").ends_with("ok\n"));
    let mut others: Vec<_> = (0..CLIENTS).map(|_| TcpStream::connect(&addr).unwrap()).collect();
    let reason = r#"tidings_refusals_total{reason="no_descriptor"}"#;
    while metric(&mut first, reason) < 3 {}
    // The pause is a tenth of a second: a loop that spins would turn many thousand times.
    let before = metric(&mut first, "tidings_loop_turns_total");
    std::thread::sleep(Duration::from_millis(500)); // what is measured is what happens in a while
    let turns = metric(&mut first, "tidings_loop_turns_total") - before;
    assert!(turns < 100, "{turns} turns");

    // Each place that becomes free is the next one's: in the end all are served.
    for mut client in others.drain(..) {
        assert!(get(&mut client, "/healthz").ends_with("ok\n"));
    }
    let mut late = TcpStream::connect(&addr).unwrap();
    assert!(get(&mut late, "/healthz").ends_with("ok\n"));
}

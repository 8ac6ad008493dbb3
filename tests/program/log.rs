//! What `serve` tells on standard error, and that it never depends on who reads it.

use crate::run::{PATIENCE, Running, Server, command, run, serve};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

/// Sends this over a connection of its own, and reads the answer's status line.
fn ask(server: &Server, request: &str) -> String {
    let mut client = TcpStream::connect(server.addr()).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

fn get(server: &Server, target: &str, headers: &str) -> String {
    ask(server, &format!("GET {target} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n{headers}\r\n"))
}

/// A server that was started with these variables in its environment.
fn serve_with(variables: &[(&str, &str)], arguments: &[&str]) -> Server {
    let mut command = command(&["serve", "--addr", "127.0.0.1:0"]);
    let running = Running::start(command.args(arguments).envs(variables.iter().copied()));
    let url = running.line().unwrap().strip_prefix("listening on ").unwrap().to_owned();
    Server { running, url }
}

/// The line without its time, which is RFC 3339 in UTC.
#[track_caller]
fn untimed(line: &str) -> &str {
    let (time, rest) = line.split_once(' ').unwrap();
    let shape: String = time.chars().map(|char| if char.is_ascii_digit() { '0' } else { char }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z", "{line}");
    rest
}

#[cfg(unix)]
#[test]
fn what_is_told_is_what_was_asked_for() {
    for (variables, arguments, level) in [
        (&[][..], &[][..], "warn"),
        (&[("TIDINGS_LOG", "")], &[], "warn"),
        (&[("TIDINGS_LOG", "info")], &[], "info"),
        (&[("TIDINGS_LOG", "debug")], &["--log", "info"], "info"),
        (&[], &["--log", "debug"], "debug"),
        (&[], &["--log", "error"], "error"),
        (&[("TIDINGS_LOG", "debug")], &["--log", "off"], "off"),
    ] {
        let server = serve_with(variables, &[arguments, &["--connections-per-address", "1"]].concat());
        let addr = server.addr().to_owned();
        let first = TcpStream::connect(&addr).unwrap();
        assert_eq!(get(&server, "/a", ""), "HTTP/1.1 503 Service Unavailable");
        drop(first);
        // Until the place of the first is seen to be free; each try is a refusal that is not told any more.
        while get(&server, "/b", "") != "HTTP/1.1 404 Not Found" {}
        server.running.terminate();
        let said = server.running.end().assert_code(0).stderr.clone();
        let lines: Vec<&str> = said.lines().collect();
        let told = |level: &str| lines.iter().filter(|line| line.contains(&format!("Z {level} tidings::"))).count();
        let says_itself = lines.contains(&"tidings: draining");
        match level {
            "off" | "error" => assert_eq!(lines, ["tidings: draining"]),
            "warn" => assert!(says_itself && told("WARN") == lines.len() - 1 && told("WARN") >= 1, "{said}"),
            "info" => assert!(!says_itself && told("INFO") == 3 && told("DEBUG") == 0, "{said}"),
            _ => assert!(!says_itself && told("INFO") == 3 && told("DEBUG") >= 2, "{said}"),
        }
        if let "info" | "debug" = level {
            let of = |level: &str| -> Vec<&str> {
                lines.iter().map(|line| untimed(line)).filter(|line| line.starts_with(level)).collect()
            };
            assert_eq!(of("INFO")[0], format!("INFO tidings::server: listening addr={addr}"));
            assert!(of("INFO")[1].starts_with("INFO tidings::server: draining connections="));
            assert_eq!(of("INFO")[2], "INFO tidings::server: drained");
            assert!(
                of("WARN")[0]
                    .starts_with("WARN tidings::server: refused reason=connections_per_address count=1 client=")
            );
        }
    }
}

#[test]
fn a_request_cannot_forge_a_line_or_a_field() {
    let server = serve(&["--log", "debug", "--trust-proxy", "127.0.0.0/8"]);
    server.running.said().unwrap();
    for (request, expected) in [
        ("GET /%0a2026 HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", "method=GET path=/%0a2026 status=404"),
        ("GET /?x=s3cret HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", "method=GET path=/ status=200"),
        ("GET /a=b HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", "method=GET path=\"/a=b\" status=404"),
        ("GET /\"\\ HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", "method=GET path=\"/\\\"\\\\\" status=404"),
        ("X-'| /a HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", "method=X-'| path=/a status=404"),
        // What no request may have is not shown at all.
        ("GET /a\nb HTTP/1.1\r\nHost: t\r\n\r\n", "status=400"),
        ("GET /a\u{1b}[2J HTTP/1.1\r\nHost: t\r\n\r\n", "status=400"),
        ("GET /\u{e9} HTTP/1.1\r\nHost: t\r\n\r\n", "status=400"),
        ("a=\"b /a HTTP/1.1\r\nHost: t\r\n\r\n", "status=400"),
    ] {
        ask(&server, request);
        let mut line = server.running.said().unwrap();
        // The malformed ones are refusals, too, and of these there may be a line.
        if untimed(&line).starts_with("WARN tidings::server: refused reason=head count=") {
            line = server.running.said().unwrap();
        }
        assert_eq!(
            untimed(&line),
            format!("DEBUG tidings::access: answered client=127.0.0.1 {expected}"),
            "{request:?}"
        );
    }
    get(&server, "/a", "X-Forwarded-For: 192.0.2.1 status=200, 198.51.100.7\r\nAuthorization: Bearer s3cret\r\n");
    let line = server.running.said().unwrap();
    let expected = "DEBUG tidings::access: answered client=198.51.100.7 method=GET path=/a status=404";
    assert_eq!(untimed(&line), expected);
}

#[test]
fn the_header_of_the_proxy_is_the_one_that_was_named() {
    let both = "X-Forwarded-For: 192.0.2.1\r\nForwarded: for=198.51.100.7\r\n";
    for (arguments, client) in [
        (&["--trust-proxy", "127.0.0.1"][..], "192.0.2.1"),
        (&["--trust-proxy", "127.0.0.1", "--proxy-header", "Forwarded"], "198.51.100.7"),
        (&["--trust-proxy", "10.0.0.0/8", "--trust-proxy", "::1"], "127.0.0.1"),
        (&[], "127.0.0.1"),
    ] {
        let server = serve(&[arguments, &["--log", "debug"]].concat());
        server.running.said().unwrap();
        get(&server, "/a", both);
        let line = server.running.said().unwrap();
        assert!(line.contains(&format!(" client={client} ")), "{line}");
    }
}

#[cfg(unix)]
#[test]
fn a_standard_error_that_is_closed_or_full_is_no_reason_to_end() {
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Stdio::from(writer)
    };
    #[allow(unused_mut)]
    let mut outputs = vec![closed(), Stdio::null()];
    #[cfg(target_os = "linux")]
    outputs.push(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap().into());
    for output in outputs {
        let mut command = command(&["serve", "--addr", "127.0.0.1:0", "--log", "debug"]);
        let running = Running::start(command.stderr(output));
        let url = running.line().unwrap().strip_prefix("listening on ").unwrap().to_owned();
        let server = Server { running, url };
        for _ in 0..10 {
            assert_eq!(get(&server, "/healthz", ""), "HTTP/1.1 200 OK");
        }
        server.running.terminate();
        server.running.end().assert_code(0);
    }
}

/// More lines than a pipe and the queue hold.
const FLOOD: usize = 3000;

#[cfg(unix)]
fn flooded(output: std::io::PipeWriter) -> Server {
    let mut command = command(&["serve", "--addr", "127.0.0.1:0", "--log", "debug"]);
    let running = Running::start(command.stderr(output));
    let url = running.line().unwrap().strip_prefix("listening on ").unwrap().to_owned();
    let server = Server { running, url };
    let mut client = BufReader::new(TcpStream::connect(server.addr()).unwrap());
    client.get_ref().set_read_timeout(Some(PATIENCE)).unwrap();
    for _ in 0..FLOOD {
        client.get_mut().write_all(b"OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            client.read_line(&mut line).unwrap();
        }
    }
    server
}

#[cfg(unix)]
#[test]
fn a_standard_error_that_nobody_reads_holds_up_nothing() {
    let (_reader, writer) = std::io::pipe().unwrap();
    let server = flooded(writer);
    assert_eq!(get(&server, "/healthz", ""), "HTTP/1.1 200 OK");
    server.running.terminate();
    server.running.end().assert_code(0);
}

#[cfg(unix)]
#[test]
fn lines_that_were_dropped_are_counted() {
    let (reader, writer) = std::io::pipe().unwrap();
    let server = flooded(writer);
    let (mut told, mut lost) = (0, 0);
    for line in BufReader::new(reader).lines() {
        let line = line.unwrap();
        match untimed(&line).strip_prefix("WARN tidings: lines were lost count=") {
            Some(count) => lost += count.parse::<usize>().unwrap(),
            None if line.contains(" method=OPTIONS ") => told += 1,
            None => {}
        }
        if told + lost == FLOOD {
            break;
        }
    }
    assert!(lost > 0 && told > 1000, "{told} and {lost}");
    drop(server);
}

#[cfg(unix)]
#[test]
fn draining_takes_as_long_as_it_may() {
    let server = serve(&["--drain-seconds", "1", "--log", "info"]);
    let mut stuck = TcpStream::connect(server.addr()).unwrap();
    stuck.write_all(b"GET /hea").unwrap();
    // The server has seen it.
    while !metrics(&server).contains("\ntidings_requests_waiting 1\n") {}
    let begun = std::time::Instant::now();
    server.running.terminate();
    let said = server.running.end().assert_code(0).stderr.clone();
    let took = begun.elapsed();
    assert!((1..5).contains(&took.as_secs()), "{took:?}");
    let last = said.lines().last().unwrap();
    assert_eq!(untimed(last), "INFO tidings::server: drain_time is over, the rest is cut off connections=1");
}

fn metrics(server: &Server) -> String {
    let mut client = TcpStream::connect(server.addr()).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.write_all(b"GET /metrics HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_level_in_the_environment_that_is_none_is_a_slip() {
    let ended = Running::start(command(&["serve", "--addr", "127.0.0.1:0"]).env("TIDINGS_LOG", "loud")).end();
    let said = "tidings: TIDINGS_LOG loud: off, error, warn, info or debug is wanted; see tidings serve --help\n";
    assert_eq!(ended.assert_code(2).stderr, said);
    assert_eq!(run(&["serve", "--log", "DEBUG"], b"").assert_code(2).stdout, "");
}

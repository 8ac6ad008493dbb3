//! How it is called, and what it says when that was wrong.

use crate::run::{command, run, serve, serve_on};
use std::net::TcpListener;

#[test]
fn calling_it_wrongly_ends_with_2_and_one_line() {
    for arguments in [
        &["nonsense"][..],
        &["--nonsense"],
        &["serve", "surplus"],
        &["publish"],
        &["publish", "http://h/", "data", "surplus"],
        &["publish", "no url", "data"],
        &["publish", "http://h/", "data", "--header", "no colon"],
        &["subscribe"],
        &["subscribe", "http://h/", "surplus"],
        &["subscribe", "http://h/", "--via", "pigeon"],
        &["subscribe", "http://h/", "--via", "ws", "--after", "yesterday"],
        &["subscribe", "http://h/", "--count", "many"],
        #[cfg(not(feature = "tls"))]
        &["publish", "https://h/", "data"],
        #[cfg(not(feature = "tls"))]
        &["subscribe", "wss://h/"],
        #[cfg(not(feature = "tls"))]
        &["subscribe", "http://h/", "--cacert", "roots.pem"],
        #[cfg(not(feature = "tls"))]
        &["serve", "--addr", "127.0.0.1:0", "--cert", "chain.pem", "--key", "key.pem"],
        &["serve", "--key", "key.pem"],
        &["inspect", "xyz"],
        &["inspect", "--as", "morse", "81"],
        &["serve", "--addr"],
        &["serve", "--addr", "foo"],
        &["serve", "--addr", "127.0.0.1"],
        &["serve", "--addr", ":8080"],
        &["serve", "--addr", "127.0.0.1:99999"],
        &["serve", "--addr", "::1:8080"],
        &["serve", "--keep-messages", "0"],
        &["serve", "--keep-bytes", "0"],
        &["serve", "--keep-seconds", "0"],
        &["serve", "--connections-per-address", "0"],
        &["serve", "--drain-seconds", "0"],
        &["serve", "--log", "loud"],
        &["serve", "--proxy-header", "x-real-ip"],
        &["serve", "--trust-proxy", "localhost"],
        &["serve", "--trust-proxy", "10.0.0.0/33"],
        &["serve", "--trust-proxy", ""],
        &["serve", "--addr", "127.0.0.1:0", "--allow-origin", "null"],
        &["help", "nonsense"],
        &["help", "serve", "surplus"],
        &["subscribe", "http://h/", "--after", ""],
        &["subscribe", "http://h/", "--via", "sse", "--after", "a\nb"],
        &["publish", "http://127.0.0.1:1/", "x", "--header", "A B: b"],
        &["publish", "http://127.0.0.1:1/", "x", "--header", "Transfer-Encoding: chunked"],
        &["publish", "http://127.0.0.1:1/", "x", "--header", "Host: a", "--header", "Host: b"],
        &["subscribe", "http://127.0.0.1:1/", "--header", "A B: b"],
        &["subscribe", "http://127.0.0.1:1/", "--via", "ws", "--header", "Sec-WebSocket-Key: x"],
        &["subscribe", "http://127.0.0.1:1/", "--via", "long", "--header", "Content-Length: 5"],
        &["publish", "http://127.0.0.1:99999/", "x"],
        &["publish", "http://127.0.0.1:0/", "x"],
        &["publish", "http://127.0.0.1:/", "x"],
        &["subscribe", "http://127.0.0.1:65536/"],
        &["publish", "http://h/", "x", "--event", "tidings.reset"],
        &["publish", "http://h/", "-", "--idempotency-key", "k"],
        &["publish", "http://h/", "--idempotency-key", "k"],
        &["publish", "http://h/", "x", "--idempotency-key", "a b"],
        &["publish", "http://h/", "x", "--idempotency-key", ""],
        &["subscribe", "http://h/", "--event", ""],
        &["subscribe", "http://h/", "--event", "fine", "--event", "tidings.reset"],
    ] {
        let ended = run(arguments, b"");
        ended.assert_code(2);
        assert_eq!((ended.stdout.as_str(), ended.stderr.lines().count()), ("", 1), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.starts_with("tidings: "), "{ended:?}");
    }
}

#[test]
fn what_was_wrong_is_named_and_where_to_read_on() {
    for (arguments, said) in [
        (
            &["subscribe", "http://h/", "--count", "x"][..],
            "--count x: a whole number is wanted; see tidings subscribe --help",
        ),
        (
            &["serve", "--keep-bytes", "0"],
            "--keep-bytes 0: a whole number from 1 on is wanted; see tidings serve --help",
        ),
        (
            &["serve", "--trust-proxy", "10/8"],
            "--trust-proxy 10/8: ADDR or ADDR/PREFIX is wanted, such as 10.0.0.1 or 10.0.0.0/8, and a prefix has at most 32 bits, of IPv6 128; \
             see tidings serve --help",
        ),
        (&["--keep-bytes"], "missing argument for option '--keep-bytes'; see tidings serve --help"),
        (
            &["inspect", "81 0"],
            "\"0\" has an odd number of hexadecimal digits: two make a byte; see tidings inspect --help",
        ),
        (&["nonsense"], "there is no command nonsense; see tidings --help"),
        (
            &["publish", "127.0.0.1:8080/topics/t", "x"],
            "\"127.0.0.1:8080/topics/t\" cannot be used: a URL has to begin with http://, https://, ws:// or wss://; \
             see tidings publish --help",
        ),
        (&["publish", "http://", "x"], "\"http://\" cannot be used: it has no host; see tidings publish --help"),
        (
            &["subscribe", "http://me:secret@h/?access_token=secret"],
            "\"http://…@h/?access_token=…\" cannot be used: it has a user name: send credentials as a header; \
             see tidings subscribe --help",
        ),
        (
            &["subscribe", "http://h/", "--header", "bogus"],
            "--header \"bogus\": 'NAME: VALUE' is wanted; see tidings subscribe --help",
        ),
        (
            &["subscribe", "http://h/", "--header", "Authorization Bearer secret"],
            "--header \"Authorization …\": 'NAME: VALUE' is wanted; see tidings subscribe --help",
        ),
        (
            &["publish", "http://h/", "x", "--event", "a\nb"],
            "--event \"a\\nb\": an event's name has no line break and no NUL; see tidings publish --help",
        ),
        (
            &["subscribe", "ws://h/", "--after", "yesterday"],
            "--after \"yesterday\": a cursor is two decimal numbers joined by a hyphen, or 'oldest' or 'now'; \
             see tidings subscribe --help",
        ),
    ] {
        assert_eq!(run(arguments, b"").assert_code(2).stderr, format!("tidings: {said}\n"), "{arguments:?}");
    }
}

#[test]
fn help_is_a_command_too() {
    assert_eq!(run(&["help"], b"").assert_code(0).stdout, run(&["--help"], b"").stdout);
    for command in ["serve", "publish", "subscribe", "inspect"] {
        let help = run(&["help", command], b"");
        assert_eq!(help.assert_code(0).stdout, run(&[command, "--help"], b"").stdout);
    }
}

#[test]
fn each_command_has_help_and_version() {
    for command in [&[][..], &["serve"], &["publish"], &["subscribe"], &["inspect"]] {
        let help = run(&[command, &["--help"]].concat(), b"");
        assert!(help.assert_code(0).stdout.contains("Usage:"), "{help:?}");
        let version = run(&[command, &["--version"]].concat(), b"");
        assert_eq!(version.assert_code(0).stdout, format!("tidings {}\n", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn failures_end_with_1_and_one_line() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = format!("http://{}/topics/t", nobody.local_addr().unwrap());
    drop(nobody);
    let server = serve(&[]);
    let (missing, wrong) = (format!("{}nothing/here", server.url), server.url.clone());
    let topic = server.topic("t");
    for arguments in [
        &["publish", &gone, "x"][..],
        &["publish", &gone, "-"],
        &["publish", &missing, "x"],
        &["subscribe", &gone],
        &["subscribe", &missing],
        &["subscribe", &missing, "--via", "ws"],
        &["subscribe", &missing, "--via", "long"],
        &["subscribe", &wrong],
        &["subscribe", &topic, "--after", "an id of another kind"],
    ] {
        let ended = run(arguments, b"line\n");
        ended.assert_code(1);
        assert_eq!((ended.stdout.as_str(), ended.stderr.lines().count()), ("", 1), "{arguments:?}: {ended:?}");
    }
}

#[test]
fn an_occupied_port_is_one_clear_line() {
    let server = serve(&[]);
    let ended = run(&["serve", "--addr", server.addr()], b"");
    ended.assert_code(1);
    assert_eq!((ended.stdout.as_str(), ended.stderr.lines().count()), ("", 1), "{ended:?}");
    assert!(ended.stderr.contains(server.addr()), "{ended:?}");
}

#[test]
fn a_bare_call_is_serve() {
    let bare = crate::run::Running::start(&mut command(&["--addr", "127.0.0.1:0"]));
    assert!(bare.line().unwrap().starts_with("listening on http://127.0.0.1:"));
}

#[test]
fn the_line_that_it_listens_has_the_real_port() {
    let server = serve_on("127.0.0.1:0", &[]);
    let port: u16 = server.addr().rsplit(':').next().unwrap().parse().unwrap();
    assert_ne!(port, 0);
    assert!(server.url.ends_with('/'));
}

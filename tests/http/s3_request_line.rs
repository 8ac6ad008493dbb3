//! §3: the request line.

use super::{request, requests};
use tidings::http::HeadError;

#[test]
fn a_malformed_request_line_gets_400() {
    for line in [
        "GET",
        "GET /",
        "GET  / HTTP/1.1",
        "GET /  HTTP/1.1",
        "GET /a b HTTP/1.1",
        "GET\t/\tHTTP/1.1",
        "G(T / HTTP/1.1",
        "/ HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET a HTTP/1.1",
        "GET * HTTP/1.1",
        "GET ://h/ HTTP/1.1",
        "GET /a#b HTTP/1.1",
        "GET /\u{e9} HTTP/1.1",
        "GET /\u{7f} HTTP/1.1",
        "CONNECT /a HTTP/1.1",
    ] {
        let error = requests(format!("{line}\r\nHost: h\r\n\r\n")).err();
        assert_eq!((error, error.status().as_u16()), (HeadError::RequestLine, 400), "{line:?}");
    }
}

#[test]
fn methods_are_tokens_and_keep_their_case() {
    assert_eq!(request("get / HTTP/1.1\r\nHost: h\r\n\r\n").method, "get");
    assert_eq!(request("M-SEARCH / HTTP/1.1\r\nHost: h\r\n\r\n").method, "M-SEARCH");
}

#[test]
fn path_and_query_of_origin_form() {
    let head = request("GET /a/%20?x=1?y HTTP/1.1\r\nHost: h:80\r\n\r\n");
    assert_eq!((head.path(), head.query(), head.authority()), ("/a/%20", Some("x=1?y"), Some("h:80")));
    let head = request("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!((head.path(), head.query()), ("/a", None));
    // Two slashes begin a path here, not an authority; and a URL in the query is just a query.
    assert_eq!(request("GET //a/b HTTP/1.1\r\nHost: h\r\n\r\n").path(), "//a/b");
    assert_eq!(request("GET /?u=http://x/y HTTP/1.1\r\nHost: h\r\n\r\n").path(), "/");
}

#[test]
fn absolute_form_is_accepted_and_outdoes_host() {
    let head = request("GET http://x.example:81/a?b HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!((head.path(), head.query(), head.authority()), ("/a", Some("b"), Some("x.example:81")));
    let head = request("GET http://x?b HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!((head.path(), head.query(), head.authority()), ("/", Some("b"), Some("x")));
    assert_eq!(request("GET http://x HTTP/1.1\r\nHost: h\r\n\r\n").path(), "/");
}

#[test]
fn authority_form_and_asterisk_form_have_no_path() {
    assert_eq!(request("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n").path(), "");
    let head = request("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!((head.path(), head.query(), head.authority()), ("", None, Some("h")));
}

#[test]
fn http_1_1_without_host_gets_400_and_1_0_does_not() {
    assert_eq!(requests("GET / HTTP/1.1\r\nHos: h\r\n\r\n").err(), HeadError::HostMissing);
    assert_eq!(requests("GET / HTTP/1.0\r\n\r\n").ok().len(), 1);
}

#[test]
fn a_repeated_host_gets_400_even_if_the_same() {
    assert_eq!(requests("GET / HTTP/1.1\r\nHost: h\r\nhost: h\r\n\r\n").err(), HeadError::HostRepeated);
    assert_eq!(requests("GET / HTTP/1.0\r\nHost: h\r\nHOST: h\r\n\r\n").err(), HeadError::HostRepeated);
}

#[test]
fn a_host_is_a_host_and_a_port() {
    for host in ["", "h", "h:", "h:80", "127.0.0.1:8080", "[::1]", "[::1]:80", "a_b.example", "x%20y"] {
        assert_eq!(requests(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).ok().len(), 1, "{host:?}");
    }
    for host in ["h h", "h/", "u@h", "h:8x", "a:b:1", "[::1", "[::1]x", "[/]", "h?", "h#", "\u{e9}", "<h>", "h:+1"] {
        let error = requests(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).err();
        assert_eq!((error, error.status().as_u16()), (HeadError::HostInvalid, 400), "{host:?}");
    }
}

//! §9: connections.

use super::{request, response};

#[test]
fn http_1_1_persists_unless_it_says_close() {
    assert!(request("GET / HTTP/1.1\r\nHost: h\r\n\r\n").keep_alive());
    assert!(!request("GET / HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n").keep_alive());
    assert!(response("HTTP/1.1 200 OK\r\n\r\n").keep_alive());
    assert!(!response("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").keep_alive());
}

#[test]
fn http_1_0_persists_only_if_it_says_keep_alive() {
    assert!(!request("GET / HTTP/1.0\r\n\r\n").keep_alive());
    assert!(request("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive());
    assert!(!request("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n").keep_alive());
    assert!(!response("HTTP/1.0 200 OK\r\n\r\n").keep_alive());
}

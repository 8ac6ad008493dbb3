//! How TLS begins, and how it does not.

use super::{PATIENCE, known, read_until, secured};
use crate::running::front::certificates::Authority;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tidings::client::{
    self, Cut, Error, EventSource, Options, Received, Roots, Stream, WebSocketOptions, WebSocketSource,
};
use tidings::server::{Builder, Limits, Server};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConnection, ServerConfig, ServerConnection, StreamOwned};

/// A socket to which each byte is written by itself.
struct Trickle(TcpStream);

impl Write for Trickle {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(&bytes[..bytes.len().min(1)])
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Read for Trickle {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        let len = room.len().min(1);
        self.0.read(&mut room[..len])
    }
}

#[test]
fn a_handshake_and_a_request_may_come_byte_by_byte() {
    let secured = secured(Server::builder());
    let (connection, socket) = secured.ends();
    socket.set_nodelay(true).unwrap();
    let mut tls = StreamOwned::new(connection, Trickle(socket));
    for byte in b"GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n" {
        // A record of its own.
        tls.write_all(&[*byte]).unwrap();
    }
    let answer = read_until(&mut tls, b"ok\n");
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", String::from_utf8_lossy(&answer));
}

fn head_time(millis: u64) -> Builder {
    Server::builder().limits(Limits { head_time: Duration::from_millis(millis), ..Limits::default() })
}

#[test]
fn a_handshake_has_the_time_of_a_head() {
    let secured = secured(head_time(50));
    // The beginning of a first message, and nothing more.
    let (_, mut socket) = secured.ends();
    socket.write_all(&[22, 3, 1, 2, 0, 1]).unwrap();
    let mut said = Vec::new();
    socket.read_to_end(&mut said).unwrap();
    assert_eq!(said[0], 21, "an alert");
    // All of it, and no answer to the server's.
    let (mut connection, mut socket) = secured.ends();
    connection.write_tls(&mut socket).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    assert_eq!(answer[0], 22, "a handshake");
}

#[test]
fn handshakes_that_are_not_gone_on_with_keep_nobody_out() {
    let limits = Limits { request_threads: 2, ..Limits::default() };
    let secured = secured(Server::builder().limits(limits));
    let silent: Vec<_> = (0..50)
        .map(|_| {
            let (mut connection, mut socket) = secured.ends();
            connection.write_tls(&mut socket).unwrap();
            (connection, socket)
        })
        .collect();
    let begun = Instant::now();
    assert!(secured.get("/healthz").starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(begun.elapsed() < Limits::default().head_time);
    drop(silent);
}

#[test]
fn a_request_in_the_clear_is_told_so() {
    let secured = secured(Server::builder());
    let mut client = secured.server.client();
    client.request("GET", "/healthz", "");
    let answer = client.response();
    assert_eq!((answer.status, answer.text().as_str()), (400, "TLS is spoken here: use https or wss\n"));
    client.expect_end();
}

#[test]
fn what_is_no_handshake_gets_an_alert_and_the_end() {
    let secured = secured(Server::builder());
    let (_, mut socket) = secured.ends();
    socket.write_all(&[22, 3, 1, 0, 5, 99, 0, 0, 1, 0]).unwrap();
    let mut said = Vec::new();
    socket.read_to_end(&mut said).unwrap();
    // RFC 8446 §6: an alert that is fatal.
    assert_eq!((said.first(), said.get(5)), (Some(&21), Some(&2)));
    assert!(secured.get("/metrics").contains("tidings_refusals_total{reason=\"handshake\"} 1\n"));
}

#[test]
fn a_hello_is_no_longer_than_a_head() {
    let secured = secured(Server::builder());
    let (_, mut socket) = secured.ends();
    // The first 20,000 of 65,000 bytes, in records of 4,000: it is not refused for what it says.
    let mut record = [&[22, 3, 1, 0x0f, 0xa0, 1, 0, 0xfd, 0xe8, 3, 3][..], &[0; 3994]].concat();
    for _ in 0..5 {
        // It may be refused in the midst of it.
        let _ = socket.write_all(&record);
        record[5..].fill(0);
    }
    let until = Instant::now() + PATIENCE / 2;
    while !secured.get("/metrics").contains("tidings_refusals_total{reason=\"handshake\"} 1\n") {
        assert!(Instant::now() < until);
    }
}

/// RFC 6066 §3, RFC 7301 §3.1
#[test]
fn a_client_says_whom_it_wants_and_what_it_speaks() {
    let (authority, listener) = (Authority::new(), TcpListener::bind("127.0.0.1:0").unwrap());
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    let pair = authority.vouch_for(&["localhost"]);
    let chain = vec![CertificateDer::from_pem_slice(pair.chain.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let server = thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        let mut tls = StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), socket);
        read_until(&mut tls, b"\r\n\r\n");
        (tls.conn.server_name().map(str::to_owned), tls.conn.alpn_protocol().map(<[u8]>::to_vec))
    });
    EventSource::new(&url, known(&authority)).unwrap().next();
    assert_eq!(server.join().unwrap(), (Some("localhost".into()), Some(b"http/1.1".to_vec())));
}

/// RFC 7301 §3.2
#[test]
fn a_client_that_speaks_something_else_is_refused_in_the_handshake() {
    let secured = secured(Server::builder());
    let mut config = secured.client_config();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let name = ServerName::from(secured.server.addr.ip());
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut tls = StreamOwned::new(connection, TcpStream::connect(secured.server.addr).unwrap());
    let refused = tls.write_all(b"GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n").unwrap_err();
    assert!(refused.to_string().contains("NoApplicationProtocol"), "{refused}");
}

#[test]
fn a_handshake_that_the_client_breaks_off_is_counted() {
    let secured = secured(Server::builder());
    let options = Options { roots: Roots::default(), ..secured.options() };
    let refused = Stream::new(&secured.url("/topics/news"), options).unwrap().next();
    assert!(matches!(refused, Some(Err(Error::Tls(_)))));
    let until = Instant::now() + PATIENCE;
    while !secured.get("/metrics").contains("tidings_refusals_total{reason=\"handshake\"} 1\n") {
        assert!(Instant::now() < until);
    }
}

#[test]
fn a_server_that_ends_in_the_handshake_is_a_cut_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("wss://{}/", listener.local_addr().unwrap());
    let server = thread::spawn(move || listener.accept().unwrap().0.shutdown(std::net::Shutdown::Write));
    let common = Options { connect_timeout: Duration::from_secs(600), ..known(&Authority::new()) };
    let refused = client::WebSocket::connect(&url, &WebSocketOptions { common, ..WebSocketOptions::default() });
    assert!(matches!(&refused, Err(Error::Cut(Cut::Connect(_)))), "{refused:?}");
    server.join().unwrap().unwrap();
}

#[test]
fn a_client_can_be_stopped_in_the_handshake() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let options = Options { connect_timeout: Duration::from_secs(600), ..known(&Authority::new()) };
    let mut source = EventSource::new(&url, options).unwrap();
    let stop = source.stop_handle();
    let server = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        // It waits for an answer.
        socket.read_exact(&mut [0; 5]).unwrap();
        stop.stop();
        socket
    });
    assert!(source.next().is_none());
    drop(server.join().unwrap());
}

/// It cannot be told by a 503 without a handshake, and comes again all the same.
#[test]
fn a_client_for_whom_there_is_no_room_comes_again() {
    let secured = secured(Server::builder().limits(Limits { connections: 1, ..Limits::default() }));
    secured.server.publish("news", "hello");
    let first = secured.connect();
    let (mut tls, url, options) = (first, secured.url("/topics/news"), secured.options());
    tls.write_all(b"GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
    read_until(&mut tls, b"ok\n");
    let mut source = EventSource::new(&url, options).unwrap();
    // No server that was ever there: the cut is told.
    let cut = source.next();
    assert!(matches!(&cut, Some(Ok(Received::Reconnecting { why: Cut::Connect(_), .. }))), "{cut:?}");
    drop(tls);
    let hello = source.find_map(|received| match received.unwrap() {
        Received::Message { data, .. } => Some(data),
        _ => None,
    });
    assert_eq!(hello.as_deref(), Some("hello"));
}

#[test]
fn a_server_that_speaks_no_tls_is_an_error_at_once() {
    let server = crate::running::run_in_the_clear(Server::builder());
    let url = format!("wss://{}/topics/news", server.addr);
    match WebSocketSource::new(&url, Options::default()).unwrap().next() {
        Some(Err(Error::Tls(said))) => assert_eq!(said, "the server does not speak it"),
        other => panic!("{other:?}"),
    }
}

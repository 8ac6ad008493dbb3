//! TLS: what it must not change, and what it adds. That nothing else changes is shown by all the other tests here, run with
//! `TIDINGS_TEST_TLS=1`.

use crate::client::HANDSHAKE;
use crate::running::front::certificates::{Authority, Pair};
use crate::running::{Running, running};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tidings::client::{
    self, Cut, Error, EventSource, Options, Poller, Publisher, Received, Roots, RootsError, Stream, WebSocketOptions,
    WebSocketSource,
};
use tidings::server::{Builder, Certificate, CertificateError, Limits, Message, Server};
use tidings::ws::{CloseCode, Config};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, HandshakeKind, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
};

const PATIENCE: Duration = Duration::from_secs(10);

type Tls = StreamOwned<ClientConnection, TcpStream>;

/// A server under TLS, and who vouches for it.
struct Secured {
    server: Running,
    authority: Authority,
    certificate: Certificate,
}

fn certificate(pair: &Pair) -> Certificate {
    Certificate::from_pem(pair.chain.as_bytes(), pair.key.as_bytes()).unwrap()
}

fn secured(builder: Builder) -> Secured {
    let authority = Authority::new();
    let certificate = certificate(&authority.vouch_for(&["127.0.0.1"]));
    let server = builder.tls(&certificate).bind("127.0.0.1:0").unwrap();
    Secured { server: running(server.local_addr(), server), authority, certificate }
}

/// Of a client that knows the authority.
fn known(authority: &Authority) -> Options {
    let roots = Roots::from_pem(authority.pem()).unwrap();
    Options { roots, after: Some("oldest".into()), retry: Duration::from_millis(10), ..Options::default() }
}

impl Secured {
    fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.server.addr)
    }

    fn options(&self) -> Options {
        known(&self.authority)
    }

    fn websocket(&self, path: &str) -> client::WebSocket {
        let options = WebSocketOptions { common: self.options(), ..WebSocketOptions::default() };
        client::WebSocket::connect(&self.url(path), &options).unwrap()
    }

    fn client_config(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.authority.pem()).unwrap()).unwrap();
        ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
    }

    /// One end of TLS of others, and the socket.
    fn ends(&self) -> (ClientConnection, TcpStream) {
        let config = Arc::new(self.client_config());
        let connection = ClientConnection::new(config, ServerName::from(self.server.addr.ip())).unwrap();
        let socket = TcpStream::connect(self.server.addr).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        (connection, socket)
    }

    fn connect(&self) -> Tls {
        let (connection, socket) = self.ends();
        StreamOwned::new(connection, socket)
    }

    /// What the server answers on a connection of its own.
    fn get(&self, path: &str) -> String {
        let mut tls = self.connect();
        tls.write_all(format!("GET {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        tls.read_to_string(&mut answer).unwrap();
        answer
    }
}

/// Another one for each of a few numbers in a row.
fn letter(n: usize) -> char {
    ('a'..='w').nth(n % 23).unwrap()
}

fn read_until(stream: &mut impl Read, end: &[u8]) -> Vec<u8> {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(end) {
        stream.read_exact(&mut byte).unwrap();
        seen.push(byte[0]);
    }
    seen
}

#[test]
fn each_transport_gives_everything_once_and_in_order() {
    let secured = secured(Server::builder());
    let url = secured.url("/topics/news");
    let mut publisher = Publisher::new(&url, secured.options()).unwrap();
    // Of all lengths around those of records, and the longest that is taken.
    let lengths = (0..100).chain([16_383, 16_384, 16_385, 100_000, 1 << 20]);
    let sent: Vec<String> = lengths.map(|length| letter(length).to_string().repeat(length)).collect();
    for data in &sent {
        publisher.publish(None, data).unwrap();
    }
    let check = |source: &mut dyn Iterator<Item = Result<Received, Error>>| {
        let messages = source.filter_map(|received| match received.unwrap() {
            Received::Message { data, .. } => Some(data),
            _ => None,
        });
        let got: Vec<String> = messages.take(sent.len()).collect();
        assert!(got == sent);
    };
    check(&mut EventSource::new(&url, secured.options()).unwrap());
    check(&mut Stream::new(&url, secured.options()).unwrap());
    check(&mut Poller::long(&url, secured.options()).unwrap());
    check(&mut Poller::short(&url, secured.options()).unwrap());
    check(&mut WebSocketSource::new(&url.replace("https", "wss"), secured.options()).unwrap());
    // One for all that was published, one for each subscriber, and this one: connections are kept.
    let metrics = secured.get("/metrics");
    assert!(metrics.contains("tidings_connections_accepted_total 7\n"), "{metrics}");
}

/// What one side reads must not depend on the other side's reading: the sockets hold less than is sent.
#[test]
fn both_sides_send_all_before_either_reads() {
    const COUNT: usize = 16;
    let sends = |socket: &mut tidings::server::WebSocket| {
        let (mut reader, writer) = socket.split();
        thread::scope(|scope| {
            scope.spawn(move || (0..COUNT).for_each(|_| writer.send_text(&"s".repeat(1 << 20)).unwrap()));
            for _ in 0..COUNT {
                assert_eq!(reader.read()?, Some(Message::Text("c".repeat(1 << 20))));
            }
            Ok(())
        })
    };
    let secured = secured(Server::builder().websocket("/", Config::default(), sends));
    let (mut reader, writer) = secured.websocket("/").split();
    let sender = thread::spawn(move || (0..COUNT).try_for_each(|_| writer.send_text(&"c".repeat(1 << 20))));
    for _ in 0..COUNT {
        assert_eq!(reader.read().unwrap(), Some(Message::Text("s".repeat(1 << 20))));
    }
    sender.join().unwrap().unwrap();
    assert_eq!(reader.read().unwrap(), None);
    assert_eq!(reader.close_frame(), Some((CloseCode::NORMAL, "")));
}

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

/// What came in one piece with a handshake, and was decrypted with it, is not forgotten: the system does not tell of it.
#[test]
fn what_comes_with_the_request_for_a_websocket_is_read() {
    let secured = secured(Server::builder());
    let mut tls = secured.connect();
    let frame = |text: &[u8]| [&[0x81, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0], text].concat();
    let request = format!("GET /topics/news HTTP/1.1\r\nHost: t\r\n{HANDSHAKE}\r\n");
    let frames: Vec<u8> = (0..2000).flat_map(|n| frame(format!("{n}").as_bytes())).collect();
    tls.write_all(&[request.as_bytes(), &frames].concat()).unwrap();
    let head = read_until(&mut tls, b"\r\n\r\n");
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    for n in 0..2000 {
        let expected = format!("{n}");
        let mut got = vec![0; 2 + expected.len()];
        tls.read_exact(&mut got).unwrap();
        assert_eq!(got[2..], *expected.as_bytes());
    }
}

/// A client that is slow to read gets every byte, and each once, however the ciphertext is cut.
#[test]
fn who_reads_slowly_gets_everything() {
    const LEN: usize = 3 << 20;
    let limits = Limits { message_bytes: LEN, ..Limits::default() };
    let secured = secured(Server::builder().limits(limits));
    let data: String = (0..LEN).map(letter).collect();
    secured.server.publish("news", &data);
    let mut tls = secured.connect();
    tls.write_all(b"GET /topics/news?after=oldest HTTP/1.1\r\nHost: t\r\nAccept: text/event-stream\r\n\r\n").unwrap();
    read_until(&mut tls, b"data: ");
    let mut got = Vec::new();
    let mut room = [0; 1000];
    while got.len() < LEN {
        let read = tls.read(&mut room).unwrap();
        got.extend_from_slice(&room[..read]);
        if got.len() % 97 == 0 {
            thread::sleep(Duration::from_millis(1));
        }
    }
    assert!(got.starts_with(data.as_bytes()));
}

/// Who takes nothing is cut off, as without TLS.
#[test]
fn who_takes_nothing_is_closed() {
    let limits = Limits { message_bytes: 16 << 20, write_time: Duration::from_millis(100), ..Limits::default() };
    let secured = secured(Server::builder().limits(limits));
    secured.server.publish("news", &"x".repeat(8 << 20));
    let mut tls = secured.connect();
    tls.write_all(b"GET /topics/news HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
    let until = Instant::now() + PATIENCE;
    while !secured.get("/metrics").contains("tidings_refusals_total{reason=\"write_time\"} 1\n") {
        assert!(Instant::now() < until);
    }
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
fn a_certificate_can_be_replaced_while_clients_are_connected() {
    let secured = secured(Server::builder());
    let shown = |tls: &Tls| tls.conn.peer_certificates().unwrap()[0].to_vec();
    let ask = |tls: &mut Tls| {
        tls.write_all(b"GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
        read_until(tls, b"ok\n");
    };
    let mut before = secured.connect();
    ask(&mut before);
    let next = secured.authority.vouch_for(&["127.0.0.1"]);
    let other = secured.authority.vouch_for(&["127.0.0.1"]);
    let mixed = secured.certificate.replace(next.chain.as_bytes(), other.key.as_bytes());
    assert_eq!(mixed, Err(CertificateError::Mismatch));
    let mut still = secured.connect();
    ask(&mut still);
    assert_eq!(shown(&still), shown(&before));

    secured.certificate.replace(next.chain.as_bytes(), next.key.as_bytes()).unwrap();
    let mut after = secured.connect();
    ask(&mut after);
    assert_ne!(shown(&after), shown(&before));
    ask(&mut before);
}

#[test]
fn what_is_no_certificate_is_refused_with_a_reason() {
    let pair = Authority::new().vouch_for(&["h"]);
    let (chain, key) = (pair.chain.as_bytes(), pair.key.as_bytes());
    let refused = |chain, key| Certificate::from_pem(chain, key).unwrap_err();
    assert_eq!(refused(b"", key), CertificateError::NoCertificate);
    assert_eq!(refused(key, key), CertificateError::NoCertificate);
    assert_eq!(refused(chain, b""), CertificateError::NoKey);
    assert_eq!(refused(chain, chain), CertificateError::NoKey);
    assert_eq!(refused(b"-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n", key), CertificateError::Pem);
    let both = [chain, key].concat();
    Certificate::from_pem(&both, &both).unwrap();

    assert_eq!(Roots::from_pem(b"").unwrap_err(), RootsError::NoCertificate);
    assert_eq!(Roots::from_pem(key).unwrap_err(), RootsError::NoCertificate);
    let empty = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(Roots::from_pem(empty).unwrap_err(), RootsError::Malformed);
}

/// More tries would not mend it.
#[test]
fn a_server_that_cannot_be_believed_is_an_error_at_once() {
    let names = |names: &[&str]| Authority::new().vouch_for(names);
    let authority = Authority::new();
    let expired = authority.vouch(&["127.0.0.1"], |params| {
        params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    });
    for (pair, why) in [
        (names(&["127.0.0.1"]), "nobody who is trusted"),
        (authority.vouch_for(&["127.0.0.2", "localhost"]), "not for this name"),
        (expired, "has expired"),
    ] {
        let server = Server::builder().tls(&certificate(&pair)).bind("127.0.0.1:0").unwrap();
        let server = running(server.local_addr(), server);
        let url = format!("https://{}/topics/news", server.addr);
        let roots = Roots::from_pem(authority.pem()).unwrap();
        let options = || Options { roots: roots.clone(), ..Options::default() };
        let check = |first: Option<Result<Received, Error>>| match first {
            Some(Err(Error::Tls(said))) => assert!(said.contains(why), "{said}"),
            other => panic!("{other:?}"),
        };
        check(EventSource::new(&url, options()).unwrap().next());
        check(Stream::new(&url, options()).unwrap().next());
        check(Poller::long(&url, options()).unwrap().next());
        check(WebSocketSource::new(&url, options()).unwrap().next());
        let refused = Publisher::new(&url, options()).unwrap().publish(None, "x");
        assert!(matches!(refused, Err(client::PublishError::Refused(Error::Tls(_)))), "{refused:?}");
        // Nor whom the system trusts: it knows nothing of any of them.
        let trusting = Options { roots: Roots::default(), ..options() };
        assert!(matches!(Stream::new(&url, trusting).unwrap().next(), Some(Err(Error::Tls(_)))));
    }
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

/// RFC 8446 §6.1
#[test]
fn the_end_is_said_before_it_comes() {
    let mut secured = secured(Server::builder());
    let mut stream = secured.connect();
    stream.write_all(b"GET /topics/news HTTP/1.1\r\nHost: t\r\nAccept: text/event-stream\r\n\r\n").unwrap();
    read_until(&mut stream, b"\r\n\r\n");
    let mut idle = secured.connect();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").unwrap();
    let mut socket = secured.websocket("/topics/news");
    // An end that was not said is an error of this reader's.
    idle.read_to_end(&mut Vec::new()).unwrap();
    secured.server.handle.drain();
    stream.read_to_end(&mut Vec::new()).unwrap();
    assert_eq!(socket.read().unwrap(), None);
    assert_eq!(socket.close_frame().map(|(code, _)| code), Some(CloseCode::GOING_AWAY));
    drop((stream, idle, socket));
    secured.server.join();
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

/// RFC 9112 §9.8: anybody on the way could have cut off what was to come.
#[test]
fn a_body_that_ends_with_the_connection_counts_if_the_end_was_said() {
    let authority = Authority::new();
    let pair = authority.vouch_for(&["127.0.0.1"]);
    let chain = vec![CertificateDer::from_pem_slice(pair.chain.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr: SocketAddr = listener.local_addr().unwrap();
    let config = Arc::new(config);
    let server = thread::spawn(move || {
        for is_said in [false, true] {
            let (socket, _) = listener.accept().unwrap();
            let mut tls = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), socket);
            read_until(&mut tls, b"\r\n\r\n");
            let body = "{\"events\":[{\"id\":\"1-1\",\"data\":\"x\"}],\"next\":\"1-1\",\"more\":false}";
            tls.write_all(format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{body}").as_bytes())
                .unwrap();
            if is_said {
                tls.conn.send_close_notify();
            }
            tls.flush().unwrap();
            if is_said {
                // A client that goes says so, too.
                tls.read_to_end(&mut Vec::new()).unwrap();
            }
        }
    });
    let roots = Roots::from_pem(authority.pem()).unwrap();
    let options = Options { roots, retry: Duration::from_millis(10), ..Options::default() };
    let mut poller = Poller::long(&format!("https://{addr}/topics/news"), options).unwrap();
    let cut = poller.next();
    let broken = matches!(cut, Some(Ok(Received::Reconnecting { why: Cut::Io(ErrorKind::UnexpectedEof), .. })));
    assert!(broken, "{cut:?}");
    let message = poller.find(|received| matches!(received, Ok(Received::Message { .. })));
    assert!(message.is_some());
    drop(poller);
    server.join().unwrap();
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

/// RFC 8446 §6.1
#[test]
fn the_end_of_an_idle_connection_is_said_too() {
    let limits = Limits {
        idle_time: Duration::from_millis(50),
        next_request_time: Duration::from_millis(1),
        ..Limits::default()
    };
    for is_drained in [false, true] {
        let limits = if is_drained { Limits { idle_time: PATIENCE, ..limits } } else { limits };
        let secured = secured(Server::builder().limits(limits));
        let mut tls = secured.connect();
        tls.write_all(b"GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
        read_until(&mut tls, b"ok\n");
        if is_drained {
            secured.server.handle.drain();
        }
        assert_eq!(tls.read(&mut [0]).unwrap(), 0);
    }
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

/// Somebody on the way could have made it.
#[test]
fn a_page_in_the_clear_is_none_of_the_servers_own() {
    let secured = secured(Server::builder());
    let host = secured.server.addr;
    for (scheme, status) in [("http", "403"), ("https", "101")] {
        let mut tls = secured.connect();
        let request = format!("GET /topics/a HTTP/1.1\r\nHost: {host}\r\nOrigin: {scheme}://{host}\r\n{HANDSHAKE}\r\n");
        tls.write_all(request.as_bytes()).unwrap();
        let line = String::from_utf8(read_until(&mut tls, b"\r\n")).unwrap();
        assert!(line.starts_with(&format!("HTTP/1.1 {status} ")), "{line}");
    }
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

/// RFC 8446 §5.2
#[test]
fn what_cannot_be_decrypted_ends_the_connection_behind_an_alert() {
    let secured = secured(Server::builder());
    let mut tls = secured.connect();
    tls.write_all(b"GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
    read_until(&mut tls, b"ok\n");
    tls.sock.write_all(&[&[23, 3, 3, 0, 40][..], &[7; 40]].concat()).unwrap();
    let told = tls.read(&mut [0]).unwrap_err();
    assert!(told.to_string().contains("BadRecordMac"), "{told}");
}

/// Who comes back with less arithmetic is shown the new one, too.
#[test]
fn a_certificate_that_is_replaced_is_not_come_back_to() {
    let secured = secured(Server::builder());
    let config = Arc::new(secured.client_config());
    let shown = || {
        let name = ServerName::from(secured.server.addr.ip());
        let connection = ClientConnection::new(Arc::clone(&config), name).unwrap();
        let mut tls = StreamOwned::new(connection, TcpStream::connect(secured.server.addr).unwrap());
        tls.write_all(b"GET /healthz HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").unwrap();
        tls.read_to_end(&mut Vec::new()).unwrap();
        (tls.conn.handshake_kind().unwrap(), tls.conn.peer_certificates().unwrap()[0].to_vec())
    };
    let (_, first) = shown();
    assert_eq!(shown(), (HandshakeKind::Resumed, first.clone()));
    let next = secured.authority.vouch_for(&["127.0.0.1"]);
    secured.certificate.replace(next.chain.as_bytes(), next.key.as_bytes()).unwrap();
    assert_ne!(shown().1, first);
}

#[test]
fn half_a_hello_does_not_hold_up_draining() {
    let limits =
        Limits { drain_time: Duration::from_secs(600), head_time: Duration::from_secs(600), ..Limits::default() };
    let mut secured = secured(Server::builder().limits(limits));
    let (_, mut half) = secured.ends();
    half.write_all(&[22, 3, 1, 2, 0, 1]).unwrap();
    let (mut connection, mut whole) = secured.ends();
    connection.write_tls(&mut whole).unwrap();
    // Both are there, and the second is the loop's again.
    whole.read_exact(&mut [0]).unwrap();
    secured.server.stop();
    assert_eq!(half.read(&mut [0]).unwrap(), 1);
}

/// What came may be no data: there may be room to write meanwhile.
#[test]
fn a_reader_goes_on_writing_whatever_comes_that_is_no_message() {
    const ANSWER: usize = 60_000;
    const COUNT: usize = 150; // more than the sockets hold
    let echo = |socket: &mut tidings::server::WebSocket| {
        while socket.read()?.is_some() {
            socket.send(&Message::Binary(vec![7; ANSWER]))?;
        }
        Ok(())
    };
    let limits =
        Limits { keepalive: Duration::from_secs(600), write_time: Duration::from_secs(600), ..Limits::default() };
    let secured = secured(Server::builder().limits(limits).websocket("/", Config::default(), echo));
    let mut tls = secured.connect();
    tls.write_all(format!("GET / HTTP/1.1\r\nHost: t\r\n{HANDSHAKE}\r\n").as_bytes()).unwrap();
    read_until(&mut tls, b"\r\n\r\n");
    for _ in 0..COUNT {
        tls.write_all(&[0x82, 0x81, 0, 0, 0, 0, 1]).unwrap();
        // So that each is read by itself, and its answer waits in the reader.
        thread::sleep(Duration::from_millis(5));
    }
    tls.conn.refresh_traffic_keys().unwrap();
    tls.conn.write_tls(&mut tls.sock).unwrap();
    let mut answers = vec![0; COUNT * (4 + ANSWER)];
    tls.read_exact(&mut answers).unwrap();
}

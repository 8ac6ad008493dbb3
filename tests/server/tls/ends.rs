//! How it ends, and that this is said (RFC 8446 §6.1).

use super::{PATIENCE, read_until, secured};
use crate::running::front::certificates::Authority;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tidings::client::{Cut, Options, Poller, Received, Roots};
use tidings::server::{Limits, Server};
use tidings::ws::CloseCode;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

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

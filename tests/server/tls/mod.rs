//! TLS: what it must not change, and what it adds. That nothing else changes is shown by all the other tests here, run with
//! `TIDINGS_TEST_TLS=1`.

mod certificates;
mod ends;
mod handshakes;
mod transports;

use crate::running::front::certificates::{Authority, Pair};
use crate::running::{Running, running};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;
use tidings::client::{self, Options, Roots, WebSocketOptions};
use tidings::server::{Builder, Certificate};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

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

fn read_until(stream: &mut impl Read, end: &[u8]) -> Vec<u8> {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(end) {
        stream.read_exact(&mut byte).unwrap();
        seen.push(byte[0]);
    }
    seen
}

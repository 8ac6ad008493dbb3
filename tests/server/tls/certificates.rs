//! Whom a client believes, and what a server shows.

use super::{Tls, certificate, read_until, secured};
use crate::running::front::certificates::Authority;
use crate::running::running;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use tidings::client::{
    self, Error, EventSource, Options, Poller, Publisher, Received, Roots, RootsError, Stream, WebSocketSource,
};
use tidings::server::{Certificate, CertificateError, Server};
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConnection, HandshakeKind, StreamOwned};

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

//! Two ends of TLS on sockets that take and give as they please: whatever those do, each byte comes once and in order.

use super::{Greeting, Hello, Server, Session, Tcp, provider};
use bytes::BytesMut;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion, version};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::sync::Arc;
use std::vec::Vec;
use std::{format, vec};

/// The same numbers for the same seed.
struct Random(Cell<u64>);

impl Random {
    fn below(&self, n: usize) -> usize {
        let next = self.0.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0.set(next);
        usize::try_from(next >> 33).unwrap() % n.max(1)
    }
}

/// What is on its way, one way, and how much that may be.
struct Pipe {
    bytes: RefCell<VecDeque<u8>>,
    most: usize,
}

/// One end of a connection.
struct End<'a> {
    from: &'a Pipe,
    to: &'a Pipe,
    random: &'a Random,
}

impl Tcp for End<'_> {
    fn read(&self, room: &mut [u8]) -> io::Result<usize> {
        let mut bytes = self.from.bytes.borrow_mut();
        if bytes.is_empty() || self.random.below(8) == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        let most = room.len().min(bytes.len());
        let len = if self.random.below(2) == 0 { most } else { 1 + self.random.below(most) };
        for (to, from) in room.iter_mut().zip(bytes.drain(..len)) {
            *to = from;
        }
        Ok(len)
    }

    fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut to = self.to.bytes.borrow_mut();
        let most = (self.to.most - to.len()).min(slices[0].len());
        match self.random.below(10) {
            0 => Err(ErrorKind::Interrupted.into()),
            1 => Err(ErrorKind::WouldBlock.into()),
            _ if most == 0 => Err(ErrorKind::WouldBlock.into()),
            n => {
                let len = if n < 5 { most } else { 1 + self.random.below(if n < 8 { most } else { most.min(40) }) };
                to.extend(&slices[0][..len]);
                Ok(len)
            }
        }
    }

    fn write_at_once(&self, bytes: &[u8]) -> io::Result<usize> {
        self.write(&[IoSlice::new(bytes)])
    }

    fn shutdown(&self, _: Shutdown) -> io::Result<()> {
        Ok(())
    }
}

/// A side: what it sends, what of that is not written yet, and what it got.
struct Side<'a> {
    session: Session,
    tcp: End<'a>,
    sent: Vec<u8>,
    written: usize,
    got: Vec<u8>,
}

/// Nothing for now.
fn later<T>(result: io::Result<T>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => None,
        Err(error) => panic!("{error:?}"),
    }
}

impl<'a> Side<'a> {
    fn new(session: Session, tcp: End<'a>) -> Self {
        Self { session, tcp, sent: Vec::new(), written: 0, got: Vec::new() }
    }

    fn read(&mut self, room: usize) {
        let mut room = vec![0; room];
        if let Some(read) = later(self.session.read(&self.tcp, &mut room)) {
            assert_ne!(read, 0, "nobody has ended");
            self.got.extend_from_slice(&room[..read]);
        }
    }

    /// In up to three pieces: the rest of what was shown before is in front, however it is cut.
    fn write(&mut self, cuts: [usize; 2]) {
        let rest = &self.sent[self.written..];
        let (front, back) = rest.split_at(cuts[0].min(rest.len()));
        let (shared, back) = back.split_at(cuts[1].min(back.len()));
        let slices = [IoSlice::new(front), IoSlice::new(shared), IoSlice::new(back)];
        if !rest.is_empty()
            && let Some(written) = later(self.session.write(&slices, |bytes| self.tcp.write_at_once(bytes)))
        {
            assert_ne!(written, 0, "it would never come to an end");
            self.written += written;
        }
    }

    fn flush(&self) {
        self.session.flush(|bytes| self.tcp.write_at_once(bytes)).unwrap();
    }

    fn is_shaking_hands(&self) -> bool {
        self.session.shaking_hands_since().is_some()
    }
}

/// How both speak, in that version.
fn configs(version: &'static SupportedProtocolVersion) -> (Arc<ClientConfig>, Server) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["127.0.0.1".into()]).unwrap().self_signed(&key).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(provider()).with_protocol_versions(&[version]).unwrap();
    let server = ServerConfig::builder_with_provider(provider()).with_protocol_versions(&[version]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let server = server.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
    (Arc::new(client.with_root_certificates(roots).with_no_client_auth()), Server::new(server))
}

fn shake_hands<'a>(client: &mut Side<'a>, tcp: End<'a>, server: &Server) -> Side<'a> {
    let mut hello = Hello::new(server);
    while later(hello.read(&tcp, &mut BytesMut::new())) != Some(Greeting::Whole) {
        client.flush();
    }
    let session = hello.answer(server, |bytes| tcp.write_at_once(bytes)).unwrap();
    let mut server = Side::new(session, tcp);
    while client.is_shaking_hands() || server.is_shaking_hands() {
        client.flush();
        server.flush();
        if client.is_shaking_hands() {
            later(client.session.receive(&client.tcp));
        }
        server.read(1);
    }
    server
}

#[test]
fn whatever_the_sockets_do_each_byte_comes_once_and_in_order() {
    const STEPS: usize = 400;
    for seed in 1..24 {
        let is_1_2 = seed % 2 == 0;
        let (client, server) = configs(if is_1_2 { &version::TLS12 } else { &version::TLS13 });
        let random = Random(Cell::new(seed));
        let most = [50, 1000, 20_000, 300_000][random.below(4)];
        let (up, down) = (Pipe { bytes: RefCell::default(), most }, Pipe { bytes: RefCell::default(), most });
        let tcp = End { from: &down, to: &up, random: &random };
        let mut client = Side::new(Session::client(&client, "127.0.0.1").unwrap(), tcp);
        let mut server = shake_hands(&mut client, End { from: &up, to: &down, random: &random }, &server);
        let mut step = 0;
        let is_done = |a: &Side<'_>, b: &Side<'_>| b.got.len() == a.sent.len();
        while step < STEPS || !is_done(&client, &server) || !is_done(&server, &client) {
            step += 1;
            assert!(step < 1_000_000, "seed {seed} does not come to its end");
            for side in [&mut client, &mut server] {
                match random.below(8) {
                    0 if step < STEPS => {
                        let len = random.below([2, 200, 20_000, 90_000][random.below(4)]);
                        let begun = side.sent.len();
                        side.sent.extend((begun..begun + len).flat_map(|n| format!("{n}").into_bytes()).take(len));
                    }
                    1 | 2 => side.write([random.below(30_000), random.below(30_000)]),
                    3 => side.flush(),
                    4 | 5 => side.read([1, 50, 16_384, 65_536][random.below(4)]),
                    // RFC 8446 §4.6.3: which is answered, in between.
                    6 if !is_1_2 && step < STEPS && step % 10 == 0 => side.session.update_keys(),
                    _ => {}
                }
            }
        }
        assert!(client.got == server.sent && server.got == client.sent, "seed {seed}");
    }
}

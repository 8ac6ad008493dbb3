//! What TLS costs the server beside the same in the clear, in processor time: messages that are echoed, and connections that
//! begin. The server is a process of its own, whose time the system tells, so that it does not matter what the clients cost
//! and who else uses the machine. The limits are the ciphers alone, in memory.
//!
//! `cargo bench --bench tls` takes about three minutes, and `-- WORD` keeps to the rows with the word in their name. It needs
//! Linux.

use bytes::BytesMut;
use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use std::hint::black_box;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use tidings::server::{Limits, Server, WebSocket};
use tidings::ws::{Config, Connection};
use tidings_benches::child::ChildServer;
use tidings_benches::opening::{Stream, WEBSOCKET, ask, connect};
use tidings_benches::secure::{self, Clients, Identity};
use tidings_benches::{Bench, Contestant};

/// Lets a server be the child of its measurer.
const SERVE: &str = "--serve";
/// How often those of a row take turns.
const ROUNDS: usize = 9;
/// Exchanges or bytes in a turn, whichever are fewer: a third of a second of the server's time or so.
const EXCHANGES: usize = 100_000;
const BYTES: usize = 1200 << 20;
/// Connections in a turn.
const CONNECTIONS: usize = 3_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [SERVE] => return serve(None),
        [SERVE, chain, key] => return serve(Some((chain, key))),
        _ => {}
    }
    let is_measured = arguments.contains(&"--bench") && !arguments.contains(&"--test");
    let word = arguments.iter().find(|argument| !argument.starts_with('-')).copied().unwrap_or_default();
    let identity = Identity::new();
    for (size, len) in [("20 B", 20), ("1 KiB", 1024), ("16 KiB", 16 * 1024)] {
        for outstanding in [1, 16] {
            let name = format!("echo, {size}, {outstanding} outstanding");
            if name.contains(word) {
                echo(&name, &identity, len, outstanding, is_measured);
            }
        }
    }
    let name = "a connection, its request, its end";
    if name.contains(word) {
        connections(name, &identity, is_measured);
    }
    ciphers();
}

/// In the child.
fn serve(tls: Option<(&str, &str)>) {
    fn echo(socket: &mut WebSocket) -> std::io::Result<()> {
        while let Some(message) = socket.read()? {
            socket.send(&message)?;
        }
        Ok(())
    }
    // Nobody shall be asked whether they are still there while the others have their turns.
    let limits = Limits { keepalive: Duration::from_hours(1), ..Limits::default() };
    let mut builder = Server::builder().limits(limits).websocket("/echo", Config::default(), echo);
    if let Some((chain, key)) = tls {
        builder = builder.tls(&secure::certificate(chain, key));
    }
    let server = builder.bind("127.0.0.1:0").expect("a free port");
    println!("{}", server.local_addr());
    server.run().expect("it serves until it is ended");
}

fn start(identity: Option<&Identity>) -> ChildServer {
    match identity {
        Some(Identity { chain, key }) => ChildServer::start(&[SERVE, chain, key]),
        None => ChildServer::start(&[SERVE]),
    }
}

/// A WebSocket client sends so many messages at once and reads until all are back.
fn echo(name: &str, identity: &Identity, len: usize, outstanding: usize, is_measured: bool) {
    let (clear, secret) = (start(None), start(Some(identity)));
    let frames = frames(Connection::client(Config::default(), |key| key.fill(0x5a)), len, outstanding);
    let mut echoed = vec![0; self::frames(Connection::server(Config::default()), len, outstanding).len()];
    let mut exchange = |client: &mut dyn Stream, times| {
        for _ in 0..times {
            // The sockets hold all of it: a connection within the machine begins with megabytes.
            client.write_all(&frames).and_then(|()| client.flush()).expect("the server reads");
            client.read_exact(&mut echoed).expect("the server sends");
        }
    };
    let mut clear_client = ask(connect(clear.addr), "/echo", WEBSOCKET);
    let mut secret_client = ask(Clients::new(&identity.chain, false).begin(connect(secret.addr)), "/echo", WEBSOCKET);
    let exchanges = EXCHANGES.min(BYTES / (len * outstanding));
    let times = take_turns(is_measured, |times| {
        let times = times.unwrap_or(exchanges);
        [
            (times * outstanding, clear.takes(|| exchange(&mut clear_client, times))),
            (times * outstanding, secret.takes(|| exchange(&mut secret_client, times))),
        ]
    });
    if let Some([clear, secret]) = times {
        println!("{name} | in the clear {clear:.2} µs | TLS {secret:.2} µs ({:.2})", secret / clear);
    }
}

/// A client connects, asks for what is in a topic, and goes.
fn connections(name: &str, identity: &Identity, is_measured: bool) {
    fn poll<S: Stream>(socket: S) -> S {
        let mut socket = ask(socket, "/topics/t", "");
        // Nothing yet, as an array of messages.
        socket.read_exact(&mut [0; 2]).expect("the server answers");
        socket
    }
    let (clear, secret, resumed) = (start(None), start(Some(identity)), start(Some(identity)));
    let (once, again) = (Clients::new(&identity.chain, false), Clients::new(&identity.chain, true));
    poll(again.begin(connect(resumed.addr)));
    let shake = |addr: SocketAddr, clients: &Clients, is_resumed| {
        let socket = poll(clients.begin(connect(addr)));
        assert_eq!(secure::is_resumed(&socket), is_resumed, "the other kind of handshake");
    };
    let times = take_turns(is_measured, |times| {
        let times = times.unwrap_or(CONNECTIONS);
        let repeat = |once: &dyn Fn()| (0..times).for_each(|_| once());
        [
            (times, clear.takes(|| repeat(&|| drop::<TcpStream>(poll(connect(clear.addr)))))),
            (times, secret.takes(|| repeat(&|| shake(secret.addr, &once, false)))),
            (times, resumed.takes(|| repeat(&|| shake(resumed.addr, &again, true)))),
        ]
    });
    if let Some([clear, secret, resumed]) = times {
        println!("{name} | in the clear {clear:.0} µs | TLS {secret:.0} µs | TLS, resumed {resumed:.0} µs");
    }
}

/// The medians of what one of it takes, in microseconds. A turn gives how many it did, and what all of them took.
fn take_turns<const N: usize>(
    is_measured: bool,
    mut turn: impl FnMut(Option<usize>) -> [(usize, Duration); N],
) -> Option<[f64; N]> {
    // Warms up, and may be all.
    turn(Some(if is_measured { 100 } else { 1 }));
    if !is_measured {
        return None;
    }
    let rounds: Vec<_> = (0..ROUNDS).map(|_| turn(None)).collect();
    Some(std::array::from_fn(|n| {
        let mut times: Vec<_> = rounds.iter().map(|round| round[n].1.as_secs_f64() * 1e6 / round[n].0 as f64).collect();
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2]
    }))
}

/// Binary, so that nobody has to look at the data.
fn frames(mut connection: Connection, len: usize, number: usize) -> Vec<u8> {
    let mut frames = BytesMut::new();
    for _ in 0..number {
        connection.send_binary(&vec![b'x'; len], &mut frames).expect("it is open");
    }
    frames.to_vec()
}

/// What an echo cannot do without: each record is opened once, and another one sealed.
fn ciphers() {
    let mut bench = Bench::from_args();
    bench.section("cipher, opening a record and sealing it, time a record");
    // One message of 20 B, sixteen, one of 1 KiB, and the greatest record.
    for (name, len) in [("26 B", 26), ("416 B", 416), ("1032 B", 1032), ("16 KiB", 16 * 1024)] {
        let ciphers = [("AES-128-GCM", &AES_128_GCM), ("AES-256-GCM", &AES_256_GCM), ("ChaCha20", &CHACHA20_POLY1305)];
        bench.row(name, 1, ciphers.map(|(name, algorithm)| cipher(name, algorithm, len)).into());
    }
}

fn cipher(name: &'static str, algorithm: &'static Algorithm, len: usize) -> Contestant<'static> {
    fn nonce() -> Nonce {
        Nonce::assume_unique_for_key([0; 12])
    }
    let key = vec![0x5a; algorithm.key_len()];
    let key = LessSafeKey::new(UnboundKey::new(algorithm, &key).expect("a key of its length"));
    let mut record = vec![b'x'; len];
    key.seal_in_place_append_tag(nonce(), Aad::empty(), &mut record).expect("it is short");
    Contestant::new(name, move || {
        let opened = key.open_in_place(nonce(), Aad::empty(), black_box(&mut record)).expect("it was sealed");
        let tag = key.seal_in_place_separate_tag(nonce(), Aad::empty(), opened).expect("it is short");
        let tag = tag.as_ref();
        let end = record.len() - tag.len();
        record[end..].copy_from_slice(tag);
        end as u64
    })
}

//! A WebSocket echo server on tokio, one runtime on one thread, beside the same on fastwebsockets and on tokio-websockets: what
//! a message costs it in processor time. The server is a process of its own, whose time the system tells, so that it does
//! not matter what the clients cost and who else uses the machine; and nobody shakes hands, as the peers' connections can
//! begin behind that.
//!
//! `cargo bench --bench tokio` takes about two minutes, and `-- WORD` keeps to the rows with the word in their name. It needs
//! Linux.

use bytes::BytesMut;
use futures_util::{FutureExt, SinkExt, StreamExt};
use mio::{Events, Interest, Poll, Token};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;
use tidings::ws::{Config, Connection, KeepaliveOptions};
use tidings_benches::child::ChildServer;
use tokio::net::TcpStream;

/// Lets a server be the child of its measurer.
const SERVE: &str = "--serve";
/// How often the servers take turns; shown is the least, of the turn that was disturbed least.
const ROUNDS: usize = 5;
/// Bytes or messages in a turn, whichever are fewer: a tenth of a second or so.
const BYTES: usize = 100 << 20;
const MESSAGES: usize = 20_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [serve, kind] = &arguments[..]
        && serve == SERVE
    {
        let kind = Kind::ALL.into_iter().find(|known| known.name() == kind).expect("one of them");
        return serve_for_ever(kind);
    }
    let asked = |word: &str| arguments.iter().any(|argument| argument == word);
    let is_measured = asked("--bench") && !asked("--test");
    let word = arguments.iter().find(|argument| !argument.starts_with('-')).cloned().unwrap_or_default();
    println!("processor time of the server, a message");
    for (size, len) in [("20 B", 20), ("1 KiB", 1024), ("16 KiB", 16 * 1024)] {
        for outstanding in [1, 16] {
            for clients in [32, 256] {
                let name = format!("{size}, {outstanding} outstanding, {clients} clients");
                if name.contains(&word) {
                    row(&name, len, outstanding, clients, is_measured);
                }
            }
        }
    }
}

fn row(name: &str, len: usize, outstanding: usize, clients: usize, is_measured: bool) {
    let mut contestants = Kind::ALL.map(|kind| Contestant::new(kind, len, outstanding, clients));
    let exchanges = if is_measured { (BYTES / len).min(MESSAGES) / (outstanding * clients) + 1 } else { 1 };
    let mut times: [Vec<f64>; Kind::ALL.len()] = Default::default();
    for round in 0..=ROUNDS {
        for turn in 0..contestants.len() {
            let n = (turn + round) % contestants.len();
            let time = contestants[n].exchange(exchanges);
            // The first one warms it up.
            if round > 0 {
                times[n].push(time.as_nanos() as f64 / (exchanges * outstanding * clients) as f64);
            }
        }
    }
    if !is_measured {
        return;
    }
    let least = times.map(|times| times.into_iter().fold(f64::INFINITY, f64::min));
    let cells = Kind::ALL
        .iter()
        .zip(&least)
        .map(|(kind, time)| format!("{} {:.2} µs ({:.2})", kind.name(), time / 1000.0, time / least[0]));
    println!("{name}: {}", cells.collect::<Vec<_>>().join(", "));
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tidings,
    TidingsHalves,
    FastWebSockets,
    TokioWebSockets,
    /// Written by one who wants its answers to go out together.
    TokioWebSocketsFed,
}

impl Kind {
    const ALL: [Self; 5] =
        [Self::Tidings, Self::TidingsHalves, Self::FastWebSockets, Self::TokioWebSockets, Self::TokioWebSocketsFed];

    fn name(self) -> &'static str {
        match self {
            Self::Tidings => "tidings",
            Self::TidingsHalves => "tidings-halves",
            Self::FastWebSockets => "fastwebsockets",
            Self::TokioWebSockets => "tokio-websockets",
            Self::TokioWebSocketsFed => "tokio-websockets-fed",
        }
    }
}

/// In the child.
fn serve_for_ever(kind: Kind) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        println!("{}", listener.local_addr().expect("it is bound"));
        loop {
            let (stream, _) = listener.accept().await.expect("a client");
            stream.set_nodelay(true).expect("a socket takes it");
            tokio::spawn(async move {
                match kind {
                    Kind::Tidings => tidings(stream).await,
                    Kind::TidingsHalves => tidings_halves(stream).await,
                    Kind::FastWebSockets => fastwebsockets(stream).await,
                    Kind::TokioWebSockets => tokio_websockets(stream).await,
                    Kind::TokioWebSocketsFed => tokio_websockets_fed(stream).await,
                }
            });
        }
    });
}

/// With a keepalive, as by default, but none that sends Pings while the others have their turns.
fn options() -> tidings::tokio::Options {
    let keepalive = KeepaliveOptions { interval: Duration::from_hours(1), ..KeepaliveOptions::default() };
    tidings::tokio::Options { keepalive: Some(keepalive), ..Default::default() }
}

async fn tidings(stream: TcpStream) {
    let mut socket = tidings::tokio::WebSocket::server(stream, &options());
    while let Some(Ok(message)) = socket.next().await {
        if socket.feed(&message).await.is_err() {
            return;
        }
    }
}

/// Both halves in one task: what the division itself costs.
async fn tidings_halves(stream: TcpStream) {
    let socket = tidings::tokio::WebSocket::server(stream, &options());
    let (mut reader, mut writer) = socket.split_with(TcpStream::into_split);
    loop {
        let message = match reader.next().now_or_never() {
            Some(message) => message,
            None if writer.flush().await.is_err() => return,
            None => reader.next().await,
        };
        let Some(Ok(message)) = message else { return };
        if writer.feed(&message).await.is_err() {
            return;
        }
    }
}

async fn fastwebsockets(stream: TcpStream) {
    use fastwebsockets::{FragmentCollector, OpCode, Role, WebSocket};
    let mut socket = FragmentCollector::new(WebSocket::after_handshake(stream, Role::Server));
    while let Ok(frame) = socket.read_frame().await {
        if frame.opcode == OpCode::Close || socket.write_frame(frame).await.is_err() {
            return;
        }
    }
}

async fn tokio_websockets(stream: TcpStream) {
    let mut socket = tokio_websockets::ServerBuilder::new().serve(stream);
    while let Some(Ok(message)) = socket.next().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

async fn tokio_websockets_fed(stream: TcpStream) {
    let mut socket = tokio_websockets::ServerBuilder::new().serve(stream);
    loop {
        let message = match socket.next().now_or_never() {
            Some(message) => message,
            None if socket.flush().await.is_err() => return,
            None => socket.next().await,
        };
        let Some(Ok(message)) = message else { return };
        if socket.feed(message).await.is_err() {
            return;
        }
    }
}

/// A server in another process, ended when this goes, and its clients in this one.
struct Contestant {
    child: ChildServer,
    poll: Poll,
    events: Events,
    clients: Vec<Client>,
    frames: Vec<u8>,
    echoed: usize,
    buffer: Vec<u8>,
}

struct Client {
    socket: mio::net::TcpStream,
    sent: usize,
    back: usize,
    to_do: usize,
}

impl Contestant {
    fn new(kind: Kind, len: usize, outstanding: usize, clients: usize) -> Self {
        let child = ChildServer::start(&[SERVE, kind.name()]);
        let poll = Poll::new().expect("the system has one");
        let clients = (0..clients).map(|n| Client::connect(child.addr, &poll, n)).collect();
        let frames = frames(Connection::client(Config::default(), |key| key.fill(0x5a)), len, outstanding);
        let echoed = frames_len(Connection::server(Config::default()), len, outstanding);
        Self { child, poll, events: Events::with_capacity(1024), clients, frames, echoed, buffer: vec![0; 256 * 1024] }
    }

    /// Each client sends so many times what it sends at once and waits until it is back; what that took the server.
    fn exchange(&mut self, times: usize) -> Duration {
        let before = self.processor();
        let mut left = self.clients.len();
        for client in &mut self.clients {
            client.to_do = times;
            if client.drive(&self.frames, self.echoed, &mut self.buffer) {
                left -= 1;
            }
        }
        while left > 0 {
            self.poll.poll(&mut self.events, None).expect("it polls");
            for event in &self.events {
                let client = &mut self.clients[event.token().0];
                if client.to_do > 0 && client.drive(&self.frames, self.echoed, &mut self.buffer) {
                    left -= 1;
                }
            }
        }
        self.processor().saturating_sub(before)
    }

    /// What its one thread has had.
    fn processor(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/schedstat", self.child.id())).expect("this is Linux");
        Duration::from_nanos(stat.split_whitespace().next().and_then(|time| time.parse().ok()).expect("a number"))
    }
}

impl Client {
    fn connect(addr: SocketAddr, poll: &Poll, n: usize) -> Self {
        let socket = std::net::TcpStream::connect(addr).expect("it listens");
        socket.set_nodelay(true).expect("a socket takes it");
        socket.set_nonblocking(true).expect("a socket takes it");
        let mut socket = mio::net::TcpStream::from_std(socket);
        poll.registry().register(&mut socket, Token(n), Interest::READABLE | Interest::WRITABLE).expect("it has room");
        Self { socket, sent: 0, back: 0, to_do: 0 }
    }

    /// Writes and reads what goes; whether all is done.
    fn drive(&mut self, frames: &[u8], echoed: usize, buffer: &mut [u8]) -> bool {
        loop {
            if self.sent < frames.len() {
                match self.socket.write(&frames[self.sent..]) {
                    Ok(written) => self.sent += written,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => panic!("writing: {error}"),
                }
            }
            match self.socket.read(buffer) {
                Ok(0) => panic!("the server has ended the connection"),
                Ok(got) => self.back += got,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) => panic!("reading: {error}"),
            }
            if self.back >= echoed {
                assert_eq!(self.back, echoed, "more came back than was sent");
                self.to_do -= 1;
                (self.sent, self.back) = (0, 0);
                if self.to_do == 0 {
                    return true;
                }
            }
        }
    }
}

/// Binary, so that nobody has to look at the data.
fn frames(mut connection: Connection, len: usize, number: usize) -> Vec<u8> {
    let mut frames = BytesMut::new();
    for _ in 0..number {
        connection.send_binary(&vec![b'x'; len], &mut frames).expect("it is open");
    }
    frames.to_vec()
}

fn frames_len(connection: Connection, len: usize, number: usize) -> usize {
    frames(connection, len, number).len()
}

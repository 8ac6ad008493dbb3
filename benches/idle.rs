//! What clients cost that are there and say nothing: the server is a process of its own, whose memory and processor time
//! the system tells. Each client has heard or echoed one message before it falls silent.
//!
//! `cargo bench --bench idle` takes about ten minutes, most of them silent, and `-- WORD` keeps to the clients with the
//! word in their name. It needs 5,100 file descriptors in each of two processes (`ulimit -n`), and Linux.

use std::time::{Duration, Instant};
use std::{fs, thread};
use tidings::server::{Limits, Server, WebSocket};
use tidings::ws::Config;
use tidings_benches::child::ChildServer;
use tidings_benches::opening::{EVENT_STREAM, Stream, WEBSOCKET, ask, connect};
use tidings_benches::secure::{self, Clients, Identity};

/// Until these many are there.
const STEPS: [usize; 3] = [100, 1_000, 5_000];
/// Two keepalives come within it.
const SILENCE: Duration = Duration::from_secs(30);
/// Lets the server be the child of its measurer.
const SERVE: &str = "--serve";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [SERVE] => return serve(None),
        [SERVE, chain, key] => return serve(Some((chain, key))),
        _ => {}
    }
    let is_measured = arguments.contains(&"--bench") && !arguments.contains(&"--test");
    let (steps, silence) = if is_measured { (STEPS, SILENCE) } else { ([5, 10, 20], Duration::from_millis(10)) };
    println!(
        "clients | resident memory at {steps:?} | one more costs | to open one more | processor time while all are silent"
    );
    let word = arguments.iter().find(|argument| !argument.starts_with('-')).copied().unwrap_or_default();
    for identity in [None, Some(Identity::new())] {
        for kind in Kind::ALL {
            let name = format!("{}{}", kind.name(), if identity.is_some() { ", TLS" } else { "" });
            if name.contains(word) {
                measure(&name, kind, identity.as_ref(), steps, silence);
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    TopicSocket,
    Handler,
    EventStream,
    HeldPoll,
}

impl Kind {
    const ALL: [Self; 4] = [Self::TopicSocket, Self::Handler, Self::EventStream, Self::HeldPoll];

    fn name(self) -> &'static str {
        match self {
            Self::TopicSocket => "WebSockets of a topic",
            Self::Handler => "WebSockets of a handler, a thread each",
            Self::EventStream => "event streams",
            Self::HeldPoll => "held polls",
        }
    }

    fn join(self, server: &ServerProcess) -> Box<dyn Stream> {
        let mut socket = server.connect();
        match self {
            Self::TopicSocket => ask(socket, "/topics/t", WEBSOCKET),
            Self::EventStream => ask(socket, "/topics/t", EVENT_STREAM),
            Self::Handler => {
                let mut socket = ask(socket, "/echo", WEBSOCKET);
                socket.write_all(b"\x81\x85\0\0\0\0Hello").expect("the server reads");
                hear(&mut socket, b"Hello");
                socket
            }
            Self::HeldPoll => {
                // The second one on the same connection, as a client's that goes on.
                for query in ["", "?after=now&wait=60"] {
                    let request = format!("GET /topics/t{query} HTTP/1.1\r\nHost: t\r\n\r\n");
                    socket.write_all(request.as_bytes()).and_then(|()| socket.flush()).expect("the server reads");
                    if query.is_empty() {
                        hear(&mut socket, b"]");
                    }
                }
                socket
            }
        }
    }

    fn is_told(self) -> bool {
        matches!(self, Self::TopicSocket | Self::EventStream)
    }
}

/// Reads until that has come.
fn hear(socket: &mut impl Stream, wanted: &[u8]) {
    let (mut heard, mut buffer) = (Vec::new(), [0; 1024]);
    while !heard.windows(wanted.len()).any(|window| window == wanted) {
        let got = socket.read(&mut buffer).expect("the server sends");
        assert_ne!(got, 0, "the server has ended the connection");
        heard.extend_from_slice(&buffer[..got]);
    }
}

fn measure(name: &str, kind: Kind, identity: Option<&Identity>, steps: [usize; 3], silence: Duration) {
    let server = ServerProcess::start(identity);
    // What the first clients cost is the server's own.
    let mut clients: Vec<_> = (0..10.min(steps[0])).map(|_| kind.join(&server)).collect();
    let (mut memory, mut opening) = (Vec::new(), Vec::new());
    for step in steps {
        let mut times = Vec::new();
        while clients.len() < step {
            let start = Instant::now();
            clients.push(kind.join(&server));
            times.push(start.elapsed());
        }
        times.sort_unstable();
        opening.push(times.get(times.len() / 2).copied().unwrap_or_default());
        if kind.is_told() {
            server.publish("Hello");
            for client in &mut clients {
                hear(client, b"Hello");
            }
        }
        server.settle(clients.len(), kind);
        memory.push(server.memory());
    }
    let processor = server.child.takes(|| thread::sleep(silence)).as_secs_f64() / silence.as_secs_f64().max(1.0);
    let kib = |bytes: usize| format!("{:.1} KiB", bytes as f64 / 1024.0);
    let more = |from: usize, to: usize| kib(memory[to].saturating_sub(memory[from]) / (steps[to] - steps[from]));
    println!(
        "{} | {} | {}, then {} | {:?}, {:?}, {:?} | {:.2} %",
        name,
        memory
            .iter()
            .map(|bytes| format!("{:.1} MiB", *bytes as f64 / f64::from(1 << 20)))
            .collect::<Vec<_>>()
            .join(", "),
        more(0, 1),
        more(1, 2),
        opening[0],
        opening[1],
        opening[2],
        processor * 100.0,
    );
}

/// The server in another process.
struct ServerProcess {
    child: ChildServer,
    /// Under TLS.
    clients: Option<Clients>,
}

impl ServerProcess {
    fn start(identity: Option<&Identity>) -> Self {
        match identity {
            None => Self { child: ChildServer::start(&[SERVE]), clients: None },
            Some(Identity { chain, key }) => {
                Self { child: ChildServer::start(&[SERVE, chain, key]), clients: Some(Clients::new(chain, false)) }
            }
        }
    }

    fn connect(&self) -> Box<dyn Stream> {
        let socket = connect(self.child.addr);
        match &self.clients {
            Some(clients) => Box::new(clients.begin(socket)),
            None => Box::new(socket),
        }
    }

    fn publish(&self, data: &str) {
        let mut socket = self.connect();
        let request = format!("POST /topics/t HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n{data}", data.len());
        socket.write_all(request.as_bytes()).and_then(|()| socket.flush()).expect("the server reads");
        hear(&mut socket, b"201");
    }

    /// Waits until all of them are where they stay, and the threads that have answered them have gone.
    fn settle(&self, clients: usize, kind: Kind) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let threads = if matches!(kind, Kind::Handler) { clients } else { 0 };
        while self.threads() > threads + 2 {
            assert!(Instant::now() < deadline, "{} threads are there for {clients} {kind:?}", self.threads());
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn threads(&self) -> usize {
        self.status("Threads:")
    }

    /// Resident, in bytes.
    fn memory(&self) -> usize {
        self.status("VmRSS:") * 1024
    }

    fn status(&self, field: &str) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("this is Linux");
        let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("Linux tells it");
        line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
    }
}

/// In the child.
fn serve(tls: Option<(&str, &str)>) {
    fn echo(socket: &mut WebSocket) -> std::io::Result<()> {
        while let Some(message) = socket.read()? {
            socket.send(&message)?;
        }
        Ok(())
    }
    // These clients answer no Ping, and shall stay all the same.
    let limits = Limits { handlers: STEPS[2], pong_time: Duration::from_hours(1), ..Limits::default() };
    let mut builder = Server::builder().limits(limits).websocket("/echo", Config::default(), echo);
    if let Some((chain, key)) = tls {
        builder = builder.tls(&secure::certificate(chain, key));
    }
    let server = builder.bind("127.0.0.1:0").expect("a free port");
    println!("{}", server.local_addr());
    server.run().expect("it serves until it is ended");
}

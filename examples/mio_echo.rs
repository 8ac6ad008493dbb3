//! An echo server on the core and mio, all in one thread: `cargo run --example mio_echo -- --addr 127.0.0.1:9003`, and then
//! `cargo run --example ws_client -- --url ws://127.0.0.1:9003`.
//!
//! The whole of a driver for readiness: handshake, messages, keepalives, closing, for as many clients as there are file
//! descriptors. What a client that is ready goes through, [`Client::turn`]:
//!
//! ```text
//!        ┌─▶ write the output ── the socket is full ──▶ wait until it is writable, and read nothing
//!        │        │ all is written
//!        │        ▼
//!        └── take what is there ◀── read, once ── nothing ──▶ wait until it is readable
//!              all frames of one read, answered by one write
//! ```
//!
//! So what a client has not read yet is answered to what it sent in one read at the most: that is the backpressure, and no
//! other bound is needed. All clients are read into one buffer. A client keeps for itself only the part of a frame that is
//! not whole yet, and so one that is silent keeps nothing.

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};
use std::collections::{BTreeSet, HashMap};
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tidings::Transport;
use tidings::bytes::{Buf, BytesMut};
use tidings::http::{RequestHead, RequestReader};
use tidings::ws::handshake::{Answer, Extensions, Request};
use tidings::ws::{Config, Connection, Event, Keepalive, KeepaliveEvent, KeepaliveOptions};

/// A head has to be there after so long: it is one packet.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long the client's end is waited for behind our own.
const LINGER: Duration = Duration::from_secs(2);
/// A longer message is closed with 1009.
const MAX_MESSAGE: usize = 1 << 20;
/// The buffer of all: what a client keeps of a head (16 KiB) or of a frame ([`Config::input_buffer`]), and a read behind it.
const BUFFER: usize = 32 << 10;
/// So often a client that always has more to say may go round before others have their turn.
const TURNS: usize = 8;
/// More are shown the door.
const MAX_CLIENTS: usize = 10_000;
/// When there was no file descriptor for who wants to come in.
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);
const LISTENER: Token = Token(usize::MAX);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let addr = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => "127.0.0.1:9003",
        ["--addr", addr] => addr,
        _ => {
            eprintln!("usage: mio_echo [--addr HOST:PORT]");
            return ExitCode::from(2);
        }
    };
    let served = std::net::TcpListener::bind(addr).and_then(|listener| {
        println!("listening on ws://{}/", listener.local_addr()?);
        serve(listener, KeepaliveOptions::default())
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mio_echo: {addr}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves, until the system's readiness notification fails.
pub fn serve(listener: std::net::TcpListener, keepalive: KeepaliveOptions) -> io::Result<()> {
    let (poll, mut events) = (Poll::new()?, Events::with_capacity(1024));
    let mut server = Server::new(listener, poll, keepalive)?;
    loop {
        match server.poll.poll(&mut events, server.timeout()) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        let now = Instant::now();
        if server.is_accept_due || events.iter().any(|event| event.token() == LISTENER) {
            server.accept(now)?;
        }
        for event in &events {
            server.turn(event.token(), now);
        }
        server.time_out(now);
    }
}

struct Server {
    poll: Poll,
    listener: TcpListener,
    keepalive: KeepaliveOptions,
    clients: HashMap<Token, Client>,
    /// One for each client, never later than what is due: most timers are put off, by every byte that comes, and that is
    /// noticed only when they ring.
    timers: BTreeSet<(Instant, Token)>,
    next: usize,
    is_accept_due: bool,
    buffer: Vec<u8>,
}

impl Server {
    fn new(listener: std::net::TcpListener, poll: Poll, keepalive: KeepaliveOptions) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let mut listener = TcpListener::from_std(listener);
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let (clients, timers, buffer) = (HashMap::new(), BTreeSet::new(), vec![0; BUFFER]);
        Ok(Self { poll, listener, keepalive, clients, timers, next: 0, is_accept_due: false, buffer })
    }

    /// How long nothing is due.
    fn timeout(&self) -> Option<Duration> {
        let timer = self.timers.first().map(|(due, _)| due.saturating_duration_since(Instant::now()));
        if self.is_accept_due { Some(timer.map_or(ACCEPT_AGAIN, |timer| timer.min(ACCEPT_AGAIN))) } else { timer }
    }

    /// Everybody who waits: mio tells of them only once.
    fn accept(&mut self, now: Instant) -> io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok(_) if self.clients.len() >= MAX_CLIENTS => {}
                Ok((mut socket, _)) => {
                    let token = Token(self.next);
                    self.next += 1;
                    self.poll.registry().register(&mut socket, token, Interest::READABLE)?;
                    let client = Client::new(socket, now);
                    self.timers.insert((client.timer, token));
                    self.clients.insert(token, client);
                }
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => {}
                Err(error) => {
                    self.is_accept_due = error.kind() != ErrorKind::WouldBlock;
                    return Ok(());
                }
            }
        }
    }

    /// A client is ready, for what it waits for.
    fn turn(&mut self, token: Token, now: Instant) {
        let Some(client) = self.clients.get_mut(&token) else { return };
        let turned = client.turn(token, self.poll.registry(), &mut self.buffer, self.keepalive, now);
        let due = client.due();
        match turned {
            Ok(true) if due < client.timer => {
                self.timers.remove(&(client.timer, token));
                self.timers.insert((due, token));
                client.timer = due;
            }
            Ok(true) => {}
            Ok(false) | Err(_) => {
                self.timers.remove(&(client.timer, token));
                self.clients.remove(&token);
            }
        }
    }

    /// Whatever rings.
    fn time_out(&mut self, now: Instant) {
        while let Some(&(timer, token)) = self.timers.first()
            && timer <= now
        {
            self.timers.remove(&(timer, token));
            let Some(client) = self.clients.get_mut(&token) else { continue };
            if client.time_out(now) {
                client.timer = client.due();
                self.timers.insert((client.timer, token));
                self.turn(token, now); // there may be a Ping to write
            } else {
                self.clients.remove(&token);
            }
        }
    }
}

struct Client {
    socket: TcpStream,
    stage: Stage,
    /// What was read and is not whole: shown again with what comes behind it.
    rest: Vec<u8>,
    output: BytesMut,
    /// What it is registered for.
    interest: Interest,
    /// Where it stands in [`Server::timers`].
    timer: Instant,
}

enum Stage {
    /// The opening handshake, until then.
    Head(RequestReader, Instant),
    Open(Box<Connection>, Keepalive<Instant>),
    /// All is said. Once it is written, only the client's end is waited for, until then: to close over unread input would
    /// reset the connection, and the client could lose our last words.
    Leaving(Instant),
}

impl Client {
    fn new(socket: TcpStream, now: Instant) -> Self {
        let timer = now + HEAD_TIME;
        let stage = Stage::Head(RequestReader::default(), timer);
        // Small answers are not to wait for more; where that cannot be had, they do.
        let _ = socket.set_nodelay(true);
        Self { socket, stage, rest: Vec::new(), output: BytesMut::new(), interest: Interest::READABLE, timer }
    }

    /// See the picture above. Whether the client stays.
    fn turn(
        &mut self,
        token: Token,
        registry: &Registry,
        buffer: &mut [u8],
        options: KeepaliveOptions,
        now: Instant,
    ) -> io::Result<bool> {
        for _ in 0..TURNS {
            let kept = self.rest.len();
            buffer[..kept].copy_from_slice(&self.rest);
            if !self.output.is_empty() {
                if !self.write(now)? {
                    return self.wait_for(Interest::WRITABLE, token, registry);
                }
                // A Pong for which there was no room before is made now.
                self.take(&mut buffer[..kept], options, now);
                continue;
            }
            if let Stage::Leaving(_) = self.stage {
                self.socket.shutdown(Shutdown::Write)?;
            }
            match self.socket.read(&mut buffer[kept..]) {
                Ok(0) => return Ok(false),
                Ok(read) => {
                    self.heard(now);
                    self.take(&mut buffer[..kept + read], options, now);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return self.wait_for(Interest::READABLE, token, registry);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // To register again is to be told again, if it is ready still.
        registry.reregister(&mut self.socket, token, self.interest)?;
        Ok(true)
    }

    fn wait_for(&mut self, interest: Interest, token: Token, registry: &Registry) -> io::Result<bool> {
        if self.interest != interest {
            registry.reregister(&mut self.socket, token, interest)?;
            self.interest = interest;
        }
        Ok(true)
    }

    /// Whether all of the output could be written.
    fn write(&mut self, now: Instant) -> io::Result<bool> {
        while !self.output.is_empty() {
            match self.socket.write(&self.output) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.output.advance(written);
                    // It was full, and the client has made room; else a Ping would be its own answer.
                    if self.interest == Interest::WRITABLE {
                        self.heard(now);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.output = BytesMut::new(); // one that is silent keeps nothing
        Ok(true)
    }

    /// A sign of life.
    fn heard(&mut self, now: Instant) {
        if let Stage::Open(_, keepalive) = &mut self.stage {
            keepalive.received(now);
        }
    }

    /// Takes what there is, and keeps what is not whole.
    fn take(&mut self, input: &mut [u8], options: KeepaliveOptions, now: Instant) {
        let mut used = 0;
        if let Stage::Head(reader, _) = &mut self.stage {
            // An error has put its answer into the output.
            let Ok(step) = reader.receive(input, &mut self.output) else { return self.leave(now) };
            let consumed = step.consumed;
            match step.event.map(|head| accept(&head, &mut self.output)) {
                None => {}
                Some(None) => return self.leave(now),
                Some(Some(extensions)) => {
                    let config = Config { max_message: MAX_MESSAGE, ..Config::default() };
                    let connection = Connection::server(config).with_extensions(&extensions);
                    self.stage = Stage::Open(Box::new(connection), Keepalive::new(options, now));
                }
            }
            used = consumed;
        }
        // What was behind the head belongs to the frames.
        if let Stage::Open(connection, _) = &mut self.stage {
            used += echo(connection, &mut input[used..], &mut self.output);
            if connection.transport() != Transport::KeepOpen {
                return self.leave(now);
            }
        }
        self.rest = if let Stage::Leaving(_) = self.stage { Vec::new() } else { input[used..].to_vec() };
    }

    fn leave(&mut self, now: Instant) {
        self.rest = Vec::new();
        self.stage = Stage::Leaving(now + LINGER);
    }

    /// When something has to be done, whatever comes.
    fn due(&self) -> Instant {
        match &self.stage {
            Stage::Head(_, until) | Stage::Leaving(until) => *until,
            Stage::Open(_, keepalive) => keepalive.poll_timeout().unwrap_or(self.timer),
        }
    }

    /// Whether the client stays.
    fn time_out(&mut self, now: Instant) -> bool {
        match &mut self.stage {
            Stage::Head(_, until) | Stage::Leaving(until) => now < *until,
            Stage::Open(connection, keepalive) => match keepalive.handle_timeout(now) {
                None => true,
                Some(KeepaliveEvent::Ping) => connection.ping(b"", &mut self.output).is_ok(),
                Some(KeepaliveEvent::Gone) => false,
            },
        }
    }
}

fn accept(head: &RequestHead<'_>, output: &mut BytesMut) -> Option<Extensions> {
    match Request::from_head(head) {
        // Any page may have its echo: there are no cookies that it could misuse. Else `origin()` is to be compared here.
        Ok(request) => request.accept(&Answer::default(), output).ok(),
        Err(error) => {
            error.reject(output);
            None
        }
    }
}

/// All that the input has; how much of it was used. What it leads to (Pongs, a Close) is in the output.
fn echo(connection: &mut Connection, input: &mut [u8], output: &mut BytesMut) -> usize {
    let mut used = 0;
    // An error ends the connection; the Close frame that names it is in the output.
    while let Ok(step) = connection.receive(&mut input[used..], output) {
        used += step.consumed;
        // Once a Close has gone out nothing can be sent, nor need it be.
        let _ = match step.event {
            Some(Event::Text(text)) => connection.send_text(&text, output),
            Some(Event::Binary(data)) => connection.send_binary(&data, output),
            Some(_) => Ok(()),
            None => break,
        };
    }
    used
}

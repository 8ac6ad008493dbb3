//! A chat on the core and the threads of `std`: `cargo run --example std_chat -- --addr 127.0.0.1:9002`, and then in each
//! of some browsers' consoles `s = new WebSocket("ws://127.0.0.1:9002/"); s.onmessage = (e) => console.log(e.data)` and
//! `s.send("hello")`.
//!
//! The whole of a driver: handshake, messages, keepalives, closing. One thread reads a client's socket and another one
//! writes it; in between is what they share, and what anybody else's reader puts a message into:
//!
//! ```text
//!   reader:  socket ─▶ input ─▶ receive ─▶ messages ─▶ the room ─┐ send_prepared, for each client
//!                                  │ Pong, Close                 ▼
//!                          ┌──── Mutex { connection, output, keepalive } ────┐
//!   writer:  socket ◀──────┴ output                                          │
//! ```
//!
//! Nobody blocks on a socket while holding a lock, and no thread holds two locks at once.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tidings::Transport;
use tidings::bytes::{Buf, BytesMut};
use tidings::http::{RequestHead, RequestReader};
use tidings::ws::handshake::{Answer, Extensions, Request};
use tidings::ws::{CloseCode, Config, Connection, Event, Keepalive, KeepaliveEvent, KeepaliveOptions, Prepared};

/// The longest pause while a head arrives: it is one packet.
const HEAD_PAUSE: Duration = Duration::from_secs(10);
/// A client that takes nothing for so long is left.
const WRITE_TIME: Duration = Duration::from_secs(30);
/// How long the client's end is waited for behind our own.
const LINGER: Duration = Duration::from_secs(2);
/// A client for which more than this waits does not read.
const MAX_WAITING: usize = 1 << 20;
/// A longer message is closed with 1009.
const MAX_MESSAGE: usize = 64 << 10;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let addr = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => "127.0.0.1:9002",
        ["--addr", addr] => addr,
        _ => {
            eprintln!("usage: std_chat [--addr HOST:PORT]");
            return ExitCode::from(2);
        }
    };
    match TcpListener::bind(addr).and_then(|listener| chat(&listener)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("std_chat: {addr}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Takes in whoever comes.
pub fn chat(listener: &TcpListener) -> io::Result<()> {
    println!("listening on ws://{}/", listener.local_addr()?);
    let room = Arc::new(Room::default());
    for (number, socket) in listener.incoming().enumerate() {
        let Ok(socket) = socket else {
            thread::sleep(Duration::from_millis(100)); // no file descriptor to be had, say
            continue;
        };
        let room = Arc::clone(&room);
        thread::spawn(move || match serve(number, socket, &room) {
            Ok(()) => eprintln!("{number} has left"),
            Err(error) => eprintln!("{number} is gone: {error}"),
        });
    }
    Ok(())
}

/// One client, from its first byte to its last.
fn serve(number: usize, socket: TcpStream, room: &Room) -> io::Result<()> {
    socket.set_nodelay(true)?;
    socket.set_write_timeout(Some(WRITE_TIME))?;
    let Some((connection, input)) = shake_hands(&socket)? else {
        socket.shutdown(Shutdown::Write)?;
        return linger(&socket);
    };
    let peer = Arc::new(Peer::new(socket, connection));
    let writer = {
        let peer = Arc::clone(&peer);
        thread::spawn(move || peer.write())
    };
    room.enter(&peer);
    let result = peer.read(input, |text| room.tell(&format!("{number}: {text}")));
    room.leave(&peer);
    peer.finish();
    let _ = writer.join();
    linger(&peer.socket)?;
    result
}

/// The opening handshake; `None` if it was refused. Bytes behind the head belong to the frames.
fn shake_hands(mut socket: &TcpStream) -> io::Result<Option<(Connection, BytesMut)>> {
    socket.set_read_timeout(Some(HEAD_PAUSE))?;
    let (mut reader, mut input, mut output) = (RequestReader::default(), BytesMut::new(), BytesMut::new());
    let mut chunk = [0; 4096];
    loop {
        let Ok(step) = reader.receive(&input, &mut output) else {
            socket.write_all(&output)?; // the 400 that the reader has written
            return Ok(None);
        };
        let consumed = step.consumed;
        let answered = step.event.map(|head| accept(&head, &mut output));
        input.advance(consumed);
        if let Some(accepted) = answered {
            socket.write_all(&output)?;
            let config = Config { max_message: MAX_MESSAGE, ..Config::default() };
            return Ok(accepted.map(|extensions| (Connection::server(config).with_extensions(&extensions), input)));
        }
        match socket.read(&mut chunk)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            n => input.extend_from_slice(&chunk[..n]),
        }
    }
}

fn accept(head: &RequestHead<'_>, output: &mut BytesMut) -> Option<Extensions> {
    match Request::from_head(head) {
        // Any page may chat: there are no cookies that it could misuse. Else `origin()` is to be compared here.
        Ok(request) => request.accept(&Answer::default(), output).ok(),
        Err(error) => {
            error.reject(output);
            None
        }
    }
}

/// To close over unread input would reset the connection, and the client could lose our last words.
fn linger(socket: &TcpStream) -> io::Result<()> {
    socket.set_read_timeout(Some(LINGER))?;
    let _ = io::copy(&mut socket.take(64 * 1024), &mut io::sink());
    Ok(())
}

/// Everybody who is there.
#[derive(Default)]
struct Room(Mutex<Vec<Arc<Peer>>>);

impl Room {
    fn enter(&self, peer: &Arc<Peer>) {
        lock(&self.0).push(Arc::clone(peer));
    }

    fn leave(&self, peer: &Arc<Peer>) {
        lock(&self.0).retain(|other| !Arc::ptr_eq(other, peer));
    }

    /// The frame is made once for all.
    fn tell(&self, text: &str) {
        let message = Prepared::text(text);
        let peers = lock(&self.0).clone();
        for peer in peers {
            peer.send(&message);
        }
    }
}

/// A client after the handshake.
struct Peer {
    socket: TcpStream,
    state: Mutex<State>,
    /// There is something to write, or nothing will be any more.
    news: Condvar,
}

struct State {
    connection: Connection,
    output: BytesMut,
    keepalive: Keepalive<Instant>,
    is_over: bool,
}

impl Peer {
    fn new(socket: TcpStream, connection: Connection) -> Self {
        let keepalive = Keepalive::new(KeepaliveOptions::default(), Instant::now());
        let state = State { connection, output: BytesMut::new(), keepalive, is_over: false };
        Self { socket, state: Mutex::new(state), news: Condvar::new() }
    }

    /// Changes what is shared, and lets the writer see what came of it.
    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut lock(&self.state));
        self.news.notify_one();
        changed
    }

    fn send(&self, message: &Prepared) {
        let waiting = self.with(|State { connection, output, .. }| {
            // Who is about to leave need not hear it.
            let _ = connection.send_prepared(message, output);
            output.len()
        });
        if waiting > MAX_WAITING {
            let _ = self.socket.shutdown(Shutdown::Both);
        }
    }

    /// The reader: until the connection is over, by a Close of either side, a violation or its silence.
    fn read(&self, mut input: BytesMut, mut said: impl FnMut(&str)) -> io::Result<()> {
        let mut chunk = vec![0; 16 * 1024];
        loop {
            let (texts, transport, due) = self.with(|state| {
                let texts = state.take(&mut input);
                (texts, state.connection.transport(), state.keepalive.poll_timeout())
            });
            for text in &texts {
                said(text);
            }
            let (Transport::KeepOpen, Some(due)) = (transport, due) else { return Ok(()) };
            let wait = due.saturating_duration_since(Instant::now());
            self.socket.set_read_timeout(Some(wait.max(Duration::from_millis(1))))?;
            match (&self.socket).read(&mut chunk) {
                Ok(0) => {
                    self.with(|state| state.connection.receive_eof());
                    return Ok(());
                }
                Ok(n) => {
                    input.extend_from_slice(&chunk[..n]);
                    self.with(|state| state.keepalive.received(Instant::now()));
                }
                // What a time-out of a socket is called depends on the system.
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    self.with(State::time_out)?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The writer: until everything is said.
    fn write(&self) {
        loop {
            let mut state = lock(&self.state);
            while state.output.is_empty() && !state.is_over {
                state = self.news.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            let bytes = state.output.split();
            drop(state);
            if bytes.is_empty() {
                let _ = self.socket.shutdown(Shutdown::Write);
                return;
            }
            if (&self.socket).write_all(&bytes).is_err() {
                // The reader must not wait any longer, either.
                let _ = self.socket.shutdown(Shutdown::Both);
                return;
            }
        }
    }

    fn finish(&self) {
        self.with(|state| state.is_over = true);
    }
}

impl State {
    /// What is in the input: the messages. What they lead to (Pongs, a Close) is in the output.
    fn take(&mut self, input: &mut BytesMut) -> Vec<String> {
        let mut texts = Vec::new();
        // An error ends the connection; the Close frame that names it is in the output, and the rest of no interest.
        while let Ok(step) = self.connection.receive(input, &mut self.output) {
            let is_hungry = step.event.is_none();
            match step.event {
                Some(Event::Text(text)) if self.connection.is_open() => texts.push(text.into_owned()),
                Some(Event::Binary(_)) => {
                    // If we have closed already, that has said why.
                    let _ = self.connection.close(CloseCode::UNSUPPORTED_DATA, "text only", &mut self.output);
                }
                _ => {}
            }
            let consumed = step.consumed;
            input.advance(consumed);
            if is_hungry {
                break;
            }
        }
        if !self.connection.is_open() {
            self.keepalive.closing(Instant::now());
        }
        texts
    }

    fn time_out(&mut self) -> io::Result<()> {
        match self.keepalive.handle_timeout(Instant::now()) {
            Some(KeepaliveEvent::Gone) => Err(ErrorKind::TimedOut.into()),
            Some(KeepaliveEvent::Ping) => self.connection.ping(b"", &mut self.output).map_err(io::Error::other),
            None => Ok(()),
        }
    }
}

/// One thread's panic is not another one's.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

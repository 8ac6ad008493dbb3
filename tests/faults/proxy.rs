//! A TCP proxy that does to each connection what a [`Plan`] says.

use crate::fault::{Counts, Kind, Plan, Plans};
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub struct Proxy {
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    /// Where the server is, if it is.
    target: Mutex<Option<SocketAddr>>,
    plans: Mutex<Plans>,
    counts: Counts,
    /// Both sides of each connection.
    live: Mutex<HashMap<u64, [TcpStream; 2]>>,
    connections: AtomicU64,
    closing: AtomicBool,
}

/// Nothing here takes longer, or the test has failed anyway.
const PATIENCE: Duration = Duration::from_secs(120);

impl Proxy {
    pub fn start(plans: Plans) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            target: Mutex::new(None),
            plans: Mutex::new(plans),
            counts: Counts::default(),
            live: Mutex::default(),
            connections: AtomicU64::new(0),
            closing: AtomicBool::new(false),
        });
        let accepting = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Self { addr, shared, accepting: Some(accepting) }
    }

    pub fn url(&self, topic: &str) -> String {
        format!("http://{}/topics/{topic}", self.addr)
    }

    pub fn counts(&self) -> &Counts {
        &self.shared.counts
    }

    /// From now on this is where the server is; with `None` it is gone, and with it all connections.
    pub fn lead_to(&self, target: Option<SocketAddr>) {
        *self.shared.target.lock().unwrap() = target;
        if target.is_none() {
            self.shared.cut_all();
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        self.shared.cut_all();
        let _ = TcpStream::connect(self.addr);
        let accepting = self.accepting.take().unwrap();
        assert!(accepting.join().is_ok() || thread::panicking(), "the proxy panicked");
    }
}

impl Shared {
    fn cut_all(&self) {
        for socket in self.live.lock().unwrap().values().flatten() {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut connections: Vec<JoinHandle<()>> = Vec::new();
    for client in listener.incoming() {
        if shared.closing.load(Ordering::SeqCst) {
            break;
        }
        // In the order of connections, so that the same seed does the same to them.
        let plan = shared.plans.lock().unwrap().draw();
        let shared = Arc::clone(shared);
        connections.push(thread::spawn(move || {
            // An error is the end of the connection, which is what happens here.
            let _ = connect(client.unwrap(), &plan, &shared);
        }));
        connections.retain(|connection| !connection.is_finished());
    }
    shared.cut_all();
    for connection in connections {
        connection.join().unwrap();
    }
}

fn connect(mut client: TcpStream, plan: &Plan, shared: &Shared) -> io::Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    client.set_write_timeout(Some(PATIENCE))?;
    client.set_nodelay(true)?;
    let head = peek_head(&client)?;
    // What is left unread when a socket is closed makes the system reset the connection.
    let unread = usize::from(plan.kind == Kind::Reset);
    client.read_exact(&mut vec![0; head.len() - unread])?;
    if plan.kind == Kind::BadGateway {
        shared.counts.add(plan.kind);
        return client.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    let Some(target) = *shared.target.lock().unwrap() else { return Ok(()) };
    let mut server = TcpStream::connect(target)?;
    server.set_read_timeout(Some(PATIENCE))?;
    server.set_nodelay(true)?;
    let number = shared.connections.fetch_add(1, Ordering::SeqCst);
    shared.live.lock().unwrap().insert(number, [client.try_clone()?, server.try_clone()?]);
    // It may have gone in between, unseen by who cuts.
    if *shared.target.lock().unwrap() == Some(target) && !shared.closing.load(Ordering::SeqCst) {
        match plan.up.and_then(|up| head.get(..usize::try_from(up).unwrap())) {
            Some(part) => {
                shared.counts.add(Kind::Upstream);
                let _ = server.write_all(part);
            }
            None => server.write_all(&head).and_then(|()| pass(&client, &server, &head, plan, shared))?,
        }
    }
    shared.live.lock().unwrap().remove(&number);
    Ok(())
}

/// A request's head, still unread: clients write it in one piece.
fn peek_head(client: &TcpStream) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; 4096];
    loop {
        let len = client.peek(&mut buffer)?;
        if let Some(end) = buffer[..len].windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            buffer.truncate(end + 4);
            return Ok(buffer);
        }
        if len == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        thread::yield_now();
    }
}

/// Passes both directions on until the fault, or until one side has had enough.
fn pass(client: &TcpStream, server: &TcpStream, head: &[u8], plan: &Plan, shared: &Shared) -> io::Result<()> {
    thread::scope(|scope| {
        // With a byte unread, nothing more of the client's can be read.
        let up = (plan.kind != Kind::Reset).then(|| scope.spawn(|| upstream(client, server, head.len(), plan, shared)));
        let ended = downstream(client, server, is_poll(head), plan, shared)?;
        if ended == Some(Kind::Stall) {
            // Until the client has had enough of it.
            up.map(thread::ScopedJoinHandle::join);
        }
        server.shutdown(Shutdown::Both)?;
        // A half-closed connection is what a server that ends looks like. Of a reset one nothing is said before.
        if ended != Some(Kind::Reset) {
            client.shutdown(Shutdown::Write)?;
        }
        Ok(())
    })
}

fn is_poll(head: &[u8]) -> bool {
    head.windows(16).any(|bytes| bytes == b"application/json")
}

fn upstream(mut client: &TcpStream, mut server: &TcpStream, passed: usize, plan: &Plan, shared: &Shared) {
    let mut left = plan.up.map(|up| usize::try_from(up).unwrap() - passed);
    let mut buffer = [0; 4096];
    while let Ok(len @ 1..) = client.read(&mut buffer) {
        let len = len.min(left.unwrap_or(len));
        left = left.map(|left| left - len);
        if server.write_all(&buffer[..len]).is_err() {
            break;
        }
        if left == Some(0) {
            shared.counts.add(Kind::Upstream);
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
    let _ = client.shutdown(Shutdown::Both);
}

/// The server's bytes, up to the fault that is planned for them: which it was, if it came to that.
fn downstream(
    mut client: &TcpStream,
    mut server: &TcpStream,
    is_poll: bool,
    plan: &Plan,
    shared: &Shared,
) -> io::Result<Option<Kind>> {
    // Of a client that is not read from any more, a poll's first answer is the last.
    let at = if plan.kind == Kind::Reset && is_poll { plan.at % 100 } else { plan.at };
    let kind = if plan.kind == Kind::Upstream { Kind::Cut } else { plan.kind };
    let mut left = (kind != Kind::Truncated).then_some(at);
    let (mut delay, mut passed, mut head) = (plan.delay, 0, Vec::new());
    let mut buffer = vec![0; plan.piece];
    loop {
        let len = server.read(&mut buffer)?;
        if len == 0 {
            return Ok(None);
        }
        let mut piece = &buffer[..len];
        if kind == Kind::Truncated && left.is_none() {
            head.extend_from_slice(piece);
            let end = head.windows(4).position(|bytes| bytes == b"\r\n\r\n");
            // At least a byte of the body is gone.
            left = end.map(|end| at + (end + 4) as u64 - passed);
        }
        if let Some(left) = &mut left {
            piece = &piece[..len.min(usize::try_from(*left).unwrap())];
            *left -= piece.len() as u64;
        }
        passed += piece.len() as u64;
        if let Some((_, time)) = delay.take_if(|(at, _)| *at < passed) {
            shared.counts.add_delay();
            thread::sleep(time); // the fault itself
        }
        client.write_all(piece)?;
        if left == Some(0) {
            shared.counts.add(kind);
            return Ok(Some(kind));
        }
    }
}

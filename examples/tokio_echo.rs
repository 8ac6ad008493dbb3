//! An echo server on the core and tokio, a task for each client: `cargo run --example tokio_echo -- --addr 127.0.0.1:9004`,
//! and then `cargo run --example ws_client -- --url ws://127.0.0.1:9004`.
//!
//! The whole of a driver for an async runtime: handshake, messages, keepalives, closing. A client's task is the picture of
//! the crate's first page written down:
//!
//! ```text
//!        ┌─▶ read, or until the keepalive is due ─▶ input ─▶ receive ─▶ messages ─┐
//!        │                                             │ Pong, Close              │ send
//!        └── write all that is there, at once ◀─── output ◀───────────────────────┘
//! ```
//!
//! While it writes it does not read. So what a client has not read yet is answered to what it sent in one read at the
//! most: that is the backpressure, and no other bound is needed.

use std::io::{self, ErrorKind};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tidings::Transport;
use tidings::bytes::{Buf, BytesMut};
use tidings::http::{RequestHead, RequestReader};
use tidings::ws::handshake::{Answer, Extensions, Request};
use tidings::ws::{Config, Connection, Event, Keepalive, KeepaliveEvent, KeepaliveOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// A head has to be there after so long: it is one packet.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// A client that takes less than one read's answers in so long is left.
const WRITE_TIME: Duration = Duration::from_secs(30);
/// How long the client's end is waited for behind our own.
const LINGER: Duration = Duration::from_secs(2);
/// A longer message is closed with 1009.
const MAX_MESSAGE: usize = 1 << 20;
/// Bytes read at once.
const READ: usize = 16 << 10;
/// More have to wait until somebody leaves.
const MAX_CLIENTS: usize = 10_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let addr = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => "127.0.0.1:9004",
        ["--addr", addr] => addr,
        _ => {
            eprintln!("usage: tokio_echo [--addr HOST:PORT]");
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
            eprintln!("tokio_echo: {addr}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves for ever, in this thread.
pub fn serve(listener: std::net::TcpListener, keepalive: KeepaliveOptions) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        listener.set_nonblocking(true)?;
        let (listener, seats) = (TcpListener::from_std(listener)?, Arc::new(Semaphore::new(MAX_CLIENTS)));
        loop {
            let Ok(seat) = Arc::clone(&seats).acquire_owned().await else { return Ok(()) };
            let Ok((socket, _)) = listener.accept().await else {
                sleep(Duration::from_millis(100)).await; // no file descriptor to be had, say
                continue;
            };
            tokio::spawn(async move {
                // Who is gone, and why, is of no interest here.
                let _ = client(socket, keepalive).await;
                drop(seat);
            });
        }
    })
}

/// One client, from its first byte to its last.
async fn client(mut socket: TcpStream, keepalive: KeepaliveOptions) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let opened = timeout(HEAD_TIME, shake_hands(&mut socket)).await??;
    if let Some((connection, input)) = opened {
        echo(&mut socket, connection, input, Keepalive::new(keepalive, Instant::now())).await?;
    }
    // To close over unread input would reset the connection, and the client could lose our last words.
    socket.shutdown().await?;
    let _ = timeout(LINGER, tokio::io::copy(&mut socket.take(64 * 1024), &mut tokio::io::sink())).await;
    Ok(())
}

/// The opening handshake; `None` if it was refused. Bytes behind the head belong to the frames.
async fn shake_hands(socket: &mut TcpStream) -> io::Result<Option<(Connection, BytesMut)>> {
    let (mut reader, mut input, mut output) = (RequestReader::default(), BytesMut::new(), BytesMut::new());
    loop {
        let Ok(step) = reader.receive(&input, &mut output) else {
            socket.write_all(&output).await?; // the 400 that the reader has written
            return Ok(None);
        };
        let consumed = step.consumed;
        let answered = step.event.map(|head| accept(&head, &mut output));
        input.advance(consumed);
        if let Some(accepted) = answered {
            socket.write_all(&output).await?;
            let config = Config { max_message: MAX_MESSAGE, ..Config::default() };
            return Ok(accepted.map(|extensions| (Connection::server(config).with_extensions(&extensions), input)));
        }
        if socket.read_buf(&mut input).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
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

/// Until the connection is over: by a Close of either side, a violation, or silence.
async fn echo(
    socket: &mut TcpStream,
    mut connection: Connection,
    mut input: BytesMut,
    mut keepalive: Keepalive<Instant>,
) -> io::Result<()> {
    let mut output = BytesMut::new();
    loop {
        answer(&mut connection, &mut input, &mut output);
        while !output.is_empty() {
            timeout(WRITE_TIME, socket.write_all(&output)).await??;
            output.clear();
            // A Pong for which there was no room before is made now.
            answer(&mut connection, &mut input, &mut output);
        }
        if connection.transport() != Transport::KeepOpen {
            return Ok(());
        }
        let due = keepalive.poll_timeout().ok_or(ErrorKind::TimedOut)?;
        input.reserve(READ);
        // What was read is in the input, and what was not can be read again: nothing is lost when the time is over.
        match timeout_at(due, socket.read_buf(&mut input)).await {
            Ok(Ok(0)) => return Ok(()), // without a Close; it is all the same to an echo
            Ok(Ok(_)) => keepalive.received(Instant::now()),
            Ok(Err(error)) => return Err(error),
            Err(_) => match keepalive.handle_timeout(Instant::now()) {
                Some(KeepaliveEvent::Gone) => return Err(ErrorKind::TimedOut.into()),
                Some(KeepaliveEvent::Ping) => connection.ping(b"", &mut output).map_err(io::Error::other)?,
                None => {}
            },
        }
    }
}

/// All that the input has. What it leads to (Pongs, a Close) is in the output.
fn answer(connection: &mut Connection, input: &mut BytesMut, output: &mut BytesMut) {
    // An error ends the connection; the Close frame that names it is in the output.
    while let Ok(step) = connection.receive(input, output) {
        // Once a Close has gone out nothing can be sent, nor need it be.
        let _ = match &step.event {
            Some(Event::Text(text)) => connection.send_text(text, output),
            Some(Event::Binary(data)) => connection.send_binary(data, output),
            Some(_) | None => Ok(()),
        };
        let (consumed, is_hungry) = (step.consumed, step.event.is_none());
        input.advance(consumed);
        if is_hungry {
            return;
        }
    }
}

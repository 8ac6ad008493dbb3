//! An echo server for WebSocket over HTTP/2 (RFC 8441), on the core, the crate `h2` and tokio: `cargo run --example h2_echo
//! -- --addr 127.0.0.1:9005`. It speaks HTTP/2 from the first byte, without TLS, which a browser wants to have in front. To
//! try it, in Node:
//!
//! ```js
//! require('node:http2').connect('http://127.0.0.1:9005').on('remoteSettings', function () {
//!   const stream = this.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/', 'sec-websocket-version': 13 });
//!   stream.on('data', console.log).write(Buffer.from('818537fa213d7f9f4d5158', 'hex'));   // Hello
//! });
//! ```
//!
//! One TCP connection has many streams, and each of them is a WebSocket or is not. A task for each stream does what the
//! whole program does in `tokio_echo.rs`, with a stream in place of the socket:
//!
//! ```text
//!   connection ── accept ──▶ stream ── DATA ─▶ input ─▶ receive ─▶ messages ─┐
//!                              ▲   ▲              │ Pong, Close              │ send
//!          may send so much more   └─ DATA ◀── output ◀──────────────────────┘
//! ```
//!
//! While a stream writes it does not read, and what was not answered it does not let the client send anew: that is the
//! backpressure, and it holds up no other stream.

use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::request::Parts;
use http::{Request, Response};
use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::mem;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tidings::Transport;
use tidings::bytes::{Buf, Bytes, BytesMut};
use tidings::http::Headers;
use tidings::ws::handshake::Extensions;
use tidings::ws::handshake::extended_connect::{self, Accepted, ConnectError, Pseudo};
use tidings::ws::{Config, Connection, Event, Keepalive, KeepaliveEvent, KeepaliveOptions};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout, timeout_at};

type Failure = Box<dyn Error + Send + Sync>;

/// The beginning of HTTP/2 has to be there after so long: it is one packet.
const PREFACE_TIME: Duration = Duration::from_secs(10);
/// A connection without a stream is closed after so long.
const IDLE_TIME: Duration = Duration::from_secs(60);
/// A client that takes less than one read's answers in so long is left.
const WRITE_TIME: Duration = Duration::from_secs(30);
/// How long the client's end is waited for behind our own.
const LINGER: Duration = Duration::from_secs(2);
/// A longer message is closed with 1009.
const MAX_MESSAGE: usize = 1 << 20;
/// Bytes that a client may send ahead of the answers, in each stream.
const WINDOW: u32 = 32 << 10;
/// More streams of one client are refused.
const MAX_STREAMS: u32 = 100;
/// Bytes of a request's headers; more are refused.
const MAX_HEADERS: u32 = 16 << 10;
/// More have to wait until somebody leaves.
const MAX_CLIENTS: usize = 1000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let addr = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => "127.0.0.1:9005",
        ["--addr", addr] => addr,
        _ => {
            eprintln!("usage: h2_echo [--addr HOST:PORT]");
            return ExitCode::from(2);
        }
    };
    let served = std::net::TcpListener::bind(addr).and_then(|listener| {
        println!("listening on http://{}/", listener.local_addr()?);
        serve(listener, KeepaliveOptions::default())
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("h2_echo: {addr}: {error}");
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

/// One client: hands out its streams, and is what makes their bytes go and come.
async fn client(socket: TcpStream, keepalive: KeepaliveOptions) -> Result<(), Failure> {
    socket.set_nodelay(true)?;
    let mut builder = h2::server::Builder::new();
    builder
        .enable_connect_protocol()
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADERS)
        .initial_window_size(WINDOW)
        // Enough for all streams together: one that is not read from must not hold up the others.
        .initial_connection_window_size(WINDOW * MAX_STREAMS);
    let mut connection = timeout(PREFACE_TIME, builder.handshake(socket)).await??;
    loop {
        match timeout(IDLE_TIME, connection.accept()).await {
            Ok(Some(accepted)) => {
                let (request, respond) = accepted?;
                tokio::spawn(stream(request, respond, keepalive));
            }
            Err(_) if connection.has_streams() => {}
            Ok(None) | Err(_) => return Ok(()),
        }
    }
}

/// One stream, from its first HEADERS to its end.
async fn stream(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    keepalive: KeepaliveOptions,
) -> Result<(), Failure> {
    let (head, mut incoming) = request.into_parts();
    let (response, accepted) = answer(&head)?;
    let mut outgoing = respond.send_response(response, accepted.is_none())?;
    let Some(extensions) = accepted else { return Ok(()) };
    let config = Config { max_message: MAX_MESSAGE, ..Config::default() };
    let connection = Connection::server(config).with_extensions(&extensions);
    let keepalive = Keepalive::new(keepalive, Instant::now());
    if let Err(error) = echo(&mut incoming, &mut outgoing, connection, keepalive).await {
        outgoing.send_reset(Reason::CANCEL); // RFC 8441 §5: in place of a TCP reset
        return Err(error);
    }
    outgoing.send_data(Bytes::new(), true)?; // and END_STREAM in place of the end of the TCP stream
    let _ = timeout(LINGER, drain(&mut incoming)).await;
    Ok(())
}

/// What the request gets, and if it is a WebSocket's, what that is to be made with.
fn answer(head: &Parts) -> Result<(Response<()>, Option<Extensions>), http::Error> {
    match accept(head) {
        Ok(Accepted { headers, extensions }) => {
            let response =
                headers.into_iter().fold(Response::builder(), |response, (name, value)| response.header(name, value));
            Ok((response.body(())?, Some(extensions)))
        }
        Err(error) => {
            let response = Response::builder().status(error.status().as_u16());
            let response =
                error.header().into_iter().fold(response, |response, (name, value)| response.header(name, value));
            Ok((response.body(())?, None))
        }
    }
}

fn accept(head: &Parts) -> Result<Accepted, ConnectError> {
    let pseudo = Pseudo {
        method: head.method.as_str(),
        protocol: head.extensions.get::<h2::ext::Protocol>().map(h2::ext::Protocol::as_str),
        scheme: head.uri.scheme_str(),
        authority: head.uri.authority().map(http::uri::Authority::as_str),
        path: head.uri.path_and_query().map(http::uri::PathAndQuery::as_str),
    };
    let headers: Headers<'_> = head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let request = extended_connect::Request::check(&pseudo, &headers)?;
    // Any page may have its echo: there are no cookies that it could misuse. Else `origin()` is to be compared here.
    Ok(request.accept(None, None).expect("no subprotocol is chosen"))
}

/// Until the WebSocket is over: by a Close of either side, a violation, or the stream's end. An error: by a reset.
async fn echo(
    incoming: &mut RecvStream,
    outgoing: &mut SendStream<Bytes>,
    mut connection: Connection,
    mut keepalive: Keepalive<Instant>,
) -> Result<(), Failure> {
    let (mut input, mut output, mut taken) = (BytesMut::new(), BytesMut::new(), 0);
    loop {
        receive(&mut connection, &mut input, &mut output);
        while !output.is_empty() {
            timeout(WRITE_TIME, write(outgoing, &mut output)).await??;
            // A Pong for which there was no room before is made now.
            receive(&mut connection, &mut input, &mut output);
        }
        if connection.transport() != Transport::KeepOpen {
            return Ok(());
        }
        // All of it was answered: the client may send so much more.
        incoming.flow_control().release_capacity(mem::take(&mut taken))?;
        let due = keepalive.poll_timeout().ok_or("no time is left")?;
        match timeout_at(due, incoming.data()).await {
            Ok(None) => return Ok(()), // without a Close; it is all the same to an echo
            Ok(Some(data)) => {
                keepalive.received(Instant::now());
                let data = data?;
                taken = data.len();
                input.extend_from_slice(&data);
            }
            Err(_) => match keepalive.handle_timeout(Instant::now()) {
                Some(KeepaliveEvent::Gone) => return Err("no Pong came".into()),
                Some(KeepaliveEvent::Ping) => connection.ping(b"", &mut output)?,
                None => {}
            },
        }
    }
}

/// All that the input has. What it leads to (Pongs, a Close) is in the output.
fn receive(connection: &mut Connection, input: &mut BytesMut, output: &mut BytesMut) {
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

/// All of the output, as the client's windows let it go.
async fn write(outgoing: &mut SendStream<Bytes>, output: &mut BytesMut) -> Result<(), Failure> {
    while !output.is_empty() {
        outgoing.reserve_capacity(output.len());
        while outgoing.capacity() == 0 {
            poll_fn(|context| outgoing.poll_capacity(context)).await.ok_or("the stream is gone")??;
        }
        let len = outgoing.capacity().min(output.len());
        outgoing.send_data(output.split_to(len).freeze(), false)?;
    }
    Ok(())
}

/// What comes behind our end is of no interest, but it has to be taken until the client's own.
async fn drain(incoming: &mut RecvStream) -> Result<(), h2::Error> {
    while let Some(data) = incoming.data().await {
        incoming.flow_control().release_capacity(data?.len())?;
    }
    Ok(())
}

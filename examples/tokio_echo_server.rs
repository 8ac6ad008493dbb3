//! A WebSocket echo server on tokio: `cargo run --release --features tokio --example tokio_echo_server`.
//!
//! Prints one line when it listens. Takes large messages, compressed or not, as the Autobahn suite sends them.

use std::io;
use std::process::ExitCode;
use tidings::tokio::{Error, Options, Terms, WebSocket, accept};
use tidings::ws;
use tokio::net::{TcpListener, TcpStream};

/// The Autobahn suite's largest messages have 16 MiB.
const LARGEST: usize = 64 << 20;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let addr = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => "127.0.0.1:9001",
        ["--addr", addr] => addr,
        _ => {
            eprintln!("usage: tokio_echo_server [--addr HOST:PORT]");
            return ExitCode::from(2);
        }
    };
    match serve(addr).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tokio_echo_server: {addr}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(addr: &str) -> io::Result<()> {
    let listener = TcpListener::bind(addr).await?;
    println!("listening on ws://{}/", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            // Who does it wrong has been told.
            if let Ok(socket) = open(stream).await {
                let _ = echo(socket).await;
            }
        });
    }
}

async fn open(stream: TcpStream) -> io::Result<WebSocket<TcpStream>> {
    stream.set_nodelay(true)?;
    #[cfg(feature = "deflate")]
    let deflate = ws::deflate::Options::default();
    let terms = Terms {
        #[cfg(feature = "deflate")]
        deflate: Some(&deflate),
        ..Terms::default()
    };
    let config = ws::Config { max_frame: LARGEST, max_message: LARGEST, ..ws::Config::default() };
    accept(stream, &terms, &Options { config, ..Options::default() }).await.map_err(io::Error::other)
}

async fn echo(mut socket: WebSocket<TcpStream>) -> Result<(), Error> {
    while let Some(message) = socket.next().await {
        socket.feed(&message?).await?;
    }
    Ok(())
}

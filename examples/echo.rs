//! A WebSocket echo server: `cargo run --release --example echo -- --addr 127.0.0.1:9001`.
//!
//! Prints one line when it listens. Takes large messages, compressed or not, as the Autobahn suite sends them.

use std::io;
use std::process::ExitCode;
use tidings::server::{Server, WebSocket, WebSocketOptions};
use tidings::ws;

/// The Autobahn suite's largest messages have 16 MiB.
const LARGEST: usize = 64 << 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let addr = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => "127.0.0.1:9001",
        ["--addr", addr] => addr,
        _ => {
            eprintln!("usage: echo [--addr HOST:PORT]");
            return ExitCode::from(2);
        }
    };
    match serve(addr) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo: {addr}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(addr: &str) -> io::Result<()> {
    let options = WebSocketOptions {
        config: ws::Config { max_frame: LARGEST, max_message: LARGEST, ..ws::Config::default() },
        #[cfg(feature = "deflate")]
        deflate: Some(ws::deflate::Options::default()),
        ..WebSocketOptions::default()
    };
    let server = Server::builder().websocket("/", options, echo).bind(addr)?;
    println!("listening on ws://{}/", server.local_addr());
    server.run()
}

fn echo(socket: &mut WebSocket) -> io::Result<()> {
    while let Some(message) = socket.read()? {
        socket.send(&message)?;
    }
    Ok(())
}

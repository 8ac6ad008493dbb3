//! A WebSocket echo server: `cargo run --release --example echo -- --addr 127.0.0.1:9001`.
//!
//! With the feature `tls` also `--cert FILE --key FILE`. Prints one line when it listens. Takes large messages,
//! compressed or not, as the Autobahn suite sends them.

use std::io;
use std::process::ExitCode;
use tidings::server::{Builder, Server, WebSocket, WebSocketOptions};
use tidings::ws;

/// The Autobahn suite's largest messages have 16 MiB.
const LARGEST: usize = 64 << 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (addr, files) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => ("127.0.0.1:9001", None),
        ["--addr", addr] => (addr, None),
        ["--addr", addr, "--cert", cert, "--key", key] if cfg!(feature = "tls") => (addr, Some((cert, key))),
        _ => {
            let tls = if cfg!(feature = "tls") { " [--cert FILE --key FILE]" } else { "" };
            eprintln!("usage: echo [--addr HOST:PORT{tls}]");
            return ExitCode::from(2);
        }
    };
    match serve(addr, files) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo: {addr}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(addr: &str, files: Option<(&str, &str)>) -> io::Result<()> {
    let options = WebSocketOptions {
        config: ws::Config { max_frame: LARGEST, max_message: LARGEST, ..ws::Config::default() },
        #[cfg(feature = "deflate")]
        deflate: Some(ws::deflate::Options::default()),
        ..WebSocketOptions::default()
    };
    let mut builder = Server::builder().websocket("/", options, echo);
    let mut scheme = "ws";
    if let Some((cert, key)) = files {
        builder = secure(builder, cert, key)?;
        scheme = "wss";
    }
    let server = builder.bind(addr)?;
    println!("listening on {scheme}://{}/", server.local_addr());
    server.run()
}

#[cfg(feature = "tls")]
fn secure(builder: Builder, cert: &str, key: &str) -> io::Result<Builder> {
    use std::fs::read;
    use tidings::server::Certificate;
    let certificate = Certificate::from_pem(&read(cert)?, &read(key)?).map_err(io::Error::other)?;
    Ok(builder.tls(&certificate))
}

#[cfg(not(feature = "tls"))]
fn secure(_: Builder, _: &str, _: &str) -> io::Result<Builder> {
    Err(io::ErrorKind::Unsupported.into())
}

fn echo(socket: &mut WebSocket) -> io::Result<()> {
    while let Some(message) = socket.read()? {
        socket.send(&message)?;
    }
    Ok(())
}

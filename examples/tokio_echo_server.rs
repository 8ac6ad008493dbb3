//! A WebSocket echo server on tokio: `cargo run --release --features tokio --example tokio_echo_server`.
//!
//! Also `--cert FILE --key FILE`, for TLS. Prints one line when it listens. Takes large messages,
//! compressed or not, as the Autobahn suite sends them.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use tidings::tokio::{Error, Options, Terms, WebSocket, accept};
use tidings::ws;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The Autobahn suite's largest messages have 16 MiB.
const LARGEST: usize = 64 << 20;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (addr, files) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => ("127.0.0.1:9001", None),
        ["--addr", addr] => (addr, None),
        ["--addr", addr, "--cert", cert, "--key", key] => (addr, Some((cert, key))),
        _ => {
            eprintln!("usage: tokio_echo_server [--addr HOST:PORT [--cert FILE --key FILE]]");
            return ExitCode::from(2);
        }
    };
    match serve(addr, files).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tokio_echo_server: {addr}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(addr: &str, files: Option<(&str, &str)>) -> io::Result<()> {
    let tls = files.map(|(cert, key)| tls(cert, key)).transpose()?;
    let listener = TcpListener::bind(addr).await?;
    let scheme = if tls.is_some() { "wss" } else { "ws" };
    println!("listening on {scheme}://{}/", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        let tls = tls.clone();
        // Who does it wrong has been told.
        tokio::spawn(async move {
            let _ = speak(stream, tls).await;
        });
    }
}

fn tls(cert: &str, key: &str) -> io::Result<TlsAcceptor> {
    let chain = CertificateDer::pem_file_iter(cert).and_then(Iterator::collect).map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(io::Error::other)?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key);
    Ok(Arc::new(config.map_err(io::Error::other)?).into())
}

async fn speak(stream: TcpStream, tls: Option<TlsAcceptor>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match tls {
        Some(tls) => echo(open(tls.accept(stream).await?).await?).await,
        None => echo(open(stream).await?).await,
    }
    .map_err(io::Error::other)
}

async fn open<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> io::Result<WebSocket<S>> {
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

async fn echo<S: AsyncRead + AsyncWrite + Unpin>(mut socket: WebSocket<S>) -> Result<(), Error> {
    while let Some(message) = socket.next().await {
        socket.feed(&message?).await?;
    }
    Ok(())
}

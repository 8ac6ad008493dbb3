//! The client that the Autobahn suite's fuzzing server tests: it runs each case, sends back what it gets, and asks for
//! the report.
//!
//! ```text
//! cargo run --release --example autobahn_client -- --url ws://127.0.0.1:9001
//! cargo run --release --features tls --example autobahn_client -- --url wss://127.0.0.1:9001 --cacert FILE
//! ```

use std::error::Error;
use tidings::client::{Error as ClientError, Message, Options, WebSocket, WebSocketOptions};
use tidings::ws::{Config, deflate};

/// Cases of group 9 send messages of up to 16 MiB; the limits are not what is tested.
const MAX_MESSAGE: usize = 64 << 20;
const AGENT: &str = "tidings";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (url, common) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => ("ws://127.0.0.1:9001", Options::default()),
        ["--url", url] => (url, Options::default()),
        ["--url", url, "--cacert", roots] => (url, trusting(roots)?),
        _ => return Err("usage: autobahn_client [--url URL [--cacert FILE]]".into()),
    };
    let url = url.trim_end_matches('/');
    let config = Config { max_frame: MAX_MESSAGE, max_message: MAX_MESSAGE, ..Config::default() };
    let deflate = Some(deflate::Options::default());
    let options = WebSocketOptions { common, config, deflate, ..WebSocketOptions::default() };

    let mut socket = WebSocket::connect(&format!("{url}/getCaseCount"), &options)?;
    let Some(Message::Text(count)) = socket.read()? else { return Err("no count of cases came".into()) };
    let count: u32 = count.trim().parse()?;
    for case in 1..=count {
        let mut socket = WebSocket::connect(&format!("{url}/runCase?case={case}&agent={AGENT}"), &options)?;
        if let Err(error) = echo(&mut socket) {
            // Most cases are about what must not be taken: failing the connection is then right.
            println!("case {case} of {count}: {error}");
        }
    }
    let mut socket = WebSocket::connect(&format!("{url}/updateReports?agent={AGENT}"), &options)?;
    while socket.read()?.is_some() {}
    Ok(())
}

fn echo(socket: &mut WebSocket) -> Result<(), ClientError> {
    while let Some(message) = socket.read()? {
        socket.send(&message)?;
    }
    Ok(())
}

/// Believes whom those in that file vouch for.
#[cfg(feature = "tls")]
fn trusting(roots: &str) -> Result<Options, Box<dyn Error>> {
    let roots = tidings::client::Roots::from_pem(&std::fs::read(roots)?)?;
    Ok(Options { roots, ..Options::default() })
}

#[cfg(not(feature = "tls"))]
fn trusting(_: &str) -> Result<Options, Box<dyn Error>> {
    Err("--cacert: TLS is not built in".into())
}

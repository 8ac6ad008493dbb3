//! A WebSocket client for the terminal: `cargo run --example ws_client -- --url ws://127.0.0.1:9001 --deflate`.
//!
//! Sends each line of standard input as a text message and prints the answer, so the server should be one that gives one,
//! as the example `echo` does. The line `:ping` sends a Ping, `:close 1000 reason` closes the connection, as the end of
//! the input does. What is not an answer goes to standard error.

use std::error::Error;
use std::io::{self, Write};
use tidings::client::{Message, WebSocket, WebSocketOptions};
use tidings::ws::{CloseCode, deflate};

fn main() -> Result<(), Box<dyn Error>> {
    let (url, deflate) = arguments()?;
    let mut socket = WebSocket::connect(&url, &WebSocketOptions { deflate, ..WebSocketOptions::default() })?;
    match &socket.extensions().deflate {
        Some(agreement) => eprintln!("connected with {agreement}"),
        None => eprintln!("connected without compression"),
    }

    for line in io::stdin().lines() {
        let line = line?;
        if line == ":ping" {
            socket.ping(b"")?;
        } else if let Some(close) = line.strip_prefix(":close") {
            let (code, reason) = close_frame(close.trim_start())?;
            return end(socket, code, reason);
        } else {
            socket.send_text(&line)?;
            match socket.read()? {
                Some(answer) => print(&answer)?,
                None => break,
            }
        }
    }
    end(socket, CloseCode::NORMAL, "")
}

/// Closes the connection, unless the server has done so, and says how it ended.
fn end(mut socket: WebSocket, code: CloseCode, reason: &str) -> Result<(), Box<dyn Error>> {
    if socket.close(code, reason).is_ok() {
        while let Some(message) = socket.read()? {
            print(&message)?;
        }
    }
    match socket.close_frame() {
        Some((code, reason)) => eprintln!("closed with {} {reason}", code.as_u16()),
        None => eprintln!("closed"),
    }
    Ok(())
}

fn print(message: &Message) -> io::Result<()> {
    let data = match message {
        Message::Text(text) => text.as_bytes(),
        Message::Binary(data) => data,
    };
    let mut output = io::stdout().lock();
    output.write_all(data)?;
    output.write_all(b"\n")?;
    output.flush()
}

/// What follows `:close`: a code, 1000 if there is none, and a reason.
fn close_frame(text: &str) -> Result<(CloseCode, &str), Box<dyn Error>> {
    if text.is_empty() {
        return Ok((CloseCode::NORMAL, ""));
    }
    let (code, reason) = text.split_once(' ').unwrap_or((text, ""));
    let code = CloseCode::new(code.parse()?).ok_or("this close code cannot be sent")?;
    Ok((code, reason))
}

fn arguments() -> Result<(String, Option<deflate::Options>), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--url", url] => Ok((url.into(), None)),
        ["--url", url, "--deflate"] | ["--deflate", "--url", url] => {
            Ok((url.into(), Some(deflate::Options::default())))
        }
        _ => Err("usage: ws_client --url ws://HOST:PORT/PATH [--deflate]".into()),
    }
}

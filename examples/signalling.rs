//! Browsers that talk to each other without a server between them: `cargo run --example signalling -- --addr
//! 127.0.0.1:8085`, then open what it prints in two tabs, or more. Ctrl-C ends it, and the tabs talk on.
//!
//! ```text
//!   page A ══════════ WebRTC data channel: what they say ══════════ page B
//!      │                                                              │
//!      └── offer, candidates ──▶ topic room-lobby ◀── hello, answer ──┘
//! ```
//!
//! To find each other they need somebody whom both know: a topic, and no more than that. As a log has one order for all, it
//! also tells who was there first, and so who calls whom. The rest stands in `signalling.html`. Each `#name` behind the
//! address is a room of its own.
//!
//! Everybody in a room hears everything that is said to set up a connection, and can enter: a program of yours asks for
//! tokens. Pages that are not in one network need a STUN or TURN server, too.

use std::io;
use std::process::ExitCode;
use std::time::Duration;
use tidings::server::{Access, Action, Limits, Server};
use tidings::topic::Bounds;

const PAGE: &str = include_str!("signalling.html");

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let addr = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => "127.0.0.1:8085",
        ["--addr", addr] => addr,
        _ => {
            eprintln!("usage: signalling [--addr HOST:PORT]");
            return ExitCode::from(2);
        }
    };
    match serve(addr) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("signalling: {addr}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(addr: &str) -> io::Result<()> {
    let server = Server::builder()
        .limits(limits())
        .authorize(|request| match request.action {
            Action::Publish(topic) | Action::Subscribe(topic) if topic.as_str().starts_with("room-") => Access::Granted,
            _ => Access::Forbidden,
        })
        .live_page(false)
        .page("/", "text/html; charset=utf-8", PAGE)
        .bind(addr)?;
    let handle = server.handle();
    ctrlc::set_handler(move || handle.drain()).map_err(io::Error::other)?;
    println!("listening on http://{}/", server.local_addr());
    server.run()
}

/// Who was cut off for a minute begins anew, and an offer is no book.
fn limits() -> Limits {
    let topic = Bounds { messages: 1000, age: Duration::from_secs(60), ..Bounds::default() };
    Limits { message_bytes: 32 << 10, body_bytes: 32 << 10, topic, ..Limits::default() }
}

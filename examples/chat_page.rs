//! A chat in one page: `cargo run --example chat_page -- --addr 127.0.0.1:8082`, then open what it prints in two tabs.
//! Ctrl-C ends it; start it again, and the tabs come back by themselves.
//!
//! There is no code for the chat here, as it is a topic: what a page sends over its WebSocket is appended to the log, and
//! the log is what every page is shown, from `after=oldest` when it joins and from its last cursor when it was away. The
//! rest stands in `chat_page.html`. From a terminal, meanwhile:
//!
//! ```sh
//! cargo run -q -- subscribe http://127.0.0.1:8082/topics/chat --after oldest
//! curl -d '{"name":"curl","text":"hello"}' http://127.0.0.1:8082/topics/chat
//! ```

use std::io;
use std::process::ExitCode;
use std::time::Duration;
use tidings::server::{Access, Action, Limits, Server};
use tidings::topic::Bounds;

const PAGE: &str = include_str!("chat_page.html");

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let addr = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => "127.0.0.1:8082",
        ["--addr", addr] => addr,
        _ => {
            eprintln!("usage: chat_page [--addr HOST:PORT]");
            return ExitCode::from(2);
        }
    };
    match serve(addr) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat_page: {addr}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(addr: &str) -> io::Result<()> {
    let server = Server::builder()
        .limits(limits())
        .authorize(|request| match request.action {
            Action::Publish(topic) | Action::Subscribe(topic) if topic.as_str() == "chat" => Access::Granted,
            _ => Access::Forbidden, // there is one room
        })
        .live_page(false)
        .page("/", "text/html; charset=utf-8", PAGE)
        .bind(addr)?;
    let handle = server.handle();
    ctrlc::set_handler(move || handle.drain()).map_err(io::Error::other)?;
    println!("listening on http://{}/", server.local_addr());
    server.run()
}

/// A day's last 500 messages are the history, and none of them is a book.
fn limits() -> Limits {
    let topic = Bounds { messages: 500, age: Duration::from_secs(24 * 3600), ..Bounds::default() };
    Limits { message_bytes: 4096, body_bytes: 4096, topic, ..Limits::default() }
}

//! Everybody's mouse on one page: `cargo run --example cursors -- --addr 127.0.0.1:8084`, then open what it prints in two
//! windows side by side. Ctrl-C ends it.
//!
//! ```text
//!   page ── WebSocket /me: "0.4 0.7" ──▶ handler, in a thread for each page: who is there, where
//!     ▲                                     │ publishes `all`, `move`, `left`
//!     └──── WebSocket /topics/cursors ◀─────┴── the topic: one loop for all who listen, each message encoded once
//! ```
//!
//! A page listens before it enters. So the list of all that its own entrance brings forth is the first that it hears, and
//! whatever moves or leaves comes behind it, in order.

use std::collections::BTreeMap;
use std::io;
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tidings::server::{Access, Action, Handle, Limits, Message, Server, WebSocket};
use tidings::topic::Bounds;
use tidings::ws::Config;

const PAGE: &str = include_str!("cursors.html");
/// More would be a crowd that nobody can tell apart; each has a thread.
const MAX_PEOPLE: usize = 100;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let addr = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => "127.0.0.1:8084",
        ["--addr", addr] => addr,
        _ => {
            eprintln!("usage: cursors [--addr HOST:PORT]");
            return ExitCode::from(2);
        }
    };
    match serve(addr) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cursors: {addr}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(addr: &str) -> io::Result<()> {
    let room = Room::default();
    let server = Server::builder()
        // Where somebody was a thousand moves ago is of no interest: who is so late begins anew.
        .limits(Limits {
            handlers: MAX_PEOPLE,
            topic: Bounds { messages: 1000, ..Bounds::default() },
            ..Limits::default()
        })
        .authorize(|request| match request.action {
            Action::Publish(_) => Access::Forbidden, // the room alone says who is where
            Action::Subscribe(_) | Action::Connect => Access::Granted,
        })
        .websocket("/me", Config { max_message: 64, ..Config::default() }, move |socket| room.serve(socket))
        .live_page(false)
        .page("/", "text/html; charset=utf-8", PAGE)
        .bind(addr)?;
    let handle = server.handle();
    ctrlc::set_handler(move || handle.drain()).map_err(io::Error::other)?;
    println!("listening on http://{}/", server.local_addr());
    server.run()
}

/// A place on the page: parts of its width and height, 0 to 1.
#[derive(Clone, Copy)]
struct Place {
    x: f32,
    y: f32,
}

/// Who is there.
#[derive(Default)]
struct Room(Mutex<People>);

#[derive(Default)]
struct People {
    last: u64,
    places: BTreeMap<u64, Place>,
}

impl Room {
    /// One page, as long as it is there.
    fn serve(&self, socket: &mut WebSocket) -> io::Result<()> {
        let server = socket.server();
        let number = self.enter(&server);
        let result = socket.send_text(&number.to_string()).and_then(|()| self.follow(number, socket, &server));
        self.leave(number, &server);
        result
    }

    fn enter(&self, server: &Handle) -> u64 {
        let mut people = self.lock();
        people.last += 1;
        let number = people.last;
        people.places.insert(number, Place { x: 0.5, y: 0.5 });
        let all: Vec<String> = people.places.iter().map(|(number, place)| place.as_json(*number)).collect();
        tell(server, "all", format!("[{}]", all.join(",")));
        number
    }

    fn follow(&self, number: u64, socket: &mut WebSocket, server: &Handle) -> io::Result<()> {
        while let Some(message) = socket.read()? {
            let Message::Text(text) = message else { continue };
            let Some(place) = Place::parse(&text) else { continue };
            let mut people = self.lock();
            people.places.insert(number, place);
            tell(server, "move", place.as_json(number));
        }
        Ok(())
    }

    fn leave(&self, number: u64, server: &Handle) {
        let mut people = self.lock();
        people.places.remove(&number);
        tell(server, "left", number.to_string());
    }

    /// Held while something is told, so that all hear in the order in which it happened.
    fn lock(&self) -> MutexGuard<'_, People> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let part = |text: &str| text.parse().ok().filter(|part| (0.0..=1.0).contains(part));
        let (x, y) = text.split_once(' ')?;
        Some(Self { x: part(x)?, y: part(y)? })
    }

    fn as_json(self, number: u64) -> String {
        format!("[{number},{:.4},{:.4}]", self.x, self.y)
    }
}

fn tell(server: &Handle, event: &str, data: String) {
    let topic = "cursors".parse().expect("a name of a topic");
    // It fails only when the server goes away: then all are told by that.
    let _ = server.publish(&topic, event.parse().ok(), data);
}

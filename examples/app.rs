//! A program with a server in it: `cargo run --example app -- --addr 127.0.0.1:8081 --seconds 60` serves for a
//! minute, or until Ctrl-C.
//!
//! ```sh
//! curl -N -H 'Accept: text/event-stream' http://127.0.0.1:8081/topics/clock      # published in the background
//! curl -d 'Hello' http://127.0.0.1:8081/topics/news                              # 401
//! curl -H 'Authorization: Bearer secret' -d 'Hello' http://127.0.0.1:8081/topics/news
//! curl -N 'http://127.0.0.1:8081/jobs/7?access_token=secret'                            # an event stream of its own
//! ```
//!
//! and in the console of a page at that address `new WebSocket("ws://127.0.0.1:8081/upper?access_token=secret")`.

use std::io;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use tidings::server::{
    Access, Action, EventStream, Handle, Limits, Message, PublishError, Server, Tokens, Waited, WebSocket,
};
use tidings::sse::Event;
use tidings::topic::{Bounds, EventName, TopicName};
use tidings::ws::{CloseCode, Config};

/// In a real program: from its configuration, and another one for everybody.
const TOKEN: &str = "secret";

fn main() -> ExitCode {
    let Some((addr, seconds)) = arguments() else {
        eprintln!("usage: app [--addr HOST:PORT] [--seconds N]");
        return ExitCode::from(2);
    };
    match serve(&addr, seconds) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("app: {addr}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Option<(String, Option<u64>)> {
    let (mut addr, mut seconds) = ("127.0.0.1:8081".into(), None);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        match (name.as_str(), arguments.next()?) {
            ("--addr", value) => addr = value,
            ("--seconds", value) => seconds = Some(value.parse().ok()?),
            _ => return None,
        }
    }
    Some((addr, seconds))
}

fn serve(addr: &str, seconds: Option<u64>) -> Result<(), Box<dyn std::error::Error>> {
    let token = TOKEN.parse()?;
    let tokens = Tokens::default().publish(&token).subscribe(&token);
    let server = Server::builder()
        .limits(limits())
        .authorize(move |request| match request.action {
            Action::Subscribe(topic) if topic.as_str() == "clock" => Access::Granted, // for everybody
            _ => tokens.check(request),
        })
        .websocket("/upper", Config { max_message: 4096, ..Config::default() }, upper)
        .event_stream("/jobs/", job)
        .bind(addr)?;
    println!("listening on http://{}/", server.local_addr());

    let (clock, topic, event) = (server.handle(), "clock".parse()?, "tick".parse()?);
    let publisher = thread::spawn(move || publish(&clock, &topic, &event));
    drain_in_time(server.handle(), seconds)?;
    server.run()?; // until it has drained
    let _ = publisher.join();
    Ok(())
}

/// Less than the default ones: this is a small program.
fn limits() -> Limits {
    Limits {
        message_bytes: 16 << 10,
        body_bytes: 16 << 10,
        connections: 1000,
        topics: 100,
        topic: Bounds { messages: 1000, age: Duration::from_secs(600), ..Bounds::default() },
        ..Limits::default()
    }
}

/// Says everything louder, and by itself that it is there.
fn upper(socket: &mut WebSocket) -> io::Result<()> {
    use tidings::server::TimedRead::{Closed, Message as Received, TimedOut};
    socket.send_text(&format!("welcome, {}", socket.peer_addr()))?;
    loop {
        match socket.read_timeout(Duration::from_secs(10))? {
            Received(Message::Text(text)) => socket.send_text(&text.to_uppercase())?,
            Received(Message::Binary(_)) => socket.close(CloseCode::UNSUPPORTED_DATA, "text only")?,
            TimedOut => socket.send_text("still here")?,
            Closed => return Ok(()),
        }
    }
}

/// Shows how far a job is, from where a client that comes back has seen it.
fn job(events: &mut EventStream) -> io::Result<()> {
    let Some(name) = events.path().strip_prefix("/jobs/").filter(|name| !name.is_empty()).map(String::from) else {
        return events.send(&Event::message("there is no such job").with_event("error"));
    };
    let seen: u32 = events.last_event_id().parse().unwrap_or(0);
    for percent in (1..=100).filter(|percent| percent % 5 == 0 && *percent > seen) {
        if events.wait(Duration::from_millis(500))? == Waited::Draining {
            return Ok(()); // the client comes back, and then to the next server
        }
        let progress = Event::message(format!("job {name}: {percent} %"));
        events.send(&progress.with_event("progress").with_id(percent.to_string()))?;
    }
    // Without an end that it understands a browser would come back for ever.
    events.send(&Event::message("").with_event("done"))
}

/// What the program has to tell, to however many are there.
fn publish(server: &Handle, topic: &TopicName, event: &EventName) {
    for second in 0_u64.. {
        match server.publish(topic, Some(event.clone()), format!("{second} s")) {
            Err(PublishError::Draining) => return,
            Err(error) => eprintln!("{error}"),
            Ok(_) => {}
        }
        thread::sleep(Duration::from_secs(1));
    }
}

/// After so many seconds, or at Ctrl-C.
fn drain_in_time(server: Handle, seconds: Option<u64>) -> Result<(), ctrlc::Error> {
    let (interrupt, interrupted) = mpsc::channel();
    ctrlc::set_handler(move || {
        // Nobody listens any more: it drains already.
        let _ = interrupt.send(());
    })?;
    thread::spawn(move || {
        let _ = match seconds {
            Some(seconds) => interrupted.recv_timeout(Duration::from_secs(seconds)).ok(),
            None => interrupted.recv().ok(),
        };
        eprintln!("draining");
        server.drain();
    });
    Ok(())
}

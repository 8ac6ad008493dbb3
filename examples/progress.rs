//! A progress bar for a long job: `cargo run --example progress -- --addr 127.0.0.1:8083`, then open what it prints, start
//! a job and reload the page in its midst, or open its address in another tab. Ctrl-C ends it.
//!
//! ```text
//!   page ── POST /topics/jobs "a film" ──▶ topic jobs ──▶ worker, a subscriber like any other: one job after the other
//!     ◀──── 201 {"id":"17…-4"}                              │ publishes
//!     ◀──── GET /topics/job-17…-4, an event stream ◀── topic job-17…-4: `progress` 0 … 100, `done`
//! ```
//!
//! Each job has a topic of its own, named after the id of its order. So the page needs nothing but the address to find its
//! job again, as many pages as want to can watch, and nobody who watches costs a thread.

use std::error::Error;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;
use tidings::client::{EventSource, Options, Received};
use tidings::server::{Access, Action, Handle, PublishError, Server};
use tidings::topic::EventName;

const PAGE: &str = include_str!("progress.html");
type Failure = Box<dyn Error + Send + Sync>;

/// The worker's pretended work: a hundred of these are a job.
const STEP: Duration = Duration::from_millis(30);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let addr = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => "127.0.0.1:8083",
        ["--addr", addr] => addr,
        _ => {
            eprintln!("usage: progress [--addr HOST:PORT]");
            return ExitCode::from(2);
        }
    };
    match serve(addr) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("progress: {addr}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(addr: &str) -> Result<(), Failure> {
    let server = Server::builder()
        .authorize(|request| match request.action {
            Action::Publish(topic) if topic.as_str() != "jobs" => Access::Forbidden, // how far a job is the worker says
            _ => Access::Granted,
        })
        .live_page(false)
        .page("/", "text/html; charset=utf-8", PAGE)
        .bind(addr)?;
    let url = format!("http://{}/topics/jobs", server.local_addr());
    let orders = EventSource::new(&url, Options { after: Some("oldest".into()), ..Options::default() })?;
    let stop = orders.stop_handle();
    let handle = server.handle();
    let worker = thread::spawn(move || work(orders, &handle));
    let handle = server.handle();
    ctrlc::set_handler(move || {
        stop.stop(); // before the server goes: else the worker would wait for it to come back
        handle.drain();
    })?;
    println!("listening on http://{}/", server.local_addr());
    server.run()?;
    worker.join().unwrap_or_else(|_| Err("the worker has panicked".into()))?;
    Ok(())
}

/// One job after the other, in the order in which they came.
fn work(orders: EventSource, server: &Handle) -> Result<(), Failure> {
    for received in orders {
        let Received::Message { id: Some(id), data, .. } = received? else { continue };
        match job(&id, &data, server) {
            Ok(()) | Err(PublishError::Draining) => {}
            Err(error) => eprintln!("{data}: {error}"),
        }
    }
    Ok(())
}

fn job(id: &str, name: &str, server: &Handle) -> Result<(), PublishError> {
    let topic = format!("job-{id}").parse().expect("a cursor has digits and a hyphen only");
    let event = |name: &str| -> Option<EventName> { name.parse().ok() };
    for percent in 0..=100 {
        server.publish(&topic, event("progress"), percent.to_string())?;
        thread::sleep(STEP); // in a real program: the work
    }
    // Without an end that it understands, a browser would come back for ever.
    server.publish(&topic, event("done"), name)?;
    Ok(())
}

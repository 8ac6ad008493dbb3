//! The program: `tidings serve`, `publish`, `subscribe`, `inspect`.
//!
//! Data goes to standard output, words go to standard error. The exit status is 0 when it is done, 1 when it failed and
//! 2 when it was called wrongly; each failure is one line. A standard output that nobody reads any more is a reason to
//! end, not a failure.

mod args;
mod help;
mod hex;
mod inspect;
mod logger;
mod output;
mod publish;
mod save;
mod secrets;
mod serve;
mod service;
mod signals;
mod stdout;
mod subscribe;
mod tls;
mod wire;

use args::Command;
use std::process::ExitCode;

/// Why the program ends before it is done.
#[derive(Debug)]
enum Failure {
    /// It was called wrongly: status 2.
    Usage(String),
    /// It could not do it: status 1.
    Failed(String),
    /// It could not do all of it, and has said so: status 1.
    Told,
    /// Nobody reads the standard output any more: status 0.
    OutputClosed,
}

fn main() -> ExitCode {
    match args::parse().and_then(run) {
        Ok(()) | Err(Failure::OutputClosed) => ExitCode::SUCCESS,
        Err(Failure::Told) => ExitCode::from(1),
        Err(Failure::Failed(why)) => {
            say(&why);
            ExitCode::from(1)
        }
        Err(Failure::Usage(why)) => {
            say(&format!("{why}; see {}", args::help_call()));
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Print(text) => output::print(&text),
        Command::Serve(options) => serve::run(*options),
        Command::Publish(options) => publish::run(&options),
        Command::Subscribe(options) => subscribe::run(options),
        Command::Inspect(options) => inspect::run(&options),
    }
}

/// A line on standard error, which may be closed: then nobody wants to know.
fn say(words: &str) {
    use std::io::Write;
    // In one write: the program may end at any time, and half a line tells nothing.
    let _ = std::io::stderr().write_all(format!("tidings: {words}\n").as_bytes());
}

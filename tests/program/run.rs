//! Running the program, with a time-out for everything that is waited for.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// Far more than anything here takes, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    for variable in [
        "TIDINGS_TOKEN",
        "TIDINGS_PUBLISH_TOKEN",
        "TIDINGS_SUBSCRIBE_TOKEN",
        "TIDINGS_REDIS",
        "TIDINGS_LOG",
        "NOTIFY_SOCKET",
    ] {
        command.env_remove(variable);
    }
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What a program that has ended left behind.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    #[track_caller]
    pub fn assert_code(&self, code: i32) -> &Self {
        assert_eq!(self.status.code(), Some(code), "{self:?}");
        self
    }
}

/// Runs it to its end, with this on its standard input.
pub fn run(arguments: &[&str], input: &[u8]) -> Ended {
    let mut running = Running::start(command(arguments).stdin(Stdio::piped()));
    let mut stdin = running.stdin();
    // It may end without having read all.
    let _ = stdin.write_all(input);
    drop(stdin);
    running.end()
}

/// A program that runs. It is killed when the test is done with it.
pub struct Running {
    child: Child,
    stdout: Receiver<Vec<u8>>,
    stderr: Receiver<Vec<u8>>,
}

impl Running {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = child.stdout.take().map_or_else(|| channel().1, lines);
        let stderr = child.stderr.take().map_or_else(|| channel().1, lines);
        Self { child, stdout, stderr }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn stdin(&mut self) -> ChildStdin {
        self.child.stdin.take().expect("a pipe")
    }

    /// The next line of standard output, without its end; `None` at its end. Half a line is none.
    #[track_caller]
    pub fn line(&self) -> Option<String> {
        next(&self.stdout)
    }

    /// The next line of standard error, likewise.
    #[track_caller]
    pub fn said(&self) -> Option<String> {
        next(&self.stderr)
    }

    /// SIGKILL: it has no time for anything.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// SIGTERM, by the system's own command.
    #[cfg(unix)]
    pub fn terminate(&self) {
        let pid = self.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Waits for its end, which closes both outputs.
    #[track_caller]
    pub fn end(mut self) -> Ended {
        let rest = |lines: &Receiver<Vec<u8>>| {
            let mut text = Vec::new();
            while let Ok(line) = lines.recv_timeout(PATIENCE) {
                text.extend(line);
            }
            String::from_utf8(text).unwrap()
        };
        let (stdout, stderr) = (rest(&self.stdout), rest(&self.stderr));
        Ended { status: self.child.wait().unwrap(), stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
fn next(lines: &Receiver<Vec<u8>>) -> Option<String> {
    match lines.recv_timeout(PATIENCE) {
        Ok(line) => line.strip_suffix(b"\n").map(|line| String::from_utf8(line.to_vec()).unwrap()),
        Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => None,
        Err(error) => panic!("no line came: {error}"),
    }
}

/// Lines with their ends, as they come.
fn lines(output: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        loop {
            let mut line = Vec::new();
            match output.read_until(b'\n', &mut line) {
                Ok(len) if len > 0 && sender.send(line).is_ok() => {}
                _ => return,
            }
        }
    });
    receiver
}

/// A server on a port of its own.
pub struct Server {
    pub running: Running,
    pub url: String,
}

pub fn serve(arguments: &[&str]) -> Server {
    serve_on("127.0.0.1:0", arguments)
}

pub fn serve_on(addr: &str, arguments: &[&str]) -> Server {
    Server::listening(Running::start(command(&["serve", "--addr", addr]).args(arguments)))
}

impl Server {
    /// A server that has said where it listens.
    pub fn listening(running: Running) -> Self {
        let line = running.line().expect("the server's first line");
        let url = line.strip_prefix("listening on ").expect("the line that says where").to_owned();
        Self { running, url }
    }

    pub fn topic(&self, name: &str) -> String {
        format!("{}topics/{name}", self.url)
    }

    pub fn addr(&self) -> &str {
        self.url.trim_start_matches("http://").trim_end_matches('/')
    }
}

/// A line of `subscribe --json`.
pub fn json(line: &str) -> serde_json::Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

/// A subscriber that is there: it has printed where it begins.
pub fn subscribe(url: &str, arguments: &[&str]) -> Running {
    let subscriber = Running::start(command(&["subscribe", url, "--json"]).args(arguments));
    let first = json(&subscriber.line().expect("a bookmark"));
    assert_eq!(first["type"], "bookmark", "{first}");
    subscriber
}

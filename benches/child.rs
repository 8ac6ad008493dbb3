//! A server as a process of its own, so that the system tells what it takes: the bench, started again.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Ended when this goes.
pub struct ChildServer {
    child: Child,
    pub addr: SocketAddr,
}

impl ChildServer {
    /// Starts this program with these arguments, upon which it prints its address.
    ///
    /// # Panics
    /// It does not.
    #[must_use]
    pub fn start(arguments: &[&str]) -> Self {
        let program = std::env::current_exe().expect("this program is somewhere");
        let mut command = Command::new(program);
        let mut child = command.args(arguments).stdout(Stdio::piped()).spawn().expect("it can be started again");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("it says where it is");
        Self { child, addr: line.trim().parse().expect("an address") }
    }

    /// Its process, below `/proc`.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The processor time that it has taken, of all its threads, also those that have ended.
    ///
    /// # Panics
    /// This is not Linux.
    #[must_use]
    pub fn processor(&self) -> Duration {
        /// What the system counts in, on Linux everywhere.
        const TICK: Duration = Duration::from_millis(10);
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id())).expect("this is Linux");
        // Behind the name, which may be anything: the state is the third field, user and system time are 14 and 15.
        let fields = stat.rsplit_once(')').expect("a name in brackets").1.split_whitespace().skip(11).take(2);
        TICK * fields.map(|ticks| ticks.parse::<u32>().expect("a number")).sum()
    }

    /// What it takes while that is done.
    pub fn takes(&self, what: impl FnOnce()) -> Duration {
        let before = self.processor();
        what();
        self.processor().saturating_sub(before)
    }
}

impl Drop for ChildServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! A server as a process of its own, so that the system tells what it takes: the bench, started again.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

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
}

impl Drop for ChildServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

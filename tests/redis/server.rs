//! A Redis of a test's own.

use crate::until;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// It keeps everything that it has confirmed, and is killed when the test is done with it.
pub struct Redis {
    port: u16,
    folder: PathBuf,
    options: Vec<String>,
    child: Option<Child>,
}

impl Redis {
    pub fn start(name: &str) -> Self {
        Self::start_with(name, &[])
    }

    pub fn start_with(name: &str, options: &[&str]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("redis-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let mut redis = Self { port, folder, options, child: None };
        redis.run();
        redis
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub fn addr(&self) -> std::net::SocketAddr {
        (std::net::Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Begins, with what is in its folder.
    pub fn run(&mut self) {
        let program = std::env::var("TIDINGS_REDIS_SERVER").unwrap_or_else(|_| "redis-server".into());
        let log = || File::options().create(true).append(true).open(self.folder.join("log")).unwrap();
        let mut command = Command::new(&program);
        command.args(["--bind", "127.0.0.1", "--port", &self.port.to_string(), "--save", ""]);
        command.args(["--appendonly", "yes", "--appendfsync", "always", "--dir"]).arg(&self.folder);
        command.args(&self.options).stdin(Stdio::null()).stdout(log()).stderr(log());
        if let Ok(libraries) = std::env::var("TIDINGS_REDIS_LIBRARIES") {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        let child = command.spawn();
        self.child = Some(child.unwrap_or_else(|error| panic!("{program}: {error}; tests/redis/run brings one")));
        until("Redis is there", || self.is_there());
    }

    fn is_there(&self) -> bool {
        let client = redis::Client::open(self.url()).unwrap();
        let ping = redis::cmd("PING");
        match client.get_connection_with_timeout(std::time::Duration::from_secs(1)) {
            Ok(mut connection) => match ping.query::<String>(&mut connection) {
                Ok(_) => true,
                // It asks for a password.
                Err(error) => error.code() == Some("NOAUTH"),
            },
            Err(_) => false,
        }
    }

    /// Runs a command, which is written as one would type it.
    pub fn ask<T: redis::FromRedisValue>(&self, command: &str) -> T {
        let mut words = command.split(' ');
        let mut typed = redis::cmd(words.next().unwrap());
        for word in words {
            typed.arg(word);
        }
        let mut connection = redis::Client::open(self.url()).unwrap().get_connection().unwrap();
        typed.query(&mut connection).unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// SIGKILL: it has no time for anything.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.as_ref().expect("it runs").id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// What it has written until now, kept aside.
    pub fn copy_data(&self) {
        self.copy("appendonlydir", "older");
    }

    /// That again, in place of what it has.
    pub fn put_older_data_back(&self) {
        self.drop_data();
        self.copy("older", "appendonlydir");
    }

    pub fn drop_data(&self) {
        fs::remove_dir_all(self.folder.join("appendonlydir")).unwrap();
    }

    fn copy(&self, from: &str, to: &str) {
        let _ = fs::remove_dir_all(self.folder.join(to));
        fs::create_dir(self.folder.join(to)).unwrap();
        for file in fs::read_dir(self.folder.join(from)).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), self.folder.join(to).join(file.file_name())).unwrap();
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

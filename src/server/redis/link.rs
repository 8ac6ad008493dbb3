//! One connection to Redis.

use super::RedisUrl;
use super::scripts::Script;
use redis::{Client, Cmd, Connection, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};
use std::fmt;
use std::string::{String, ToString};
use std::time::Duration;
use std::vec::Vec;

/// Until a connection is made and logged in.
const CONNECT: Duration = Duration::from_secs(1);

/// Until a command is answered. A script takes microseconds; what takes longer is a Redis that hangs, or a large message
/// over a slow network.
pub(super) const ANSWER: Duration = Duration::from_secs(2);

/// A connection, and the run of the Redis at its other end: none outlives a restart.
pub(super) struct Link {
    connection: Connection,
    pub(super) run: String,
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum Flaw {
    Redis(RedisError),
    /// It answers, but not as what is needed.
    Unfit(&'static str),
}

impl From<RedisError> for Flaw {
    fn from(error: RedisError) -> Self {
        Self::Redis(error)
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redis(error) if error.kind() == ErrorKind::Parse => f.write_str("what answers there is no Redis"),
            Self::Redis(error) => error.fmt(f),
            Self::Unfit(why) => f.write_str(why),
        }
    }
}

impl Link {
    pub(super) fn open(url: &RedisUrl) -> Result<Self, Flaw> {
        let mut connection = Client::open(url.info().clone())?.get_connection_with_timeout(CONNECT)?;
        connection.set_read_timeout(Some(ANSWER))?;
        connection.set_write_timeout(Some(ANSWER))?;
        let about: String = redis::cmd("INFO").arg("server").query(&mut connection)?;
        let field = |name: &str| about.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let run = field("run_id").ok_or(Flaw::Unfit("it does not tell its run_id"))?.to_string();
        let version = field("redis_version").and_then(|version| version.split('.').next()?.parse::<u32>().ok());
        // From 7.0 on XADD numbers within a given millisecond, which our epoch is.
        if version.is_none_or(|version| version < 7) {
            return Err(Flaw::Unfit("it is older than Redis 7.0"));
        }
        Ok(Self { connection, run })
    }

    /// How long an answer may take from now on.
    pub(super) fn be_patient(&self, time: Duration) -> RedisResult<()> {
        self.connection.set_read_timeout(Some(time))
    }

    pub(super) fn query(&mut self, command: &Cmd) -> RedisResult<Value> {
        self.connection.send_packed_command(&command.get_packed_command())?;
        self.receive()
    }

    /// Runs a script, which Redis may have forgotten.
    pub(super) fn run(&mut self, script: &Script, command: &Cmd) -> RedisResult<Value> {
        match self.query(command) {
            Err(error) if is_forgotten(&error) => {
                self.teach(script)?;
                self.query(command)
            }
            answer => answer,
        }
    }

    fn teach(&mut self, script: &Script) -> RedisResult<()> {
        self.query(redis::cmd("SCRIPT").arg("LOAD").arg(script.source)).map(|_| ())
    }

    /// Runs a script many times, with one wait for all answers. Of a few hundred calls, all requests fit into the
    /// system's buffers while no answer is read.
    pub(super) fn run_all(&mut self, script: &Script, commands: &[Cmd]) -> RedisResult<Vec<RedisResult<Value>>> {
        let answers = self.query_all(commands)?;
        if answers.iter().any(|answer| answer.as_ref().is_err_and(is_forgotten)) {
            self.teach(script)?;
            return self.query_all(commands);
        }
        Ok(answers)
    }

    fn query_all(&mut self, commands: &[Cmd]) -> RedisResult<Vec<RedisResult<Value>>> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let mut packed = Vec::new();
        for command in commands {
            packed.extend_from_slice(&command.get_packed_command());
        }
        self.connection.send_packed_command(&packed)?;
        let answers = commands.iter().map(|_| match self.receive() {
            // The other answers are on their way all the same.
            Err(error) if !is_refusal(&error) => Err(error),
            answer => Ok(answer),
        });
        answers.collect()
    }

    /// The time there, in milliseconds since 1970.
    pub(super) fn time(&mut self) -> RedisResult<u64> {
        let (seconds, micros): (u64, u64) = redis::cmd("TIME").query(&mut self.connection)?;
        Ok(seconds * 1000 + micros / 1000)
    }

    /// Wakes the reader that waits for something in this stream, which goes when it is of no use any more.
    pub(super) fn wake(&mut self, stream: &str) -> RedisResult<()> {
        let mut add = redis::cmd("XADD");
        add.arg(stream).arg("MAXLEN").arg(1).arg("*").arg("w").arg("");
        let mut expire = redis::cmd("EXPIRE");
        expire.arg(stream).arg(60);
        self.query_all(&[add, expire])?.into_iter().try_for_each(|answer| answer.map(|_| ()))
    }

    fn receive(&mut self) -> RedisResult<Value> {
        match self.connection.recv_response()? {
            Value::ServerError(error) => Err(error.into()),
            answer => Ok(answer),
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("run", &self.run).finish_non_exhaustive()
    }
}

fn is_forgotten(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

/// Whether Redis itself has said no: then nothing was done, and the connection is as good as before.
pub(super) fn is_refusal(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension)
}

//! The scripts that run in Redis, each as one step, and what they answer.

use crate::topic::Cursor;
use redis::{Cmd, Value};
use sha1::{Digest, Sha1};
use std::string::String;
use std::sync::LazyLock;
use std::time::Duration;
use std::vec::Vec;

/// A script and the name that Redis knows it by.
pub(super) struct Script {
    pub(super) source: &'static str,
    sha: LazyLock<String>,
}

/// Also where Redis is full: what is there can be read. It writes a few numbers at the most.
pub(super) static HEAD: Script = Script {
    source: concat!("#!lua flags=allow-oom\n", include_str!("lua/topic.lua"), include_str!("lua/head.lua")),
    sha: LazyLock::new(|| digest(&[HEAD.source])),
};

/// With a first line of this form a script is refused as a whole where Redis is full, before it has written anything.
pub(super) static PUBLISH: Script = Script {
    source: concat!("#!lua\n", include_str!("lua/topic.lua"), include_str!("lua/publish.lua")),
    sha: LazyLock::new(|| digest(&[PUBLISH.source])),
};

impl Script {
    /// The call, with arguments still to come. It fails where Redis does not know the script.
    pub(super) fn call(&self) -> Cmd {
        let mut call = redis::cmd("EVALSHA");
        call.arg(&**self.sha);
        call
    }
}

/// The SHA-1 of a text in parts, in hexadecimal digits.
pub(super) fn digest(parts: &[&str]) -> String {
    use std::fmt::Write;
    let mut sha = Sha1::new();
    for part in parts {
        sha.update(part);
    }
    let mut digits = String::with_capacity(40);
    for byte in sha.finalize() {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

const MINUTE: u64 = 60_000;

/// A hundred years, in milliseconds. What is to stay for ever stays for that.
pub(super) const LONGEST: u64 = 100 * 365 * 24 * 60 * MINUTE;

/// How long a topic stays in Redis without a publish or a reader, and how often that is put off: so that after its last
/// message it is there for `age` at the least, and is not put off with each message.
pub(super) fn lifetime(age: Duration) -> (u64, u64) {
    let age = millis(age).min(LONGEST);
    (age + age / 4 + 2 * MINUTE, age / 4 + MINUTE)
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Where a topic's head is, and what time it is there, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) at: Cursor,
    pub(super) time: u64,
}

impl Head {
    pub(super) fn parse(value: &Value) -> Option<Self> {
        match words(value)?[..] {
            [epoch, n, time] => Some(Self { at: cursor(epoch, n)?, time: time.parse().ok()? }),
            _ => None,
        }
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    /// It is appended, at that time.
    New(Head),
    /// It was appended before.
    Known(Cursor),
    /// Another message was published with its key.
    Reused,
}

/// What Redis says to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PutAnswer {
    Put(Put),
    /// It has restarted, and numbers nothing yet.
    Settling(Duration),
    /// It is later there than when the message was to be taken, in milliseconds since 1970.
    Late(u64),
}

impl PutAnswer {
    pub(super) fn parse(value: &Value) -> Option<Self> {
        Some(match words(value)?[..] {
            ["new", epoch, n, time] => Self::Put(Put::New(Head { at: cursor(epoch, n)?, time: time.parse().ok()? })),
            ["known", epoch, n] => Self::Put(Put::Known(cursor(epoch, n)?)),
            ["reused"] => Self::Put(Put::Reused),
            ["settling", left] => Self::Settling(Duration::from_millis(left.parse().ok()?)),
            ["late", time] => Self::Late(time.parse().ok()?),
            _ => return None,
        })
    }
}

/// Whether the scripts can have given this id: they count no further than Lua's numbers do without a gap.
pub(super) fn is_ours(id: Cursor) -> bool {
    const LARGEST: u64 = 1 << 53;
    id.epoch() < LARGEST && id.n() < LARGEST
}

fn cursor(epoch: &str, n: &str) -> Option<Cursor> {
    Some(Cursor::new(epoch.parse().ok()?, n.parse().ok()?)).filter(|id| is_ours(*id))
}

fn words(value: &Value) -> Option<Vec<&str>> {
    let Value::Array(values) = value else { return None };
    values.iter().map(text).collect()
}

pub(super) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

//! The server's log, on standard error: a line for each thing that happens, `TIME LEVEL TARGET: WORDS KEY=VALUE…`.
//!
//! ```text
//!   server's threads ──▶ queue of lines ──▶ one thread ──▶ standard error
//!                        full? dropped, and counted        closed? thrown away; stuck? only this thread waits
//! ```

use crate::Failure;
use log::kv::{self, Key, Value, VisitSource};
use log::{LevelFilter, Log, Metadata, Record};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, SystemTime};

/// Lines that wait for standard error: a burst. With [`MAX_VALUE`] that is a few MiB at the worst.
const QUEUE: usize = 1024;

/// How much of a value is shown, in characters. A path may be as long as a head.
const MAX_VALUE: usize = 1024;

/// For so long the end waits for the last lines: a standard error that nobody reads must not keep the program.
const LAST_LINES: Duration = Duration::from_secs(1);

enum Entry {
    Line(String),
    /// Everything before it is written: tell that.
    Flush(SyncSender<()>),
}

struct Logger {
    entries: SyncSender<Entry>,
    /// Lines that found the queue full, since that was last told.
    lost: AtomicU64,
}

/// From now on what happens is told, down to this level. At most once.
pub fn start(level: LevelFilter) -> Result<(), Failure> {
    if level == LevelFilter::Off {
        return Ok(());
    }
    let failed = |why: &dyn std::fmt::Display| Failure::Failed(format!("the log: {why}"));
    let (entries, queue) = sync_channel(QUEUE);
    let logger: &'static Logger = Box::leak(Box::new(Logger { entries, lost: AtomicU64::new(0) }));
    let thread = thread::Builder::new().name("tidings-log".into());
    thread.spawn(move || logger.write(&queue)).map_err(|error| failed(&error))?;
    log::set_logger(logger).map_err(|error| failed(&error))?;
    log::set_max_level(level);
    Ok(())
}

impl Log for Logger {
    /// Other crates' lines are for their developers.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().split("::").next() == Some("tidings")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) && self.entries.try_send(Entry::Line(line(record))).is_err() {
            self.lost.fetch_add(1, Relaxed);
        }
    }

    fn flush(&self) {
        let (written, wait) = sync_channel(1);
        if self.entries.try_send(Entry::Flush(written)).is_ok() {
            let _ = wait.recv_timeout(LAST_LINES);
        }
    }
}

impl Logger {
    /// Writes what comes, each line in one piece. What cannot be written nobody wants to know.
    fn write(&self, queue: &Receiver<Entry>) {
        let write = |line: &str| {
            let _ = std::io::stderr().write_all(line.as_bytes());
        };
        for entry in queue {
            match entry {
                Entry::Line(line) => write(&line),
                Entry::Flush(written) => {
                    let _ = written.send(());
                }
            }
            let lost = self.lost.swap(0, Relaxed);
            if lost > 0 {
                write(&format!("{} WARN tidings: lines were lost count={lost}\n", now()));
            }
        }
    }
}

/// RFC 3339, in UTC.
fn now() -> impl std::fmt::Display {
    humantime::format_rfc3339_millis(SystemTime::now())
}

fn line(record: &Record<'_>) -> String {
    let mut line = Line(format!("{} {} ", now(), record.level()));
    line.push_escaped(record.target());
    line.0.push_str(": ");
    line.push_escaped(&record.args().to_string());
    // It never fails: a String takes everything.
    let _ = record.key_values().visit(&mut line);
    line.0.push('\n');
    line.0
}

/// A line that only its end can end: no value has a line break, or anything else that a terminal would obey.
struct Line(String);

impl Line {
    /// A value that could be taken for more than one word, or for another field, stands in quotation marks.
    fn push_value(&mut self, value: &str) {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'=');
        let end = value.char_indices().nth(MAX_VALUE).map(|(at, _)| at);
        let is_word = !value.is_empty() && value.bytes().all(is_plain);
        if !is_word {
            self.0.push('"');
        }
        self.push_escaped(end.and_then(|end| value.get(..end)).unwrap_or(value));
        if end.is_some() {
            self.0.push_str("...");
        }
        if !is_word {
            self.0.push('"');
        }
    }

    fn push_escaped(&mut self, text: &str) {
        for char in text.chars() {
            match char {
                '"' | '\\' => self.0.extend(['\\', char]),
                ' '..='~' => self.0.push(char),
                _ => self.0.extend(char.escape_default()),
            }
        }
    }
}

impl<'kvs> VisitSource<'kvs> for Line {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        self.0.push(' ');
        self.push_escaped(key.as_str());
        self.0.push('=');
        let mut text = String::new();
        write!(text, "{value}")?;
        self.push_value(&text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::line;
    use log::{Level, Record};

    /// What follows the time.
    fn shown(words: &str, path: &str) -> String {
        let fields = [("path", path)];
        let mut record = Record::builder();
        record.level(Level::Warn).target("tidings::access").key_values(&fields);
        let line = line(&record.args(format_args!("{words}")).build());
        let (time, rest) = line.split_once(' ').unwrap();
        assert_eq!((time.len(), time.as_bytes()[10], time.as_bytes()[23]), (24, b'T', b'Z'), "{time}");
        rest.into()
    }

    #[test]
    fn a_value_is_one_word_or_quoted() {
        for (value, expected) in [
            ("/topics/news", "/topics/news"),
            ("", r#""""#),
            ("a b", r#""a b""#),
            ("/x status=200", r#""/x status=200""#),
            ("a=b", r#""a=b""#),
            (r#"""#, r#""\"""#),
            (r"\", r#""\\""#),
        ] {
            assert_eq!(shown("answered", value), format!("WARN tidings::access: answered path={expected}\n"));
        }
    }

    #[test]
    fn nothing_but_its_end_ends_a_line() {
        let forged = "x\n2026-01-01T00:00:00.000Z ERROR tidings: forged\r\u{1b}[2J\u{2028}\u{202e}\u{7f}\0\u{e9}";
        let expected =
            r#""x\n2026-01-01T00:00:00.000Z ERROR tidings: forged\r\u{1b}[2J\u{2028}\u{202e}\u{7f}\u{0}\u{e9}""#;
        assert_eq!(shown("answered", forged), format!("WARN tidings::access: answered path={expected}\n"));
        assert_eq!(shown("a\nb", "c"), "WARN tidings::access: a\\nb path=c\n");
    }

    #[test]
    fn of_a_long_value_the_beginning_is_shown() {
        let long = "x".repeat(2000);
        let expected = format!("WARN tidings::access: answered path={}...\n", "x".repeat(1024));
        assert_eq!(shown("answered", &long), expected);
        assert!(shown("answered", &"\u{20ac}".repeat(2000)).ends_with("\\u{20ac}...\"\n"));
    }
}

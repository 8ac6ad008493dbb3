//! `tidings publish`.

use crate::Failure;
use crate::args::Publish;
use crate::output::Output;
use std::io::{self, BufRead, Read};
use tidings::client::{Options, PublishError, Publisher};

/// A longer line is no message: servers take 1 MiB, and memory has an end.
const MAX_LINE: u64 = 16 << 20;

pub fn run(arguments: &Publish) -> Result<(), Failure> {
    let options = Options { headers: arguments.headers.clone(), ..Options::default() };
    let publisher = Publisher::new(&arguments.url, options).map_err(|error| Failure::Usage(error.to_string()))?;
    let mut publishing = Publishing { publisher, event: arguments.event.as_deref(), ids: Ids::default() };
    match &arguments.data {
        Some(data) => publishing.publish(data).map_err(|error| Failure::Failed(format!("{}: {error}", arguments.url))),
        None => publishing.lines(io::stdin().lock()),
    }
}

struct Publishing<'a> {
    publisher: Publisher,
    event: Option<&'a str>,
    ids: Ids,
}

impl Publishing<'_> {
    /// Each line as it comes: the next is read when this one was taken.
    fn lines(&mut self, mut input: impl BufRead) -> Result<(), Failure> {
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            let read = input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
            let failed =
                |why: &str| Failure::Failed(format!("line {number}: {why}; the lines before it were published"));
            if read.map_err(|error| failed(&error.to_string()))? == 0 {
                break;
            }
            if line.len() as u64 == MAX_LINE && line.last() != Some(&b'\n') {
                return Err(failed("it is longer than 16 MiB"));
            }
            let text = std::str::from_utf8(without_end(&line)).map_err(|_| failed("it is not UTF-8"))?;
            self.publish(text).map_err(|error| failed(&error.to_string()))?;
        }
        Ok(())
    }

    fn publish(&mut self, data: &str) -> Result<(), PublishError> {
        let id = self.publisher.publish(self.event, data)?;
        if let Some(id) = id {
            self.ids.print(&id.to_string());
        }
        Ok(())
    }
}

/// A line without LF or CRLF.
fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The ids of what was taken. Publishing is what matters: if nobody reads them, it goes on without.
#[derive(Default)]
struct Ids {
    output: Output,
    closed: bool,
}

impl Ids {
    fn print(&mut self, id: &str) {
        if !self.closed {
            let printed = self.output.push(id.as_bytes()).and_then(|()| self.output.flush());
            self.closed = printed.is_err();
        }
    }
}

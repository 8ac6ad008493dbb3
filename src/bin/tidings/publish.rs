//! `tidings publish`.

use crate::args::Publish;
use crate::output::Output;
use crate::secrets::{unusable, without_token};
use crate::{Failure, say, tls};
use std::borrow::Cow;
use std::io::{self, BufRead, Read};
use std::time::Duration;
use tidings::client::{Cut, Options, PublishError, Publisher};
use tidings::topic::{EventName, IdempotencyKey};

/// A longer line is no message: servers take 1 MiB, and memory has an end.
const MAX_LINE: u64 = 16 << 20;

pub fn run(arguments: &Publish) -> Result<(), Failure> {
    let options = Options { headers: arguments.headers.clone(), ..Options::default() };
    let options = tls::trusting(options, arguments.cacert.as_deref())?;
    let publisher =
        Publisher::new(&arguments.url, options).map_err(|error| Failure::Usage(unusable(&arguments.url, &error)))?;
    let (event, lossy) = (arguments.event.as_ref().map(EventName::as_str), arguments.lossy);
    let mut publishing = Publishing { publisher, event, lossy, ids: Ids::Printed(Output::default()) };
    match &arguments.data {
        Some(data) => {
            publishing
                .publish(arguments.key.as_ref(), data)
                .map_err(|error| Failure::Failed(format!("{}: {error}", without_token(&arguments.url))))?;
        }
        None => publishing.lines(io::stdin().lock())?,
    }
    if matches!(publishing.ids, Ids::Failed) { Err(Failure::Told) } else { Ok(()) }
}

struct Publishing<'a> {
    publisher: Publisher,
    event: Option<&'a str>,
    lossy: bool,
    ids: Ids,
}

impl Publishing<'_> {
    /// Each line as it comes: the next is read when this one was taken.
    fn lines(&mut self, mut input: impl BufRead) -> Result<(), Failure> {
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            let read = input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
            let failed = |why: &str| {
                let before = if number == 1 { "nothing was" } else { "the lines before it were" };
                Failure::Failed(format!("line {number}: {why}; {before} published"))
            };
            if read.map_err(|error| failed(&error.to_string()))? == 0 {
                break;
            }
            if line.len() as u64 == MAX_LINE && line.last() != Some(&b'\n') {
                return Err(failed("it is longer than 16 MiB"));
            }
            let text = match String::from_utf8_lossy(without_end(&line)) {
                Cow::Owned(_) if !self.lossy => return Err(failed("it is not UTF-8 (see --lossy)")),
                text => text,
            };
            self.publish(None, &text).map_err(|error| failed(&error.to_string()))?;
        }
        Ok(())
    }

    fn publish(&mut self, key: Option<&IdempotencyKey>, data: &str) -> Result<(), PublishError> {
        let mut waited = false;
        let waiting = |why: &Cut, _: Duration| {
            if !waited {
                say(&format!("{why}; trying again for up to {} s", Publisher::PATIENCE.as_secs()));
            }
            waited = true;
        };
        let id = match key {
            Some(key) => self.publisher.publish_once(key, self.event, data, waiting),
            None => self.publisher.publish_telling(self.event, data, waiting),
        }?;
        if waited {
            say("the server has taken it; going on");
        }
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

/// The ids of what was taken. Publishing is what matters: if they cannot be printed, it goes on without.
enum Ids {
    Printed(Output),
    /// Nobody reads them any more.
    Closed,
    /// They were to go where they could not, such as to a full disk; that was said.
    Failed,
}

impl Ids {
    fn print(&mut self, id: &str) {
        let Self::Printed(output) = self else { return };
        match output.push(id.as_bytes()).and_then(|()| output.flush()) {
            Ok(()) => {}
            Err(Failure::Failed(why)) => {
                say(&format!("{why}: the ids cannot be printed; publishing goes on"));
                *self = Self::Failed;
            }
            Err(_) => *self = Self::Closed,
        }
    }
}

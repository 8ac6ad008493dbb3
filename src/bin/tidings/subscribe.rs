//! `tidings subscribe`.

use crate::args::{Subscribe, Via};
use crate::hex::to_hex;
use crate::output::{Output, is_writing, wait_until_closed};
use crate::save::Save;
use crate::secrets::{unusable, without_token};
use crate::{Failure, say, signals, tls, wire};
use serde::Serialize;
use std::time::Duration;
use tidings::client::{Cut, Error, EventSource, Options, Poller, Received, Stop, Stream, WebSocketSource};
use tidings::topic::{Reset, ResetReason};

pub fn run(arguments: Subscribe) -> Result<(), Failure> {
    let save = arguments.save.as_deref().map(|path| Save::open(path, &arguments.url)).transpose()?;
    let after = save.as_ref().and_then(Save::cursor).or(arguments.after.as_deref()).map(Into::into);
    let tap = arguments.wire.then(|| wire::tap(&arguments.headers));
    let (filter, headers) = (arguments.filter.clone(), arguments.headers.clone());
    let options = Options { after, filter, headers, tap, ..Options::default() };
    let options = tls::trusting(options, arguments.cacert.as_deref())?;
    let source = open(arguments.via, &arguments.url, options).map_err(|error| match (&error, &save) {
        (Error::After(_), Some(save)) if save.cursor().is_some() => Failure::Usage(save.refused(&error.to_string())),
        _ => Failure::Usage(unusable(&arguments.url, &error)),
    })?;
    end_on_signals(source.stop_handle())?;
    end_with_output(source.stop_handle());
    let left = arguments.count;
    Printing { arguments, source, output: Output::default(), save, reached: false, left }.run()
}

/// A subscriber over some transport.
trait Source: Iterator<Item = Result<Received, Error>> {
    fn buffered(&self) -> usize;
    fn resume(&self) -> Option<&str>;
    fn stop_handle(&self) -> Stop;
}

macro_rules! sources {
    ($($name:ident)*) => {
        $(impl Source for $name {
            fn buffered(&self) -> usize {
                $name::buffered(self)
            }

            fn resume(&self) -> Option<&str> {
                $name::resume(self)
            }

            fn stop_handle(&self) -> Stop {
                $name::stop_handle(self)
            }
        })*
    };
}

sources!(EventSource Stream Poller WebSocketSource);

fn open(via: Via, url: &str, options: Options) -> Result<Box<dyn Source>, Error> {
    Ok(match via {
        Via::Sse => Box::new(EventSource::new(url, options)?),
        Via::WebSocket => Box::new(WebSocketSource::new(url, options)?),
        Via::Stream => Box::new(Stream::new(url, options)?),
        Via::Long => Box::new(Poller::long(url, options)?),
        Via::Short => Box::new(Poller::short(url, options)?),
    })
}

/// SIGINT and SIGTERM end the subscription; what was received is still printed.
fn end_on_signals(stop: Stop) -> Result<(), Failure> {
    /// Enough to print what there is, unless nobody reads it.
    const GRACE: Duration = Duration::from_secs(2);
    let handler = move || {
        stop.stop();
        // The main thread ends the program, if it is not stuck: in a connect, or in a pipe that nobody empties.
        std::thread::sleep(GRACE);
        std::process::exit(i32::from(is_writing()));
    };
    signals::watch(handler, None::<fn()>).map_err(|error| Failure::Failed(format!("signals: {error}")))
}

/// Nobody is there to read what may come: that is no reason to wait for it. Where the system has no thread for that, the
/// next write finds out.
fn end_with_output(stop: Stop) {
    let watch = std::thread::Builder::new().spawn(move || {
        if wait_until_closed() {
            stop.stop();
        }
    });
    drop(watch);
}

struct Printing {
    arguments: Subscribe,
    source: Box<dyn Source>,
    output: Output,
    save: Option<Save>,
    /// Whether the server was ever there and took what it was asked for.
    reached: bool,
    /// Messages to print before the end.
    left: Option<u64>,
}

impl Printing {
    fn run(mut self) -> Result<(), Failure> {
        while self.left != Some(0) {
            let Some(received) = self.source.next() else { break };
            match received {
                Ok(received) => self.take(received)?,
                Err(error) => {
                    self.flush(true)?;
                    return Err(Failure::Failed(format!(
                        "{}: {}",
                        without_token(&self.arguments.url),
                        self.why(&error)
                    )));
                }
            }
            // Before the next wait all is out, so that the last id printed is the last one received.
            let idle = self.source.buffered() == 0;
            if idle || self.output.is_full() {
                self.flush(idle)?;
            }
        }
        self.flush(true)
    }

    /// A server that took this URL before, as it must have for a cursor to be in the file, means the cursor by 400.
    fn why(&self, error: &Error) -> String {
        match (error, &self.save) {
            (Error::Status { status, .. }, Some(save)) if status.as_u16() == 400 && save.cursor().is_some() => {
                save.refused(&error.to_string())
            }
            _ => error.to_string(),
        }
    }

    /// `idle`: nothing more is there to be printed. What the server has not taken yet, such as a slip in `--after`, is
    /// not to be found in the file by each later run.
    fn flush(&mut self, idle: bool) -> Result<(), Failure> {
        match &mut self.save {
            Some(save) if self.reached => save.flush(&mut self.output, self.source.resume(), idle),
            _ => self.output.flush(),
        }
    }

    fn take(&mut self, received: Received) -> Result<(), Failure> {
        match received {
            Received::Connected => {
                if self.reached {
                    say("connected again");
                }
                self.reached = true;
            }
            Received::Message { id, event, data } => {
                self.left = self.left.map(|left| left.saturating_sub(1));
                let (id, event) = (id.as_deref(), event.as_deref());
                self.print(&Line::Message { id, event, data: &data }, Some(data.as_bytes()))?;
            }
            Received::Binary(data) => {
                self.left = self.left.map(|left| left.saturating_sub(1));
                self.print(&Line::Binary { hex: to_hex(&data) }, Some(&data))?;
            }
            Received::Bookmark { id } => self.print(&Line::Bookmark { id: &id }, None)?,
            Received::Reset(reset) => {
                say(&told(&reset));
                self.print(&Line::from(reset), None)?;
            }
            Received::Drain => {
                say("the server goes away");
                self.print(&Line::Drain, None)?;
            }
            Received::Reconnecting { why: why @ Cut::Connect(_), .. } if !self.reached => {
                return Err(Failure::Failed(format!("{}: {why}", without_token(&self.arguments.url))));
            }
            Received::Reconnecting { after, why } => {
                say(&format!("{why}; trying again in {:.1} s", after.as_secs_f64()));
            }
            _ => {}
        }
        Ok(())
    }

    /// The envelope with `--json`, else the data alone, if it is data.
    fn print(&mut self, line: &Line<'_>, data: Option<&[u8]>) -> Result<(), Failure> {
        if self.arguments.json {
            let json = serde_json::to_vec(line).map_err(|error| Failure::Failed(error.to_string()))?;
            self.output.append(&json);
        } else if let Some(data) = data {
            self.output.append(data);
        }
        Ok(())
    }
}

/// A reset in words.
fn told(Reset { reason, oldest, newest }: &Reset) -> String {
    match reason {
        ResetReason::Trimmed => format!("messages were lost: the log begins after {oldest} now; going on from there"),
        ResetReason::Epoch => format!("the server or the topic began anew; going on after {oldest}"),
        ResetReason::Future => {
            format!("the topic ends at {newest}, before the cursor: it began anew; going on after {oldest}")
        }
    }
}

/// What `--json` prints: the envelopes, with ids that another server may have of its own kind or not at all.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line<'a> {
    Message {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        event: Option<&'a str>,
        data: &'a str,
    },
    /// Only from a WebSocket server that is not ours.
    Binary {
        hex: String,
    },
    Bookmark {
        id: &'a str,
    },
    Reset {
        reason: &'static str,
        oldest: String,
        newest: String,
    },
    Drain,
}

impl From<Reset> for Line<'_> {
    fn from(Reset { reason, oldest, newest }: Reset) -> Self {
        Self::Reset { reason: reason.as_str(), oldest: oldest.to_string(), newest: newest.to_string() }
    }
}

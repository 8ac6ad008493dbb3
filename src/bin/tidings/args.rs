//! The command line.

use crate::{Failure, help};
use lexopt::prelude::{Long, Short, Value, ValueExt};
use std::time::Duration;
use tidings::inspect::Format;
use tidings::topic::{After, Bounds};

/// What to do.
#[derive(Debug)]
pub enum Command {
    Print(String),
    Serve(Serve),
    Publish(Publish),
    Subscribe(Subscribe),
    Inspect(Inspect),
}

#[derive(Debug)]
pub struct Serve {
    pub addr: String,
    pub allow_origin: Vec<String>,
    pub keep: Bounds,
}

#[derive(Debug)]
pub struct Publish {
    pub url: String,
    /// `None`: each line of standard input.
    pub data: Option<String>,
    pub event: Option<String>,
    /// Take lines that are not UTF-8, too.
    pub lossy: bool,
    pub headers: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    Sse,
    WebSocket,
    Stream,
    Long,
    Short,
}

#[derive(Debug)]
pub struct Subscribe {
    pub url: String,
    pub via: Via,
    pub after: Option<String>,
    pub json: bool,
    pub count: Option<u64>,
    pub headers: Vec<(String, String)>,
}

#[derive(Debug)]
pub struct Inspect {
    /// Digits; `None`: standard input.
    pub hex: Option<String>,
    pub format: Option<Format>,
    pub json: bool,
}

/// What follows the program's name.
pub fn parse() -> Result<Command, Failure> {
    let mut parser = lexopt::Parser::from_env();
    // A bare call, or one with options only, is `serve`; but its help is the program's.
    match std::env::args_os().nth(1).as_ref().and_then(|first| first.to_str()) {
        Some("serve") => skip(&mut parser).and_then(|()| serve(&mut parser, help::SERVE)),
        Some("publish") => skip(&mut parser).and_then(|()| publish(&mut parser)),
        Some("subscribe") => skip(&mut parser).and_then(|()| subscribe(&mut parser)),
        Some("inspect") => skip(&mut parser).and_then(|()| inspect(&mut parser)),
        Some(other) if !other.starts_with('-') => Err(Failure::Usage(format!("there is no command {other}"))),
        _ => serve(&mut parser, help::PROGRAM),
    }
}

fn skip(parser: &mut lexopt::Parser) -> Result<(), Failure> {
    parser.next().map(|_| ()).map_err(Failure::from)
}

fn serve(parser: &mut lexopt::Parser, help: &str) -> Result<Command, Failure> {
    let mut serve = Serve { addr: "127.0.0.1:8080".into(), allow_origin: Vec::new(), keep: Bounds::default() };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("addr") => serve.addr = parser.value()?.string()?,
            Long("allow-origin") => serve.allow_origin.push(parser.value()?.string()?),
            Long("keep-messages") => serve.keep.messages = parser.value()?.parse()?,
            Long("keep-bytes") => serve.keep.bytes = parser.value()?.parse()?,
            Long("keep-seconds") => serve.keep.age = Duration::from_secs(parser.value()?.parse()?),
            argument => return common(argument, help),
        }
    }
    Ok(Command::Serve(serve))
}

fn publish(parser: &mut lexopt::Parser) -> Result<Command, Failure> {
    let (mut event, mut lossy, mut headers, mut values) = (None, false, Vec::new(), Vec::new());
    while let Some(argument) = parser.next()? {
        match argument {
            Long("event") => event = Some(parser.value()?.string()?),
            Long("lossy") => lossy = true,
            Long("header") => headers.push(header(&parser.value()?.string()?)?),
            Value(value) => values.push(value.string()?),
            argument => return common(argument, help::PUBLISH),
        }
    }
    let mut values = values.into_iter();
    let url = values.next().ok_or_else(|| Failure::Usage("publish where? a URL is missing".into()))?;
    let data = values.next().filter(|data| data != "-");
    no_more(values.next())?;
    Ok(Command::Publish(Publish { url, data, event, lossy, headers }))
}

fn subscribe(parser: &mut lexopt::Parser) -> Result<Command, Failure> {
    let mut subscribe =
        Subscribe { url: String::new(), via: Via::Sse, after: None, json: false, count: None, headers: Vec::new() };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("via") => subscribe.via = via(&parser.value()?.string()?)?,
            Long("after") => subscribe.after = Some(parser.value()?.string()?),
            Long("json") => subscribe.json = true,
            Long("count") => subscribe.count = Some(parser.value()?.parse()?),
            Long("header") => subscribe.headers.push(header(&parser.value()?.string()?)?),
            Value(value) if subscribe.url.is_empty() => subscribe.url = value.string()?,
            argument => return common(argument, help::SUBSCRIBE),
        }
    }
    if subscribe.url.is_empty() {
        return Err(Failure::Usage("subscribe to what? a URL is missing".into()));
    }
    // An event stream of another server has ids of its own kind.
    if let Some(after) = subscribe.after.as_deref().filter(|_| subscribe.via != Via::Sse) {
        let _: After = after.parse().map_err(|error| Failure::Usage(format!("--after {after}: {error}")))?;
    }
    Ok(Command::Subscribe(subscribe))
}

fn inspect(parser: &mut lexopt::Parser) -> Result<Command, Failure> {
    let (mut inspect, mut hex) = (Inspect { hex: None, format: None, json: false }, Vec::new());
    while let Some(argument) = parser.next()? {
        match argument {
            Long("as") => inspect.format = Some(format(&parser.value()?.string()?)?),
            Long("json") => inspect.json = true,
            Value(value) => hex.push(value.string()?),
            argument => return common(argument, help::INSPECT),
        }
    }
    if !hex.is_empty() && hex != ["-"] {
        inspect.hex = Some(hex.join(" "));
    }
    Ok(Command::Inspect(inspect))
}

/// The options that every command has, or none that there is.
fn common(argument: lexopt::Arg<'_>, help: &str) -> Result<Command, Failure> {
    match argument {
        Short('h') | Long("help") => Ok(Command::Print(help.into())),
        Short('V') | Long("version") => Ok(Command::Print(concat!("tidings ", env!("CARGO_PKG_VERSION"), "\n").into())),
        argument => Err(argument.unexpected().into()),
    }
}

fn no_more(surplus: Option<String>) -> Result<(), Failure> {
    surplus.map_or(Ok(()), |surplus| Err(Failure::Usage(format!("what is {surplus:?}? it is one argument too many"))))
}

fn via(name: &str) -> Result<Via, Failure> {
    Ok(match name {
        "sse" => Via::Sse,
        "ws" => Via::WebSocket,
        "stream" => Via::Stream,
        "long" => Via::Long,
        "short" => Via::Short,
        _ => return Err(Failure::Usage(format!("--via {name}: sse, ws, stream, long or short is wanted"))),
    })
}

fn format(name: &str) -> Result<Format, Failure> {
    Ok(match name {
        "frames" => Format::Frames,
        "sse" => Format::EventStream,
        "http" => Format::Http,
        "json" => Format::Json,
        _ => return Err(Failure::Usage(format!("--as {name}: frames, sse, http or json is wanted"))),
    })
}

fn header(line: &str) -> Result<(String, String), Failure> {
    let (name, value) =
        line.split_once(':').ok_or_else(|| Failure::Usage("--header: 'NAME: VALUE' is wanted".into()))?;
    Ok((name.trim().into(), value.trim().into()))
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

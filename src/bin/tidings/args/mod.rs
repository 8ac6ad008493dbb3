//! The command line.

mod values;

use crate::{Failure, help, secrets, tls};
use lexopt::prelude::{Long, Short, Value, ValueExt};
use log::LevelFilter;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
use tidings::inspect::{Format, Side};
#[cfg(feature = "redis")]
use tidings::server::RedisUrl;
use tidings::server::{IpNet, Limits, ProxyHeader, Tokens};
use tidings::topic::{Bounds, EventName, Filter, IdempotencyKey};

/// What to do.
#[derive(Debug)]
pub enum Command {
    Print(String),
    Serve(Box<Serve>),
    Publish(Publish),
    Subscribe(Subscribe),
    Inspect(Inspect),
}

#[derive(Debug)]
pub struct Serve {
    pub addr: String,
    pub allow_origin: Vec<String>,
    pub keep: Bounds,
    pub tokens: Tokens,
    pub connections_per_address: usize,
    pub trust_proxy: Vec<IpNet>,
    pub proxy_header: ProxyHeader,
    pub drain_time: Duration,
    pub tls: Option<tls::Files>,
    /// Where the topics are kept, if not in memory.
    #[cfg(feature = "redis")]
    pub redis: Option<RedisUrl>,
    pub log: LevelFilter,
}

#[derive(Debug)]
pub struct Publish {
    pub url: String,
    /// `None`: each line of standard input.
    pub data: Option<String>,
    pub event: Option<EventName>,
    /// Only with `data`.
    pub key: Option<IdempotencyKey>,
    /// Take lines that are not UTF-8, too.
    pub lossy: bool,
    pub headers: Vec<(String, String)>,
    /// Who may vouch for the server, if not whom the system trusts.
    pub cacert: Option<PathBuf>,
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
    pub filter: Filter,
    /// Where the cursor is kept from one run to the next.
    pub save: Option<PathBuf>,
    pub json: bool,
    /// Explain the bytes on standard error.
    pub wire: bool,
    pub count: Option<u64>,
    pub headers: Vec<(String, String)>,
    /// As for [`Publish`].
    pub cacert: Option<PathBuf>,
}

#[derive(Debug)]
pub struct Inspect {
    pub input: Input,
    pub format: Option<Format>,
    /// Whose frames they are.
    pub from: Option<Side>,
    pub json: bool,
    /// Draw the beginning of each frame.
    pub picture: bool,
}

/// Where bytes are to be found that are to be explained.
#[derive(Debug)]
pub enum Input {
    Standard,
    /// A file, for certain.
    File(PathBuf),
    /// Digits; or the name of a file, if it is not digits and there is one.
    Argument(OsString),
    /// Digits in several arguments.
    Digits(String),
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
        Some("help") => skip(&mut parser).and_then(|()| help(&mut parser)),
        Some(other) if !other.starts_with('-') => Err(Failure::Usage(format!("there is no command {other}"))),
        _ => serve(&mut parser, help::PROGRAM),
    }
}

/// What to type for the help on what was typed.
pub fn help_call() -> String {
    let first = std::env::args().nth(1).unwrap_or_default();
    match first.as_str() {
        "serve" | "publish" | "subscribe" | "inspect" => format!("tidings {first} --help"),
        option if option.starts_with('-') => "tidings serve --help".into(),
        _ => "tidings --help".into(),
    }
}

fn help(parser: &mut lexopt::Parser) -> Result<Command, Failure> {
    let mut text = help::PROGRAM;
    if let Some(argument) = parser.next()? {
        text = match argument {
            Value(command) => match command.to_str() {
                Some("serve") => help::SERVE,
                Some("publish") => help::PUBLISH,
                Some("subscribe") => help::SUBSCRIBE,
                Some("inspect") => help::INSPECT,
                _ => return Err(Failure::Usage(format!("there is no command {}", command.to_string_lossy()))),
            },
            argument => return common(argument, text),
        };
    }
    match parser.next()? {
        Some(argument) => common(argument, text),
        None => Ok(Command::Print(text.into())),
    }
}

fn skip(parser: &mut lexopt::Parser) -> Result<(), Failure> {
    parser.next().map(|_| ()).map_err(Failure::from)
}

fn serve(parser: &mut lexopt::Parser, help: &str) -> Result<Command, Failure> {
    let mut serve = Serve {
        addr: "127.0.0.1:8080".into(),
        allow_origin: Vec::new(),
        keep: Bounds::default(),
        tokens: Tokens::default(),
        connections_per_address: Limits::default().connections_per_address,
        trust_proxy: Vec::new(),
        proxy_header: ProxyHeader::default(),
        drain_time: Limits::default().drain_time,
        tls: None,
        #[cfg(feature = "redis")]
        redis: None,
        log: LevelFilter::Warn,
    };
    let (mut publish, mut subscribe, mut log) = (Vec::new(), Vec::new(), None);
    let (mut cert, mut key): (Option<PathBuf>, Option<PathBuf>) = (None, None);
    let mut redis = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("addr") => serve.addr = values::addr(parser.value()?.string()?)?,
            Long("allow-origin") => serve.allow_origin.push(parser.value()?.string()?),
            Long("keep-messages") => serve.keep.messages = values::count(parser, "--keep-messages")?,
            Long("keep-bytes") => serve.keep.bytes = values::count(parser, "--keep-bytes")?,
            Long("keep-seconds") => serve.keep.age = values::seconds(parser, "--keep-seconds")?,
            Long("connections-per-address") => {
                serve.connections_per_address = values::count(parser, "--connections-per-address")?;
            }
            Long("trust-proxy") => serve.trust_proxy.push(values::proxies(&parser.value()?.string()?)?),
            Long("proxy-header") => serve.proxy_header = values::proxy_header(&parser.value()?.string()?)?,
            Long("drain-seconds") => serve.drain_time = values::seconds(parser, "--drain-seconds")?,
            Long("cert") => cert = Some(parser.value()?.into()),
            Long("key") => key = Some(parser.value()?.into()),
            // Read below: it may have a password, which the parser's own error would show.
            Long("redis") => redis = Some(parser.value()?),
            Long("log") => log = Some(values::level(&parser.value()?.string()?, "--log")?),
            Long("publish-token") => publish.push(secrets::value(parser, "--publish-token")?),
            Long("subscribe-token") => subscribe.push(secrets::value(parser, "--subscribe-token")?),
            argument => return common(argument, help),
        }
    }
    serve.tokens = secrets::tokens(publish, subscribe)?;
    serve.tls = match (cert, key) {
        (None, None) => None,
        // Many have both in one file.
        (Some(cert), key) => Some(tls::Files { key: key.unwrap_or_else(|| cert.clone()), cert }),
        (None, Some(_)) => return Err(Failure::Usage("--key, and the certificate? --cert is missing".into())),
    };
    #[cfg(feature = "redis")]
    {
        serve.redis = secrets::redis(redis)?;
    }
    #[cfg(not(feature = "redis"))]
    secrets::no_redis(redis)?;
    if let Some(level) = log.map_or_else(values::level_from_env, |level| Ok(Some(level)))? {
        serve.log = level;
    }
    Ok(Command::Serve(Box::new(serve)))
}

fn publish(parser: &mut lexopt::Parser) -> Result<Command, Failure> {
    let (mut event, mut key, mut lossy, mut headers, mut values) = (None, None, false, Vec::new(), Vec::new());
    let (mut token, mut cacert) = (None, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("cacert") => cacert = Some(parser.value()?.into()),
            Long("event") => event = Some(values::event_name(&parser.value()?.string()?)?),
            Long("idempotency-key") => key = Some(values::idempotency_key(&parser.value()?.string()?)?),
            Long("lossy") => lossy = true,
            Long("header") => headers.push(values::header(&parser.value()?.string()?)?),
            Long("token") => token = Some(secrets::value(parser, "--token")?),
            Value(value) => values.push(value.string()?),
            argument => return common(argument, help::PUBLISH),
        }
    }
    let mut values = values.into_iter();
    let url = values.next().ok_or_else(|| Failure::Usage("publish where? a URL is missing".into()))?;
    let data = values.next().filter(|data| data != "-");
    no_more(values.next())?;
    if key.is_some() && data.is_none() {
        return Err(Failure::Usage("--idempotency-key is for one message: lines get keys of their own".into()));
    }
    secrets::authorize(token, &url, &mut headers)?;
    Ok(Command::Publish(Publish { url, data, event, key, lossy, headers, cacert }))
}

fn subscribe(parser: &mut lexopt::Parser) -> Result<Command, Failure> {
    let (mut via_option, mut events, mut token) = (None, Vec::new(), None);
    let mut subscribe = Subscribe {
        url: String::new(),
        via: Via::Sse,
        after: None,
        filter: Filter::default(),
        save: None,
        json: false,
        wire: false,
        count: None,
        headers: Vec::new(),
        cacert: None,
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("cacert") => subscribe.cacert = Some(parser.value()?.into()),
            Long("via") => via_option = Some(values::via(&parser.value()?.string()?)?),
            Long("after") => subscribe.after = Some(parser.value()?.string()?),
            Long("event") => events.push(parser.value()?.string()?),
            Long("save") => subscribe.save = Some(parser.value()?.into()),
            Long("json") => subscribe.json = true,
            Long("wire") => subscribe.wire = true,
            Long("count") => subscribe.count = Some(values::number(parser, "--count", "a whole number is")?),
            Long("header") => subscribe.headers.push(values::header(&parser.value()?.string()?)?),
            Long("token") => token = Some(secrets::value(parser, "--token")?),
            Value(value) if subscribe.url.is_empty() => subscribe.url = value.string()?,
            argument => return common(argument, help::SUBSCRIBE),
        }
    }
    if subscribe.url.is_empty() {
        return Err(Failure::Usage("subscribe to what? a URL is missing".into()));
    }
    subscribe.filter = Filter::parse(&events).map_err(|error| Failure::Usage(format!("--event: {error}")))?;
    let scheme = subscribe.url.split_once("://").map_or("", |(scheme, _)| scheme);
    let is_websocket = ["ws", "wss"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    subscribe.via = via_option.unwrap_or(if is_websocket { Via::WebSocket } else { Via::Sse });
    subscribe.after.as_deref().map_or(Ok(()), |after| values::check_after(after, subscribe.via))?;
    secrets::authorize(token, &subscribe.url, &mut subscribe.headers)?;
    Ok(Command::Subscribe(subscribe))
}

fn inspect(parser: &mut lexopt::Parser) -> Result<Command, Failure> {
    let mut inspect = Inspect { input: Input::Standard, format: None, from: None, json: false, picture: true };
    let (mut file, mut values) = (None, Vec::new());
    while let Some(argument) = parser.next()? {
        match argument {
            Long("as") => inspect.format = Some(values::format(&parser.value()?.string()?)?),
            Long("file") => file = Some(PathBuf::from(parser.value()?)),
            Long("from") => inspect.from = Some(values::side(&parser.value()?.string()?)?),
            Long("json") => inspect.json = true,
            Long("no-picture") => inspect.picture = false,
            Value(value) => values.push(value),
            argument => return common(argument, help::INSPECT),
        }
    }
    if matches!(inspect.format, Some(Format::EventStream | Format::Json)) && inspect.from.is_some() {
        return Err(Failure::Usage("--from is for frames, which client and server write differently".into()));
    }
    inspect.input = match (file, values.as_slice()) {
        (Some(_), [_, ..]) => {
            return Err(Failure::Usage("--file, and something else to explain: which one?".into()));
        }
        (Some(file), []) => Input::File(file),
        (None, []) => Input::Standard,
        (None, [one]) if one == "-" => Input::Standard,
        (None, [one]) => Input::Argument(one.clone()),
        (None, several) => {
            let words: Vec<_> = several.iter().map(|word| word.to_string_lossy()).collect();
            Input::Digits(words.join(" "))
        }
    };
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

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

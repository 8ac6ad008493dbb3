//! What options take: a text, or what is wrong with it and what is wanted instead.

use super::Via;
use crate::Failure;
use lexopt::prelude::ValueExt;
use log::LevelFilter;
use std::net::IpAddr;
use std::num::{NonZeroU64, NonZeroUsize};
use std::str::FromStr;
use std::time::Duration;
use tidings::inspect::{Format, Side};
use tidings::server::{IpNet, ProxyHeader};
use tidings::topic::{After, EventName, IdempotencyKey};

/// What a number must be that must not be 0, as told after its option.
const FROM_1: &str = "a whole number from 1 on is";

/// So many, at least one.
pub fn count(parser: &mut lexopt::Parser, option: &str) -> Result<usize, Failure> {
    number::<NonZeroUsize>(parser, option, FROM_1).map(NonZeroUsize::get)
}

/// At least one second.
pub fn seconds(parser: &mut lexopt::Parser, option: &str) -> Result<Duration, Failure> {
    number::<NonZeroU64>(parser, option, FROM_1).map(|seconds| Duration::from_secs(seconds.get()))
}

pub fn number<N: FromStr>(parser: &mut lexopt::Parser, option: &str, wanted: &str) -> Result<N, Failure> {
    let text = parser.value()?.string()?;
    text.parse().map_err(|_| Failure::Usage(format!("{option} {text}: {wanted} wanted")))
}

/// Whether the host is there is for the system to say; what cannot be an address is a slip of the caller's.
pub fn addr(text: String) -> Result<String, Failure> {
    let is_host =
        |host: &str| !host.is_empty() && (!host.contains(':') || (host.starts_with('[') && host.ends_with(']')));
    match text.rsplit_once(':') {
        Some((host, port)) if is_host(host) && port.parse::<u16>().is_ok() => Ok(text),
        _ => Err(Failure::Usage(format!("--addr {text}: HOST:PORT is wanted, such as 127.0.0.1:8080 or [::1]:8080"))),
    }
}

/// One address, or all that begin as this one does.
pub fn proxies(text: &str) -> Result<IpNet, Failure> {
    let one = text.parse::<IpAddr>().map(IpNet::from);
    one.or_else(|_| text.parse()).map_err(|_| {
        Failure::Usage(format!("--trust-proxy {text}: ADDR or ADDR/PREFIX is wanted, such as 10.0.0.1 or 10.0.0.0/8, and a prefix has at most 32 bits, of IPv6 128"))
    })
}

pub fn proxy_header(name: &str) -> Result<ProxyHeader, Failure> {
    match () {
        () if name.eq_ignore_ascii_case("x-forwarded-for") => Ok(ProxyHeader::XForwardedFor),
        () if name.eq_ignore_ascii_case("forwarded") => Ok(ProxyHeader::Forwarded),
        () => Err(Failure::Usage(format!("--proxy-header {name}: x-forwarded-for or forwarded is wanted"))),
    }
}

pub fn level(name: &str, whose: &str) -> Result<LevelFilter, Failure> {
    Ok(match name {
        "off" => LevelFilter::Off,
        "error" => LevelFilter::Error,
        "warn" => LevelFilter::Warn,
        "info" => LevelFilter::Info,
        "debug" => LevelFilter::Debug,
        _ => return Err(Failure::Usage(format!("{whose} {name}: off, error, warn, info or debug is wanted"))),
    })
}

/// An empty variable is as good as none: it opens no door.
pub fn level_from_env() -> Result<Option<LevelFilter>, Failure> {
    const VARIABLE: &str = "TIDINGS_LOG";
    let text = std::env::var_os(VARIABLE).filter(|text| !text.is_empty());
    text.map(|text| level(&text.to_string_lossy(), VARIABLE)).transpose()
}

pub fn via(name: &str) -> Result<Via, Failure> {
    Ok(match name {
        "sse" => Via::Sse,
        "ws" => Via::WebSocket,
        "stream" => Via::Stream,
        "long" => Via::Long,
        "short" => Via::Short,
        _ => return Err(Failure::Usage(format!("--via {name}: sse, ws, stream, long or short is wanted"))),
    })
}

pub fn format(name: &str) -> Result<Format, Failure> {
    Ok(match name {
        "frames" => Format::Frames,
        "sse" => Format::EventStream,
        "http" => Format::Http,
        "json" => Format::Json,
        _ => return Err(Failure::Usage(format!("--as {name}: frames, sse, http or json is wanted"))),
    })
}

pub fn side(name: &str) -> Result<Side, Failure> {
    Ok(match name {
        "client" => Side::Client,
        "server" => Side::Server,
        _ => return Err(Failure::Usage(format!("--from {name}: client or server is wanted"))),
    })
}

pub fn event_name(text: &str) -> Result<EventName, Failure> {
    text.parse().map_err(|error| Failure::Usage(format!("--event {text:?}: {error}")))
}

pub fn idempotency_key(text: &str) -> Result<IdempotencyKey, Failure> {
    text.parse().map_err(|error| Failure::Usage(format!("--idempotency-key: {error}")))
}

pub fn header(line: &str) -> Result<(String, String), Failure> {
    let Some((name, value)) = line.split_once(':') else {
        // What follows a name may be a secret, also where the colon was forgotten.
        let shown = line.split_once([' ', '=']).map_or_else(|| line.into(), |(name, _)| format!("{name} …"));
        return Err(Failure::Usage(format!("--header {shown:?}: 'NAME: VALUE' is wanted")));
    };
    Ok((name.trim().into(), value.trim().into()))
}

/// The ids of another server's event stream are of its own kind: what is no cursor goes there as its last event ID, and
/// a topic of ours answers that with 400. But an empty one is none, and more likely a variable that was not set.
pub fn check_after(after: &str, via: Via) -> Result<(), Failure> {
    match after.parse::<After>() {
        Err(error) if after.is_empty() || via != Via::Sse => {
            Err(Failure::Usage(format!("--after {after:?}: {error}, or 'oldest' or 'now'")))
        }
        _ => Ok(()),
    }
}

//! What nobody else shall see, bearer tokens and the URL of a Redis: from the command line, or from the environment, which
//! other users of the machine do not see. None of it is ever printed.

use crate::Failure;
use lexopt::ValueExt;
use std::env;
use std::ffi::OsString;
use tidings::client::Error;
use tidings::http::BearerToken;
#[cfg(feature = "redis")]
use tidings::server::RedisUrl;
use tidings::server::Tokens;

/// The token that follows an option.
pub fn value(parser: &mut lexopt::Parser, option: &str) -> Result<BearerToken, Failure> {
    // The parser's own error would show what is not UTF-8.
    let text = parser.value()?.string().unwrap_or_default();
    parse(&text, option)
}

/// The tokens of `serve`, for each action.
pub fn tokens(publish: Vec<BearerToken>, subscribe: Vec<BearerToken>) -> Result<Tokens, Failure> {
    let publish = or_from_env(publish, "TIDINGS_PUBLISH_TOKEN")?;
    let subscribe = or_from_env(subscribe, "TIDINGS_SUBSCRIBE_TOKEN")?;
    let tokens = publish.iter().fold(Tokens::default(), Tokens::publish);
    Ok(subscribe.iter().fold(tokens, Tokens::subscribe))
}

/// Those of the options, else those that the variable has, with blanks between them. A variable that is set and has none
/// is a slip that must not open the door.
fn or_from_env(tokens: Vec<BearerToken>, variable: &str) -> Result<Vec<BearerToken>, Failure> {
    let Some(text) = env::var_os(variable).filter(|_| tokens.is_empty()) else { return Ok(tokens) };
    let text = text.into_string().unwrap_or_default();
    let tokens: Vec<_> = text.split_whitespace().map(|token| parse(token, variable)).collect::<Result<_, _>>()?;
    if tokens.is_empty() { parse("", variable).map(|token| vec![token]) } else { Ok(tokens) }
}

/// Where the topics are kept: the option's URL, else the variable's, which may have a password that nobody else shall see.
/// A variable that is set and empty is a slip: the server would begin with topics of its own.
#[cfg(feature = "redis")]
pub fn redis(option: Option<OsString>) -> Result<Option<RedisUrl>, Failure> {
    let (text, whose) = match option {
        Some(text) => (Some(text), "--redis"),
        None => (env::var_os(REDIS), REDIS),
    };
    let url = text.map(|text| text.into_string().unwrap_or_default().parse());
    url.transpose().map_err(|error| Failure::Usage(format!("{whose}: {error}")))
}

/// A program that does not know Redis must not begin with topics of its own where it was meant to share them.
#[cfg(not(feature = "redis"))]
pub fn no_redis(option: Option<OsString>) -> Result<(), Failure> {
    match option.or_else(|| env::var_os(REDIS)) {
        Some(_) => Err(Failure::Usage(format!(
            "--redis or {REDIS}: Redis is not built in; it is with cargo's --features redis"
        ))),
        None => Ok(()),
    }
}

const REDIS: &str = "TIDINGS_REDIS";

/// Adds the header that shows the token, or the one of the environment; but an `Authorization` that was given as a header
/// or a token in the URL is what is sent: two are refused (RFC 6750 §2).
pub fn authorize(token: Option<BearerToken>, url: &str, headers: &mut Vec<(String, String)>) -> Result<(), Failure> {
    const VARIABLE: &str = "TIDINGS_TOKEN";
    let is_header = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let is_given = is_header || url.contains(IN_QUERY);
    let token = match token {
        Some(_) if is_given => {
            return Err(Failure::Usage("--token, and another in a header or the URL: which one?".into()));
        }
        None if is_given => None,
        None => {
            env::var_os(VARIABLE).map(|text| parse(&text.into_string().unwrap_or_default(), VARIABLE)).transpose()?
        }
        token => token,
    };
    headers.extend(token.map(|token| ("Authorization".into(), token.to_header())));
    Ok(())
}

/// A URL as it can be shown: without a token in its query (RFC 6750 §2.3).
pub fn without_token(url: &str) -> String {
    url.split_once(IN_QUERY).map_or_else(|| url.into(), |(before, _)| format!("{before}{IN_QUERY}…"))
}

/// Why a client cannot be made for this URL, which may have a password in front of its host.
pub fn unusable(url: &str, error: &Error) -> String {
    match error {
        Error::Url(why) => {
            let scheme = url.find("://").and_then(|at| url.get(..at + "://".len())).unwrap_or_default();
            let shown = url.rsplit_once('@').map_or_else(|| url.into(), |(_, host)| format!("{scheme}…@{host}"));
            format!("{:?} cannot be used: {why}", without_token(&shown))
        }
        error => error.to_string(),
    }
}

/// How a URL shows a token.
pub const IN_QUERY: &str = "access_token=";

fn parse(text: &str, whose: &str) -> Result<BearerToken, Failure> {
    text.parse().map_err(|error| Failure::Usage(format!("{whose}: {error}")))
}

//! Where a Redis is.

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisError};
use std::fmt;
use std::str::FromStr;
use std::string::{String, ToString};

/// Where a Redis is, and how to log in: `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]`, or
/// `unix:///PATH[?db=…&user=…&pass=…]`. Shown, also for debugging, it is without user and password.
#[derive(Clone)]
pub struct RedisUrl(ConnectionInfo);

impl RedisUrl {
    pub(super) fn info(&self) -> &ConnectionInfo {
        &self.0
    }
}

impl FromStr for RedisUrl {
    type Err = RedisUrlError;

    fn from_str(text: &str) -> Result<Self, RedisUrlError> {
        let info = text.into_connection_info().map_err(|error| RedisUrlError::new(&error))?;
        // One small command follows the other's answer: waiting for more to send with it would only delay it.
        let tcp = redis::io::tcp::TcpSettings::default().set_nodelay(true);
        let login = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP2);
        Ok(Self(info.set_tcp_settings(tcp).set_redis_settings(login)))
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.addr() {
            ConnectionAddr::Unix(path) => write!(f, "{}", path.display()),
            addr => write!(f, "{addr}"),
        }
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisUrl({self})")
    }
}

/// A text that is no [`RedisUrl`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisUrlError(String);

impl RedisUrlError {
    /// The library's own words name the URL's part that is wrong. What stands there, its detail, may be a secret.
    fn new(error: &RedisError) -> Self {
        let mut words = error.to_string();
        if let Some(detail) = error.detail() {
            words = words.strip_suffix(detail).unwrap_or_default().trim_end_matches([':', ' ']).to_string();
        }
        Self(words)
    }
}

impl fmt::Display for RedisUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE] is wanted: {}", self.0)
    }
}

impl core::error::Error for RedisUrlError {}

//! The URL: where to connect, and what to ask for there.

use super::Error;
use crate::reconnect::Origin;
use ::http::Uri;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use form_urlencoded::byte_serialize;

/// A URL of a scheme that can be spoken, in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    scheme: Scheme,
    host: String,
    port: u16,
    path: String,
    query: String,
}

/// What is the same of `http` and `ws`, and of `https` and `wss`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl Scheme {
    /// RFC 9110 §4.2, RFC 6455 §3.
    const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl Target {
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        let scheme = scheme(url)?;
        // A request has visible ASCII only (RFC 9112 §3.2, RFC 6455 §11.1), while the parser lets more pass.
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::Url("blanks and what is not ASCII have to be percent-encoded".into()));
        }
        let uri: Uri = url.parse().map_err(|error| Error::Url(format!("{error}")))?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        if authority.contains('@') {
            return Err(Error::Url("it has a user name: send credentials as a header".into()));
        }
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(no_host)?;
        Ok(Self {
            scheme,
            host: host.to_owned(),
            port: port(authority.strip_prefix(host).unwrap_or_default(), scheme)?,
            path: if uri.path().is_empty() { "/".into() } else { uri.path().to_owned() },
            query: uri.query().unwrap_or_default().to_owned(),
        })
    }

    /// Whether TLS is to be spoken.
    #[cfg(feature = "tls")]
    pub(super) fn is_secure(&self) -> bool {
        self.scheme == Scheme::Https
    }

    /// What to look up: host, without the brackets of an IPv6 address, and port.
    pub(super) fn address(&self) -> (&str, u16) {
        (self.host.trim_start_matches('[').trim_end_matches(']'), self.port)
    }

    /// The `Host` header (RFC 9110 §7.2).
    pub(super) fn host(&self) -> String {
        if self.port == self.scheme.default_port() { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// Path and query (RFC 9112 §3.2.1), with these parameters in place of those of the same name.
    pub(super) fn request_target(&self, parameters: &[(&str, &str)]) -> String {
        let name = |pair: &str| pair.split('=').next().unwrap_or_default().to_owned();
        let kept = self.query.split('&').filter(|pair| !pair.is_empty());
        let kept = kept.filter(|pair| !parameters.iter().any(|(known, _)| *known == name(pair))).map(ToOwned::to_owned);
        let added = parameters.iter().map(|(name, value)| {
            let value: String = byte_serialize(value.as_bytes()).collect();
            format!("{name}={value}")
        });
        let mut target = self.path.clone();
        for (n, pair) in kept.chain(added).enumerate() {
            target.push(if n == 0 { '?' } else { '&' });
            target.push_str(&pair);
        }
        target
    }

    /// The parameter of that name, as it stands in the URL; cursors need no escapes.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }

    /// Whether both have the same scheme, host and port (RFC 6454 §5).
    pub(super) fn same_origin(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.host.eq_ignore_ascii_case(&other.host) && self.port == other.port
    }

    /// Where a redirect from here leads to.
    pub(super) fn origin_of(&self, next: &Self) -> Origin {
        if self.same_origin(next) { Origin::Same } else { Origin::Other }
    }

    /// Where a `Location` leads from here (RFC 3986 §5.2, as far as servers use it). What was asked for under TLS is not
    /// asked for in the clear.
    pub(super) fn join(&self, location: &str) -> Result<Self, Error> {
        let location = location.split('#').next().unwrap_or_default();
        if location.is_empty() {
            return Err(Error::Redirect);
        }
        // RFC 3986 §4.2: a colon in the first segment ends a scheme; behind that it is one of the path or the query.
        if location.split(['/', '?']).next().is_some_and(|first| first.contains(':')) {
            let next = Self::parse(location)?;
            let is_weaker = self.scheme == Scheme::Https && next.scheme == Scheme::Http;
            return if is_weaker { Err(Error::Redirect) } else { Ok(next) };
        }
        let scheme = self.scheme.as_str();
        let authority = format!("{scheme}://{}", self.host());
        let url = if let Some(rest) = location.strip_prefix("//") {
            format!("{scheme}://{rest}")
        } else if location.starts_with('/') {
            authority + location
        } else if location.starts_with('?') {
            authority + &self.path + location
        } else {
            let folder = self.path.rfind('/').map_or("/", |at| self.path.get(..=at).unwrap_or("/"));
            authority + folder + location
        };
        Self::parse(&url)
    }
}

/// Before the parser sees it, for that says of what is wrong here only that it is.
fn scheme(url: &str) -> Result<Scheme, Error> {
    let Some((name, rest)) = url.split_once("://") else {
        return Err(Error::Url(format!("a URL has to begin with {KNOWN}")));
    };
    let scheme = match name.to_ascii_lowercase().as_str() {
        "http" | "ws" => Scheme::Http,
        "https" | "wss" if cfg!(feature = "tls") => Scheme::Https,
        "https" | "wss" => return Err(Error::Tls("it is not built in; it is with the feature tls".into())),
        _ => return Err(Error::Url(format!("the scheme {name} is not known, use http or ws"))),
    };
    if rest.is_empty() || rest.starts_with(['/', '?', '#']) { Err(no_host()) } else { Ok(scheme) }
}

const KNOWN: &str = "http://, https://, ws:// or wss://";

fn no_host() -> Error {
    Error::Url("it has no host".into())
}

/// What stands behind the host. RFC 3986 §3.2.3 lets a colon stand alone; but it is what a script makes that has
/// forgotten to set its variable, so that guessing is no favour.
fn port(text: &str, scheme: Scheme) -> Result<u16, Error> {
    let Some(digits) = text.strip_prefix(':') else { return Ok(scheme.default_port()) };
    let port = Some(digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let port = port.and_then(|digits| digits.parse().ok()).filter(|port| *port != 0);
    port.ok_or_else(|| Error::Url("a port is a number from 1 to 65535".into()))
}

impl core::fmt::Display for Target {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}://{}{}", self.scheme.as_str(), self.host(), self.request_target(&[]))
    }
}

#[cfg(test)]
mod tests {
    use super::Target;
    use crate::client::Error;
    use alloc::string::ToString;

    fn target(url: &str) -> Target {
        Target::parse(url).unwrap()
    }

    #[test]
    fn parameters_take_the_place_of_those_of_the_same_name() {
        let target = target("http://h/topics/a?after=1-2&x=y");
        assert_eq!(target.request_target(&[("after", "1-3"), ("wait", "2")]), "/topics/a?x=y&after=1-3&wait=2");
        assert_eq!(target.request_target(&[]), "/topics/a?after=1-2&x=y");
        assert_eq!(target.request_target(&[("event", "a b&c")]), "/topics/a?after=1-2&x=y&event=a+b%26c");
    }

    #[test]
    fn what_is_asked_for_is_path_and_query_and_never_the_fragment() {
        for (url, asked) in [
            ("http://h", "/"),
            ("http://h?x=y", "/?x=y"),
            ("http://h/a/b?x=y", "/a/b?x=y"),
            ("ws://h/a#b", "/a"),
            ("ws://h/a?x#b?c", "/a?x"),
            ("ws://h#b", "/"),
            ("ws://h/a%23b", "/a%23b"),
        ] {
            assert_eq!(target(url).request_target(&[]), asked, "{url}");
        }
    }

    #[test]
    fn the_host_header_has_the_port_unless_it_is_the_scheme_s() {
        assert_eq!(target("http://h:8080/").host(), "h:8080");
        assert_eq!(target("ws://h:80").host(), "h");
        assert_eq!(target("http://[::1]:81/").host(), "[::1]:81");
        assert_eq!(target("http://[::1]:81/").address(), ("::1", 81));
    }

    #[test]
    fn a_location_is_resolved_against_the_url() {
        let base = target("http://h:81/a/b?q=1");
        let to = |location| base.join(location).unwrap().to_string();
        assert_eq!(to("/x?y=2"), "http://h:81/x?y=2");
        assert_eq!(to("x"), "http://h:81/a/x");
        assert_eq!(to("?z"), "http://h:81/a/b?z");
        assert_eq!(to("x?back=http://other/"), "http://h:81/a/x?back=http://other/");
        assert_eq!(to("//other/x"), "http://other/x");
        assert_eq!(to("http://other:82/#f"), "http://other:82/");
        assert!(!base.same_origin(&base.join("http://h/x").unwrap()));
    }

    #[cfg(feature = "tls")]
    #[test]
    fn a_redirect_never_leads_out_of_tls() {
        let base = target("wss://h/a");
        let to = |location| base.join(location).unwrap().to_string();
        assert_eq!(to("x"), "https://h/x");
        assert_eq!(to("//other:444/x"), "https://other:444/x");
        assert!(matches!(base.join("http://h/x"), Err(Error::Redirect)));
        let plain = target("http://h/a");
        let secured = plain.join("https://h/a").unwrap();
        assert_eq!(secured.address(), ("h", 443));
        assert!(!plain.same_origin(&secured));
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn without_tls_that_is_what_is_said() {
        for url in ["https://h/", "wss://h/"] {
            assert!(matches!(Target::parse(url), Err(Error::Tls(_))), "{url}");
        }
        assert!(matches!(target("http://h/").join("https://other/"), Err(Error::Tls(_))));
    }

    #[test]
    fn what_cannot_be_spoken_is_refused_with_a_reason() {
        for (url, why) in [
            ("ftp://h/", "ftp"),
            ("/topics/a", "http://"),
            ("http://user:pw@h/", "user name"),
            ("http://", "no host"),
            ("ws:///x", "no host"),
            ("http://:80/", "no host"),
            ("h:80", "http://"),
            ("127.0.0.1:80/x", "http://"),
            ("h", "http://"),
            ("http://h:0/", "65535"),
            ("http://h:65536/", "65535"),
            ("http://h:99999/x", "65535"),
            ("http://h:/", "65535"),
            ("http://h:+1/", ""),
            ("http://[::1]:99999/", "65535"),
            ("http://h/ü", "percent"),
            ("http://h/a b", "percent"),
        ] {
            let error = Target::parse(url).unwrap_err().to_string();
            assert!(error.contains(why), "{url}: {error}");
        }
    }
}

//! Bearer tokens (RFC 6750) that say who may publish and who may subscribe: a ready-made `authorize` hook.

use super::access::{Access, AccessRequest, Action};
use super::request::query;
use crate::http::{BearerToken, RequestHead};
use std::borrow::Cow;
use std::boxed::Box;
use std::fmt;
use std::string::String;
use std::vec::Vec;
use subtle::{Choice, ConstantTimeEq};

/// Who may do what, by the bearer token that a request shows (RFC 6750).
///
/// It shows it in `Authorization: Bearer` (RFC 6750 §2.1), or as `access_token` in the query (§2.3), for a page's
/// `EventSource` and `WebSocket`, which cannot send headers of their own.
///
/// What no token was named for is for everybody. Who shows none, or none of these, is answered with 401, who shows one
/// that is for the other action with 403, and who shows more than one with 400. A WebSocket shows one token for all it
/// does: one that publishes needs a token that is named for both. A handler that is mounted beside the topics is for
/// whoever shows any of the tokens.
///
/// ```
/// use tidings::server::{Server, Tokens};
///
/// let (editor, reader) = ("edi.tor".parse()?, "rea.der".parse()?);
/// let tokens = Tokens::default().publish(&editor).subscribe(&editor).subscribe(&reader);
/// let builder = Server::builder().authorize(move |request| tokens.check(request));
/// # Ok::<(), tidings::http::BearerTokenError>(())
/// ```
#[derive(Clone, Default)]
pub struct Tokens {
    publish: Vec<Secret>,
    subscribe: Vec<Secret>,
}

impl Tokens {
    /// Who shows this one may publish; may be called more than once.
    #[must_use]
    pub fn publish(mut self, token: &BearerToken) -> Self {
        self.publish.push(Secret::new(token));
        self
    }

    /// Who shows this one may subscribe; may be called more than once.
    #[must_use]
    pub fn subscribe(mut self, token: &BearerToken) -> Self {
        self.subscribe.push(Secret::new(token));
        self
    }

    /// Whether there is none, so that everything is for everybody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.publish.is_empty() && self.subscribe.is_empty()
    }

    /// The answer for an [`authorize`](super::Builder::authorize) hook. How long it takes does not depend on how much of
    /// a token is right.
    #[must_use]
    pub fn check(&self, request: &AccessRequest<'_>) -> Access {
        let is_free = match request.action {
            Action::Publish(_) => self.publish.is_empty(),
            Action::Subscribe(_) => self.subscribe.is_empty(),
            Action::Connect => self.is_empty(),
        };
        if is_free {
            return Access::Granted;
        }
        let token = match shown(request.head) {
            Shown::One(token) => token,
            // §3: who has shown nothing at all is told no error.
            Shown::Nothing => return Access::Unauthorized { challenge: r#"Bearer realm="tidings""#.into() },
            // §3.1
            Shown::Several => return Access::Malformed { challenge: challenge("invalid_request") },
        };
        let token = token.parse().map(|token| Secret::new(&token));
        let is_among = |known: &[Secret]| token.as_ref().is_ok_and(|token| token.is_among(known));
        let (may_publish, may_subscribe) = (is_among(&self.publish), is_among(&self.subscribe));
        let may = match request.action {
            Action::Publish(_) => may_publish,
            Action::Subscribe(_) => may_subscribe,
            Action::Connect => may_publish || may_subscribe,
        };
        if may {
            Access::Granted
        } else if may_publish || may_subscribe {
            // §3.1: good, but not for this.
            Access::Insufficient { challenge: challenge("insufficient_scope") }
        } else {
            // §3.1
            Access::Unauthorized { challenge: challenge("invalid_token") }
        }
    }
}

/// §3: the scheme has at least one parameter.
fn challenge(error: &str) -> Cow<'static, str> {
    std::format!(r#"Bearer realm="tidings", error="{error}""#).into()
}

/// What a request shows of tokens.
enum Shown<'a> {
    Nothing,
    One(Cow<'a, str>),
    Several,
}

/// §2: by one way only.
fn shown<'a>(head: &RequestHead<'a>) -> Shown<'a> {
    let in_headers = head.headers.get_all("authorization").filter_map(bearer).map(String::from_utf8_lossy);
    let mut tokens = in_headers.chain(query::find_all(head.query(), "access_token"));
    match (tokens.next(), tokens.next()) {
        (None, _) => Shown::Nothing,
        (Some(token), None) => Shown::One(token),
        (Some(_), Some(_)) => Shown::Several,
    }
}

/// What an `Authorization` shows by this scheme, a token or not. Schemes have no case (RFC 9110 §11.1); another one may
/// be for a proxy on the way.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    const SCHEME: &[u8] = b"Bearer";
    let (scheme, rest) = value.split_at_checked(SCHEME.len())?;
    let is_ours = scheme.eq_ignore_ascii_case(SCHEME) && rest.first().is_none_or(|byte| *byte == b' ');
    is_ours.then(|| rest.trim_ascii())
}

/// A token with zeros behind it, so that all are of one length: the time of a comparison tells neither how much of a
/// token is right nor how long it is. No token has zeros of its own.
#[derive(Clone)]
struct Secret(Box<[u8; BearerToken::MAX_LEN]>);

impl Secret {
    fn new(token: &BearerToken) -> Self {
        let mut bytes = Box::new([0; BearerToken::MAX_LEN]);
        for (to, from) in bytes.iter_mut().zip(token.as_str().bytes()) {
            *to = from;
        }
        Self(bytes)
    }

    /// Compares with all of them, whichever it is.
    fn is_among(&self, known: &[Self]) -> bool {
        known.iter().fold(Choice::from(0), |found, known| found | self.0.as_slice().ct_eq(known.0.as_slice())).into()
    }
}

/// How many there are, without them.
impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (publish, subscribe) = (self.publish.len(), self.subscribe.len());
        f.debug_struct("Tokens").field("publish", &publish).field("subscribe", &subscribe).finish()
    }
}

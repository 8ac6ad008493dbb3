//! What a source asks for: the caller's request, with the headers of an event stream, as far as redirects leave it.

use crate::http::{Status, is_value, overlay};
use crate::reconnect::{Origin, Redirects};
use alloc::string::String;
use alloc::vec::Vec;

/// A request to send. Target, `Host` and what frames the body are the caller's to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request<'a> {
    /// `GET`, unless it was made otherwise.
    pub method: &'a str,
    /// In the order to send them in.
    pub headers: Vec<(&'a str, &'a str)>,
    /// Mostly empty.
    pub body: &'a [u8],
}

/// The request of a source, and where one instance of it has got to.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    pub(super) method: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    redirects: Redirects,
    /// A redirect has made a GET of it.
    is_get_now: bool,
}

impl Default for Asking {
    fn default() -> Self {
        let redirects = Redirects::default();
        Self { method: GET.into(), headers: Vec::new(), body: Vec::new(), redirects, is_get_now: false }
    }
}

const GET: &str = "GET";
const LAST_EVENT_ID: &str = "Last-Event-ID";
/// "The `EventSource` interface", steps 10 and 11: the source accepts event streams, and nothing out of a cache.
const OWN: [(&str, &str); 2] = [("Accept", "text/event-stream"), ("Cache-Control", "no-store")];

impl Asking {
    /// A new instance.
    pub(super) fn begin(&mut self) {
        (self.redirects, self.is_get_now) = (Redirects::default(), false);
    }

    /// As it goes out now.
    pub(super) fn request<'a>(&'a self, last_event_id: &'a str) -> Request<'a> {
        let (method, body) = if self.is_get_now { (GET, &[][..]) } else { (self.method.as_str(), &self.body[..]) };
        let callers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let callers = callers.filter(|(name, _)| self.is_sent(name, last_event_id)).collect::<Vec<_>>();
        let mut headers = overlay(&OWN, &callers);
        // "Processing model", reestablish the connection, step 5.3: the ID goes along unless it is empty. RFC 9110 §5.5: as
        // a header it has no control characters, so that an ID that has one, as a stream's may, stays here.
        if !last_event_id.is_empty() && is_value(last_event_id.as_bytes()) {
            headers.push((LAST_EVENT_ID, last_event_id));
        }
        Request { method, headers, body }
    }

    /// Whether a header of the caller's goes along.
    fn is_sent(&self, name: &str, last_event_id: &str) -> bool {
        const ABOUT_THE_BODY: &str = "content-";
        let start = name.get(..ABOUT_THE_BODY.len()).unwrap_or_default();
        let has_no_body = self.is_get_now && start.eq_ignore_ascii_case(ABOUT_THE_BODY);
        // Where a stream broke off, the source knows better than what was said at the beginning.
        let is_known_better = !last_event_id.is_empty() && name.eq_ignore_ascii_case(LAST_EVENT_ID);
        // Credentials are for the origin that they were given for.
        !(self.redirects.is_abroad() || has_no_body || is_known_better)
    }

    /// Such a redirect has come (RFC 9110 §15.4): 303 means "look there", and 301 and 302 are taken for it by everybody if
    /// the request was a POST.
    pub(super) fn redirected(&mut self, status: Status) {
        self.is_get_now |= match status.as_u16() {
            303 => true,
            301 | 302 => self.method == "POST",
            _ => false,
        };
    }

    /// Whether to follow it.
    pub(super) fn follow(&mut self, to: Origin) -> bool {
        let follow = self.redirects.follow(to);
        // A body is the caller's, as much as the headers are.
        follow && (!self.redirects.is_abroad() || self.is_get_now || self.body.is_empty())
    }
}

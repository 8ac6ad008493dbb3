//! What an answer means to a client that would like to subscribe.

use crate::http::Status;

/// What an answer's status means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// What was asked for follows.
    Accepted,
    /// Ask at the `Location`.
    Redirected,
    /// 410 with a reset, for a poll.
    Reset,
    /// Not now; come back.
    Later,
    /// No, and more tries will not change it.
    Never,
}

impl Verdict {
    /// Of a status. 204 is how a server tells an event source to stop (WHATWG HTML, "processing model"), and a stream
    /// or a poll alike.
    #[must_use]
    pub const fn of(status: Status) -> Self {
        match status.as_u16() {
            200 => Self::Accepted,
            301 | 302 | 303 | 307 | 308 => Self::Redirected,
            410 => Self::Reset,
            // These are about what was asked, not about now.
            501 | 505 => Self::Never,
            // Gateways have numbers of their own for a server that cannot be reached.
            408 | 425 | 429 | 500..=599 => Self::Later,
            _ => Self::Never,
        }
    }
}

/// Where a redirect leads: scheme, host and port together are an origin (RFC 6454 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// To the one that the request went to.
    Same,
    /// To another one.
    Other,
}

/// The redirects that one request has been through (RFC 9110 §15.4).
///
/// What the caller added to a request (`Authorization`, `Cookie`, a key under a name of its own) is for the origin that
/// it was added for. Behind a redirect to another one it is left out, and stays out, whoever that one sends on to.
#[derive(Debug, Clone, Default)]
pub struct Redirects {
    followed: u32,
    abroad: bool,
}

impl Redirects {
    /// How many are followed: more are a circle.
    pub const MAX: u32 = 5;

    /// One more. Whether to follow it.
    #[must_use]
    pub fn follow(&mut self, to: Origin) -> bool {
        self.followed = self.followed.saturating_add(1);
        self.abroad |= to == Origin::Other;
        self.followed <= Self::MAX
    }

    /// Whether the request has left the origin that it was made for, so that the caller's headers are left out.
    #[must_use]
    pub const fn is_abroad(&self) -> bool {
        self.abroad
    }
}

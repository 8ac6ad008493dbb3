//! The client's machine: which connection to make, what its answer leads to, and when to make the next one.
//!
//! ```text
//!              ┌────────────────────── CONNECTING ──────────────────────┐
//!   new ──▶ request() ─▶ handle_response ─┬─ Redirect ─▶ handle_redirect ┘
//!              ▲                          ├─ Open ───▶ OPEN: receive … handle_cut ─┐
//!              │                          ├─ Later ────────────────────────────────┤
//!              └── handle_timeout ◀── wait until poll_timeout ◀── CONNECTING ◀─────┘
//!                                         └─ WrongStatus, WrongType ─▶ CLOSED ◀── close
//! ```
//!
//! It speaks neither HTTP nor URLs, so that it goes with any stack: the caller asks, and tells status and media type.

use super::decode::{Decoded, Decoder};
use super::limits::{DecodeError, DecoderLimits};
use super::request::{Asking, Request};
use crate::http::{Status, essence};
use crate::reconnect::{Backoff, Due, Origin, Reconnect, State, Verdict};
use crate::{Instant, Step};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// Subscribes to an event stream, and again when it breaks: the machine behind the WHATWG `EventSource`.
///
/// Ask as [`request`](Self::request) says, tell the answer to [`handle_response`](Self::handle_response) and the body to
/// [`receive`](Self::receive), its end or a failure to [`handle_cut`](Self::handle_cut), and call
/// [`handle_timeout`](Self::handle_timeout) when [`poll_timeout`](Self::poll_timeout) says so.
///
/// ```
/// use std::time::Duration;
/// use tidings::http::Status;
/// use tidings::reconnect::Backoff;
/// use tidings::sse::{Decoded, EventSource, Response};
/// # use tidings::sse::Request;
/// # type Answer = (Status, &'static str, &'static [u8]);
/// # let mut answers = vec![(Status::OK, "text/event-stream", &b"id: 7\ndata: news\n\n"[..]), (Status::NO_CONTENT, "", b"")].into_iter();
/// # let mut ask = |_: Request<'_>| -> Option<Answer> { answers.next() };
///
/// let mut now = Duration::ZERO; // your clock
/// let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30), tidings::system_random);
/// let mut source = EventSource::new(backoff);
/// let mut news = Vec::new();
/// 'connections: loop {
///     // At the end of a wait there is something to ask; at first there is at once.
///     if let Some(due) = source.poll_timeout() {
///         now = now.max(due); // sleep
///         source.handle_timeout(now);
///     }
///     let Some(request) = source.request() else { break };
///     let Some((status, content_type, body)) = ask(request) else {
///         source.handle_cut(now); // nobody there
///         continue;
///     };
///     match source.handle_response(status, content_type, None, now) {
///         Response::Open => {}
///         Response::Later(_wait) => continue,
///         refused => break 'connections println!("{refused:?}"), // this one follows no redirects
///     }
///     let mut rest = body; // as it comes, in any pieces
///     loop {
///         let step = source.receive(rest, now)?;
///         rest = &rest[step.consumed..];
///         match step.event {
///             Some(Decoded::Message { data, .. }) => news.push(data.into_owned()),
///             Some(_) => {}
///             None => break,
///         }
///     }
///     source.handle_cut(now); // the body's end
/// }
/// assert_eq!((news.as_slice(), source.last_event_id()), (&["news".to_string()][..], "7"));
/// # Ok::<(), tidings::sse::DecodeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct EventSource<I> {
    asking: Asking,
    decoder: Decoder,
    reconnect: Reconnect<I>,
    /// The last event ID when the connection opened: an event with another one has got us on.
    resumed_after: String,
}

/// The standard's three states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadyState {
    /// A connection is being made, or will be.
    Connecting,
    /// Events may come.
    Open,
    /// It is over, for good.
    Closed,
}

/// What an answer leads to, as [`EventSource::handle_response`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Response {
    /// It is the stream: give its body to [`EventSource::receive`].
    Open,
    /// Resolve its `Location`, say by [`EventSource::handle_redirect`] where that leads, and ask there.
    Redirect,
    /// Not now: let go of the connection. The next one is due after this time, at [`EventSource::poll_timeout`].
    Later(Duration),
    /// It will never be: the status says so. The source is closed.
    WrongStatus,
    /// It is something else than an event stream. The source is closed.
    WrongType,
    /// The source had been closed before. Let go of the connection.
    Closed,
}

impl<I: Instant> EventSource<I> {
    /// A source that wants to be connected, by a plain GET.
    #[must_use]
    pub fn new(backoff: Backoff) -> Self {
        Self {
            asking: Asking::default(),
            decoder: Decoder::default(),
            reconnect: Reconnect::new(backoff),
            resumed_after: String::new(),
        }
    }

    /// The same source with other limits for what it holds of an event.
    #[must_use]
    pub fn with_limits(mut self, limits: DecoderLimits) -> Self {
        self.decoder = Decoder::new(limits).with_last_event_id(self.decoder.last_event_id());
        self
    }

    /// The same source, to go on behind an ID known from before, as for a program that stored it.
    #[must_use]
    pub fn with_last_event_id(mut self, id: impl Into<String>) -> Self {
        self.decoder = self.decoder.with_last_event_id(id);
        self
    }

    /// The same source with headers of the caller's: such as `Authorization`, which are not sent to another origin. They
    /// take the place of those that the source would send by itself, but for `Last-Event-ID` where it has one.
    #[must_use]
    pub fn with_headers(mut self, headers: Vec<(String, String)>) -> Self {
        self.asking.headers = headers;
        self
    }

    /// The same source, asking by another method than GET, and with a body, as some services want it.
    ///
    /// The same request goes out with each reconnection. For a body and its headers the redirects of the Fetch standard
    /// hold: 303, and 301 and 302 to a POST, are followed by a GET; what would take a body to another origin is not
    /// followed.
    #[must_use]
    pub fn with_method(mut self, method: impl Into<String>, body: Vec<u8>) -> Self {
        (self.asking.method, self.asking.body) = (method.into(), body);
        self
    }

    /// From now on a connection on which nothing comes for so long is dead. Only for servers that are known to keep
    /// silent streams alive: a comment every 15 s or so, says the standard's advice to authors.
    pub fn expect_keepalives(&mut self, silence: Duration) {
        self.reconnect.expect_keepalives(silence);
    }

    /// The standard's state.
    #[must_use]
    pub fn ready_state(&self) -> ReadyState {
        match self.reconnect.state() {
            State::Connecting | State::Waiting => ReadyState::Connecting,
            State::Open => ReadyState::Open,
            State::Closed => ReadyState::Closed,
        }
    }

    /// The last event ID: what the next request resumes after, unless it is empty.
    ///
    /// One with a control character, which an event stream can give, does not go along either: the standard would send
    /// the bytes, and HTTP has no header with them (RFC 9110 §5.5). Where the stream then begins is the server's choice.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        self.decoder.last_event_id()
    }

    /// What to ask now. `None` while it waits, is open or is closed.
    #[must_use]
    pub fn request(&self) -> Option<Request<'_>> {
        (self.reconnect.state() == State::Connecting).then(|| self.asking.request(self.last_event_id()))
    }

    /// The answer to the request has come, with this `Content-Type` (empty if it has none), and this time to wait if its
    /// `Retry-After` says one. The core does not read that header, which may be a date: `client::retry_after` does (feature
    /// `client`), or give `None`.
    pub fn handle_response(
        &mut self,
        status: Status,
        content_type: &str,
        retry_after: Option<Duration>,
        now: I,
    ) -> Response {
        if self.reconnect.state() == State::Closed {
            return Response::Closed;
        }
        match Verdict::of(status) {
            // "The EventSource interface", response steps 3 and 4: 200 with this media type, and nothing else.
            Verdict::Accepted if essence(content_type).eq_ignore_ascii_case("text/event-stream") => {
                self.announce(now);
                Response::Open
            }
            Verdict::Accepted => self.fail(Response::WrongType),
            Verdict::Redirected => {
                self.asking.redirected(status);
                Response::Redirect
            }
            Verdict::Later => self.reestablish(retry_after, now).map_or(Response::Closed, Response::Later),
            Verdict::Reset | Verdict::Never => self.fail(Response::WrongStatus),
        }
    }

    /// Where the redirect leads. Whether to ask there, as [`request`](Self::request) says now; if not, there were too many
    /// of them or a body would leave its origin, and the source is closed.
    #[must_use]
    pub fn handle_redirect(&mut self, to: Origin) -> bool {
        let follow = self.reconnect.state() != State::Closed && self.asking.follow(to);
        if !follow {
            self.reconnect.close();
        }
        follow
    }

    /// Takes the next bytes of the body and gives the first thing that they mean, as [`Decoder::receive`] does. Nothing
    /// comes of them unless the source is open.
    ///
    /// # Errors
    /// As those of [`Decoder::receive`]; the source is then closed for good.
    pub fn receive<'a>(&mut self, input: &'a [u8], now: I) -> Result<Step<Decoded<'a>>, DecodeError> {
        if self.reconnect.state() != State::Open {
            // What failed once fails again; for what was closed or is between two streams, nothing counts.
            return self.decoder.receive(&[]).map(|_| Step::incomplete(input.len()));
        }
        self.reconnect.handle_bytes(now);
        let step = self.decoder.receive(input).inspect_err(|_| self.reconnect.close())?;
        match &step.event {
            // Interpreting an event stream: `retry` sets the reconnection time.
            Some(Decoded::Retry(wait)) => self.reconnect.handle_retry(*wait),
            Some(Decoded::Message { id: Some(id), .. }) if *id != self.resumed_after => {
                self.reconnect.handle_progress();
            }
            _ => {}
        }
        Ok(step)
    }

    /// The connection could not be made, or broke, or the body has ended; what is not whole of an event is discarded. How
    /// long to wait before the next one, which is due at [`poll_timeout`](Self::poll_timeout); `None` if the source is
    /// closed.
    pub fn handle_cut(&mut self, now: I) -> Option<Duration> {
        self.reestablish(None, now)
    }

    /// No further event, and no further connection: let go of the one there is.
    pub fn close(&mut self) {
        self.reconnect.close();
        self.decoder.receive_eof();
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to say. `None` where only the network can.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<I> {
        self.reconnect.poll_timeout()
    }

    /// What is due; nothing before [`poll_timeout`](Self::poll_timeout). [`Due::Connect`]: there is a request again.
    pub fn handle_timeout(&mut self, now: I) -> Option<Due> {
        self.reconnect.handle_timeout(now)
    }

    /// "Processing model": announce the connection.
    fn announce(&mut self, now: I) {
        self.reconnect.handle_connected(now);
        self.resumed_after.clear();
        self.resumed_after.push_str(self.decoder.last_event_id());
    }

    /// "Processing model": reestablish the connection, but for its last step, which is [`request`](Self::request).
    fn reestablish(&mut self, retry_after: Option<Duration>, now: I) -> Option<Duration> {
        self.decoder.receive_eof();
        // The next request begins where the first did: what a redirect says holds for one answer.
        self.asking.begin();
        self.reconnect.handle_cut(retry_after, now)
    }

    /// "Processing model": fail the connection.
    fn fail(&mut self, why: Response) -> Response {
        self.close();
        why
    }
}

//! What ends a client for good, and what only ends a connection.

use crate::envelope::EnvelopeError;
use crate::http::{BodyError, HeadError, SendError, Status};
use crate::sse::DecodeError;
use crate::topic::CursorError;
use crate::ws::handshake::HandshakeFailure;
use crate::ws::{self, CloseCode, ProtocolError};
use alloc::string::String;
use core::fmt;
use core::time::Duration;
use std::io;

/// What more tries would not mend.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The URL cannot be used; says why, without the URL itself, which may have a secret in it.
    Url(String),
    /// TLS cannot be spoken with the server; says why. Such as with one whose certificate nobody vouches for.
    Tls(String),
    /// What [`Options::after`](super::Options::after), or the URL in its place, says is no place in a log.
    After(CursorError),
    /// The server refused: neither what was asked for nor a reason to come back later.
    Status {
        /// With this status.
        status: Status,
        /// And the first line of its answer's body, maybe empty.
        said: String,
    },
    /// The answer is not of the media type that was asked for, but of this one.
    ContentType(String),
    /// Redirected too often, or nowhere, or out of TLS.
    Redirect,
    /// One of [`Options::headers`](super::Options::headers) cannot be sent; says which and why.
    Header(String),
    /// A header or target that cannot be sent.
    Request(SendError),
    /// The answer is not HTTP.
    Head(HeadError),
    /// The answer's body is not HTTP, or too long.
    Body(BodyError),
    /// The answer says that it speaks WebSocket, and does not.
    Handshake(HandshakeFailure),
    /// The WebSocket server broke the protocol, or a limit of ours.
    WebSocket(ProtocolError),
    /// The event stream broke a limit.
    EventStream(DecodeError),
    /// What came is not JSON of ours.
    Envelope(EnvelopeError),
    /// What was to be sent over the WebSocket cannot be.
    Send(ws::SendError),
    /// A line of a stream is longer than [`Options::max_message`](super::Options::max_message) allows.
    TooLong,
    /// The connection broke: given by what does not reconnect.
    Cut(Cut),
}

/// Why a connection ended that may be made again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cut {
    /// No connection could be made, for the reason that the system gives.
    Connect(String),
    /// It broke.
    Io(io::ErrorKind),
    /// The server ended it, without a word why.
    Ended,
    /// Nothing came for too long: the server or the way to it is gone.
    Silent,
    /// The server cannot answer now.
    Status(Status),
    /// The server closed the WebSocket.
    Closed(Option<CloseCode>),
    /// It was stopped from this side.
    Stopped,
}

/// What went wrong, as the drivers pass it up.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Try again; not before so long, if the server said so.
    Cut(Cut, Option<Duration>),
    Fatal(Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(why) => write!(f, "the URL cannot be used: {why}"),
            Self::Tls(why) => write!(f, "TLS: {why}"),
            Self::After(error) => write!(f, "after: {error}, or 'oldest' or 'now'"),
            Self::Status { status, said } if said.is_empty() => write!(f, "the server answered {status}"),
            Self::Status { status, said } => write!(f, "the server answered {status}: {said}"),
            Self::ContentType(found) if found.is_empty() => f.write_str("the server's answer has no media type"),
            Self::ContentType(found) => write!(f, "the server answered with {found}, which was not asked for"),
            Self::Redirect => f.write_str("redirected too often, to nowhere, or out of TLS"),
            Self::Header(why) => write!(f, "the header cannot be sent: {why}"),
            Self::Request(error) => write!(f, "the request cannot be sent: {error}"),
            Self::Head(error) => write!(f, "the server's answer is not HTTP/1.1: {error}"),
            Self::Body(error) => write!(f, "the server's answer cannot be read: {error}"),
            Self::Handshake(error) => write!(f, "the WebSocket handshake failed: {error}"),
            Self::WebSocket(error) => write!(f, "the server broke the WebSocket protocol: {error}"),
            Self::EventStream(error) => error.fmt(f),
            Self::Envelope(error) => write!(f, "the server sent what is no envelope: {error}"),
            Self::Send(error) => write!(f, "that cannot be sent: {error}"),
            Self::TooLong => f.write_str("the server sent a message that is too long"),
            Self::Cut(cut) => cut.fmt(f),
        }
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::After(error) => Some(error),
            Self::Request(error) => Some(error),
            Self::Head(error) => Some(error),
            Self::Body(error) => Some(error),
            Self::Handshake(error) => Some(error),
            Self::WebSocket(error) => Some(error),
            Self::EventStream(error) => Some(error),
            Self::Envelope(error) => Some(error),
            Self::Send(error) => Some(error),
            Self::Cut(cut) => Some(cut),
            _ => None,
        }
    }
}

impl core::error::Error for Cut {}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(why) => write!(f, "cannot connect: {why}"),
            Self::Io(kind) => write!(f, "the connection broke: {kind}"),
            Self::Ended => f.write_str("the server ended the connection"),
            Self::Silent => f.write_str("the server has fallen silent"),
            Self::Status(status) => write!(f, "the server answered {status}"),
            Self::Closed(Some(code)) => write!(f, "the server closed the WebSocket: {code}"),
            Self::Closed(None) => f.write_str("the server closed the WebSocket"),
            Self::Stopped => f.write_str("stopped"),
        }
    }
}

impl From<Cut> for Trouble {
    fn from(cut: Cut) -> Self {
        Self::Cut(cut, None)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Cut::Io(error.kind()).into()
    }
}

impl From<BodyError> for Trouble {
    fn from(error: BodyError) -> Self {
        match error {
            // RFC 9112 §8: what is not whole is thrown away, and asked for again.
            BodyError::Truncated => Cut::Ended.into(),
            error => Self::Fatal(Error::Body(error)),
        }
    }
}

macro_rules! fatal {
    ($($source:ty => $variant:ident,)*) => {
        $(impl From<$source> for Error {
            fn from(error: $source) -> Self {
                Self::$variant(error)
            }
        }

        impl From<$source> for Trouble {
            fn from(error: $source) -> Self {
                Self::Fatal(Error::$variant(error))
            }
        })*
    };
}

fatal! {
    SendError => Request,
    HeadError => Head,
    HandshakeFailure => Handshake,
    ProtocolError => WebSocket,
    DecodeError => EventStream,
    EnvelopeError => Envelope,
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Fatal(error)
    }
}

/// For what does not try again by itself.
impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Cut(cut, _) => Self::Cut(cut),
            Trouble::Fatal(error) => error,
        }
    }
}

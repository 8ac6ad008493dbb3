//! How a WebSocket behaves, and on which terms a server accepts one.

use super::input::Input;
use crate::ws::handshake::{Answer, Request};
use crate::ws::{Config, Delivery, KeepaliveOptions, deflate};
use core::time::Duration;

/// What a [`WebSocket`](super::WebSocket) can be told. Each number has its reason beside it.
///
/// The times need a runtime whose time is enabled, as it is with `#[tokio::main]`; without them, see
/// [`timeless`](Self::timeless), who waits for a peer may wait for ever.
#[derive(Debug, Clone)]
pub struct Options {
    /// Limits for what the peer sends. It is given in whole messages, and the input buffer grows to 64 KiB, whatever is said
    /// here.
    pub config: Config,
    /// How long the handshake may take. Default 10 s: three tries of TCP's first packet. `None`: for ever.
    pub handshake_within: Option<Duration>,
    /// When to ask for a sign of life, and how long to wait for it and for the answer to a Close. `None`: never, and for
    /// ever. It goes on while something reads.
    pub keepalive: Option<KeepaliveOptions>,
    /// How long the peer may take nothing of what is to be written. Default 20 s, as for a Pong: who sends more than the
    /// peer reads has it in front of everything else. `None`: for ever.
    pub write_within: Option<Duration>,
    /// From so many unwritten bytes on nothing more is taken to be sent until some of them are written. Default 64 KiB:
    /// what goes out in one write, and more at once saves no time. One message may go beyond it, and so may what has to be
    /// answered, which [`Config::max_unsent`] bounds.
    pub max_unwritten: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            config: Config::default(),
            handshake_within: Some(Duration::from_secs(10)),
            keepalive: Some(KeepaliveOptions::default()),
            write_within: Some(Duration::from_secs(20)),
            max_unwritten: 64 * 1024,
        }
    }
}

impl Options {
    /// Without any times: for a runtime without, or a program that has its own.
    #[must_use]
    pub fn timeless() -> Self {
        Self { handshake_within: None, keepalive: None, write_within: None, ..Self::default() }
    }
}

impl Options {
    /// The user's limits, for a reader that gives whole messages out of an [`Input`].
    pub(super) fn config(&self) -> Config {
        let input_buffer = self.config.input_buffer.min(Input::MOST);
        Config { delivery: Delivery::Whole, input_buffer, ..self.config.clone() }
    }
}

/// What a server agrees to in a handshake. The default: no subprotocol, no compression, no further headers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms<'a> {
    /// Subprotocols that are spoken, best first. The first one that the client offers is chosen; if there is none, the
    /// connection has none, which [`WebSocket::subprotocol`](super::WebSocket::subprotocol) tells.
    pub subprotocols: &'a [&'a str],
    /// Compress messages if the client offers it on terms that can be kept (RFC 7692).
    pub deflate: Option<&'a deflate::Options>,
    /// Further headers of the answer, such as cookies.
    pub headers: &'a [(&'a str, &'a str)],
}

impl<'a> Terms<'a> {
    /// The answer to this client.
    pub(super) fn answer(&self, request: &Request<'_>) -> Answer<'a> {
        let offered = |name: &&&str| request.subprotocols().any(|offered| offered == **name);
        let subprotocol = self.subprotocols.iter().find(offered).copied();
        Answer { subprotocol, deflate: self.deflate, headers: self.headers }
    }
}

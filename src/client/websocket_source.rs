//! A topic, or any server's messages, over a WebSocket that is made again when it breaks.

use super::error::Trouble;
use super::feed::{Feed, Link, subscriber};
use super::options::event_parameters;
use super::streaming::Streaming;
use super::websocket::{WebSocket, WebSocketOptions};
use super::{Cut, Error, Message, Options, Received, stream};
use crate::envelope::{EnvelopeError, SUBPROTOCOL};
use crate::reconnect::{Backoff, Reconnect};
use crate::ws::{CloseCode, Config};
use alloc::string::String;
use alloc::vec::Vec;
use std::time::Instant;

/// Subscribes over WebSocket, offering the subprotocol `tidings.v1`.
///
/// A server that chooses it sends envelopes: messages with ids, which are resumed after. One that does not sends what
/// it likes, and each of its messages is given as it comes, without an id; what it sends while there is no connection
/// is lost.
#[derive(Debug)]
pub struct WebSocketSource(Feed<Frames>);

impl WebSocketSource {
    /// Subscribes. Nothing is sent before the first [`next`](Iterator::next).
    ///
    /// # Errors
    /// A URL that cannot be used.
    pub fn new(url: &str, options: Options) -> Result<Self, Error> {
        let link = Link::new(url, options)?;
        let options = &link.options;
        let reconnect = Reconnect::new(Backoff::new(options.retry, options.retry_max, options.random));
        Ok(Self(Feed::new(link, Frames { socket: None, speaks: Speaks::Bare, reconnect })))
    }
}

subscriber!(WebSocketSource);

#[derive(Debug)]
struct Frames {
    socket: Option<WebSocket>,
    speaks: Speaks,
    reconnect: Reconnect<Instant>,
}

/// What the server of a connection is known to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaks {
    /// What it likes.
    Bare,
    /// It has agreed to the subprotocol; but some servers agree to whatever is offered and know nothing of it.
    Perhaps,
    /// An envelope has come.
    Envelopes,
}

impl Streaming for Frames {
    fn open(&mut self, link: &mut Link) -> Result<(), Trouble> {
        let config =
            Config { max_frame: link.options.max_message, max_message: link.options.max_message, ..Config::default() };
        let common = link.options.clone();
        let subprotocols = Vec::from([String::from(SUBPROTOCOL)]);
        let options = WebSocketOptions { common, subprotocols, deflate: None, config };
        // Another server may not know the parameter: it is there only for who has something to say with it.
        let after = link.resume().map(|after| ("after", after));
        let parameters: Vec<_> = after.into_iter().chain(event_parameters(&link.options.filter)).collect();
        let socket = WebSocket::open(&link.target, &parameters, &options, &link.stop)?;
        self.speaks = if socket.subprotocol() == Some(SUBPROTOCOL) { Speaks::Perhaps } else { Speaks::Bare };
        self.socket = Some(socket);
        Ok(())
    }

    fn read(&mut self, link: &mut Link) -> Result<(), Trouble> {
        let Some(socket) = &mut self.socket else { return Err(Cut::Ended.into()) };
        let mut block = true;
        while let Some(message) = socket.next_message(block)? {
            take(message, &mut self.speaks, link, &mut self.reconnect);
            block = link.queue.is_empty();
        }
        if !socket.is_closed() {
            return Ok(());
        }
        let code = socket.close_frame().map(|(code, _)| code);
        if matches!(code, Some(CloseCode::GOING_AWAY | CloseCode::SERVICE_RESTART)) {
            link.queue.push_back(Received::Drain);
        }
        Err(Cut::Closed(code).into())
    }

    fn let_go(&mut self) {
        self.socket = None;
    }

    fn reconnect(&mut self) -> &mut Reconnect<Instant> {
        &mut self.reconnect
    }
}

fn take(message: Message, speaks: &mut Speaks, link: &mut Link, reconnect: &mut Reconnect<Instant>) {
    match message {
        Message::Text(text) if *speaks != Speaks::Bare => match stream::take(&text, link, reconnect) {
            Ok(()) => *speaks = Speaks::Envelopes,
            // A later version of the server may have more to say than this client knows. Others name types too.
            Err(EnvelopeError::UnknownType) if *speaks == Speaks::Envelopes => {}
            Err(_) => bare(&text, link),
        },
        Message::Text(text) => bare(&text, link),
        Message::Binary(data) => link.queue.push_back(Received::Binary(data)),
    }
}

/// Without an id there is nothing to resume after.
fn bare(text: &str, link: &mut Link) {
    link.message(None, None, text);
}

//! A topic, or any server's messages, over a WebSocket that is made again when it breaks.

use super::error::Trouble;
use super::feed::{Feed, Link, Transport, subscriber};
use super::websocket::{Message, WebSocket, WebSocketOptions};
use super::{Cut, Error, Options, Received, stream};
use crate::envelope::SUBPROTOCOL;
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
        Feed::new(url, options, Frames { socket: None }).map(Self)
    }
}

subscriber!(WebSocketSource, Frames);

#[derive(Debug)]
struct Frames {
    socket: Option<WebSocket>,
}

impl Transport for Frames {
    fn open(&mut self, link: &mut Link) -> Result<(), Trouble> {
        let config =
            Config { max_frame: link.options.max_message, max_message: link.options.max_message, ..Config::default() };
        let common = link.options.clone();
        let subprotocols = Vec::from([String::from(SUBPROTOCOL)]);
        let options = WebSocketOptions { common, subprotocols, deflate: None, config };
        // Another server may not know the parameter: it is there only for who has something to say with it.
        let after = link.session.resume().or(link.options.after.as_deref()).map(|after| ("after", after));
        let request_target = link.target.request_target(after.as_slice());
        self.socket = Some(WebSocket::open(&link.target, &request_target, &options, &link.stop)?);
        link.connected();
        Ok(())
    }

    fn read(&mut self, link: &mut Link) -> Result<(), Trouble> {
        let Some(socket) = &mut self.socket else { return Err(Cut::Ended.into()) };
        let enveloped = socket.subprotocol() == Some(SUBPROTOCOL);
        let mut block = true;
        while let Some(message) = socket.next_message(block)? {
            take(message, enveloped, link);
            block = link.queue.is_empty();
        }
        link.session.handle_bytes(Instant::now());
        if !socket.is_closed() {
            return Ok(());
        }
        let code = socket.close_frame().map(|(code, _)| code);
        if matches!(code, Some(CloseCode::GOING_AWAY | CloseCode::SERVICE_RESTART)) {
            link.queue.push_back(Received::Drain);
        }
        Err(Cut::Closed(code).into())
    }

    fn close(&mut self) {
        self.socket = None;
    }
}

fn take(message: Message, enveloped: bool, link: &mut Link) {
    match message {
        // Some servers accept whatever subprotocol is offered and know nothing of it.
        Message::Text(text) if enveloped && stream::take(&text, link).is_ok() => {}
        Message::Text(text) => link.message(None, None, &text),
        Message::Binary(data) => {
            link.session.handle_message(None);
            link.queue.push_back(Received::Binary(data));
        }
    }
}

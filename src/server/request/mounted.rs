//! Requests for the handlers of the embedder's: everything up to the moment when the handler takes over.

use super::super::access::Action;
use super::super::delivery::Role;
use super::super::metrics::Present;
use super::super::opening::Opening;
use super::super::refusals::Reason;
use super::super::response::Response;
use super::super::routes::{EventStreamHandler, Handler, WebSocketHandler, WebSocketOptions};
use super::handler::{Mount, Mounted};
use super::negotiate::EVENT_STREAM;
use super::route::{not_allowed, options};
use super::{Reply, Request, Status};
use crate::blocking;
use crate::ws::Connection;
use crate::ws::handshake::Answer;
use bytes::BytesMut;
use std::boxed::Box;
use std::string::String;
use std::sync::Arc;

impl Request<'_> {
    pub(super) fn mounted(&mut self, handler: &Handler) -> Reply {
        if let Handler::Page(page) = handler {
            return self.page(|_| page.answer());
        }
        // RFC 6455 §4.1: a handshake is a GET, and nothing but handshakes are for a WebSocket. RFC 9110 §9.1: what can be
        // read has HEAD, too.
        let methods = match handler {
            Handler::WebSocket(..) => "GET, OPTIONS",
            Handler::EventStream(_) | Handler::Page(_) => "GET, HEAD, OPTIONS",
        };
        let reply = match (self.head.method, handler) {
            ("OPTIONS", _) => Ok(Reply::Answer(options(methods, self.origin))),
            ("GET", Handler::WebSocket(options, handler)) => self.websocket_for(options, handler),
            ("GET" | "HEAD", Handler::EventStream(handler)) => self.event_stream_for(handler),
            _ => Ok(Reply::Answer(not_allowed(methods))),
        };
        reply.unwrap_or_else(|refused| refused)
    }

    fn websocket_for(&self, options: &WebSocketOptions, handler: &Arc<WebSocketHandler>) -> Result<Reply, Reply> {
        let handshake = self.handshake()?;
        let mut opening = self.admit()?;
        let present = self.handler_seat()?;
        // RFC 6455 §4.2.2: one of those that were offered, or none.
        let is_offered = |known: &&String| handshake.subprotocols().any(|offered| offered == **known);
        opening.subprotocol = options.subprotocols.iter().find(is_offered).cloned();
        let mut output = BytesMut::new();
        let subprotocol = opening.subprotocol.as_deref();
        let answer = Answer { subprotocol, deflate: options.deflate.as_ref(), ..Answer::default() };
        let Ok(extensions) = handshake.accept(&answer, &mut output) else {
            return Err(Reply::Answer(Response::fault(Status::INTERNAL_SERVER_ERROR, "the server failed")));
        };
        self.begun(Status::SWITCHING_PROTOCOLS, "websocket-handler");
        let config = blocking::config(&options.config);
        let connection = Box::new(Connection::server(config).with_extensions(&extensions));
        Ok(Reply::Handler(
            Mounted { present, handler: Mount::WebSocket { handler: Arc::clone(handler), opening, connection } },
            output,
        ))
    }

    fn event_stream_for(&self, handler: &Arc<EventStreamHandler>) -> Result<Reply, Reply> {
        // A handler may do something for the visitor whose cookies come along, and nothing but this stops a page of
        // another origin from having it done: the browser only keeps the answer from that page.
        self.origin.check().map_err(Reply::Answer)?;
        let opening = self.admit()?;
        let present = self.handler_seat()?;
        let output = self.stream_head(EVENT_STREAM);
        self.begun(Status::OK, "sse-handler");
        // RFC 9110 §9.3.2: the same head, and no body; the handler is not asked for one.
        if self.head.method == "HEAD" {
            return Ok(Reply::Handed(Role::Closing, output));
        }
        let last_event_id = self.last_event_id().map(String::from).unwrap_or_default();
        let chunked = !self.persistence.is_http_1_0;
        let handler = Arc::clone(handler);
        Ok(Reply::Handler(
            Mounted { present, handler: Mount::EventStream { handler, opening, last_event_id, chunked } },
            output,
        ))
    }

    /// One of the threads that handlers may have.
    fn handler_seat(&self) -> Result<Present, Reply> {
        let metrics = &self.shared.metrics;
        metrics.handlers.enter_below(self.shared.limits.handlers).ok_or_else(|| {
            metrics.refusals.count(Reason::Handlers);
            Reply::Answer(Response::busy(Status::SERVICE_UNAVAILABLE, "there are too many of these"))
        })
    }

    /// Asks the hook, and keeps for the handler what it may want to know.
    fn admit(&self) -> Result<Box<Opening>, Reply> {
        self.authorize(Action::Connect).map_err(Reply::Answer)?;
        Ok(Box::new(Opening::new(self.head, self.peer_addr, self.client_addr())))
    }
}

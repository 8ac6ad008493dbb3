//! The opening handshake of a WebSocket, and the one of a topic.

use super::super::access::Action;
use super::super::delivery::{Format, Role, TopicSocket};
use super::super::metrics::Via;
use super::super::response::Response;
use super::{Reply, Request, Status, query};
use crate::envelope::SUBPROTOCOL;
use crate::topic::TopicName;
use crate::ws::deflate::Agreement;
use crate::ws::handshake::{self, Answer, HandshakeError};
use bytes::BytesMut;
use std::boxed::Box;

impl Request<'_> {
    pub(super) fn upgrade(&mut self, name: &TopicName) -> Reply {
        let handshake = match self.handshake() {
            Ok(handshake) => handshake,
            Err(reply) => return reply,
        };
        let subprotocol = handshake.subprotocols().find(|offered| *offered == SUBPROTOCOL);
        let mut output = BytesMut::new();
        let answer = Answer { subprotocol, deflate: self.shared.deflate.as_ref(), ..Answer::default() };
        let Ok(extensions) = handshake.accept(&answer, &mut output) else {
            return Reply::Answer(Response::fault(Status::INTERNAL_SERVER_ERROR, "the server failed"));
        };
        // A client that wants a smaller window than the messages for all are compressed with gets them as they are.
        let deflated = extensions.deflate.as_ref().is_some_and(Agreement::takes_shared);
        // Without the subprotocol a client gets the bare data.
        let format = if subprotocol.is_some() { Format::Envelopes { deflated } } else { Format::Data { deflated } };
        let after = query::find(self.head.query(), "after");
        let (subscriber, bookmark) = match self.subscribe(name, after.as_deref(), Via::WebSocket, format) {
            Ok(subscribed) => subscribed,
            Err(refusal) => return Reply::Answer(refusal),
        };
        // Asked now, while there is a head to show the hook.
        let may_publish = self.ask(Action::Publish(name)).is_ok();
        output.extend_from_slice(&bookmark);
        self.begun(Status::SWITCHING_PROTOCOLS, Via::WebSocket.as_str());
        let socket = TopicSocket::new(subscriber, &extensions, may_publish, self.shared);
        Reply::Handed(Role::WebSocket(Box::new(socket)), output)
    }

    /// RFC 6455 §4.2.1, and §10.2: the browser tells which page opens the connection, and nothing else stops a page of
    /// another origin from doing it with the visitor's cookies.
    pub(super) fn handshake(&self) -> Result<handshake::Request<'_>, Reply> {
        let handshake = handshake::Request::from_head(self.head).map_err(|error| Reply::Last(refusal(error)))?;
        // Its bytes would be taken for frames.
        if !self.body.is_done() {
            return Err(Reply::Last(Response::fault(Status::BAD_REQUEST, "a WebSocket handshake has no body")));
        }
        self.origin.check().map_err(Reply::Answer)?;
        Ok(handshake)
    }
}

/// As [`HandshakeError::reject`], with what this server says in every answer.
fn refusal(error: HandshakeError) -> Response {
    let response = Response::fault(error.status(), std::format!("{error}"));
    error.headers().iter().fold(response, |response, (name, value)| response.with_header(name, *value))
}

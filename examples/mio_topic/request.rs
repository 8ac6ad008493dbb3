//! What a client asks for, and the answers that have an end.

use super::client::{Client, REQUEST_TIME, Stage, Turn, tell};
use std::time::Instant;
use tidings::bytes::BytesMut;
use tidings::envelope::{self, Envelope, SUBPROTOCOL, Submission};
use tidings::http::{self, BodyError, BodyReader, Framing, RequestHead, RequestReader, Status};
use tidings::longpoll;
use tidings::topic::{After, TopicName};
use tidings::ws::handshake::{self, Answer, Request};
use tidings::ws::{CloseCode, Config, Connection, Event, Keepalive};

/// A longer message is refused.
const MAX_MESSAGE: usize = 1 << 20;

impl Client {
    /// What is to be done with a request, by its method and the transport that it asks for. Any page may read and publish
    /// here: there are no cookies that it could misuse.
    pub(super) fn open(&mut self, head: &RequestHead<'_>, turn: &mut Turn<'_>) -> Result<(), Status> {
        let name = head.path().strip_prefix("/topics/").ok_or(Status::NOT_FOUND)?;
        let name: TopicName = name.parse().map_err(|_| Status::BAD_REQUEST)?;
        if turn.topics.is_full_for(&name) {
            return Err(Status::SERVICE_UNAVAILABLE);
        }
        let framing = Framing::of_request(head).map_err(BodyError::status)?;
        match head.method {
            "POST" => {
                let event = parameter(head, "event").map(str::parse).transpose();
                let event = event.map_err(|_| Status::BAD_REQUEST)?;
                let reader = BodyReader::new(framing, MAX_MESSAGE as u64);
                self.stage = Stage::Body { reader, name, event, data: Vec::new(), until: turn.now + REQUEST_TIME };
                Ok(())
            }
            // Nobody reads its body, if it has one.
            "GET" if !matches!(framing, Framing::Empty | Framing::Length(0)) => Err(Status::BAD_REQUEST),
            "GET" if handshake::is_upgrade(head) => self.upgrade(head, name, turn),
            "GET" if head.headers.tokens("accept").any(|range| range == "text/event-stream") => {
                self.event_stream(head, name, turn)
            }
            "GET" => self.poll(head, name, turn),
            _ => Err(Status::METHOD_NOT_ALLOWED),
        }
    }

    fn upgrade(&mut self, head: &RequestHead<'_>, name: TopicName, turn: &mut Turn<'_>) -> Result<(), Status> {
        let after = after(head, None)?;
        match Request::from_head(head) {
            Ok(request) => {
                let subprotocol = request.subprotocols().find(|offered| *offered == SUBPROTOCOL);
                let accepted = request.accept(&Answer { subprotocol, ..Answer::default() }, &mut self.output);
                accepted.map_err(|_| Status::INTERNAL_SERVER_ERROR)?; // one that was offered, and no headers: it is fine
                let config = Config { max_message: MAX_MESSAGE, ..Config::default() };
                self.subscribe(name, after, Some(Box::new(Connection::server(config))), turn);
            }
            Err(error) => {
                error.reject(&mut self.output); // with more than a status, for another version
                self.leave(turn.now);
            }
        }
        Ok(())
    }

    fn event_stream(&mut self, head: &RequestHead<'_>, name: TopicName, turn: &mut Turn<'_>) -> Result<(), Status> {
        // A browser that comes back cannot change its URL.
        let after = after(head, head.headers.get_str("last-event-id"))?;
        // It has no end but that of the connection.
        let headers = [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"), ("Connection", "close")];
        let _ = http::encode_response(Status::OK, &headers, &mut self.output); // constant headers can be written
        self.subscribe(name, after, None, turn);
        Ok(())
    }

    /// From here on [`say`](Client::say) has the word.
    fn subscribe(&mut self, name: TopicName, after: After, mut socket: Option<Box<Connection>>, turn: &mut Turn<'_>) {
        let topic = &turn.topics.log(&name).topic;
        let cursor = topic.resolve(after);
        if topic.read(cursor).is_ok() {
            // So one whose connection is cut before its first message can come back to this very place all the same.
            tell(&Envelope::Bookmark { id: cursor }, &mut socket, &mut self.output);
        }
        self.stage = Stage::Stream { name, cursor, keepalive: Keepalive::new(turn.keepalive, turn.now), socket };
    }

    fn poll(&mut self, head: &RequestHead<'_>, name: TopicName, turn: &mut Turn<'_>) -> Result<(), Status> {
        let options = longpoll::Options::default();
        let (after, wait) = (parameter(head, "after"), parameter(head, "wait"));
        let prefer = head.headers.get_all("prefer").filter_map(|value| std::str::from_utf8(value).ok());
        let asked = longpoll::Request::new(after, wait, prefer, &options).map_err(|_| Status::BAD_REQUEST)?;
        match longpoll::poll(&asked, &turn.topics.log(&name).topic, &options, turn.now) {
            longpoll::Poll::Answer(answer) => self.answer_poll(&answer, turn.now),
            longpoll::Poll::Hold(poll) => self.stage = Stage::Held(name, poll),
        }
        Ok(())
    }

    /// The body of a POST is whole.
    pub(super) fn publish(&mut self, turn: &mut Turn<'_>) {
        let Stage::Body { name, event, data, .. } = &mut self.stage else { return };
        let Ok(data) = String::from_utf8(std::mem::take(data)) else {
            return self.refuse(Status::BAD_REQUEST, turn.now);
        };
        match turn.topics.publish(name, event.take(), data, turn.now) {
            Ok(id) => {
                let mut body = BytesMut::new();
                envelope::encode_published(id, &mut body);
                self.answer(Status::CREATED, &body, turn.now);
            }
            Err(_) => self.refuse(Status::CONTENT_TOO_LARGE, turn.now),
        }
    }

    pub(super) fn answer_poll(&mut self, answer: &longpoll::Answer<'_>, now: Instant) {
        let mut body = BytesMut::new();
        match answer {
            longpoll::Answer::Events { messages, next, more } => {
                envelope::encode_batch(messages.clone(), *next, *more, &mut body);
                self.answer(Status::OK, &body, now);
            }
            longpoll::Answer::Reset(reset) => {
                envelope::encode_reset(reset, &mut body);
                self.answer(Status::GONE, &body, now);
            }
        }
    }

    /// Answers a request; another one may come.
    fn answer(&mut self, status: Status, body: &[u8], now: Instant) {
        let connection = if self.is_persistent { "keep-alive" } else { "close" };
        let headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store"), ("Connection", connection)];
        let _ = http::respond(status, &headers, body, &mut self.output); // constant headers can be written
        let until = now + REQUEST_TIME;
        self.stage =
            if self.is_persistent { Stage::Head(RequestReader::default(), until) } else { Stage::Leaving(until) };
    }

    /// The request may have a body, which nobody reads; so it is the last.
    pub(super) fn refuse(&mut self, status: Status, now: Instant) {
        self.is_persistent = false;
        self.answer(status, format!("\"{}\"\n", status.reason()).as_bytes(), now);
    }
}

/// Cursors and the names of events have nothing in them that would have to be percent-encoded.
fn parameter<'a>(head: &RequestHead<'a>, name: &str) -> Option<&'a str> {
    let mut pairs = head.query().unwrap_or_default().split('&');
    pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// Where a stream begins, as the header says or the query; without either with what is published from now on.
fn after(head: &RequestHead<'_>, header: Option<&str>) -> Result<After, Status> {
    let after = header.filter(|id| !id.is_empty()).or_else(|| parameter(head, "after"));
    after.unwrap_or("now").parse().map_err(|_| Status::BAD_REQUEST)
}

/// What a WebSocket client says is published: `{"event"?,"data"}`.
pub(super) fn submit(
    event: &Event<'_>,
    name: &TopicName,
    turn: &mut Turn<'_>,
) -> Result<(), (CloseCode, &'static str)> {
    match event {
        Event::Text(text) => {
            let Submission { event, data } =
                Submission::parse(text).map_err(|_| (CloseCode::INVALID_DATA, "not {\"event\"?,\"data\"} in JSON"))?;
            let event = event.as_deref().map(str::parse).transpose();
            let event = event.map_err(|_| (CloseCode::POLICY_VIOLATION, "no event has such a name"))?;
            let published = turn.topics.publish(name, event, data, turn.now);
            published.map(|_| ()).map_err(|_| (CloseCode::TOO_BIG, "that is more than a topic keeps"))
        }
        Event::Binary(_) => Err((CloseCode::UNSUPPORTED_DATA, "messages are text")),
        _ => Ok(()),
    }
}

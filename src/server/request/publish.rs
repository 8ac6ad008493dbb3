//! `POST /topics/{topic}`: the body is the data.
//!
//! With an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header) it may be sent again as often as it takes, and
//! has the same answer each time: 201 and the id. That the server knows what the header means it tells by sending it back,
//! to `OPTIONS` too: a client whose connection was cut before any answer can ask before it sends a message again.

use super::super::PublishError;
use super::super::access::Action;
use super::super::response::Response;
use super::body::Failure;
use super::{Reply, Request, Status, query};
use crate::envelope;
use crate::topic::{EventName, IdempotencyKey, IdempotencyKeyError, TopicName};
use bytes::BytesMut;
use std::string::String;

impl Request<'_> {
    pub(super) fn publish(&mut self, name: &TopicName) -> Reply {
        match self.check_publish(name) {
            Err(refusal) => Reply::Answer(refusal),
            Ok((key, event)) => match self.body.read() {
                Err(Failure::Gone) => Reply::Gone,
                Err(Failure::Refused(refusal)) => Reply::Answer(refusal),
                Ok(body) => self.append(name, key, event, body).into(),
            },
        }
    }

    /// Everything that can be said before the body is read.
    fn check_publish(&self, name: &TopicName) -> Result<(Option<IdempotencyKey>, Option<EventName>), Response> {
        self.origin.check()?;
        self.authorize(Action::Publish(name))?;
        let event = query::find(self.head.query(), "event");
        let event = event
            .map(|event| event.parse())
            .transpose()
            .map_err(|error| Response::fault(Status::BAD_REQUEST, std::format!("{error}")))?;
        Ok((self.idempotency_key()?, event))
    }

    /// The draft's "Syntax": one String, not a list.
    fn idempotency_key(&self) -> Result<Option<IdempotencyKey>, Response> {
        let malformed = |why: &str| Response::fault(Status::BAD_REQUEST, why);
        let mut values = self.head.headers.get_all(IDEMPOTENCY_KEY);
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(malformed("there is more than one idempotency key"));
        }
        let key = std::str::from_utf8(value).map_err(|_| IdempotencyKeyError::Character);
        let key = key.and_then(IdempotencyKey::from_header).map_err(|error| malformed(&std::format!("{error}")))?;
        Ok(Some(key))
    }

    /// The answer to a request with a key tells that it was understood.
    pub(super) fn acknowledge_key(&self, response: Response) -> Response {
        match self.idempotency_key() {
            Ok(Some(key)) => response.with_header(IDEMPOTENCY_KEY, key.to_header()),
            _ => response,
        }
    }

    fn append(
        &self,
        name: &TopicName,
        key: Option<IdempotencyKey>,
        event: Option<EventName>,
        body: std::vec::Vec<u8>,
    ) -> Result<Response, Response> {
        let data = String::from_utf8(body)
            .map_err(|_| Response::fault(Status::BAD_REQUEST, "the data of a message is UTF-8, and this is not"))?;
        let place = if self.shared.store.may_block() { Some(self.wait_for_store()?) } else { None };
        let published = self.shared.publish(name, key, event, data).map_err(refusal)?;
        drop(place);
        let mut body = BytesMut::new();
        envelope::encode_published(published.id, &mut body);
        // The draft's "Idempotency Enforcement Scenarios": for a message that was published before, the first answer.
        Ok(self.acknowledge_key(Response::json(Status::CREATED, body)))
    }
}

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

fn refusal(error: PublishError) -> Response {
    let text = std::format!("{error}");
    match error {
        PublishError::TooLarge { .. } | PublishError::Topic(crate::topic::PublishError::TooLarge { .. }) => {
            Response::fault(Status::CONTENT_TOO_LARGE, text)
        }
        // The draft's "Error Scenarios".
        PublishError::Topic(crate::topic::PublishError::KeyReused) => {
            Response::fault(Status::UNPROCESSABLE_CONTENT, text)
        }
        // RFC 9110 §15.6.5: whoever gets this cannot know whether the message was taken.
        PublishError::Unknown => Response::fault(Status::GATEWAY_TIMEOUT, text),
        PublishError::TooManyTopics
        | PublishError::Full
        | PublishError::Draining
        | PublishError::Unavailable
        | PublishError::Topic(crate::topic::PublishError::Exhausted) => {
            Response::busy(Status::SERVICE_UNAVAILABLE, &text)
        }
    }
}

//! `POST /topics/{topic}`: the body is the data.

use super::super::PublishError;
use super::super::access::Action;
use super::super::response::Response;
use super::body::Failure;
use super::{Reply, Request, Status, query};
use crate::envelope;
use crate::topic::{EventName, TopicName};
use bytes::BytesMut;
use std::string::String;

impl Request<'_> {
    pub(super) fn publish(&mut self, name: &TopicName) -> Reply {
        match self.check_publish(name) {
            Err(refusal) => Reply::Answer(refusal),
            Ok(event) => match self.body.read() {
                Err(Failure::Gone) => Reply::Gone,
                Err(Failure::Refused(refusal)) => Reply::Answer(refusal),
                Ok(body) => self.append(name, event, body).into(),
            },
        }
    }

    /// Everything that can be said before the body is read.
    fn check_publish(&self, name: &TopicName) -> Result<Option<EventName>, Response> {
        self.origin.check()?;
        self.authorize(Action::Publish(name))?;
        let event = query::find(self.head.query(), "event");
        event
            .map(|event| event.parse())
            .transpose()
            .map_err(|error| Response::fault(Status::BAD_REQUEST, std::format!("{error}")))
    }

    fn append(
        &self,
        name: &TopicName,
        event: Option<EventName>,
        body: std::vec::Vec<u8>,
    ) -> Result<Response, Response> {
        let data = String::from_utf8(body)
            .map_err(|_| Response::fault(Status::BAD_REQUEST, "the data of a message is UTF-8, and this is not"))?;
        let id = self.shared.publish(name, event, data).map_err(refusal)?;
        let mut body = BytesMut::new();
        envelope::encode_published(id, &mut body);
        Ok(Response::json(Status::CREATED, body))
    }
}

fn refusal(error: PublishError) -> Response {
    let text = std::format!("{error}");
    match error {
        PublishError::TooLarge { .. } | PublishError::Topic(crate::topic::PublishError::TooLarge { .. }) => {
            Response::fault(Status::CONTENT_TOO_LARGE, text)
        }
        PublishError::TooManyTopics
        | PublishError::Draining
        | PublishError::Topic(crate::topic::PublishError::Exhausted) => {
            Response::busy(Status::SERVICE_UNAVAILABLE, &text)
        }
    }
}

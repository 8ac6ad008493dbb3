//! Short and long polls.

use super::super::access::{Action, Origin};
use super::super::answer;
use super::super::delivery::{HeldPoll, Role};
use super::super::journal;
use super::super::metrics::Via;
use super::super::refusals::Reason;
use super::super::response::Response;
use super::super::store::OpenError;
use super::super::topics::TopicCell;
use super::{Reply, Request, Status, asked, query};
use crate::longpoll::{self, Poll};
use crate::topic::{After, TopicName};
use bytes::BytesMut;
use std::boxed::Box;
use std::sync::Arc;
use std::time::Instant;

impl Request<'_> {
    pub(super) fn poll(&mut self, name: &TopicName) -> Reply {
        match self.open_poll(name) {
            Ok((poll, cell)) => self.answer_or_hold(name, &poll, cell),
            Err(refusal) => Reply::Answer(refusal),
        }
    }

    fn open_poll(&self, name: &TopicName) -> Result<(longpoll::Request, Arc<TopicCell>), Response> {
        let (after, wait) = (query::find(self.head.query(), "after"), query::find(self.head.query(), "wait"));
        let prefer = self.head.headers.get_all("prefer").filter_map(|value| std::str::from_utf8(value).ok());
        let mut poll = longpoll::Request::new(after.as_deref(), wait.as_deref(), prefer, &self.shared.limits.poll)
            .map_err(|error| Response::fault(Status::BAD_REQUEST, std::format!("{error}")))?
            .with_filter(self.filter()?);
        if self.head.method == "HEAD" {
            // Nobody waits for news of which only the length would come.
            poll.wait = std::time::Duration::ZERO;
        }
        self.authorize(Action::Subscribe(name))?;
        let cell = self.open(name, poll.after)?;
        Ok((poll, cell))
    }

    /// The topic, made if there is none, for one who reads after `after`.
    pub(super) fn open(&self, name: &TopicName, after: After) -> Result<Arc<TopicCell>, Response> {
        let is_at_hand = self.shared.store.is_at_hand(name, after);
        let _place = if is_at_hand { None } else { Some(self.wait_for_store()?) };
        self.shared.open(name, after).map_err(|error| {
            let why = match error {
                OpenError::TooManyTopics => "there are too many topics",
                #[cfg(feature = "redis")]
                OpenError::Unavailable => "what keeps the topics is not there",
            };
            Response::busy(Status::SERVICE_UNAVAILABLE, why)
        })
    }

    fn answer_or_hold(&self, name: &TopicName, poll: &longpoll::Request, cell: Arc<TopicCell>) -> Reply {
        let now = Instant::now();
        let via = if poll.wait.is_zero() { Via::ShortPoll } else { Via::LongPoll };
        let delivery = self.shared.metrics.delivery(via);
        let held = {
            let topic = cell.read(now);
            match longpoll::poll(poll, &topic, &self.shared.limits.poll, now) {
                Poll::Answer(answer) => {
                    let (status, body) = answer::encode(&answer);
                    answer::count(&answer, body.len(), delivery);
                    return Reply::Answer(Response::json(status, body));
                }
                Poll::Hold(held) => held,
            }
        };
        // What is published from here on finds the poll behind the head, and the loop looks when it takes the poll over.
        let Some(present) = delivery.subscribers.enter_below(self.shared.limits.held_polls) else {
            self.shared.metrics.refusals.count(Reason::HeldPolls);
            return Reply::Answer(Response::busy(Status::TOO_MANY_REQUESTS, "too many polls are held"));
        };
        let origin = match self.origin {
            Origin::Allowed(origin) => Some(origin.into()),
            Origin::Own | Origin::Foreign => None,
        };
        // RFC 9112 §9.3: a body that nobody reads would be taken for the next request.
        let persistence = if self.body.is_done() { self.persistence } else { self.persistence.close() };
        let client_addr = self.client_addr();
        journal::held(asked(self.head), client_addr);
        let held = HeldPoll { held, cell, name: name.clone(), client_addr, origin, persistence, _present: present };
        Reply::Handed(Role::Held(Box::new(held)), BytesMut::new())
    }
}

//! A poll that waits for news.

use super::Role;
use super::batches::Batches;
use super::connection::Turn;
use super::outgoing::Outgoing;
use crate::longpoll::{Answer, Held};
use crate::server::access::Origin;
use crate::server::answer;
use crate::server::journal;
use crate::server::metrics::{Present, Via};
use crate::server::response::{Persistence, Response};
use crate::server::topics::TopicCell;
use crate::topic::{Topic, TopicName};
use std::boxed::Box;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

/// The poll, and what its answer's head depends on.
#[derive(Debug)]
pub(in super::super) struct HeldPoll {
    pub(in super::super) held: Held<Instant>,
    pub(in super::super) cell: Arc<TopicCell>,
    /// The topic's, and who asks: for the journal.
    pub(in super::super) name: TopicName,
    pub(in super::super) client_addr: IpAddr,
    /// The page's origin, if it is an allowed one.
    pub(in super::super) origin: Option<Box<str>>,
    pub(in super::super) persistence: Persistence,
    pub(in super::super) _present: Present,
}

impl HeldPoll {
    pub(super) fn due(&self) -> Option<Instant> {
        self.held.poll_timeout()
    }

    /// There may be news. If it is answered: what the connection is from now on.
    pub(super) fn news(&mut self, out: &mut Outgoing, batches: &mut Batches, turn: &Turn<'_>) -> Option<Role> {
        self.settle(out, batches, turn, |held, topic| held.handle_news(topic, turn.now))
    }

    /// The hold or the coalescing delay is over, or not.
    pub(super) fn time_over(&mut self, out: &mut Outgoing, batches: &mut Batches, turn: &Turn<'_>) -> Option<Role> {
        self.settle(out, batches, turn, |held, topic| held.handle_timeout(topic, turn.now))
    }

    /// The server goes away.
    pub(super) fn drain(&mut self, out: &mut Outgoing, batches: &mut Batches, turn: &Turn<'_>) -> Role {
        self.persistence = self.persistence.close();
        let answered = self.settle(out, batches, turn, |held, topic| Some(held.clone().drain(topic)));
        answered.unwrap_or(Role::Closing)
    }

    fn settle(
        &mut self,
        out: &mut Outgoing,
        batches: &mut Batches,
        turn: &Turn<'_>,
        decide: impl for<'t> FnOnce(&mut Held<Instant>, &'t Topic<Instant>) -> Option<Answer<'t>>,
    ) -> Option<Role> {
        let cursor = self.held.cursor();
        let topic = self.cell.read(turn.now);
        let answer = decide(&mut self.held, &topic)?;
        let (status, body) = batches.answer(&self.cell, cursor, self.held.filter(), &answer);
        answer::count(&answer, body.len(), turn.shared.metrics.delivery(Via::LongPoll));
        drop(topic);

        turn.shared.metrics.answered(status);
        journal::poll_answered(&self.name, self.client_addr, status);
        let origin = self.origin.as_deref().map_or(Origin::Own, Origin::Allowed);
        let response = Response::json(status, body).with_headers(turn.shared.origins.headers(origin));
        response.encode_head(self.persistence, out.own(turn.now));
        out.share(response.body, turn.now);
        Some(Role::Answered { keep_alive: self.persistence.keep_alive })
    }
}

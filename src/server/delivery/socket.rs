//! A WebSocket that hears of a topic and publishes to it.

use super::batches::Batches;
use super::connection::Turn;
use super::outgoing::Outgoing;
use super::{Format, Subscriber};
use crate::Transport;
use crate::envelope::Submission;
use crate::server::PublishError;
use crate::server::memory::Share;
use crate::server::refusals::Reason;
use crate::server::shared::Shared;
use crate::topic::{EventName, PublishError as TopicError};
use crate::ws::handshake::Extensions;
use crate::ws::{self, CloseCode, Connection, Event, Keepalive, KeepaliveEvent, KeepaliveOptions};
use bytes::BytesMut;
use mio::Token;
use std::string::String;
use std::sync::Arc;
use std::time::Instant;

/// The close code for a subscriber of bare data that lost messages: nothing in such a stream could say so, and going on
/// as if nothing had happened would be a lie. The reason is `reset: ` and why. In the range for private use, and after
/// 410, the status of a poll in the same case.
const RESET: u16 = 4410;

#[derive(Debug)]
pub(in super::super) struct TopicSocket {
    pub(super) subscriber: Subscriber,
    connection: Connection,
    may_publish: bool,
    /// What the message takes that is not whole yet, of what all may.
    unfinished: Share,
    keepalive: Keepalive<Instant>,
    intake: Intake,
}

/// Whether what it sends is taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Intake {
    Open,
    /// It has had its share of the last turn, and some of the input is left.
    Sated,
    /// A message of its is on its way elsewhere: what comes behind it waits.
    Publishing,
    /// There is no room for it: nothing more is.
    GivenUp,
}

/// So many bytes of messages are taken from a client in a turn, and then the others have theirs: compressed, a buffer
/// full could be a thousand times as long.
const SHARE: usize = 1 << 20;

impl TopicSocket {
    pub(in super::super) fn new(
        subscriber: Subscriber,
        extensions: &Extensions,
        may_publish: bool,
        shared: &Shared,
    ) -> Self {
        /// In JSON a character may be written as an escape of six.
        const ESCAPED: usize = 6;
        /// The names of the fields, and the event's.
        const FRAME: usize = 1024;
        let limits = &shared.limits;
        let max_message = match subscriber.format {
            Format::Envelopes { .. } => limits.message_bytes.saturating_mul(ESCAPED).saturating_add(FRAME),
            _ => limits.message_bytes,
        };
        let config = ws::Config { max_frame: max_message, max_message, ..ws::Config::default() };
        let options = KeepaliveOptions {
            interval: limits.keepalive,
            pong_within: limits.pong_time,
            close_within: limits.close_time,
        };
        let keepalive = Keepalive::new(options, Instant::now());
        Self {
            subscriber,
            connection: Connection::server(config).with_extensions(extensions),
            may_publish,
            unfinished: shared.unfinished.share(),
            keepalive,
            intake: Intake::Open,
        }
    }

    /// When something must be done about silence.
    pub(super) fn due(&self) -> Option<Instant> {
        self.keepalive.poll_timeout()
    }

    /// Asks whether the peer is still there, if that is due, and tells it where it stands. False: it has had its chance.
    pub(super) fn keep_alive(&mut self, output: &mut BytesMut, now: Instant) -> bool {
        if self.is_publishing() {
            // What it says in the meantime is not read.
            self.keepalive.received(now);
        }
        match self.keepalive.handle_timeout(now) {
            None => true,
            Some(KeepaliveEvent::Ping) => {
                // RFC 6455 §5.5.1: no data after a Close.
                if self.connection.is_open() {
                    self.subscriber.bookmark_if_moved(output);
                }
                self.connection.ping(&[], output).is_ok()
            }
            Some(KeepaliveEvent::Gone) => false,
        }
    }

    /// Whether no side has said goodbye.
    pub(super) fn is_open(&self) -> bool {
        self.connection.is_open()
    }

    /// Whether nothing more is to be said or heard.
    pub(super) fn is_over(&self) -> bool {
        self.intake == Intake::GivenUp || self.connection.transport() != Transport::KeepOpen
    }

    /// RFC 6455 §7.4.1: 1001.
    pub(super) fn go_away(&mut self, output: &mut BytesMut, now: Instant) {
        self.close(CloseCode::GOING_AWAY, "draining", output, now);
    }

    /// Puts the next batch into `out`, which is empty; whether there is more.
    pub(super) fn next(&mut self, out: &mut Outgoing, batches: &mut Batches, turn: &Turn<'_>) -> bool {
        // RFC 6455 §5.5.1: no data after a Close.
        if !self.connection.is_open() {
            return false;
        }
        if !matches!(self.subscriber.format, Format::Data { .. }) {
            return self.subscriber.next(out, batches, turn);
        }
        match self.subscriber.batch(out, batches, turn) {
            Ok(more) => more,
            Err(reset) => {
                let code = CloseCode::new(RESET).unwrap_or(CloseCode::POLICY_VIOLATION);
                self.close(code, &std::format!("reset: {}", reset.reason), out.own(turn.now), turn.now);
                false
            }
        }
    }

    /// Whether there is more to be made of the input than was made of it: show it again.
    pub(super) fn is_sated(&self) -> bool {
        matches!(self.intake, Intake::Sated | Intake::Publishing)
    }

    /// Takes in what arrived and publishes what was sent; how many bytes are done with.
    pub(super) fn receive(
        &mut self,
        input: &mut [u8],
        output: &mut BytesMut,
        to: (&Arc<Shared>, Token),
        now: Instant,
    ) -> usize {
        if self.is_over() {
            // Nothing is left of it for the next turn.
            if self.intake != Intake::GivenUp {
                self.intake = Intake::Open;
            }
            return input.len();
        }
        let used = self.take(input, output, to, now);
        if !self.unfinished.resize(self.connection.unfinished()) {
            self.intake = Intake::GivenUp;
            to.0.metrics.refusals.count(Reason::UnfinishedBytes);
            self.close(CloseCode::TRY_AGAIN_LATER, "too much is unfinished", output, now);
        }
        used
    }

    fn take(&mut self, input: &mut [u8], output: &mut BytesMut, to: (&Arc<Shared>, Token), now: Instant) -> usize {
        if !input.is_empty() {
            self.keepalive.received(now);
        }
        let (mut used, mut taken) = (0, 0);
        loop {
            if self.intake != Intake::Publishing {
                self.intake = if taken >= SHARE { Intake::Sated } else { Intake::Open };
            }
            if self.is_sated() {
                return used;
            }
            let rest = input.get_mut(used..).unwrap_or_default();
            // The Close that a violation deserves is in the output, and `is_over` says the rest.
            let step = match self.connection.receive(rest, output) {
                Ok(step) => step,
                Err(error) => {
                    if error.close_code() == CloseCode::TOO_BIG {
                        to.0.metrics.refusals.count(Reason::MessageBytes);
                    }
                    return input.len();
                }
            };
            used += step.consumed;
            taken += step.event.as_ref().map_or(0, Event::payload_len);
            match step.event {
                None => return used,
                // After our Close the peer may not have seen it yet: what comes is thrown away.
                Some(Event::Text(_) | Event::Binary(_)) if !self.connection.is_open() => {}
                Some(Event::Text(text)) => {
                    if let Err((code, reason)) = self.submit(&text, to, now) {
                        self.close(code, &reason, output, now);
                    }
                }
                Some(Event::Binary(_)) => {
                    self.close(CloseCode::UNSUPPORTED_DATA, "messages are text", output, now);
                }
                Some(_) => {}
            }
        }
    }

    /// There is room again for the Pong that is owed, if one is.
    pub(super) fn pay_debts(&mut self, output: &mut BytesMut) {
        // A violation was told when it came.
        let _ = self.connection.receive(&mut [], output);
    }

    /// Whether a message of its is on its way.
    pub(super) fn is_publishing(&self) -> bool {
        self.intake == Intake::Publishing
    }

    /// That is published, or is not.
    pub(super) fn published(&mut self, result: Result<(), PublishError>, output: &mut BytesMut, now: Instant) {
        if self.is_publishing() {
            // What has come since is looked at before more is read.
            self.intake = Intake::Sated;
        }
        self.keepalive.received(now);
        if let Err(error) = result {
            self.close(close_code(error), &std::format!("{error}"), output, now);
        }
    }

    /// Publishes a message that the client sent. An error is why the connection is closed.
    fn submit(
        &mut self,
        text: &str,
        (shared, token): (&Arc<Shared>, Token),
        now: Instant,
    ) -> Result<(), (CloseCode, String)> {
        if !self.may_publish {
            return Err((CloseCode::POLICY_VIOLATION, "publishing is not allowed".into()));
        }
        let (event, data) = match self.subscriber.format {
            Format::Envelopes { .. } => {
                // The parser's words may be long, and the place for a reason is not.
                let submission = Submission::parse(text)
                    .map_err(|_| (CloseCode::INVALID_DATA, "not {\"event\"?,\"data\"} in JSON".into()))?;
                (submission.event, submission.data)
            }
            _ => (None, text.into()),
        };
        let event: Option<EventName> = event
            .map(|event| event.parse())
            .transpose()
            .map_err(|error| (CloseCode::POLICY_VIOLATION, std::format!("{error}")))?;
        let cell = &self.subscriber.cell;
        let published = if shared.store.may_block() {
            // The message is whole, and from here on it waits elsewhere.
            self.unfinished.shrink_to(self.connection.unfinished());
            let mut share = shared.unfinished.share();
            if !share.grow(data.len()) {
                shared.metrics.refusals.count(Reason::UnfinishedBytes);
                return Err((CloseCode::TRY_AGAIN_LATER, "too much is unfinished".into()));
            }
            let given = shared.publish_later(token, cell, event, data.into(), share);
            if given.is_ok() {
                self.intake = Intake::Publishing;
            }
            given
        } else {
            shared.publish_to(cell, event, data, now).map(|_| ())
        };
        published.map_err(|error| (close_code(error), std::format!("{error}")))
    }

    fn close(&mut self, code: CloseCode, reason: &str, output: &mut BytesMut, now: Instant) {
        // A Close that was sent already has said why.
        if self.connection.close(code, reason, output).is_ok() {
            self.keepalive.closing(now);
        }
    }
}

fn close_code(error: PublishError) -> CloseCode {
    match error {
        PublishError::TooLarge { .. } | PublishError::Topic(TopicError::TooLarge { .. }) => CloseCode::TOO_BIG,
        PublishError::Topic(TopicError::KeyReused) => CloseCode::POLICY_VIOLATION,
        PublishError::Draining => CloseCode::GOING_AWAY,
        PublishError::TooManyTopics
        | PublishError::Full
        | PublishError::Unavailable
        | PublishError::Unknown
        | PublishError::Topic(TopicError::Exhausted) => CloseCode::TRY_AGAIN_LATER,
    }
}

//! What was refused or cut off, counted by the limit that was met.

use super::journal::Refused;
use super::metrics::Counter;
use std::net::SocketAddr;

/// The limit, by its name in [`Limits`](super::Limits) where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// The `authorize` hook said no.
    Access,
    Connections,
    ConnectionsPerAddress,
    /// The system gave no file descriptor.
    NoDescriptor,
    /// Its size, or how it is written.
    Head,
    HeadTime,
    /// What should have been TLS is not, or the client does not like it.
    Handshake,
    RequestThreads,
    /// The system gave no thread.
    NoThread,
    Handlers,
    BodyBytes,
    BodyTime,
    MessageBytes,
    UnfinishedBytes,
    HeldPolls,
    Topics,
    AllTopicsBytes,
    WriteTime,
    AnswerTime,
    PongTime,
}

impl Reason {
    pub(super) const ALL: [Self; 20] = [
        Self::Access,
        Self::Connections,
        Self::ConnectionsPerAddress,
        Self::NoDescriptor,
        Self::Head,
        Self::HeadTime,
        Self::Handshake,
        Self::RequestThreads,
        Self::NoThread,
        Self::Handlers,
        Self::BodyBytes,
        Self::BodyTime,
        Self::MessageBytes,
        Self::UnfinishedBytes,
        Self::HeldPolls,
        Self::Topics,
        Self::AllTopicsBytes,
        Self::WriteTime,
        Self::AnswerTime,
        Self::PongTime,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Connections => "connections",
            Self::ConnectionsPerAddress => "connections_per_address",
            Self::Head => "head",
            Self::HeadTime => "head_time",
            Self::Handshake => "handshake",
            Self::RequestThreads => "request_threads",
            Self::NoThread => "no_thread",
            Self::Handlers => "handlers",
            Self::BodyBytes => "body_bytes",
            Self::BodyTime => "body_time",
            Self::MessageBytes => "message_bytes",
            Self::UnfinishedBytes => "unfinished_bytes",
            Self::HeldPolls => "held_polls",
            Self::Topics => "topics",
            Self::AllTopicsBytes => "all_topics_bytes",
            Self::WriteTime => "write_time",
            Self::AnswerTime => "answer_time",
            Self::NoDescriptor => "no_descriptor",
            Self::PongTime => "pong_time",
        }
    }
}

/// What is kept of each reason.
#[derive(Debug, Default)]
pub(super) struct Refusals([Refusal; Reason::ALL.len()]);

#[derive(Debug, Default)]
struct Refusal {
    counter: Counter,
    journal: Refused,
}

impl Refusals {
    /// Counts one, and tells of it.
    pub(super) fn count(&self, reason: Reason) {
        self.count_of(reason, None);
    }

    /// The same; `peer`: whose it was, where one address alone is over its limit.
    pub(super) fn count_of(&self, reason: Reason, peer: Option<SocketAddr>) {
        if let Some(refusal) = self.0.get(reason as usize) {
            refusal.counter.add(1);
            refusal.journal.one_more(reason, peer);
        }
    }

    /// Tells of those that came too soon behind others to be told of at once; at the end of the last ones, too.
    pub(super) fn tell(&self, is_end: bool) {
        for (reason, refusal) in Reason::ALL.into_iter().zip(&self.0) {
            if is_end {
                refusal.journal.tell(reason, None);
            } else {
                refusal.journal.tell_if_due(reason, None);
            }
        }
    }

    /// Each reason and how often it was met.
    pub(super) fn all(&self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::ALL.into_iter().zip(self.0.iter().map(|refusal| refusal.counter.value()))
    }
}

//! What was refused or cut off, counted by the limit that was met.

use super::metrics::Counter;

/// The limit, by its name in [`Limits`](super::Limits) where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Connections,
    ConnectionsPerAddress,
    /// The system gave no file descriptor.
    NoDescriptor,
    /// Its size, or how it is written.
    Head,
    HeadTime,
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
    pub(super) const ALL: [Self; 18] = [
        Self::Connections,
        Self::ConnectionsPerAddress,
        Self::NoDescriptor,
        Self::Head,
        Self::HeadTime,
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
            Self::Connections => "connections",
            Self::ConnectionsPerAddress => "connections_per_address",
            Self::Head => "head",
            Self::HeadTime => "head_time",
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

/// One counter for each reason.
#[derive(Debug, Default)]
pub(super) struct Refusals([Counter; Reason::ALL.len()]);

impl Refusals {
    pub(super) fn count(&self, reason: Reason) {
        if let Some(counter) = self.0.get(reason as usize) {
            counter.add(1);
        }
    }

    /// Each reason and how often it was met.
    pub(super) fn all(&self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::ALL.into_iter().zip(self.0.iter().map(Counter::value))
    }
}

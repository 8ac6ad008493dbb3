//! The envelopes of the transports that stay open: a line of a stream, a text frame of a WebSocket.

use super::EnvelopeError;
use super::wire::{Str, Text, append};
use crate::topic::{Cursor, Message, Reset, ResetReason};
use alloc::borrow::Cow;
use bytes::BytesMut;
use serde::{Deserialize, Serialize};

/// What a subscriber is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Envelope<'a> {
    /// A message of the topic.
    Message {
        /// Its id: the cursor to resume after.
        id: Cursor,
        /// What kind of message it is, if the publisher said so.
        event: Option<Cow<'a, str>>,
        /// What it says.
        data: Cow<'a, str>,
    },
    /// The cursor to resume after has moved without a message.
    Bookmark {
        /// The cursor to resume after.
        id: Cursor,
    },
    /// Messages were lost; what follows goes on at [`Reset::oldest`].
    Reset(Reset),
    /// The server goes away: come back, to it or to another.
    Drain,
}

impl<'a> Envelope<'a> {
    /// Appends one JSON object, without a line break behind it or in it.
    pub fn encode(&self, output: &mut BytesMut) {
        append(output, self.expected_len(), &Outgoing::of(self));
    }

    /// Reads one JSON object: a line of a stream, or a text message of a WebSocket. Data is borrowed from `text` where no
    /// character of it was escaped.
    ///
    /// # Errors
    /// It is no JSON object, lacks a field of its type, or has a type that is not known, which a client may pass over.
    pub fn parse(text: &'a str) -> Result<Self, EnvelopeError> {
        let Incoming { kind, id, event, data, reason, oldest, newest } = serde_json::from_str(text)?;
        match &*kind {
            "message" => Ok(Self::Message {
                id: field(id, "id")?.0,
                event: event.map(|event| event.0),
                data: field(data, "data")?.0,
            }),
            "bookmark" => Ok(Self::Bookmark { id: field(id, "id")?.0 }),
            "reset" => Ok(Self::Reset(Reset {
                reason: field(reason, "reason")?.0,
                oldest: field(oldest, "oldest")?.0,
                newest: field(newest, "newest")?.0,
            })),
            "drain" => Ok(Self::Drain),
            _ => Err(EnvelopeError::UnknownType),
        }
    }

    fn expected_len(&self) -> usize {
        /// The names of the fields, the punctuation and the cursors of the longest envelope.
        const FRAME: usize = 160;
        match self {
            Self::Message { event, data, .. } => FRAME + event.as_ref().map_or(0, |event| event.len()) + data.len(),
            _ => FRAME,
        }
    }
}

impl<'a> From<&'a Message> for Envelope<'a> {
    fn from(message: &'a Message) -> Self {
        Self::Message {
            id: message.id,
            event: message.event.as_ref().map(|event| event.as_str().into()),
            data: (&*message.data).into(),
        }
    }
}

impl From<Reset> for Envelope<'_> {
    fn from(reset: Reset) -> Self {
        Self::Reset(reset)
    }
}

fn field<T>(value: Option<T>, name: &'static str) -> Result<T, EnvelopeError> {
    value.ok_or(EnvelopeError::Missing(name))
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Outgoing<'a> {
    Message {
        id: Text<Cursor>,
        #[serde(skip_serializing_if = "Option::is_none")]
        event: Option<&'a str>,
        data: &'a str,
    },
    Bookmark {
        id: Text<Cursor>,
    },
    Reset {
        reason: &'static str,
        oldest: Text<Cursor>,
        newest: Text<Cursor>,
    },
    Drain,
}

impl<'a> Outgoing<'a> {
    fn of(envelope: &'a Envelope<'_>) -> Self {
        match envelope {
            Envelope::Message { id, event, data } => Self::Message { id: Text(*id), event: event.as_deref(), data },
            Envelope::Bookmark { id } => Self::Bookmark { id: Text(*id) },
            Envelope::Reset(Reset { reason, oldest, newest }) => {
                Self::Reset { reason: reason.as_str(), oldest: Text(*oldest), newest: Text(*newest) }
            }
            Envelope::Drain => Self::Drain,
        }
    }
}

/// The fields of all types in one: an enum by `type` would have to keep all fields until it has seen that one, and what
/// it does not know could cost memory.
#[derive(Deserialize)]
struct Incoming<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    id: Option<Text<Cursor>>,
    #[serde(borrow)]
    event: Option<Str<'a>>,
    #[serde(borrow)]
    data: Option<Str<'a>>,
    reason: Option<Text<ResetReason>>,
    oldest: Option<Text<Cursor>>,
    newest: Option<Text<Cursor>>,
}

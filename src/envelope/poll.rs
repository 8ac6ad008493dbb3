//! The bodies of a poll's answers.

use super::EnvelopeError;
use super::wire::{Str, Text, append};
use crate::topic::{Cursor, EventName, Message, Reset, ResetReason};
use alloc::borrow::Cow;
use alloc::vec::Vec;
use bytes::BytesMut;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

/// Appends the body of a poll's 200: the messages, where to poll next, and whether there is more already.
pub fn encode_batch<'m>(
    messages: impl Iterator<Item = &'m Message> + Clone,
    next: Cursor,
    more: bool,
    output: &mut BytesMut,
) {
    /// `next` and `more`, with their names.
    const FRAME: usize = 96;
    let expected = messages.clone().map(Message::cost).fold(FRAME, usize::saturating_add);
    append(output, expected, &OutgoingBatch { events: Events(messages), next: Text(next), more });
}

/// Appends the body of a poll's 410, which is the data of an event stream's `tidings.reset` too.
pub fn encode_reset(reset: &Reset, output: &mut BytesMut) {
    let Reset { reason, oldest, newest } = *reset;
    append(output, 128, &WireReset { reset: Text(reason), oldest: Text(oldest), newest: Text(newest) });
}

/// Reads what [`encode_reset`] writes: a client, of a 410's body or a reset's data.
///
/// # Errors
/// [`EnvelopeError::Json`] if it is no such object.
pub fn parse_reset(text: &str) -> Result<Reset, EnvelopeError> {
    let WireReset { reset, oldest, newest } = serde_json::from_str(text)?;
    Ok(Reset { reason: reset.0, oldest: oldest.0, newest: newest.0 })
}

/// The body of a poll's 200, as the client reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch<'a> {
    /// The messages, oldest first.
    pub events: Vec<Entry<'a>>,
    /// The cursor to poll after next.
    pub next: Cursor,
    /// Whether there is more already: the next poll will not be held.
    pub more: bool,
}

impl<'a> Batch<'a> {
    /// Reads what [`encode_batch`] writes; data is borrowed from `text` where no character of it was escaped.
    ///
    /// # Errors
    /// [`EnvelopeError::Json`] if it is no such object, cut off for example: none of it counts then.
    pub fn parse(text: &'a str) -> Result<Self, EnvelopeError> {
        let IncomingBatch { events, next, more } = serde_json::from_str(text)?;
        Ok(Self { events: events.into_iter().map(Entry::from).collect(), next: next.0, more })
    }
}

/// One message in a [`Batch`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its id.
    pub id: Cursor,
    /// What kind of message it is, if the publisher said so.
    pub event: Option<Cow<'a, str>>,
    /// What it says.
    pub data: Cow<'a, str>,
}

impl<'a> From<IncomingEntry<'a>> for Entry<'a> {
    fn from(IncomingEntry { id, event, data }: IncomingEntry<'a>) -> Self {
        Self { id: id.0, event: event.map(|event| event.0), data }
    }
}

#[derive(Serialize)]
#[serde(bound = "Events<M>: Serialize")]
struct OutgoingBatch<M> {
    events: Events<M>,
    next: Text<Cursor>,
    more: bool,
}

struct Events<M>(M);

impl<'m, M: Iterator<Item = &'m Message> + Clone> Serialize for Events<M> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone().map(OutgoingEntry::of))
    }
}

#[derive(Serialize)]
struct OutgoingEntry<'a> {
    id: Text<Cursor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a str>,
    data: &'a str,
}

impl<'a> OutgoingEntry<'a> {
    fn of(message: &'a Message) -> Self {
        let event = message.event.as_ref().map(EventName::as_str);
        Self { id: Text(message.id), event, data: &message.data }
    }
}

#[derive(Deserialize)]
struct IncomingBatch<'a> {
    #[serde(borrow)]
    events: Vec<IncomingEntry<'a>>,
    next: Text<Cursor>,
    more: bool,
}

#[derive(Deserialize)]
struct IncomingEntry<'a> {
    id: Text<Cursor>,
    #[serde(borrow)]
    event: Option<Str<'a>>,
    #[serde(borrow)]
    data: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct WireReset {
    reset: Text<ResetReason>,
    oldest: Text<Cursor>,
    newest: Text<Cursor>,
}

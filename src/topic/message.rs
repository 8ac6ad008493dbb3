//! What a topic keeps, and a walk over it.

use super::{Cursor, EventName, Filter};
use alloc::boxed::Box;
use alloc::collections::vec_deque;
use core::iter::FusedIterator;

/// One message of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id, which is the cursor behind it.
    pub id: Cursor,
    /// What kind of message it is, if the publisher said so.
    pub event: Option<EventName>,
    /// What it says.
    pub data: Box<str>,
}

impl Message {
    /// What a message costs beside its data and name: its place in the log (64 bytes on a 64-bit machine, twice that
    /// where the log has just grown). Without it, empty messages would cost nothing and fill the memory. The same
    /// number on every machine, so that bounds mean the same everywhere.
    pub const OVERHEAD: usize = 128;

    /// What the message counts in a topic's [`Bounds`](super::Bounds), in bytes: its data, its event's name and
    /// [`OVERHEAD`](Self::OVERHEAD).
    #[must_use]
    pub fn cost(&self) -> usize {
        Self::cost_of(self.event.as_ref(), &self.data)
    }

    /// The same, of one that is not published yet.
    pub(crate) fn cost_of(event: Option<&EventName>, data: &str) -> usize {
        let event = event.map_or(0, |event| event.as_str().len());
        data.len().saturating_add(event).saturating_add(Self::OVERHEAD)
    }
}

/// Messages of a topic, oldest first; from [`Topic::read`](super::Topic::read) or
/// [`Topic::select`](super::Topic::select).
#[derive(Debug, Clone)]
pub struct Messages<'a> {
    rest: vec_deque::Iter<'a, Message>,
    /// How many of `rest` belong to it: the first that match.
    len: usize,
    filter: Filter,
}

impl<'a> Messages<'a> {
    pub(super) fn new(rest: vec_deque::Iter<'a, Message>) -> Self {
        Self { len: rest.len(), rest, filter: Filter::default() }
    }

    /// The first `len` that match; there must be so many.
    pub(super) fn filtered(self, filter: &Filter, len: usize) -> Self {
        Self { len, filter: filter.clone(), ..self }
    }

    /// The first of them: at most `messages`, and at most `bytes` by [`Message::cost`], but always one if there is one,
    /// for else a reader would never get past a message that is too big.
    #[must_use]
    pub fn batch(&self, messages: usize, bytes: usize) -> Self {
        let mut left = bytes;
        let fitting = self.clone().take(messages).take_while(|message| match left.checked_sub(message.cost()) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        });
        Self { len: fitting.count().max(1).min(self.len), ..self.clone() }
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = &'a Message;

    fn next(&mut self) -> Option<&'a Message> {
        self.len = self.len.checked_sub(1)?;
        self.rest.find(|message| self.filter.matches(message))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len, Some(self.len))
    }
}

impl ExactSizeIterator for Messages<'_> {}
impl FusedIterator for Messages<'_> {}

/// Equal if they give equal messages.
impl PartialEq for Messages<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.clone().eq(other.clone())
    }
}

impl Eq for Messages<'_> {}

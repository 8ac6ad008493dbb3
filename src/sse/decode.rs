//! The decoder: bytes in any split to events.
//!
//! ```text
//!   input ──▶ BOM? ──▶ LF of a CRLF? ──┬─ at a block's start ──▶ block::read   ── whole ──▶ event, borrowed
//!     │                                │                             │ not whole
//!     │                                └─ within a block ────▶ Assembly ────── whole ──▶ event, owned
//!     └─ short, and within a data line ─────────────────────────▶ │
//! ```

use super::assembly::Assembly;
use super::block::{self, Fields, Stop};
use super::limits::{DecodeError, DecoderLimits};
use super::scan::{LF, line_end_of_short, split_line, split_line_at};
use crate::Step;
use alloc::borrow::Cow;
use alloc::string::String;
use core::time::Duration;

/// The type of an event whose block has none (dispatching, the event's initial type).
const DEFAULT_EVENT: &str = "message";

/// The mark in front of a stream that is not part of it.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// What a part of an event stream means: a message, or what only a reconnection needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded<'a> {
    /// An event. The last event ID that it carries is [`Decoder::last_event_id`], until the next call of
    /// [`Decoder::receive`].
    Message {
        /// Its type; `message` if the block names none.
        event: Cow<'a, str>,
        /// Its data, the lines joined by LF. May be empty.
        data: Cow<'a, str>,
        /// The ID, if this block sets one; an empty one takes back the one before. Without one, that of an earlier
        /// block stays in force.
        id: Option<Cow<'a, str>>,
    },
    /// A block without data that set the last event ID, to this. No event is dispatched for it.
    LastEventId(Cow<'a, str>),
    /// The time to wait before reconnecting from now on. It takes effect with its line, so it comes before the event
    /// of its block. May be as short as nothing or as long as `u64::MAX` milliseconds: bound it.
    Retry(Duration),
}

impl Decoded<'_> {
    /// The same without a borrow, for keeping it while the input's buffer moves on.
    #[must_use]
    pub fn into_owned(self) -> Decoded<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        match self {
            Self::Message { event, data, id } => {
                Decoded::Message { event: owned(event), data: owned(data), id: id.map(owned) }
            }
            Self::LastEventId(id) => Decoded::LastEventId(owned(id)),
            Self::Retry(wait) => Decoded::Retry(wait),
        }
    }
}

/// Decodes an event stream.
///
/// Give the bytes as they come to [`receive`](Self::receive), until it makes no more events of them. At the end of the
/// stream call [`receive_eof`](Self::receive_eof); the same decoder then continues with the stream of the next
/// connection.
///
/// An event that lies whole in the input and has one line of data borrows it. Everything else is consumed as it
/// arrives and assembled inside, within [`DecoderLimits`]; no byte is looked at twice, so the time is linear in any
/// split, and the caller's buffer can have any size.
#[derive(Debug, Clone, Default)]
pub struct Decoder {
    limits: DecoderLimits,
    start: Start,
    /// The last line ended with a CR; an LF right behind it belongs to it.
    after_cr: bool,
    assembly: Assembly,
    last_event_id: String,
    failed: Option<DecodeError>,
}

/// How much of a byte order mark has come.
#[derive(Debug, Clone, Copy, Default)]
enum Start {
    #[default]
    Nothing,
    One,
    Two,
    /// The mark, or something else.
    Over,
}

impl Decoder {
    /// A decoder for a stream from its first byte.
    #[must_use]
    pub fn new(limits: DecoderLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// The same decoder, with a last event ID known from before, as for a program that stored it.
    #[must_use]
    pub fn with_last_event_id(mut self, id: impl Into<String>) -> Self {
        self.last_event_id = id.into();
        self
    }

    /// The last event ID: what to send as `Last-Event-ID` after a reconnect, if it is not empty. It moves only at the
    /// blank line that ends a block, whether or not the block has data.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// Takes the next bytes of the stream and gives the first thing that they mean. Call again with what was not
    /// consumed as long as there is an event; without one everything has been consumed.
    ///
    /// # Errors
    /// A line or an event over one of the [`DecoderLimits`]: nothing else can be wrong with an event stream. It is final,
    /// and comes again at every further call.
    #[inline]
    pub fn receive<'a>(&mut self, input: &'a [u8]) -> Result<Step<Decoded<'a>>, DecodeError> {
        let mut rest = input;
        // Within a data line nothing is pending: no mark, no LF, no error.
        if self.assembly.is_in_data(input, &self.limits) {
            let Some(end) = line_end_of_short(input) else {
                self.assembly.push_data(input);
                return Ok(Step::incomplete(input.len()));
            };
            rest = self.end_data_line(input, end);
        }
        self.decode(input, rest)
    }

    /// The stream ended. What is not complete is discarded, and its ID does not count (interpreting an event stream:
    /// the end of the stream). The next bytes are those of another stream from the same source; the last event ID
    /// stays.
    pub fn receive_eof(&mut self) {
        self.assembly.discard();
        self.start = Start::Nothing;
        self.after_cr = false;
    }

    /// Of `input` the `rest` is still to be taken.
    fn decode<'a>(&mut self, input: &'a [u8], mut rest: &'a [u8]) -> Result<Step<Decoded<'a>>, DecodeError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if !matches!(self.start, Start::Over) {
            rest = self.skip_bom(rest)?;
        }
        if self.after_cr {
            rest = self.skip_lf(rest);
        }
        while !rest.is_empty() {
            let (after, decoded) = if self.assembly.is_empty() { self.read_block(rest)? } else { self.assemble(rest)? };
            rest = after;
            if let Some(decoded) = decoded {
                return Ok(Step::event(input.len() - rest.len(), decoded));
            }
        }
        Ok(Step::incomplete(input.len()))
    }

    /// Takes the last piece of a data line and its end, which was found there.
    #[inline]
    fn end_data_line<'a>(&mut self, input: &'a [u8], end: usize) -> &'a [u8] {
        let Some(line) = split_line_at(input, end) else { return input };
        self.assembly.push_last_data(line.text);
        self.after_cr = line.cr_at_end;
        line.rest
    }

    /// Notes an error, which is final.
    #[cold]
    fn fail(&mut self, error: DecodeError) -> DecodeError {
        self.failed = Some(error);
        self.assembly.discard();
        error
    }

    /// Parsing an event stream: one byte order mark at its start is not part of it.
    #[cold]
    fn skip_bom<'a>(&mut self, input: &'a [u8]) -> Result<&'a [u8], DecodeError> {
        let seen = match self.start {
            Start::Nothing => 0,
            Start::One => 1,
            Start::Two => 2,
            Start::Over => return Ok(input),
        };
        let (before, missing) = BOM.split_at_checked(seen).unwrap_or_default();
        if let Some(rest) = input.strip_prefix(missing) {
            self.start = Start::Over;
            return Ok(rest);
        }
        if missing.starts_with(input) {
            self.start = match seen + input.len() {
                0 => Start::Nothing,
                1 => Start::One,
                _ => Start::Two,
            };
            return Ok(&[]);
        }
        // No mark after all: what looked like one is the beginning of a line.
        self.start = Start::Over;
        self.feed(before)?;
        Ok(input)
    }

    /// Parsing an event stream: CR and LF together are one line end, however late the LF comes.
    fn skip_lf<'a>(&mut self, input: &'a [u8]) -> &'a [u8] {
        if !input.is_empty() {
            self.after_cr = false;
        }
        input.strip_prefix(&[LF]).unwrap_or(input)
    }

    /// Reads on from the start of a block.
    #[inline]
    fn read_block<'a>(&mut self, input: &'a [u8]) -> Result<(&'a [u8], Option<Decoded<'a>>), DecodeError> {
        let front = block::read(input, &self.limits).map_err(|error| self.fail(error))?;
        self.after_cr = front.cr_at_end;
        let decoded = match front.stop {
            Stop::Blank => self.dispatch(&front.fields),
            Stop::Retry(wait) => {
                self.assembly.adopt(&front.fields);
                Some(Decoded::Retry(wait))
            }
            Stop::Data => {
                self.assembly.adopt(&front.fields);
                return self.assemble(front.rest);
            }
            Stop::Open => {
                self.assembly.adopt(&front.fields);
                self.feed(front.rest)?;
                return Ok((&[], None));
            }
        };
        Ok((front.rest, decoded))
    }

    /// Reads on within a block.
    fn assemble<'a>(&mut self, input: &'a [u8]) -> Result<(&'a [u8], Option<Decoded<'a>>), DecodeError> {
        let mut rest = input;
        while let Some(line) = split_line(rest) {
            rest = line.rest;
            self.after_cr = line.cr_at_end;
            self.feed(line.text)?;
            if self.assembly.at_line_start() {
                return Ok((rest, self.dispatch_assembled()));
            }
            if let Some(wait) = self.assembly.end_line(&self.limits).map_err(|error| self.fail(error))? {
                return Ok((rest, Some(Decoded::Retry(wait))));
            }
        }
        self.feed(rest)?;
        Ok((&[], None))
    }

    #[inline]
    fn feed(&mut self, piece: &[u8]) -> Result<(), DecodeError> {
        self.assembly.feed(piece, &self.limits).map_err(|error| self.fail(error))
    }

    /// Dispatching an event, for a block in the input.
    #[inline]
    fn dispatch<'a>(&mut self, fields: &Fields<'a, [u8]>) -> Option<Decoded<'a>> {
        let Some(texts) = fields.texts() else {
            // What is not UTF-8 cannot be borrowed as text.
            self.assembly.adopt(fields);
            return self.dispatch_assembled();
        };
        if let Some(id) = texts.id {
            self.set_last_event_id(id);
        }
        let id = texts.id.map(Cow::Borrowed);
        let Some(data) = texts.data else { return id.map(Decoded::LastEventId) };
        let event = texts.event.filter(|event| !event.is_empty()).unwrap_or(DEFAULT_EVENT);
        Some(Decoded::Message { event: Cow::Borrowed(event), data: Cow::Borrowed(data), id })
    }

    /// Dispatching an event, for a block from several pieces of input.
    fn dispatch_assembled(&mut self) -> Option<Decoded<'static>> {
        let id = self.assembly.id().map(Cow::into_owned);
        if let Some(id) = &id {
            self.set_last_event_id(id);
        }
        let id = id.map(Cow::Owned);
        let event = self.assembly.event().map_or(Cow::Borrowed(DEFAULT_EVENT), |event| Cow::Owned(event.into_owned()));
        match self.assembly.finish() {
            Some(data) => Some(Decoded::Message { event, data: Cow::Owned(data), id }),
            None => id.map(Decoded::LastEventId),
        }
    }

    /// Dispatching, first step: the ID of the block comes into force.
    #[inline]
    fn set_last_event_id(&mut self, id: &str) {
        self.last_event_id.clear();
        self.last_event_id.push_str(id);
    }
}

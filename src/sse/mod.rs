//! Server-Sent Events: the `text/event-stream` format of the WHATWG HTML standard, section "Server-sent events".
//!
//! A stream is lines, a block is lines up to a blank one, and each block moves the last event ID, dispatches an event,
//! or does neither:
//!
//! ```text
//!   : a comment, for keeping the connection alive   no meaning
//!   retry: 3000                                     from now on wait 3 s before reconnecting
//!   id: 1718000000000-7                             is sent as Last-Event-ID after a reconnect
//!   event: price                                    the type; "message" without it
//!   data: {"symbol":"X",                            lines are joined by LF
//!   data:  "price":12}
//!                                                   the blank line: dispatch
//! ```
//!
//! [`Event`] writes blocks, [`Decoder`] reads them back from bytes in any split. [`EventSource`] has a decoder and knows
//! when to connect, what to ask for, and what the answer leads to: a client without its sockets.
//!
//! Where messages of a topic were lost a server of this crate says so in an event of its own,
//! [`tidings.reset`](crate::topic::RESET_EVENT).
//!
//! ```
//! use bytes::BytesMut;
//! use tidings::sse::{Decoded, Decoder, Event};
//!
//! let mut wire = BytesMut::new();
//! Event::message("one\ntwo").with_id("7").encode(&mut wire)?;
//! assert_eq!(wire, "id: 7\ndata: one\ndata: two\n\n");
//!
//! let mut decoder = Decoder::default();
//! let step = decoder.receive(&wire)?;
//! assert_eq!(step.consumed, wire.len());
//! let Some(Decoded::Message { event, data, .. }) = step.event else { panic!("a message was sent") };
//! assert_eq!((&*event, &*data), ("message", "one\ntwo"));
//! assert_eq!(decoder.last_event_id(), "7");
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod assembly;
mod block;
mod decode;
mod event;
mod event_source;
mod field;
mod limits;
mod request;
mod scan;
mod text;

pub use decode::{Decoded, Decoder};
pub use event::{Event, SendError};
pub use event_source::{EventSource, ReadyState, Response};
pub use limits::{DecodeError, DecoderLimits};
pub use request::Request;

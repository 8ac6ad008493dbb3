//! One connection in two: a half that receives and a half that sends, for two owners that share no lock for each message.
//!
//! ```text
//!  input ──▶ Receiver ──▶ Event
//!               └─ Answers: Pongs, a Close ─┐ now and then
//!                                           ▼
//!  text, data ──▶ Sender ───── frames ────▶ output
//! ```
//!
//! Receiving needs nothing of what sending does, but for the answers: each half has the window of its own direction
//! (RFC 7692 §7.2) and masking keys of its own, and control frames may stand between any two frames (RFC 6455 §5.4). What
//! the two share is one bit, whether a Close has gone out.

use super::connection::State;
use super::{CloseCode, Connection, Event, Prepared, ProtocolError, Role, SendError};
use crate::{Step, Transport};
use alloc::boxed::Box;
#[cfg(feature = "tokio")]
use bytes::Bytes;
use bytes::BytesMut;

/// The half of a [`Connection`] that takes input and gives events. See [`Connection::split`].
#[derive(Debug)]
pub struct Receiver(Connection);

/// The half of a [`Connection`] that appends frames. See [`Connection::split`].
#[derive(Debug)]
pub struct Sender(Connection);

/// What a [`Receiver`] has to say: whole frames, for whoever owns the output to put between any two of its own.
///
/// At most [`Config::max_unsent`](super::Config::max_unsent) bytes of Pongs and one more, and one Close.
#[derive(Debug, Default)]
pub struct Answers {
    frames: BytesMut,
    /// Where in them the Close begins, which is the last.
    close_at: Option<usize>,
}

impl Connection {
    /// The two halves, at any time and for good, also in the midst of messages.
    ///
    /// Beside the output keep whether a Close is in it or was: [`Answers::write`] asks for it and notes it, a
    /// [`Sender::close`] makes it true.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use tidings::ws::{Answers, Config, Connection, Event};
    ///
    /// let (mut receiver, mut sender) = Connection::server(Config::default()).split();
    /// let (mut answers, mut output, mut close_sent) = (Answers::default(), BytesMut::new(), false);
    ///
    /// let mut input = *b"\x89\x81\0\0\0\0?"; // a Ping
    /// let step = receiver.receive(&mut input, &mut answers)?;
    /// assert_eq!(step.event, Some(Event::Ping(b"?")));
    ///
    /// sender.send_text("Hello", &mut output)?; // meanwhile, by somebody else
    /// answers.write(&mut close_sent, &mut output);
    /// assert_eq!(&output[..], b"\x81\x05Hello\x8a\x01?");
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn split(self) -> (Receiver, Sender) {
        let (into, out) = self.codec.map(|codec| codec.split()).unzip();
        let receiver = Self {
            config: self.config.clone(),
            state: self.state,
            keys: self.keys.another(),
            codec: into.map(Box::new),
            sending: None,
            message: self.message,
            frame: self.frame,
            ahead: self.ahead,
            owed_pong: self.owed_pong,
            is_calm: self.is_calm,
        };
        let sender = Self {
            config: self.config,
            state: self.state,
            keys: self.keys,
            codec: out.map(Box::new),
            sending: self.sending,
            message: None,
            frame: None,
            ahead: None,
            owed_pong: None,
            is_calm: false,
        };
        (Receiver(receiver), Sender(sender))
    }
}

impl Receiver {
    /// As [`Connection::receive`]. What is to be answered goes into `answers`; hand it over before you wait, and call
    /// again, without input if there is none, once it was taken: a Pong may be owed for which there was no room.
    ///
    /// # Errors
    /// The peer broke the protocol or a limit. The Close that says so is in `answers`; the error is final.
    #[inline]
    pub fn receive<'a>(
        &mut self,
        input: &'a mut [u8],
        answers: &mut Answers,
    ) -> Result<Step<Event<'a>>, ProtocolError> {
        if self.0.owed_pong.is_some() {
            self.0.pay_owed_pong(&mut answers.frames);
        }
        let (was_open, before) = (self.0.state == State::Open, answers.frames.len());
        let received = self.0.receive(input, &mut answers.frames);
        // With the Close, if it is this that ends it, nothing else was appended: before it an event would have come.
        if was_open && self.0.state != State::Open {
            answers.close_at = Some(before);
        }
        received
    }

    /// As [`Connection::receive_eof`](Connection::receive_eof).
    pub fn receive_eof(&mut self) -> super::Ending {
        self.0.receive_eof()
    }

    /// The other half has sent a Close: the peer's one is the answer to it.
    pub fn close_sent(&mut self) {
        if self.0.state == State::Open {
            self.0.state = State::CloseSent;
        }
    }

    /// Asks for a sign of life, unless a Close was sent or received.
    pub fn ping(&mut self, answers: &mut Answers) {
        let _ = self.0.ping(&[], &mut answers.frames);
    }

    /// Whether neither side has closed, as far as this half knows.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.is_open()
    }

    /// As [`Connection::transport`](Connection::transport), once the output is written.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.0.transport()
    }

    /// As [`Connection::unfinished`](Connection::unfinished).
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.0.unfinished()
    }

    /// Which side this is.
    #[must_use]
    pub fn role(&self) -> Role {
        self.0.role()
    }
}

impl Answers {
    /// Whether there is nothing to say.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Appends them to the output, and leaves nothing here. A Close goes only if none has gone before (RFC 6455 §5.5.1),
    /// which is what `close_sent` says, and is then told to say.
    pub fn write(&mut self, close_sent: &mut bool, output: &mut BytesMut) {
        let close_at = self.close_at.take();
        let end = close_at.filter(|_| *close_sent).unwrap_or(self.frames.len());
        output.extend_from_slice(self.frames.get(..end).unwrap_or_default());
        self.frames.clear();
        *close_sent |= close_at.is_some();
    }
}

/// The methods of [`Connection`] that send.
macro_rules! sending {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*);)*) => {
        impl Sender {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                #[doc = concat!("As [`Connection::", stringify!($name), "`].")]
                #[inline]
                pub fn $name(&mut self, $($argument: $type,)* output: &mut BytesMut) -> Result<(), SendError> {
                    self.0.$name($($argument,)* output)
                }
            )*
        }
    };
}

sending! {
    /// Sends a text message in one frame.
    send_text(text: &str);
    /// Sends a binary message in one frame.
    send_binary(data: &[u8]);
    /// Sends a part of a text message as a fragment.
    send_text_fragment(text: &str, last: bool);
    /// Sends a part of a binary message as a fragment.
    send_binary_fragment(data: &[u8], last: bool);
    /// Sends a message that was encoded once for many connections.
    send_prepared(message: &Prepared);
    /// Sends a Ping.
    ping(payload: &[u8]);
    /// Sends a Pong that nobody asked for.
    pong(payload: &[u8]);
    /// Begins the closing handshake. Tell the other half: [`Receiver::close_sent`].
    close(code: CloseCode, reason: &str);
}

#[cfg(feature = "tokio")]
impl Sender {
    /// As [`Connection::prepared_frame`].
    pub(crate) fn prepared_frame<'m>(&mut self, message: &'m Prepared) -> Result<Option<&'m Bytes>, SendError> {
        self.0.prepared_frame(message)
    }

    /// As [`Connection::send_binary_header`].
    pub(crate) fn send_binary_header(&mut self, payload_len: usize, output: &mut BytesMut) -> Result<bool, SendError> {
        self.0.send_binary_header(payload_len, output)
    }
}

impl Sender {
    /// A Close of the other half has gone out: nothing more may be sent (RFC 6455 §5.5.1).
    pub fn close_sent(&mut self) {
        self.0.state = State::Closed;
    }

    /// Whether data may still be sent, as far as this half knows.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.is_open()
    }

    /// Which side this is.
    #[must_use]
    pub fn role(&self) -> Role {
        self.0.role()
    }
}

//! The connection after the handshake: bytes in, events out (RFC 6455 §5 to §8).
//!
//! The closing handshake as a table, by what happens:
//!
//! | state       | `close()`     | Close arrives       | a violation          | may send data | socket       |
//! |-------------|---------------|---------------------|----------------------|---------------|--------------|
//! | `Open`      | → `CloseSent` | echo it → `Closed`  | write Close → `Failed` | yes         | keep open    |
//! | `CloseSent` | refused       | → `Closed`          | → `Failed`           | no            | keep open    |
//! | `Closed`    | refused       | ignored, as all is  | –                    | no            | see [`Connection::transport`] |
//! | `Failed`    | refused       | the same error again | –                   | no            | half-close   |

use super::assembly::Assembly;
use super::frame::{MAX_CONTROL_PAYLOAD, MAX_HEADER};
use super::handshake::Extensions;
use super::receive::{Ahead, ControlPayload, OpenFrame};
use super::send::{Keys, Sending};
use super::{Codec, Config, Ending, Event, ProtocolError, Role, mask, utf8};
use crate::{Step, Transport};
use alloc::borrow::Cow;
use alloc::boxed::Box;
use bytes::BytesMut;

/// One WebSocket connection, either role, after its handshake.
///
/// Its methods are of four kinds: [`receive`](Self::receive) and [`receive_eof`](Self::receive_eof) take in what the
/// socket gave; [`send_text`](Self::send_text), [`send_binary`](Self::send_binary), [`ping`](Self::ping),
/// [`pong`](Self::pong) and [`close`](Self::close) append frames to `output`; [`transport`](Self::transport) tells what
/// to do with the socket once `output` is written; the rest are getters.
///
/// Where one thread reads and others send, put the connection *and* its output into one `Mutex`, so that frames go out in
/// the order in which they were made; block on the socket outside of it. Or [`split`](Self::split) it, and only the answers
/// have to go from one to the other.
///
/// ```
/// use bytes::BytesMut;
/// use tidings::ws::{Config, Connection, Event};
///
/// let mut connection = Connection::server(Config::default());
/// let mut output = BytesMut::new();
/// // "Hello", masked, as in RFC 6455 §5.7
/// let mut input = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
///
/// let step = connection.receive(&mut input, &mut output)?;
/// assert_eq!(step.consumed, 11);
/// let Some(Event::Text(text)) = step.event else { panic!() };
/// connection.send_text(&text, &mut output)?; // the event borrows the input, not the connection
/// assert_eq!(&output[..], b"\x81\x05Hello");
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Connection {
    pub(super) config: Config,
    pub(super) state: State,
    pub(super) keys: Keys,
    pub(super) codec: Option<Box<Codec>>,
    /// The message that is being sent in fragments.
    pub(super) sending: Option<Sending>,
    /// The data message that is open, if it does not lie whole in the input.
    pub(super) message: Option<Assembly>,
    /// The data frame whose header was consumed and whose payload is still arriving.
    pub(super) frame: Option<OpenFrame>,
    /// How far the work on a frame that waits in the caller's buffer has come.
    pub(super) ahead: Option<Ahead>,
    pub(super) owed_pong: Option<ControlPayload>,
    /// Nothing is under way: no message, no frame, no Pong owed, and not closed.
    pub(super) is_calm: bool,
}

/// Of the closing handshake: it has begun with the first Close, sent or received (§7.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Open,
    CloseSent,
    Closed,
    Failed(ProtocolError),
    Ended(Ending),
}

impl Connection {
    /// The input buffer must be able to hold this many bytes: the longest control frame, for these are never handed out in
    /// parts. [`Config::input_buffer`] tells how many it does hold; 16 to 64 KiB are usual, since the more messages lie
    /// whole in it, the faster.
    pub const MIN_INPUT: usize = MAX_HEADER + MAX_CONTROL_PAYLOAD;

    /// The server's side.
    #[must_use]
    pub fn server(config: Config) -> Self {
        Self::new(config, Keys::None)
    }

    /// The client's side. `random` fills masking keys and must be unpredictable to the peer (§5.3); with the feature
    /// `std`, `tidings::system_random` is. Without it, it is a function over the generator that the machine has; being a
    /// plain `fn`, it finds the generator's state, if there is any, in a `static`.
    #[must_use]
    pub fn client(config: Config, random: fn(&mut [u8])) -> Self {
        Self::new(config, Keys::random(random))
    }

    fn new(config: Config, keys: Keys) -> Self {
        Self {
            config,
            state: State::Open,
            keys,
            codec: None,
            sending: None,
            message: None,
            frame: None,
            ahead: None,
            owed_pong: None,
            is_calm: true,
        }
    }

    /// Uses the extensions that the handshake has agreed on.
    #[must_use]
    pub fn with_extensions(mut self, extensions: &Extensions) -> Self {
        self.codec = extensions.codec(self.role());
        self
    }

    /// Which side this is.
    #[must_use]
    pub fn role(&self) -> Role {
        match self.keys {
            Keys::None => Role::Server,
            Keys::Random { .. } => Role::Client,
        }
    }

    /// Whether data may still be sent: no Close frame has gone out.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Bytes of memory that the message takes of which a part has arrived: for who grants many connections only so much
    /// together. At most about [`Config::max_message`], and nothing between two messages.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.message.as_ref().map_or(0, Assembly::memory)
    }

    /// What to do with the socket once `output` is written.
    ///
    /// After both Close frames the server ends the stream first and the client waits for that (§7.1.1); after a
    /// violation each side ends its own stream and reads until the other's end, so that the Close frame is not lost to
    /// a reset. Whoever waits sets a deadline.
    #[must_use]
    pub fn transport(&self) -> Transport {
        match self.state {
            State::Open | State::CloseSent => Transport::KeepOpen,
            State::Closed if self.role() == Role::Client => Transport::KeepOpen,
            State::Closed | State::Failed(_) => Transport::HalfClose,
            State::Ended(_) => Transport::Close,
        }
    }

    /// Takes input, in place: payloads are unmasked where they lie.
    ///
    /// At most one event a call; `None` means that more bytes are needed. Of a frame larger than
    /// [`Config::input_buffer`] the parts are consumed as they arrive; a smaller one stays, and must be shown again as it
    /// is then, with more behind it: what has come of it may be unmasked already. Pongs and the answer to a Close are
    /// appended to `output`; write it before you wait.
    ///
    /// # Errors
    /// The peer broke the protocol or a limit. The Close frame that says so is in `output`; the error is final and
    /// comes again at every further call. Forget the rest of the input, and whatever comes after it: write the output and
    /// do as [`transport`](Self::transport) says (§7.1.7).
    #[inline]
    pub fn receive<'a>(
        &mut self,
        input: &'a mut [u8],
        output: &mut BytesMut,
    ) -> Result<Step<Event<'a>>, ProtocolError> {
        let Some(frame) = self.plain_frame(input) else {
            // What a caller's loop ends with: everything was used.
            return if input.is_empty() && self.is_calm {
                Ok(Step::incomplete(0))
            } else {
                self.receive_any(input, output)
            };
        };
        let payload = &mut input[frame.payload_at..frame.end];
        if let Some(key) = frame.key {
            mask::apply(key, payload);
        }
        if !frame.is_text {
            return Ok(Step::event(frame.end, Event::Binary(Cow::Borrowed(payload))));
        }
        let Ok(text) = utf8::whole(payload) else {
            self.fail(ProtocolError::InvalidUtf8, output); // §8.1
            return Err(ProtocolError::InvalidUtf8);
        };
        Ok(Step::event(frame.end, Event::Text(Cow::Borrowed(text))))
    }

    /// The TCP stream ended, in good order or not. The connection is over: clean only behind both Close frames (§7.1.4),
    /// else it has failed (§7.2.1).
    pub fn receive_eof(&mut self) -> Ending {
        let ending = match self.state {
            State::Closed => Ending::Clean,
            State::Ended(ending) => ending,
            _ => Ending::Abnormal,
        };
        self.state = State::Ended(ending);
        self.is_calm = false;
        ending
    }
}

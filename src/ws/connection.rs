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

use super::assembly::{Assembly, Inflating};
use super::frame::{Header, MAX_CONTROL_PAYLOAD, MAX_HEADER, Opcode};
use super::handshake::Extensions;
use super::send::{Keys, Sending};
use super::utf8::{self, Validator};
use super::{CloseFrame, Codec, Config, Delivery, ProtocolError, Role, mask};
use crate::{Step, Transport};
use alloc::borrow::Cow;
use alloc::boxed::Box;
use bytes::BytesMut;

/// What arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// A whole text message: borrowed where it lay whole in the input, owned where it was assembled.
    Text(Cow<'a, str>),
    /// A whole binary message, likewise.
    Binary(Cow<'a, [u8]>),
    /// The next piece of a text message, cut between code points, under [`Delivery::Chunks`].
    TextChunk {
        /// The piece; only the last may be empty.
        text: Cow<'a, str>,
        /// Whether the message ends with it.
        last: bool,
    },
    /// The next piece of a binary message, likewise.
    BinaryChunk {
        /// The piece; only the last may be empty.
        data: Cow<'a, [u8]>,
        /// Whether the message ends with it.
        last: bool,
    },
    /// A Ping; its Pong is already in `output` (or owed, see [`Config::max_unsent`]).
    Ping(&'a [u8]),
    /// A Pong, asked for or not (§5.5.3).
    Pong(&'a [u8]),
    /// The peer closes, and says why or not. The answer, if one was due, is already in `output`; nothing follows.
    Close(Option<CloseFrame<'a>>),
}

impl Event<'_> {
    /// Bytes of payload.
    #[must_use]
    pub fn payload_len(&self) -> usize {
        match self {
            Self::Text(text) | Self::TextChunk { text, .. } => text.len(),
            Self::Binary(data) | Self::BinaryChunk { data, .. } => data.len(),
            Self::Ping(data) | Self::Pong(data) => data.len(),
            Self::Close(close) => close.map_or(0, |close| 2 + close.reason.len()),
        }
    }
}

/// How the TCP stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// After Close frames in both directions (§7.1.4).
    Clean,
    /// Without them: what the field calls close code 1006. Messages may have been lost.
    Abnormal,
}

/// One WebSocket connection, either role, after its handshake.
///
/// Its methods are of four kinds: [`receive`](Self::receive) and [`receive_eof`](Self::receive_eof) take in what the
/// socket gave; [`send_text`](Self::send_text), [`send_binary`](Self::send_binary), [`ping`](Self::ping),
/// [`pong`](Self::pong) and [`close`](Self::close) append frames to `output`; [`transport`](Self::transport) tells what
/// to do with the socket once `output` is written; the rest are getters.
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
    message: Option<Assembly>,
    /// The data frame whose header was consumed and whose payload is still arriving.
    frame: Option<OpenFrame>,
    /// How far the text of a frame that waits in the caller's buffer was checked.
    checked_ahead: Option<CheckedAhead>,
    owed_pong: Option<ControlPayload>,
    /// Nothing is under way: no message, no frame, no Pong owed, and not closed.
    is_calm: bool,
}

/// See [`Connection::plain_frame`].
struct PlainFrame {
    is_text: bool,
    key: Option<[u8; 4]>,
    payload_at: usize,
    end: usize,
}

const FIN_TEXT: u8 = 0x81;
const FIN_BINARY: u8 = 0x82;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Open,
    CloseSent,
    Closed,
    Failed(ProtocolError),
    Ended(Ending),
}

#[derive(Debug)]
struct OpenFrame {
    fin: bool,
    /// The key, rotated to the next byte.
    mask: Option<[u8; 4]>,
    remaining: u64,
}

impl OpenFrame {
    /// What `input` has of the payload, unmasked, and what is behind it.
    fn take<'a>(&mut self, input: &'a mut [u8]) -> (&'a mut [u8], &'a mut [u8]) {
        let len = usize::try_from(self.remaining).map_or(input.len(), |remaining| remaining.min(input.len()));
        let (piece, behind) = input.split_at_mut(len);
        if let Some(key) = &mut self.mask {
            mask::apply(*key, piece);
            *key = mask::rotated(*key, len as u64);
        }
        self.remaining -= len as u64;
        (piece, behind)
    }
}

#[derive(Debug)]
struct CheckedAhead {
    bytes: usize,
    utf8: Validator,
}

#[derive(Debug)]
struct ControlPayload {
    bytes: [u8; MAX_CONTROL_PAYLOAD],
    len: usize,
}

impl Connection {
    /// The input buffer must be able to hold this many bytes: a smaller frame stays in it until it is whole. More is
    /// faster, since more messages then lie whole in it; 16 to 64 KiB are usual.
    pub const MIN_INPUT: usize = 4096;

    /// The server's side.
    #[must_use]
    pub fn server(config: Config) -> Self {
        Self::new(config, Keys::None)
    }

    /// The client's side. `random` fills masking keys and must be unpredictable to the peer (§5.3); with the feature
    /// `std`, `tidings::system_random` is.
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
            checked_ahead: None,
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
    /// [`MIN_INPUT`](Self::MIN_INPUT) the parts are consumed as they arrive; a smaller one stays, and must be shown again
    /// as it is with more behind it. Pongs and the answer to a Close are appended to `output`; write it before you wait.
    ///
    /// # Errors
    /// The peer broke the protocol or a limit. The Close frame that says so is in `output`; the error is final and
    /// comes again at every further call.
    #[inline]
    pub fn receive<'a>(
        &mut self,
        input: &'a mut [u8],
        output: &mut BytesMut,
    ) -> Result<Step<Event<'a>>, ProtocolError> {
        let Some(frame) = self.plain_frame(input) else { return self.receive_any(input, output) };
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

    /// What nearly every input begins with: a message that lies whole in it, in one small uncompressed frame, and
    /// nothing was left over from before. The general path gives the same for it, and takes twice the time.
    #[inline]
    fn plain_frame(&self, input: &[u8]) -> Option<PlainFrame> {
        const MASK: u8 = 0x80;
        let &[first, second, ref rest @ ..] = input else { return None };
        let is_text = first == FIN_TEXT;
        if !self.is_calm || !(is_text || first == FIN_BINARY) {
            return None;
        }
        let (len, length_bytes) = match second & !MASK {
            126 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), 2),
            127 => return None,
            len => (usize::from(len), 0),
        };
        if (length_bytes == 2 && len < 126) || len > self.config.max_frame.min(self.config.max_message) {
            return None;
        }
        let (key, key_bytes) = match (&self.keys, second & MASK != 0) {
            (Keys::None, true) => (Some(*rest.get(length_bytes..)?.first_chunk()?), 4),
            (Keys::Random { .. }, false) => (None, 0),
            _ => return None,
        };
        let payload_at = 2 + length_bytes + key_bytes;
        let end = payload_at + len;
        (end <= input.len()).then_some(PlainFrame { is_text, key, payload_at, end })
    }

    /// Any input, in any state.
    fn receive_any<'a>(
        &mut self,
        input: &'a mut [u8],
        output: &mut BytesMut,
    ) -> Result<Step<Event<'a>>, ProtocolError> {
        let step = self.receive_general(input, output);
        self.is_calm = matches!(self.state, State::Open | State::CloseSent)
            && self.message.is_none()
            && self.frame.is_none()
            && self.checked_ahead.is_none()
            && self.owed_pong.is_none();
        step
    }

    fn receive_general<'a>(
        &mut self,
        input: &'a mut [u8],
        output: &mut BytesMut,
    ) -> Result<Step<Event<'a>>, ProtocolError> {
        if self.owed_pong.is_some() {
            self.pay_owed_pong(output);
        }
        match self.state {
            State::Open | State::CloseSent => {}
            // §5.5.1: after its Close the peer has nothing more to say.
            State::Closed | State::Ended(_) => return Ok(Step::incomplete(input.len())),
            State::Failed(error) => return Err(error),
        }
        self.step(input, output).inspect_err(|&error| self.fail(error, output))
    }

    /// The TCP stream ended, in good order or not. The connection is over.
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

    #[inline]
    fn step<'a>(&mut self, mut rest: &'a mut [u8], output: &mut BytesMut) -> Result<Step<Event<'a>>, ProtocolError> {
        let total = rest.len();
        loop {
            if let Some(frame) = &mut self.frame {
                let (piece, behind) = frame.take(rest);
                rest = behind;
                let (is_whole, fin) = (frame.remaining == 0, frame.fin);
                if is_whole {
                    self.frame = None;
                }
                if let Some(event) = self.take_piece(piece, is_whole && fin)? {
                    return Ok(Step::event(total - rest.len(), event));
                }
                if !is_whole {
                    return Ok(Step::incomplete(total));
                }
            }
            let Some((header, header_len)) = Header::parse(rest)? else {
                return Ok(Step::incomplete(total - rest.len()));
            };
            self.admit(&header)?;
            let Some(frame_len) = whole_in(rest.len(), header_len, header.payload_len) else {
                if header.payload_len <= (Self::MIN_INPUT - MAX_HEADER) as u64 {
                    self.check_ahead(&header, &rest[header_len..])?;
                    return Ok(Step::incomplete(total - rest.len()));
                }
                rest = &mut rest[header_len..];
                self.open_message(&header);
                self.frame = Some(OpenFrame { fin: header.fin, mask: header.mask, remaining: header.payload_len });
                continue;
            };
            let (frame, behind) = rest.split_at_mut(frame_len);
            rest = behind;
            let payload = &mut frame[header_len..];
            if let Some(key) = header.mask {
                mask::apply(key, payload);
            }
            if let Some(event) = self.whole_frame(&header, payload, output)? {
                return Ok(Step::event(total - rest.len(), event));
            }
        }
    }

    /// What is wrong with a header here and now, found before any of its payload is there.
    #[inline]
    fn admit(&self, header: &Header) -> Result<(), ProtocolError> {
        // §5.1: a client masks every frame, a server none.
        match (self.role(), header.mask) {
            (Role::Server, None) => return Err(ProtocolError::Unmasked),
            (Role::Client, Some(_)) => return Err(ProtocolError::Masked),
            _ => {}
        }
        // §5.2, RFC 7692 §6: the bit marks a compressed message, at its first frame, if that was negotiated.
        if header.rsv1 && (self.codec.is_none() || !matches!(header.opcode, Opcode::Text | Opcode::Binary)) {
            return Err(ProtocolError::ReservedBits);
        }
        if header.opcode.is_control() {
            return Ok(());
        }
        // §5.4: a message's first frame has its type, all others are continuations.
        let continues = header.opcode == Opcode::Continuation;
        let (so_far, fragments, is_compressed) = match &self.message {
            None if continues => return Err(ProtocolError::UnexpectedContinuation),
            Some(_) if !continues => return Err(ProtocolError::ExpectedContinuation),
            None => (0, 0, header.rsv1),
            Some(message) => (message.len(), message.fragments, message.is_compressed()),
        };
        if header.payload_len > self.config.max_frame as u64 {
            return Err(ProtocolError::FrameTooBig);
        }
        // What a compressed message amounts to shows only when it is inflated.
        if !is_compressed && header.payload_len > (self.config.max_message as u64).saturating_sub(so_far as u64) {
            return Err(ProtocolError::MessageTooBig);
        }
        if fragments >= self.config.max_fragments {
            return Err(ProtocolError::TooManyFragments);
        }
        Ok(())
    }

    /// A frame that lies whole in the input, unmasked.
    #[inline]
    fn whole_frame<'a>(
        &mut self,
        header: &Header,
        payload: &'a [u8],
        output: &mut BytesMut,
    ) -> Result<Option<Event<'a>>, ProtocolError> {
        self.checked_ahead = None;
        match header.opcode {
            Opcode::Text if header.fin && !header.rsv1 => {
                let text = utf8::whole(payload).map_err(|_| ProtocolError::InvalidUtf8)?; // §8.1
                Ok(Some(Event::Text(Cow::Borrowed(text))))
            }
            Opcode::Binary if header.fin && !header.rsv1 => Ok(Some(Event::Binary(Cow::Borrowed(payload)))),
            Opcode::Text | Opcode::Binary | Opcode::Continuation => {
                self.open_message(header);
                self.take_piece(payload, header.fin)
            }
            Opcode::Ping => {
                self.answer_ping(payload, output);
                Ok(Some(Event::Ping(payload)))
            }
            Opcode::Pong => Ok(Some(Event::Pong(payload))),
            Opcode::Close => self.receive_close(payload, output).map(Some),
        }
    }

    /// Begins the message of a data frame, if the frame is its first, and counts the frame.
    fn open_message(&mut self, header: &Header) {
        let is_text = header.opcode == Opcode::Text;
        let message = self.message.get_or_insert_with(|| Assembly::new(is_text, header.rsv1));
        message.fragments += 1;
    }

    /// Adds unmasked payload to the open message: an event if the message is whole, or chunks are wanted.
    fn take_piece<'a>(&mut self, piece: &'a [u8], last: bool) -> Result<Option<Event<'a>>, ProtocolError> {
        let Some(mut message) = self.message.take() else { return Ok(None) };
        let mut inflating = Inflating { codec: self.codec.as_deref_mut(), limit: self.config.max_message };
        let event = match self.config.delivery {
            Delivery::Chunks => message.chunk(piece, last, &mut inflating)?,
            Delivery::Whole => {
                message.reserve(piece.len(), self.frame.as_ref().map_or(0, |frame| frame.remaining));
                message.push(piece, &mut inflating)?;
                if last {
                    return message.finish(&mut inflating).map(Some);
                }
                None
            }
        };
        if !last {
            self.message = Some(message);
        }
        Ok(event)
    }

    /// Checks the text of a frame that stays in the caller's buffer until it is whole, so that a bad byte fails the
    /// connection although the frame is unfinished (§8.1). Each byte is looked at once, in a copy: the caller's bytes
    /// stay as they are.
    fn check_ahead(&mut self, header: &Header, payload: &[u8]) -> Result<(), ProtocolError> {
        let utf8 = match (header.opcode, &self.message) {
            (Opcode::Text, _) if !header.rsv1 => Validator::default(),
            (Opcode::Continuation, Some(message)) => match message.validator() {
                Some(validator) => validator,
                None => return Ok(()),
            },
            _ => return Ok(()),
        };
        let ahead = self.checked_ahead.get_or_insert(CheckedAhead { bytes: 0, utf8 });
        let mut scratch = [0; 128];
        for piece in payload.get(ahead.bytes..).unwrap_or_default().chunks(scratch.len()) {
            let copy = &mut scratch[..piece.len()];
            copy.copy_from_slice(piece);
            if let Some(key) = header.mask {
                mask::apply(mask::rotated(key, ahead.bytes as u64), copy);
            }
            ahead.utf8.push(copy, |_| {}).map_err(|_| ProtocolError::InvalidUtf8)?;
            ahead.bytes += piece.len();
        }
        Ok(())
    }

    /// §5.5.2: a Ping is answered with a Pong of the same payload, unless a Close was sent.
    fn answer_ping(&mut self, payload: &[u8], output: &mut BytesMut) {
        if self.state != State::Open {
            return;
        }
        if output.len() < self.config.max_unsent {
            self.write_frame(Opcode::Pong, payload, output);
        } else {
            // §5.5.3: of several Pings that are not answered yet, only the newest need be.
            let mut owed = ControlPayload { bytes: [0; MAX_CONTROL_PAYLOAD], len: payload.len() };
            owed.bytes[..payload.len()].copy_from_slice(payload);
            self.owed_pong = Some(owed);
        }
    }

    #[cold]
    fn pay_owed_pong(&mut self, output: &mut BytesMut) {
        if output.len() >= self.config.max_unsent {
            return;
        }
        if let Some(owed) = self.owed_pong.take()
            && self.state == State::Open
        {
            self.write_frame(Opcode::Pong, &owed.bytes[..owed.len], output);
        }
    }

    /// §5.5.1: the first Close is answered with one of the same code, and nothing follows it.
    fn receive_close<'a>(&mut self, payload: &'a [u8], output: &mut BytesMut) -> Result<Event<'a>, ProtocolError> {
        let close = CloseFrame::parse(payload)?;
        if self.state == State::Open {
            self.write_close(close.map(|close| (close.code, "")), output);
        }
        self.state = State::Closed;
        self.message = None;
        Ok(Event::Close(close))
    }

    /// §7.1.7: tells the peer why, if nothing was sent that says the connection ends.
    #[cold]
    fn fail(&mut self, error: ProtocolError, output: &mut BytesMut) {
        if self.state == State::Open {
            self.write_close(Some((error.close_code(), error.as_str())), output);
        }
        self.state = State::Failed(error);
        self.is_calm = false;
        self.message = None;
        self.frame = None;
    }
}

/// The length of a frame if the whole of it is among `available` bytes.
#[inline]
fn whole_in(available: usize, header_len: usize, payload_len: u64) -> Option<usize> {
    let frame_len = header_len.checked_add(usize::try_from(payload_len).ok()?)?;
    (frame_len <= available).then_some(frame_len)
}

//! Receiving: from bytes to events, frame by frame (RFC 6455 §5, §6.2).

use super::assembly::{Assembly, Inflating};
use super::connection::State;
use super::frame::{Header, MAX_CONTROL_PAYLOAD, MAX_HEADER, Opcode};
use super::send::Keys;
use super::utf8::{self, Validator};
use super::{CloseFrame, Connection, Delivery, Event, ProtocolError, Role, mask};
use crate::Step;
use alloc::borrow::Cow;
use bytes::BytesMut;

const FIN_TEXT: u8 = 0x81;
const FIN_BINARY: u8 = 0x82;

/// See [`Connection::plain_frame`].
pub(super) struct PlainFrame {
    pub(super) is_text: bool,
    pub(super) key: Option<[u8; 4]>,
    pub(super) payload_at: usize,
    pub(super) end: usize,
}

/// A data frame whose payload is still arriving.
#[derive(Debug)]
pub(super) struct OpenFrame {
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

/// How far the payload of a frame that waits in the caller's buffer is unmasked and, if it is text, checked.
#[derive(Debug)]
pub(super) struct Ahead {
    bytes: usize,
    utf8: Option<Validator>,
}

#[derive(Debug)]
pub(super) struct ControlPayload {
    bytes: [u8; MAX_CONTROL_PAYLOAD],
    len: usize,
}

impl Connection {
    /// What nearly every input begins with: a message that lies whole in it, in one small uncompressed frame, and
    /// nothing was left over from before. The general path gives the same for it, and takes twice the time.
    #[inline]
    pub(super) fn plain_frame(&self, input: &[u8]) -> Option<PlainFrame> {
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
    pub(super) fn receive_any<'a>(
        &mut self,
        input: &'a mut [u8],
        output: &mut BytesMut,
    ) -> Result<Step<Event<'a>>, ProtocolError> {
        let step = self.receive_general(input, output);
        self.is_calm = matches!(self.state, State::Open | State::CloseSent)
            && self.message.is_none()
            && self.frame.is_none()
            && self.ahead.is_none()
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
                if header.payload_len <= (self.config.input_buffer.max(Self::MIN_INPUT) - MAX_HEADER) as u64 {
                    self.work_ahead(&header, &mut rest[header_len..])?;
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
            let done = self.ahead.take().map_or(0, |ahead| ahead.bytes);
            unmask_from(done, &header, payload);
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
        if fragments >= self.config.max_fragments.max(1) {
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

    /// Unmasks what has come of a frame that stays in the caller's buffer until it is whole, while the processor's cache
    /// still has it, and checks text, so that a bad byte fails the connection although the frame is unfinished (§8.1).
    fn work_ahead(&mut self, header: &Header, payload: &mut [u8]) -> Result<(), ProtocolError> {
        let ahead = self.ahead.get_or_insert_with(|| Ahead {
            bytes: 0,
            utf8: match (header.opcode, &self.message) {
                (Opcode::Text, _) if !header.rsv1 => Some(Validator::default()),
                (Opcode::Continuation, Some(message)) => message.validator(),
                _ => None,
            },
        });
        unmask_from(ahead.bytes, header, payload);
        if let (Some(utf8), Some(piece)) = (&mut ahead.utf8, payload.get(ahead.bytes..)) {
            utf8.push(piece, |_| {}).map_err(|_| ProtocolError::InvalidUtf8)?;
        }
        ahead.bytes = payload.len();
        Ok(())
    }

    /// §5.5.2: a Ping is answered with a Pong of the same payload, also when a Close was sent: that forbids data only.
    fn answer_ping(&mut self, payload: &[u8], output: &mut BytesMut) {
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
    pub(super) fn pay_owed_pong(&mut self, output: &mut BytesMut) {
        if output.len() >= self.config.max_unsent {
            return;
        }
        if let Some(owed) = self.owed_pong.take()
            && matches!(self.state, State::Open | State::CloseSent)
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
    pub(super) fn fail(&mut self, error: ProtocolError, output: &mut BytesMut) {
        if self.state == State::Open {
            self.write_close(Some((error.close_code(), error.as_str())), output);
        }
        self.state = State::Failed(error);
        self.is_calm = false;
        self.message = None;
        self.frame = None;
    }
}

/// Unmasks a payload whose first bytes are unmasked already.
#[inline]
fn unmask_from(done: usize, header: &Header, payload: &mut [u8]) {
    if let (Some(key), Some(masked)) = (header.mask, payload.get_mut(done..)) {
        mask::apply(mask::rotated(key, done as u64), masked);
    }
}

/// The length of a frame if the whole of it is among `available` bytes.
#[inline]
fn whole_in(available: usize, header_len: usize, payload_len: u64) -> Option<usize> {
    let frame_len = header_len.checked_add(usize::try_from(payload_len).ok()?)?;
    (frame_len <= available).then_some(frame_len)
}

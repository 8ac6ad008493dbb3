//! The sending half of a connection: messages and control frames to bytes (RFC 6455 §5.6, §5.5, §6.1).

use super::connection::State;
use super::frame::{Header, MAX_CONTROL_PAYLOAD, MAX_HEADER, Opcode};
use super::{CloseCode, Connection, MAX_REASON, Prepared, Role, SendError, mask};
use alloc::boxed::Box;
use bytes::{Bytes, BytesMut};
use core::fmt;

impl Connection {
    /// Sends a text message in one frame.
    ///
    /// # Errors
    /// [`SendError::MessageOpen`] within a message sent in fragments, or [`SendError::Closed`] after a Close frame.
    #[inline]
    pub fn send_text(&mut self, text: &str, output: &mut BytesMut) -> Result<(), SendError> {
        self.send(Opcode::Text, text.as_bytes(), output)
    }

    /// Sends a binary message in one frame.
    ///
    /// # Errors
    /// [`SendError::MessageOpen`] within a message sent in fragments, or [`SendError::Closed`] after a Close frame.
    #[inline]
    pub fn send_binary(&mut self, data: &[u8], output: &mut BytesMut) -> Result<(), SendError> {
        self.send(Opcode::Binary, data, output)
    }

    /// Sends a Ping, which the peer answers with the same payload, at most 125 bytes (§5.5.2).
    ///
    /// # Errors
    /// [`SendError::ControlTooLong`], or [`SendError::Closed`] after a Close frame.
    pub fn ping(&mut self, payload: &[u8], output: &mut BytesMut) -> Result<(), SendError> {
        self.send_control(Opcode::Ping, payload, output)
    }

    /// Sends a Pong nobody asked for, at most 125 bytes: a heartbeat in one direction (§5.5.3). Pings are answered
    /// without it.
    ///
    /// # Errors
    /// [`SendError::ControlTooLong`], or [`SendError::Closed`] after a Close frame.
    pub fn pong(&mut self, payload: &[u8], output: &mut BytesMut) -> Result<(), SendError> {
        self.send_control(Opcode::Pong, payload, output)
    }

    /// Begins the closing handshake; `reason` has at most [`MAX_REASON`] bytes. Go on reading until the peer's Close
    /// arrives or a deadline of yours is over (§7.1.2).
    ///
    /// # Errors
    /// [`SendError::ControlTooLong`], or [`SendError::Closed`] if a Close frame was sent already.
    pub fn close(&mut self, code: CloseCode, reason: &str, output: &mut BytesMut) -> Result<(), SendError> {
        if reason.len() > MAX_REASON {
            return Err(SendError::ControlTooLong);
        }
        self.check_open()?;
        self.write_close(Some((code, reason)), output);
        self.state = State::CloseSent;
        Ok(())
    }

    /// Sends a part of a text message as a fragment; the message ends with the `last`. Control frames may be sent in
    /// between, another message not (§5.4).
    ///
    /// # Errors
    /// [`SendError::MessageOpen`] within a binary message, or [`SendError::Closed`] after a Close frame.
    pub fn send_text_fragment(&mut self, text: &str, last: bool, output: &mut BytesMut) -> Result<(), SendError> {
        self.send_part(Opcode::Text, text.as_bytes(), last, output)
    }

    /// Sends a part of a binary message as a fragment, likewise.
    ///
    /// # Errors
    /// [`SendError::MessageOpen`] within a text message, or [`SendError::Closed`] after a Close frame.
    pub fn send_binary_fragment(&mut self, data: &[u8], last: bool, output: &mut BytesMut) -> Result<(), SendError> {
        self.send_part(Opcode::Binary, data, last, output)
    }

    /// Sends a message that was encoded once for many connections.
    ///
    /// # Errors
    /// [`SendError::MessageOpen`] within a message sent in fragments, or [`SendError::Closed`] after a Close frame.
    pub fn send_prepared(&mut self, message: &Prepared, output: &mut BytesMut) -> Result<(), SendError> {
        let Some(frame) = self.prepared_frame(message)? else {
            return self.send(message.opcode(), message.payload(), output);
        };
        output.extend_from_slice(frame);
        Ok(())
    }

    /// The frame of a message that was encoded once, for who writes it from where it is. `None` for a client: its frames
    /// differ, for each has its own key (§5.1).
    pub(crate) fn prepared_frame<'m>(&mut self, message: &'m Prepared) -> Result<Option<&'m Bytes>, SendError> {
        self.check_between_messages()?;
        Ok((self.role() == Role::Server).then(|| message.frame_for(self.codec.as_deref_mut())))
    }

    /// Appends the header alone of a binary message in one frame, for who writes the payload behind it from where it is.
    /// Whether it did: not where the payload is to be masked or may be compressed.
    #[cfg(feature = "tokio")]
    pub(crate) fn send_binary_header(&mut self, payload_len: usize, output: &mut BytesMut) -> Result<bool, SendError> {
        self.check_between_messages()?;
        if self.role() == Role::Client || self.codec.is_some() {
            return Ok(false);
        }
        let payload_len = payload_len as u64;
        write(&Header { fin: true, rsv1: false, opcode: Opcode::Binary, mask: None, payload_len }, &[], output);
        Ok(true)
    }

    #[inline]
    fn send(&mut self, opcode: Opcode, payload: &[u8], output: &mut BytesMut) -> Result<(), SendError> {
        self.check_between_messages()?;
        if self.codec.is_some() {
            return self.send_part(opcode, payload, true, output);
        }
        self.write_frame(opcode, payload, output);
        Ok(())
    }

    fn send_part(&mut self, kind: Opcode, payload: &[u8], last: bool, output: &mut BytesMut) -> Result<(), SendError> {
        self.check_open()?;
        let first = self.sending.is_none();
        let codec = self.codec.as_deref_mut();
        let compressor = match self.sending {
            Some(message) if message.kind != kind => return Err(SendError::MessageOpen),
            Some(message) => codec.filter(|_| message.is_compressed),
            None => codec.filter(|codec| codec.wants(payload.len())),
        };
        let compressed = compressor.and_then(|codec| codec.deflate(payload, first, last));
        let is_compressed = compressed.is_some();
        let opcode = if first { kind } else { Opcode::Continuation };
        let payload = compressed.unwrap_or(payload);
        // RFC 7692 §6: only the first frame tells it.
        let header = Header {
            fin: last,
            rsv1: first && is_compressed,
            opcode,
            mask: self.keys.next(),
            payload_len: payload.len() as u64,
        };
        write(&header, payload, output);
        self.sending = (!last).then_some(Sending { kind, is_compressed });
        Ok(())
    }

    fn send_control(&mut self, opcode: Opcode, payload: &[u8], output: &mut BytesMut) -> Result<(), SendError> {
        if payload.len() > MAX_CONTROL_PAYLOAD {
            return Err(SendError::ControlTooLong);
        }
        self.check_open()?;
        self.write_frame(opcode, payload, output);
        Ok(())
    }

    /// §5.4: the fragments of one message are not mixed with another.
    #[inline]
    fn check_between_messages(&self) -> Result<(), SendError> {
        self.check_open()?;
        if self.sending.is_none() { Ok(()) } else { Err(SendError::MessageOpen) }
    }

    /// §5.5.1: nothing is sent after a Close frame.
    #[inline]
    fn check_open(&self) -> Result<(), SendError> {
        if self.state == State::Open { Ok(()) } else { Err(SendError::Closed) }
    }

    /// A Close frame; without a code its payload is empty. A reason that does not fit is left out.
    pub(super) fn write_close(&mut self, close: Option<(CloseCode, &str)>, output: &mut BytesMut) {
        let mut payload = [0; MAX_CONTROL_PAYLOAD];
        let mut len = 0;
        if let Some((code, reason)) = close {
            payload[..2].copy_from_slice(&code.as_u16().to_be_bytes());
            len = 2;
            if reason.len() <= MAX_REASON {
                len += reason.len();
                payload[2..len].copy_from_slice(reason.as_bytes());
            }
        }
        self.write_frame(Opcode::Close, &payload[..len], output);
    }

    /// One frame, masked if this is a client.
    #[inline]
    pub(super) fn write_frame(&mut self, opcode: Opcode, payload: &[u8], output: &mut BytesMut) {
        encode(opcode, payload, self.keys.next(), output);
    }
}

/// Appends a text message as any server sends it, unmasked and in one frame: for who writes one buffer to many sockets.
/// [`Prepared`] is the same as a value of its own.
#[inline]
pub fn encode_text(text: &str, output: &mut BytesMut) {
    encode(Opcode::Text, text.as_bytes(), None, output);
}

/// The same for text that is known to be UTF-8 and is there as bytes.
#[cfg(feature = "server")]
pub(crate) fn encode_text_bytes(text: &[u8], output: &mut BytesMut) {
    encode(Opcode::Text, text, None, output);
}

#[inline]
pub(super) fn encode(opcode: Opcode, payload: &[u8], mask: Option<[u8; 4]>, output: &mut BytesMut) {
    let header = Header { fin: true, rsv1: false, opcode, mask, payload_len: payload.len() as u64 };
    write(&header, payload, output);
}

#[inline]
pub(super) fn write(header: &Header, payload: &[u8], output: &mut BytesMut) {
    output.reserve(MAX_HEADER + payload.len());
    header.encode(output);
    let start = output.len();
    output.extend_from_slice(payload);
    if let Some(key) = header.mask {
        mask::apply(key, &mut output[start..]);
    }
}

/// A message that is being sent in fragments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sending {
    kind: Opcode,
    is_compressed: bool,
}

/// Where the masking keys come from: a server has none; a client draws a fresh one for each frame (§5.3, §10.3).
pub(super) enum Keys {
    None,
    Random { source: fn(&mut [u8]), pool: Box<[u8; KEY_POOL]>, used: usize },
}

/// Bytes drawn from the source at once: a system call for each key would cost more than the frame does.
const KEY_POOL: usize = 1024;

impl fmt::Debug for Keys {
    /// Keys that were not used yet are nobody's business.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if let Self::None = self { "None" } else { "Random" })
    }
}

impl Keys {
    pub(super) fn random(source: fn(&mut [u8])) -> Self {
        Self::Random { source, pool: Box::new([0; KEY_POOL]), used: KEY_POOL }
    }

    /// As many again from the same source.
    pub(super) fn another(&self) -> Self {
        match self {
            Self::None => Self::None,
            Self::Random { source, .. } => Self::random(*source),
        }
    }

    #[inline]
    fn next(&mut self) -> Option<[u8; 4]> {
        let Self::Random { source, pool, used } = self else { return None };
        if *used >= KEY_POOL {
            source(&mut pool[..]);
            *used = 0;
        }
        let key = pool[*used..].first_chunk().copied();
        *used += 4;
        key
    }
}

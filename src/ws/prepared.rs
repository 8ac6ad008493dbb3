//! A message encoded once and sent to any number of clients.

use super::Codec;
use super::frame::Opcode;
use super::send;
use bytes::{Bytes, BytesMut};

/// A server's message as the bytes of its frame. Cloning shares them.
///
/// [`Connection::send_prepared`](super::Connection::send_prepared) copies them into one connection's output; who writes
/// many sockets at once can also write [`frame`](Self::frame) itself, between two messages of a connection that is open.
/// A client's connection takes one, too, but gains nothing: its frames are masked, each with its own key (RFC 6455 §5.3),
/// so that the message is encoded anew.
///
/// ```
/// use bytes::BytesMut;
/// use tidings::ws::{Config, Connection, Prepared};
///
/// let news = Prepared::text("to all");
/// let mut output = BytesMut::new();
/// for mut connection in [Connection::server(Config::default()), Connection::server(Config::default())] {
///     connection.send_prepared(&news, &mut output)?;
/// }
/// assert_eq!(&output[..], b"\x81\x06to all\x81\x06to all");
/// # Ok::<(), tidings::ws::SendError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    opcode: Opcode,
    frame: Bytes,
    payload_at: usize,
    /// The frame as it goes to clients with permessage-deflate, if it is smaller.
    compressed: Option<Bytes>,
}

impl Prepared {
    /// A text message, in one frame.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::new(Opcode::Text, text.as_bytes())
    }

    /// A binary message, likewise.
    #[must_use]
    pub fn binary(data: &[u8]) -> Self {
        Self::new(Opcode::Binary, data)
    }

    fn new(opcode: Opcode, payload: &[u8]) -> Self {
        let mut frame = BytesMut::new();
        send::encode(opcode, payload, None, &mut frame);
        let payload_at = frame.len() - payload.len();
        Self { opcode, frame: frame.freeze(), payload_at, compressed: None }
    }

    /// Compresses the message too, for those connections that have agreed on permessage-deflate with the largest window
    /// (RFC 7692), if that makes it smaller. Each of them then forgets its own window, which the next message it
    /// compresses itself pays for: best where all messages are prepared. One encoder serves any number of messages.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn deflated(mut self, encoder: &mut super::deflate::Encoder) -> Self {
        let mut frame = BytesMut::new();
        let is_compressed = encoder.encode(self.opcode, self.payload(), &mut frame);
        self.compressed = is_compressed.then(|| frame.freeze());
        self
    }

    /// The frame, uncompressed: any client can read it.
    #[must_use]
    pub fn frame(&self) -> &Bytes {
        &self.frame
    }

    pub(super) fn opcode(&self) -> Opcode {
        self.opcode
    }

    pub(super) fn payload(&self) -> &[u8] {
        &self.frame[self.payload_at..]
    }

    /// The frame for a connection with this codec.
    pub(super) fn frame_for(&self, codec: Option<&mut Codec>) -> &Bytes {
        match (&self.compressed, codec) {
            (Some(compressed), Some(codec)) => {
                if codec.makes_way() {
                    compressed
                } else {
                    &self.frame
                }
            }
            _ => &self.frame,
        }
    }
}

//! Compression of messages that go to many connections (RFC 7692 §7.2.1).

use super::codec::Buffer;
use super::{MAX_WINDOW_BITS, Options};
use crate::ws::frame::{Header, Opcode};
use crate::ws::send;
use bytes::BytesMut;
use flate2::{Compress, Compression};

/// Encodes text messages, each compressed once for any number of connections.
///
/// It refers to nothing before it, which every client can read whose [`Agreement`](super::Agreement)
/// [takes shared messages](super::Agreement::takes_shared). What would not get smaller goes uncompressed.
#[derive(Debug)]
pub struct Encoder {
    level: Compression,
    min_len: usize,
    /// Made at the first message.
    deflater: Option<Compress>,
    buffer: Buffer,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new(&Options::default())
    }
}

impl Encoder {
    /// An encoder with the level and the least length of `options`.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        Self {
            level: Compression::new(options.level.min(9)),
            min_len: options.min_len,
            deflater: None,
            buffer: Buffer::default(),
        }
    }

    /// Appends a text message in one unmasked frame.
    pub fn encode_text(&mut self, text: &str, output: &mut BytesMut) {
        self.encode(Opcode::Text, text.as_bytes(), output);
    }

    /// Appends one frame; whether it is compressed.
    pub(in crate::ws) fn encode(&mut self, opcode: Opcode, message: &[u8], output: &mut BytesMut) -> bool {
        let compressed = self.deflate(message);
        let payload = compressed.unwrap_or(message);
        let header =
            Header { fin: true, rsv1: compressed.is_some(), opcode, mask: None, payload_len: payload.len() as u64 };
        send::write(&header, payload, output);
        header.rsv1
    }

    /// The compressed payload, if it is smaller.
    fn deflate(&mut self, message: &[u8]) -> Option<&[u8]> {
        if message.len() < self.min_len {
            return None;
        }
        let level = self.level;
        let deflater =
            self.deflater.get_or_insert_with(|| Compress::new_with_window_bits(level, false, MAX_WINDOW_BITS));
        let payload = self.buffer.fill(deflater, message, true);
        deflater.reset();
        (payload.len() < message.len()).then_some(payload)
    }
}

#[cfg(feature = "server")]
impl Encoder {
    /// [`encode_text`](Self::encode_text) for text that is known to be UTF-8 and is there as bytes.
    pub(crate) fn encode_text_bytes(&mut self, text: &[u8], output: &mut BytesMut) {
        self.encode(Opcode::Text, text, output);
    }
}

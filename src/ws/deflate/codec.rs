//! The two contexts of a connection (RFC 7692 §7.2).

use super::{Agreement, MAX_WINDOW_BITS, MIN_WINDOW_BITS};
use crate::ws::{ProtocolError, Role};
use alloc::vec::Vec;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// What a flush leaves at the end, the sender takes off and the receiver puts back (§7.2.1, §7.2.2).
pub(super) const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
/// The head of an empty stored block, which the tail completes.
const EMPTY_BLOCK: [u8; 1] = [0x00];
/// Room that an assembly or a buffer is given at first.
const FIRST_ROOM: usize = 1024;
/// The most room that an assembly is given at once.
const MOST_ROOM: usize = 64 * 1024;
/// A larger buffer for compressed payload is given back at the next message.
const KEPT_BUFFER: usize = 64 * 1024;

/// One side's compressor and decompressor, each made when the first message needs it.
#[derive(Debug)]
pub(in crate::ws) struct Codec {
    deflater: Option<Compress>,
    inflater: Option<Decompress>,
    /// The window of each direction, and whether it is forgotten after each message.
    out: Direction,
    into: Direction,
    level: Compression,
    min_len: usize,
    buffer: Buffer,
}

#[derive(Debug, Clone, Copy)]
struct Direction {
    window_bits: u8,
    no_context_takeover: bool,
}

impl Codec {
    pub(in crate::ws) fn new(agreement: &Agreement, role: Role) -> Self {
        let server = Direction {
            window_bits: agreement.server_max_window_bits,
            no_context_takeover: agreement.server_no_context_takeover,
        };
        let client = Direction {
            window_bits: agreement.client_max_window_bits,
            no_context_takeover: agreement.client_no_context_takeover,
        };
        let (out, into) = match role {
            Role::Server => (server, client),
            Role::Client => (client, server),
        };
        let level = Compression::new(agreement.level.min(9));
        Self { deflater: None, inflater: None, out, into, level, min_len: agreement.min_len, buffer: Buffer::default() }
    }

    /// The one that inflates and the one that compresses, each with the window of its direction.
    pub(in crate::ws) fn split(self) -> (Self, Self) {
        let Self { deflater, inflater, out, into, level, min_len, buffer } = self;
        let receiving = Self { deflater: None, inflater, out, into, level, min_len, buffer: Buffer::default() };
        (receiving, Self { deflater, inflater: None, out, into, level, min_len, buffer })
    }

    /// Whether a message that begins with so many bytes is to be compressed.
    pub(in crate::ws) fn wants(&self, len: usize) -> bool {
        // A window of 2⁸ bytes the compressor cannot keep to; without compressing there is none.
        len >= self.min_len && self.out.window_bits >= MIN_WINDOW_BITS
    }

    /// Compresses a part of a message, the last one or not; the result is what goes into the frame. `None`: it would
    /// be no smaller, send the whole message as it is.
    pub(in crate::ws) fn deflate(&mut self, part: &[u8], is_first: bool, is_last: bool) -> Option<&[u8]> {
        let (level, window_bits) = (self.level, self.out.window_bits);
        let deflater = self.deflater.get_or_insert_with(|| Compress::new_with_window_bits(level, false, window_bits));
        let payload = self.buffer.fill(deflater, part, is_last);
        let is_useless = is_first && is_last && payload.len() >= part.len();
        // The peer will not see what the window now holds, so nothing may refer to it.
        if is_useless || (is_last && self.out.no_context_takeover) {
            deflater.reset();
        }
        (!is_useless).then_some(payload)
    }

    /// Whether a message that another compressor has compressed, with the largest window and nothing before it, may be
    /// sent. If so, it is from now on in the peer's window and not in this one, where distances would be wrong: nothing
    /// further may refer to what was before it.
    pub(in crate::ws) fn makes_way(&mut self) -> bool {
        if self.out.window_bits < MAX_WINDOW_BITS {
            return false;
        }
        if let Some(deflater) = &mut self.deflater {
            deflater.reset();
        }
        true
    }

    /// Inflates a part of a message behind what `message` holds, which may become `limit` bytes long.
    pub(in crate::ws) fn inflate(
        &mut self,
        part: &[u8],
        message: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), ProtocolError> {
        // The library has no window of 2⁸ bytes; a larger one reads the same.
        let window_bits = self.into.window_bits.max(MIN_WINDOW_BITS);
        let inflater = self.inflater.get_or_insert_with(|| Decompress::new_with_window_bits(false, window_bits));
        inflate_into(inflater, part, message, limit)
    }

    /// The message's last part was inflated (§7.2.2).
    pub(in crate::ws) fn finish_inflating(&mut self, message: &mut Vec<u8>, limit: usize) -> Result<(), ProtocolError> {
        self.inflate(&TAIL, message, limit)?;
        // §7.1.1.2: nothing refers back to this message, so that its window, tens of kilobytes, need not wait for the next.
        if self.into.no_context_takeover {
            self.inflater = None;
        }
        Ok(())
    }
}

/// Compressed payload, in memory that is zeroed once and then written over by message after message.
#[derive(Debug, Default)]
pub(super) struct Buffer(Vec<u8>);

impl Buffer {
    /// Compresses a part of a message, the last one or not: the payload of its frame.
    pub(super) fn fill(&mut self, deflater: &mut Compress, part: &[u8], is_last: bool) -> &[u8] {
        if self.0.len() > KEPT_BUFFER {
            self.0 = Vec::new();
        }
        let end = self.deflate(deflater, part);
        if !is_last {
            return &self.0[..end];
        }
        // §7.2.1: the sender takes off what the flush has left. §7.2.3.6: unless there was nothing left to flush.
        match end.checked_sub(TAIL.len()) {
            Some(end) => &self.0[..end],
            None => &EMPTY_BLOCK,
        }
    }

    /// How many bytes that made.
    fn deflate(&mut self, deflater: &mut Compress, mut part: &[u8]) -> usize {
        let mut end = 0;
        loop {
            // Room for the flush too: while the buffer is full, there may be more to come.
            if end == self.0.len() {
                self.0.resize(end + (part.len() / 2).max(FIRST_ROOM), 0);
            }
            let before = (deflater.total_in(), deflater.total_out());
            let status = deflater.compress(part, &mut self.0[end..], FlushCompress::Sync);
            let consumed = usize::try_from(deflater.total_in() - before.0).unwrap_or(part.len());
            part = part.get(consumed..).unwrap_or_default();
            end += usize::try_from(deflater.total_out() - before.1).unwrap_or_default();
            if status.is_err() || (part.is_empty() && end < self.0.len()) {
                return end;
            }
        }
    }
}

/// What is beyond `limit` is cut off again, so that the message is as far as it may be whenever this fails.
pub(super) fn inflate_into(
    inflater: &mut Decompress,
    mut part: &[u8],
    message: &mut Vec<u8>,
    limit: usize,
) -> Result<(), ProtocolError> {
    let mut end = message.len();
    let result = loop {
        if end == message.len() {
            message.resize(end + room(message, part, limit), 0);
        }
        let before = (inflater.total_in(), inflater.total_out());
        let status = inflater.decompress(part, &mut message[end..], FlushDecompress::Sync);
        let consumed = usize::try_from(inflater.total_in() - before.0).unwrap_or(part.len());
        let produced = usize::try_from(inflater.total_out() - before.1).unwrap_or_default();
        part = part.get(consumed..).unwrap_or_default();
        end += produced;
        // Before the inflater's own opinion: how far it looks ahead depends on how the input was cut.
        if end > limit {
            break Err(ProtocolError::MessageTooBig);
        }
        let Ok(status) = status else { break Err(ProtocolError::InvalidDeflate) };
        if status == Status::StreamEnd {
            inflater.reset(false); // §7.2.3.4: a block with BFINAL ends the stream, and another may begin
        }
        // Where there was room left, nothing more is to come.
        if part.is_empty() && end < message.len() {
            break Ok(());
        }
        if consumed == 0 && produced == 0 {
            break Err(ProtocolError::InvalidDeflate);
        }
    };
    message.truncate(end.min(limit));
    result
}

/// How many bytes the inflater is given at once to fill: they must be zeroed before, so not more than what came is
/// likely to need, however much memory the message already has.
fn room(message: &Vec<u8>, part: &[u8], limit: usize) -> usize {
    let spare = message.capacity() - message.len();
    let likely = part.len().saturating_mul(3).clamp(FIRST_ROOM, MOST_ROOM);
    // The limit is exact: the byte beyond it is asked for, and is too many if it comes.
    let allowed = limit.saturating_sub(message.len()).saturating_add(1);
    likely.min(if spare == 0 { allowed } else { allowed.min(spare) })
}

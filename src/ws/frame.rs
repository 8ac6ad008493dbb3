//! The frame header, read and written by pure functions of a slice (RFC 6455 §5.2).
//!
//! ```text
//!   0                   1                   2                   3
//!   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//!  ├─┬─┬─┬─┬───────┼─┬─────────────┼───────────────────────────────┤
//!  │F│R│R│R│opcode │M│ length 7 bit│ length 16 bit, if the 7 say 126│
//!  │I│S│S│S│       │A│ 0…125: done │ length 64 bit, if they say 127 │
//!  │N│V│V│V│       │S│ 126: 16 more│ (its highest bit is 0)         │
//!  │ │1│2│3│       │K│ 127: 64 more│                                │
//!  ├─┴─┴─┴─┴───────┴─┴─────────────┴────────────────────────────────┤
//!  │ masking key, 4 bytes, if MASK is set                           │
//!  ├────────────────────────────────────────────────────────────────┤
//!  │ payload, XORed with the masking key if there is one            │
//!  └────────────────────────────────────────────────────────────────┘
//! ```

use super::ProtocolError;
use bytes::BytesMut;

/// The longest header: two bytes, a 64-bit length, a masking key.
pub const MAX_HEADER: usize = 14;
/// The longest payload of a control frame (§5.5), which is also the longest that the 7-bit length can tell.
pub const MAX_CONTROL_PAYLOAD: usize = 125;

const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
const RSV2_RSV3: u8 = 0x30;
const OPCODE: u8 = 0x0f;
const MASK: u8 = 0x80;
const LENGTH_7: u8 = 0x7f;
/// Value of the 7-bit length that announces a 16-bit one.
const LENGTH_IS_16_BIT: u8 = 126;
/// Value of the 7-bit length that announces a 64-bit one.
const LENGTH_IS_64_BIT: u8 = 127;

/// What a frame carries (§5.2, §11.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// A further fragment of the message that is open.
    Continuation = 0x0,
    /// A text message or its first fragment.
    Text = 0x1,
    /// A binary message or its first fragment.
    Binary = 0x2,
    /// The closing handshake.
    Close = 0x8,
    /// Asks for a Pong.
    Ping = 0x9,
    /// Answers a Ping, or tells unasked that the sender is alive.
    Pong = 0xA,
}

impl Opcode {
    /// Control frames may stand between the fragments of a message, and are never fragmented themselves (§5.5).
    #[must_use]
    pub const fn is_control(self) -> bool {
        self as u8 & 0x8 != 0
    }

    #[inline]
    const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }
}

/// One frame's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The last fragment of its message.
    pub fin: bool,
    /// Reserved bit 1: a compressed message, where permessage-deflate was negotiated (RFC 7692 §6).
    pub rsv1: bool,
    /// What the payload is.
    pub opcode: Opcode,
    /// The masking key; frames of a client have one, those of a server have none (§5.1).
    pub mask: Option<[u8; 4]>,
    /// Bytes of payload, at most 2⁶³ − 1.
    pub payload_len: u64,
}

impl Header {
    /// Reads the header at the front of `input`: the header and its length in bytes, or `None` while bytes are missing.
    ///
    /// # Errors
    /// Whatever is wrong whoever sends it: reserved bits and opcodes, control frames that are fragmented or too long,
    /// lengths not in their shortest form or over 63 bits. Each is reported as soon as the byte that shows it is there.
    #[inline]
    pub fn parse(input: &[u8]) -> Result<Option<(Self, usize)>, ProtocolError> {
        let &[first, second, ref rest @ ..] = input else { return Ok(None) };
        let opcode = check_first_two(first, second)?;
        let (payload_len, length_bytes) = match second & LENGTH_7 {
            LENGTH_IS_16_BIT => {
                let Some(bytes) = rest.first_chunk() else { return Ok(None) };
                (u64::from(u16::from_be_bytes(*bytes)), 2)
            }
            LENGTH_IS_64_BIT => {
                let Some(bytes) = rest.first_chunk() else { return Ok(None) };
                (u64::from_be_bytes(*bytes), 8)
            }
            short => (u64::from(short), 0),
        };
        check_length(payload_len, length_bytes)?;
        let (mask, mask_bytes) = if second & MASK == 0 {
            (None, 0)
        } else {
            let Some(key) = rest.get(length_bytes..).and_then(<[u8]>::first_chunk) else { return Ok(None) };
            (Some(*key), 4)
        };
        let header = Self { fin: first & FIN != 0, rsv1: first & RSV1 != 0, opcode, mask, payload_len };
        Ok(Some((header, 2 + length_bytes + mask_bytes)))
    }

    /// Appends the header, its length in the shortest form (§5.2).
    #[inline]
    pub fn encode(&self, output: &mut BytesMut) {
        let first = self.opcode as u8 | if self.fin { FIN } else { 0 } | if self.rsv1 { RSV1 } else { 0 };
        let mask_bit = if self.mask.is_some() { MASK } else { 0 };
        // Pieces of constant size, which become plain stores. Each cast is of a value that its pattern shows to fit.
        #[allow(clippy::cast_possible_truncation)]
        match self.payload_len {
            short @ 0..=125 => output.extend_from_slice(&[first, mask_bit | short as u8]),
            medium @ 126..=0xffff => {
                let [high, low] = (medium as u16).to_be_bytes();
                output.extend_from_slice(&[first, mask_bit | LENGTH_IS_16_BIT, high, low]);
            }
            long => {
                output.extend_from_slice(&[first, mask_bit | LENGTH_IS_64_BIT]);
                output.extend_from_slice(&long.to_be_bytes());
            }
        }
        // §5.3: the mask bit is set, and the key stands behind the length.
        if let Some(key) = self.mask {
            output.extend_from_slice(&key);
        }
    }
}

/// What the first two bytes alone can show to be wrong.
#[inline]
fn check_first_two(first: u8, second: u8) -> Result<Opcode, ProtocolError> {
    // §5.2: no extension that this crate knows gives a meaning to the second and third reserved bit.
    if first & RSV2_RSV3 != 0 {
        return Err(ProtocolError::ReservedBits);
    }
    let Some(opcode) = Opcode::from_bits(first & OPCODE) else {
        return Err(ProtocolError::ReservedOpcode(first & OPCODE)); // §5.2
    };
    if opcode.is_control() {
        // §5.5: a control frame is never fragmented, and its payload is at most 125 bytes.
        if first & FIN == 0 {
            return Err(ProtocolError::FragmentedControl);
        }
        if usize::from(second & LENGTH_7) > MAX_CONTROL_PAYLOAD {
            return Err(ProtocolError::ControlTooLong);
        }
    }
    Ok(opcode)
}

/// §5.2: the shortest form only, and the highest bit of the 64 is zero.
#[inline]
fn check_length(payload_len: u64, length_bytes: usize) -> Result<(), ProtocolError> {
    let shortest = match length_bytes {
        0 => 0,
        2 => 126,
        _ => 0x1_0000,
    };
    if payload_len < shortest {
        return Err(ProtocolError::LengthNotShortest);
    }
    if payload_len > i64::MAX as u64 {
        return Err(ProtocolError::LengthOver63Bits);
    }
    Ok(())
}

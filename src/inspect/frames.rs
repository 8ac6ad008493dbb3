//! WebSocket frames (RFC 6455 §5.2), in one direction or, told apart by their masking, in both.

use super::notes::{Notes, bytes, hex, readable};
use super::{Field, close, json};
use crate::ws::frame::{MAX_CONTROL_PAYLOAD, Opcode};
use crate::ws::mask;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Explains WebSocket frames, without the HTTP that came before them: [`http_message`](super::http_message) does both.
#[must_use]
pub fn websocket_frames(frames: &[u8]) -> Vec<Field> {
    let mut notes = Notes::new(frames);
    let mut directions = [Direction::default(), Direction::default()];
    while let Some(header) = read_header(&mut notes) {
        let [from_server, from_client] = &mut directions;
        let direction = if header.mask.is_some() { from_client } else { from_server };
        payload(&mut notes, &header, direction);
    }
    notes.finish()
}

/// What one side has sent so far.
#[derive(Default)]
struct Direction {
    /// The type of the message whose last fragment has not come.
    open: Option<Opcode>,
    compressed: bool,
    /// The unfinished code point at the end of the text so far.
    pending: Vec<u8>,
}

struct Header {
    fin: bool,
    rsv1: bool,
    /// As on the wire: it may be one without a meaning.
    opcode: u8,
    mask: Option<[u8; 4]>,
    len: u64,
}

/// The header's fields; `None` if it is not whole.
fn read_header(notes: &mut Notes<'_>) -> Option<Header> {
    let (&first, &second) = (notes.rest().first()?, notes.rest().get(1).unwrap_or(&0));
    let short = second & 0x7f;
    let bits = format!("{:b} {:03b} {:04b}", first >> 7, first >> 4 & 7, first & 0xf);
    notes.take(1, "FIN, RSV1-3, opcode", bits, first_meaning(first, short));

    if notes.rest().is_empty() {
        notes.incomplete("the length", "incomplete: the header has a second byte with the length (RFC 6455 §5.2)");
        return None;
    }
    let bits = format!("{:b} {short:07b}", second >> 7);
    notes.take(1, "MASK, payload len", bits, second_meaning(second));
    let key_len = if second & 0x80 == 0 { 0 } else { 4 };
    let len = match short {
        126 => extended(notes, 2, key_len)?,
        127 => extended(notes, 8, key_len)?,
        _ => u64::from(short),
    };
    let mask = if key_len == 0 { None } else { Some(masking_key(notes, len)?) };
    Some(Header { fin: first & 0x80 != 0, rsv1: first & 0x40 != 0, opcode: first & 0xf, mask, len })
}

fn first_meaning(first: u8, short: u8) -> String {
    let fin = first & 0x80 != 0;
    let control = first & 0x8 != 0;
    let mut faults = Vec::new();
    if first & 0x30 != 0 {
        faults.push("RSV2 or RSV3 is set, and no extension gives them a meaning (RFC 6455 §5.2)");
    }
    if first & 0x40 != 0 && (control || opcode(first & 0xf) == Some(Opcode::Continuation)) {
        faults.push("RSV1 is set on a frame that does not begin a message (RFC 7692 §6.1)");
    }
    if opcode(first & 0xf).is_none() {
        faults.push("the opcode is reserved (RFC 6455 §5.2)");
    }
    if control && !fin {
        faults.push("a control frame must not be fragmented (RFC 6455 §5.5)");
    }
    if control && usize::from(short) > MAX_CONTROL_PAYLOAD {
        faults.push("the payload of a control frame is at most 125 bytes (RFC 6455 §5.5)");
    }
    let fin = if fin {
        "FIN: the last or only fragment (RFC 6455 §5.4)"
    } else {
        "no FIN: more fragments follow (RFC 6455 §5.4)"
    };
    let rsv1 = if first & 0x40 == 0 { "" } else { "; RSV1: compressed, if that was negotiated (RFC 7692 §6)" };
    let meaning = format!("{fin}{rsv1}; opcode {:#x}: {}", first & 0xf, opcode_meaning(first & 0xf));
    if faults.is_empty() { meaning } else { format!("Illegal: {}. {meaning}", faults.join(", ")) }
}

fn second_meaning(second: u8) -> String {
    let mask = if second & 0x80 == 0 {
        "not masked, as of a server (RFC 6455 §5.1)"
    } else {
        "masked, as of a client (RFC 6455 §5.1)"
    };
    match second & 0x7f {
        126 => format!("{mask}; 126: the payload's length follows in 16 bits (RFC 6455 §5.2)"),
        127 => format!("{mask}; 127: the payload's length follows in 64 bits (RFC 6455 §5.2)"),
        short => format!("{mask}; the payload has {} (RFC 6455 §5.2)", bytes(short.into())),
    }
}

/// The length in `size` bytes, and behind them a masking key of `key_len`.
fn extended(notes: &mut Notes<'_>, size: usize, key_len: usize) -> Option<u64> {
    let found = notes.peek(size);
    if found.len() < size {
        notes.take(found.len(), "extended payload length", hex(found), "its first bytes (RFC 6455 §5.2)");
        notes.missing((size - found.len() + key_len) as u64, "the header, and the whole payload,");
        return None;
    }
    let len = found.iter().fold(0, |len, byte| len << 8 | u64::from(*byte));
    let shortest = if size == 2 { 126 } else { 0x1_0000 };
    let meaning = if len < shortest {
        format!("Illegal: {len} has a shorter form, and the shortest is to be used (RFC 6455 §5.2)")
    } else if len >> 63 != 0 {
        String::from("Illegal: the highest bit of a length is 0 (RFC 6455 §5.2)")
    } else {
        format!("the payload has {}, most significant byte first (RFC 6455 §5.2)", bytes(len))
    };
    notes.take(size, "extended payload length", format!("{len}"), meaning);
    Some(len)
}

/// The key of a payload of `len` bytes.
fn masking_key(notes: &mut Notes<'_>, len: u64) -> Option<[u8; 4]> {
    let Some(key) = notes.rest().first_chunk().copied() else {
        let found = notes.rest();
        notes.take(found.len(), "masking-key", hex(found), "its first bytes (RFC 6455 §5.3)");
        notes.missing(len.saturating_add(4 - found.len() as u64), "the frame");
        return None;
    };
    let meaning =
        "byte i of the payload is XORed with byte i mod 4 of this key, a new random one for each frame (RFC 6455 §5.3)";
    notes.take(4, "masking-key", hex(&key), meaning);
    Some(key)
}

fn payload(notes: &mut Notes<'_>, header: &Header, direction: &mut Direction) {
    let len = usize::try_from(header.len).unwrap_or(usize::MAX);
    let mut payload = notes.peek(len).to_vec();
    if let Some(key) = header.mask {
        mask::apply(key, &mut payload);
    }
    let missing = header.len.saturating_sub(payload.len() as u64);
    if missing > 0 {
        notes.take(payload.len(), "payload data", readable(&payload), "as far as it is here");
        notes.missing(missing, "the payload");
        return;
    }
    match opcode(header.opcode) {
        Some(Opcode::Close) => close::explain(notes, &payload),
        Some(Opcode::Ping) => {
            notes.take(len, "payload data", readable(&payload), "comes back in the Pong, unchanged (RFC 6455 §5.5.2)");
        }
        Some(Opcode::Pong) => {
            notes.take(len, "payload data", readable(&payload), "that of the Ping which it answers (RFC 6455 §5.5.3)");
        }
        Some(data) => message(notes, header, data, &payload, direction),
        None => notes.take(len, "payload data", hex(&payload), "of a frame without a meaning"),
    }
}

/// The payload of a data frame, which continues what the same side sent before.
fn message(notes: &mut Notes<'_>, header: &Header, data: Opcode, payload: &[u8], direction: &mut Direction) {
    let fault = match (data, direction.open) {
        (Opcode::Continuation, None) => Some("Illegal: a continuation of nothing (RFC 6455 §5.4). "),
        (Opcode::Text | Opcode::Binary, Some(_)) => {
            Some("Illegal: the message before has no end yet (RFC 6455 §5.4). ")
        }
        _ => None,
    };
    if data != Opcode::Continuation {
        direction.compressed = header.rsv1;
        direction.pending.clear();
    }
    let kind = if data == Opcode::Continuation { direction.open.unwrap_or(Opcode::Binary) } else { data };
    direction.open = (!header.fin).then_some(kind);

    let whole = header.fin && data != Opcode::Continuation;
    let fault = fault.unwrap_or_default();
    if direction.compressed {
        let meaning =
            format!("{fault}compressed by DEFLATE, without the tail that every message would have (RFC 7692 §7.2.1)");
        notes.take(payload.len(), "payload data", hex(payload), meaning);
    } else if kind == Opcode::Binary {
        notes.take(payload.len(), "payload data", hex(payload), format!("{fault}binary data (RFC 6455 §5.6)"));
    } else if let Err(fault) = direction.check_text(payload, header.fin) {
        notes.take(payload.len(), "payload data", readable(payload), fault);
    } else if whole && json::is_object(payload) {
        notes.splice(json(payload));
    } else {
        notes.take(payload.len(), "payload data", readable(payload), format!("{fault}text, in UTF-8 (RFC 6455 §5.6)"));
    }
}

impl Direction {
    /// §8.1: text is UTF-8 as a whole; a fragment may end within a code point.
    fn check_text(&mut self, payload: &[u8], fin: bool) -> Result<(), &'static str> {
        let mut text = core::mem::take(&mut self.pending);
        text.extend_from_slice(payload);
        match core::str::from_utf8(&text) {
            Ok(_) => Ok(()),
            Err(error) if error.error_len().is_none() && !fin => {
                self.pending = text.split_off(error.valid_up_to());
                Ok(())
            }
            Err(error) if error.error_len().is_none() => {
                Err("Illegal: the text ends within a code point (RFC 6455 §8.1)")
            }
            Err(_) => Err("Illegal: the text is not UTF-8 (RFC 6455 §8.1)"),
        }
    }
}

fn opcode(bits: u8) -> Option<Opcode> {
    Some(match bits {
        0x0 => Opcode::Continuation,
        0x1 => Opcode::Text,
        0x2 => Opcode::Binary,
        0x8 => Opcode::Close,
        0x9 => Opcode::Ping,
        0xa => Opcode::Pong,
        _ => return None,
    })
}

fn opcode_meaning(bits: u8) -> &'static str {
    match opcode(bits) {
        Some(Opcode::Continuation) => "a further fragment of the open message (RFC 6455 §5.4)",
        Some(Opcode::Text) => "text (RFC 6455 §5.6)",
        Some(Opcode::Binary) => "binary (RFC 6455 §5.6)",
        Some(Opcode::Close) => "Close (RFC 6455 §5.5.1)",
        Some(Opcode::Ping) => "Ping (RFC 6455 §5.5.2)",
        Some(Opcode::Pong) => "Pong (RFC 6455 §5.5.3)",
        None => "no meaning",
    }
}

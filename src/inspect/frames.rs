//! WebSocket frames (RFC 6455 §5.2), in one direction or, told apart by their masking, in both.

use super::messages::{Direction, Said};
use super::notes::{Behind, Notes, bytes, hex, readable};
use super::{Field, Side, close, json};
use crate::ws::frame::{MAX_CONTROL_PAYLOAD, Opcode};
use crate::ws::mask;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Explains WebSocket frames, without the HTTP that came before them: [`http_message`](super::http_message) does both.
///
/// A compressed message is inflated if the bytes begin at the connection's first one of that side, or where the sender
/// had nothing before in its window; each up to [`MAX_INFLATED`](super::MAX_INFLATED) bytes.
#[must_use]
pub fn websocket_frames(frames: &[u8]) -> Vec<Field> {
    let mut notes = Notes::new(frames);
    Frames::default().step(&mut notes, Behind::End);
    notes.finish()
}

/// Frames as they come.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// Whose they are, if that is known; else their masking tells.
    pub(super) from: Option<Side>,
    compression: Compression,
    client: Direction,
    server: Direction,
    /// The frame whose payload was not taken as a whole yet.
    open: Option<Payload>,
}

/// What is known of permessage-deflate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Compression {
    /// Nothing: there was no handshake.
    #[default]
    Unknown,
    Refused,
    Agreed,
}

#[derive(Debug, Clone, Copy)]
struct Header {
    fin: bool,
    /// As on the wire: it may be one without a meaning.
    bits: u8,
    mask: Option<[u8; 4]>,
    len: u64,
}

#[derive(Debug)]
struct Payload {
    header: Header,
    from: Side,
    /// Bytes that were taken.
    done: u64,
}

impl Header {
    fn opcode(self) -> Option<Opcode> {
        opcode(self.bits)
    }
}

impl Frames {
    pub(super) fn new(from: Option<Side>, compression: Compression) -> Self {
        Self { from, compression, ..Self::default() }
    }

    pub(super) fn step(&mut self, notes: &mut Notes<'_>, behind: Behind) {
        while self.open.is_some() || self.header(notes, behind) {
            if !self.payload(notes, behind) {
                return;
            }
        }
    }

    /// The header's fields; whether it is whole.
    fn header(&mut self, notes: &mut Notes<'_>, behind: Behind) -> bool {
        let Some(&first) = notes.rest().first() else { return false };
        let second = notes.rest().get(1).copied();
        let key_len = second.map_or(0, |second| if second & 0x80 == 0 { 0 } else { 4 });
        let len_len = match second.map(|second| second & 0x7f) {
            Some(126) => 2,
            Some(127) => 8,
            _ => 0,
        };
        let is_whole = second.is_some() && notes.rest().len() >= 2 + len_len + key_len;
        if !is_whole && behind != Behind::End {
            return false;
        }
        let from = self.from.unwrap_or(if key_len == 0 { Side::Server } else { Side::Client });
        let beginning = first_meaning(first, second.unwrap_or(0) & 0x7f);
        let place =
            second.map(|_| self.direction(from).begin(first & 0x80 != 0, first & 0x40 != 0, opcode(first & 0xf)));
        let bits = format!("{:b} {:03b} {:04b}", first >> 7, first >> 4 & 7, first & 0xf);
        notes.take(1, FIRST, bits, self.placed(first, beginning, place, from));

        let Some(second) = second else {
            notes.incomplete("the length", "incomplete: the header has a second byte with the length (RFC 6455 §5.2)");
            return false;
        };
        let bits = format!("{:b} {:07b}", second >> 7, second & 0x7f);
        let header = Header { fin: first & 0x80 != 0, bits: first & 0xf, mask: None, len: 0 };
        let mut meaning = second_meaning(second, self.from);
        // What an empty payload gets wrong has no field of its own to stand in.
        if second.trailing_zeros() >= 7
            && let Some(fault) = self.fault_of_empty(header, from)
        {
            meaning = fault + ". " + &meaning;
        }
        notes.take(1, SECOND, bits, meaning);
        let len = match len_len {
            0 => Some(u64::from(second & 0x7f)),
            size => extended(notes, size, key_len),
        };
        let Some(len) = len else { return false };
        let mask = if key_len == 0 { None } else { masking_key(notes, len) };
        if mask.is_none() && key_len > 0 {
            return false;
        }
        self.open = Some(Payload { header: Header { mask, len, ..header }, from, done: 0 });
        true
    }

    fn direction(&mut self, from: Side) -> &mut Direction {
        match from {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// The first byte's meaning, with what is wrong in this place and which message it belongs to.
    fn placed(
        &self,
        first: u8,
        (mut faults, meaning): (Vec<&'static str>, String),
        place: Option<(Option<&'static str>, Option<String>)>,
        from: Side,
    ) -> String {
        let (fault, place) = place.unwrap_or_default();
        faults.extend(fault);
        if first & 0x40 != 0 && self.compression == Compression::Refused {
            faults.push("RSV1 is set, and no extension that uses it was agreed on (RFC 6455 §5.2)");
        }
        let place = place.map(|place| format!("; {place} from the {}", from.name())).unwrap_or_default();
        if faults.is_empty() { meaning + &place } else { format!("Illegal: {}. {meaning}{place}", faults.join(", ")) }
    }

    fn fault_of_empty(&mut self, header: Header, from: Side) -> Option<String> {
        header.opcode().filter(|opcode| !opcode.is_control())?;
        let is_agreed = self.compression == Compression::Agreed;
        let said = self.direction(from).data(&[], header.fin, is_agreed);
        Some(said.meaning).filter(|meaning| meaning.starts_with("Illegal"))
    }

    /// The payload, or what is here of it; whether that was all.
    fn payload(&mut self, notes: &mut Notes<'_>, behind: Behind) -> bool {
        let Some(Payload { header, from, done }) = self.open.take() else { return true };
        let left = header.len - done;
        let available = notes.rest().len();
        let taken = usize::try_from(left).map_or(available, |left| left.min(available));
        let is_rest = taken as u64 == left;
        let now_done = done + taken as u64;
        if !is_rest {
            let done = if behind == Behind::More { done } else { now_done };
            self.open = Some(Payload { header, from, done });
            if behind == Behind::More {
                return false;
            }
        }
        let mut payload = notes.peek(taken).to_vec();
        if let Some(mut key) = header.mask {
            key.rotate_left(usize::try_from(done % 4).unwrap_or(0));
            mask::apply(key, &mut payload);
        }
        let is_whole = done == 0 && is_rest;
        match header.opcode() {
            Some(Opcode::Close) if is_whole => close::explain(notes, &payload),
            Some(Opcode::Ping) if is_whole => {
                let meaning = "comes back in the Pong, unchanged (RFC 6455 §5.5.2)";
                notes.take(taken, PAYLOAD, readable(&payload), meaning);
            }
            Some(Opcode::Pong) if is_whole => {
                let meaning = "that of the Ping which it answers, or a sign of life unasked (RFC 6455 §5.5.3)";
                notes.take(taken, PAYLOAD, readable(&payload), meaning);
            }
            Some(data) if !data.is_control() && !payload.is_empty() => {
                self.data(notes, header, from, &payload, is_whole, is_rest);
            }
            Some(_) => notes.take(taken, PAYLOAD, readable(&payload), "as far as it is here"),
            None => notes.take(taken, PAYLOAD, hex(&payload), "of a frame without a meaning"),
        }
        if !is_rest && behind == Behind::End {
            notes.missing(left - taken as u64, "the payload");
        }
        is_rest
    }

    /// What a data frame carries, or a part of that.
    fn data(
        &mut self,
        notes: &mut Notes<'_>,
        header: Header,
        from: Side,
        payload: &[u8],
        is_whole: bool,
        is_rest: bool,
    ) {
        let is_agreed = self.compression == Compression::Agreed;
        let direction = self.direction(from);
        let Some(opcode) = header.opcode() else { return };
        let Said { text, meaning, is_plain_text } = direction.data(payload, header.fin && is_rest, is_agreed);
        let is_message = is_whole && header.fin && opcode == Opcode::Text;
        if is_message && is_plain_text && json::is_object(payload) {
            notes.splice(json(payload));
            return;
        }
        let meaning = if is_whole { meaning } else { meaning + "; a part of the payload" };
        notes.take(payload.len(), PAYLOAD, text, meaning);
    }
}

pub(super) const FIRST: &str = "FIN, RSV1-3, opcode";
const SECOND: &str = "MASK, payload len";
const PAYLOAD: &str = "payload data";

/// What is wrong with the first byte wherever it stands, and what it says.
fn first_meaning(first: u8, short: u8) -> (Vec<&'static str>, String) {
    let fin = first & 0x80 != 0;
    let control = first & 0x8 != 0;
    let opcode = opcode(first & 0xf);
    let mut faults = Vec::new();
    if first & 0x30 != 0 {
        faults.push("RSV2 or RSV3 is set, and no extension gives them a meaning (RFC 6455 §5.2)");
    }
    if first & 0x40 != 0 && (control || opcode == Some(Opcode::Continuation)) {
        faults.push("RSV1 is set on a frame that does not begin a message (RFC 7692 §6.1)");
    }
    if opcode.is_none() {
        faults.push("the opcode is reserved (RFC 6455 §5.2)");
    }
    if control && !fin {
        faults.push("a control frame must not be fragmented (RFC 6455 §5.5)");
    }
    if control && usize::from(short) > MAX_CONTROL_PAYLOAD {
        faults.push("the payload of a control frame is at most 125 bytes (RFC 6455 §5.5)");
    }
    let fin = match (fin, control, opcode) {
        (true, true, _) => "FIN: whole, as each control frame (RFC 6455 §5.5)",
        (true, _, Some(Opcode::Continuation)) => "FIN: the last fragment (RFC 6455 §5.4)",
        (true, ..) => "FIN: a whole message (RFC 6455 §5.4)",
        (false, ..) => "no FIN: more fragments follow (RFC 6455 §5.4)",
    };
    let rsv1 = if first & 0x40 == 0 { "" } else { "; RSV1: compressed, if that was negotiated (RFC 7692 §6)" };
    (faults, format!("{fin}{rsv1}; opcode {:#x}: {}", first & 0xf, opcode_meaning(first & 0xf)))
}

fn second_meaning(second: u8, from: Option<Side>) -> String {
    let is_masked = second & 0x80 != 0;
    let mask = match (is_masked, from) {
        (false, Some(Side::Client)) => "Illegal: not masked, and a client masks each frame (RFC 6455 §5.1)",
        (true, Some(Side::Server)) => "Illegal: masked, and a server masks none (RFC 6455 §5.1)",
        (false, _) => "not masked, as of a server (RFC 6455 §5.1)",
        (true, _) => "masked, as of a client (RFC 6455 §5.1)",
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
        None if bits < 8 => "no meaning, kept for further kinds of data",
        None => "no meaning, kept for further control frames",
    }
}

//! The payload of a Close frame (RFC 6455 §5.5.1).

use super::notes::{Notes, hex, readable};
use crate::ws::CloseCode;
use alloc::format;
use alloc::string::String;

/// Explains a Close frame's payload, given unmasked.
pub(super) fn explain(notes: &mut Notes<'_>, payload: &[u8]) {
    match payload {
        [] => {}
        [_] => notes.take(1, "status code", hex(payload), "Illegal: half a status code (RFC 6455 §5.5.1)"),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            notes.take(2, "status code", format!("{code}"), code_meaning(code));
            let meaning = match core::str::from_utf8(reason) {
                Ok(_) => "why, in words that are not necessarily for people (RFC 6455 §5.5.1)",
                Err(_) => "Illegal: the reason is not UTF-8 (RFC 6455 §5.5.1, §8.1)",
            };
            notes.take(reason.len(), "reason", readable(reason), meaning);
        }
    }
}

fn code_meaning(code: u16) -> String {
    match CloseCode::new(code) {
        Some(known) => format!("{} (RFC 6455 §7.4)", known.name()),
        None => String::from("Illegal: a code that must not stand in a Close frame (RFC 6455 §7.4.1, §7.4.2)"),
    }
}

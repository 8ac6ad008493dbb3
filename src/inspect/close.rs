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
    if let Some(known) = CloseCode::new(code) {
        return format!("{} (RFC 6455 §7.4)", known.name());
    }
    let why = match code {
        0..=999 => "codes below 1000 are not used (RFC 6455 §7.4.2)",
        1004 => "1004 is reserved and has no meaning (RFC 6455 §7.4.1)",
        1005 => "1005 is what a program is told where a Close has no code, and is never sent (RFC 6455 §7.4.1)",
        1006 => "1006 is what a program is told where no Close came, and is never sent (RFC 6455 §7.4.1)",
        1015 => "1015 is what a program is told where TLS failed, and is never sent (RFC 6455 §7.4.1)",
        1016..=2999 => "codes up to 2999 are the protocol's own, and this one means nothing yet (RFC 6455 §7.4.2)",
        _ => "codes end at 4999 (RFC 6455 §7.4.2)",
    };
    format!("Illegal: {why}")
}

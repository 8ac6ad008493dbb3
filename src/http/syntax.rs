//! The character classes of HTTP, and number formatting without an allocation.

/// The terminator of every line of a head and of a chunk's size.
pub(super) const CRLF: &[u8] = b"\r\n";

/// A character of a method, a field name or another token.
pub(super) const fn is_token(byte: u8) -> bool {
    TOKEN[byte as usize]
}

/// Every name that is written is looked at byte by byte, and one load is less than eight comparisons.
const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = u8::MAX;
    while byte > 0 {
        table[byte as usize] = byte.is_ascii_alphanumeric()
            || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~');
        byte -= 1;
    }
    table
};

/// A byte that may stand in a field value or a chunk extension: no control character but the tab.
pub(super) const fn is_field_value(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

/// Whether a header can have this value (RFC 9110 §5.5).
pub(crate) fn is_value(value: &[u8]) -> bool {
    all(value, is_field_value)
}

/// Whether every byte is of a class. The loop has no way out before the end, which makes it vector code.
pub(super) fn all(bytes: &[u8], is_of_class: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(true, |so_far, &byte| so_far & is_of_class(byte))
}

/// A value without the blanks around it (§5.1).
pub(super) fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// A whole number of decimal digits only: no sign, no blank, not empty, no overflow.
pub(super) fn parse_decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, &byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

/// A `Host` value of the form `uri-host [":" port]` (§3.2); empty is allowed, there may be no authority.
pub(super) fn is_host(value: &[u8]) -> bool {
    let (host, port) = match value {
        [b'[', rest @ ..] => {
            let Some(end) = rest.iter().position(|&byte| byte == b']') else { return false };
            let (address, port) = rest.split_at(end);
            if !address.iter().all(|&byte| is_reg_name(byte) || byte == b':') {
                return false;
            }
            (&b""[..], port.get(1..).unwrap_or_default())
        }
        _ => value.split_at(value.iter().position(|&byte| byte == b':').unwrap_or(value.len())),
    };
    let port_is_valid = match port {
        [] => true,
        [b':', digits @ ..] => digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    port_is_valid && host.iter().all(|&byte| is_reg_name(byte))
}

const fn is_reg_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%' | b'!' | b'$' | b'&'..=b',' | b';' | b'=')
}

/// A number written out on the stack.
pub(super) struct Digits {
    bytes: [u8; 20],
    start: usize,
}

impl Digits {
    pub(super) fn decimal(number: u64) -> Self {
        Self::write::<10>(number)
    }

    pub(super) fn hex(number: u64) -> Self {
        Self::write::<16>(number)
    }

    /// 20 bytes hold every `u64` in both bases.
    fn write<const BASE: u64>(mut number: u64) -> Self {
        let mut digits = Self { bytes: [b'0'; 20], start: 20 };
        for (at, byte) in digits.bytes.iter_mut().enumerate().rev() {
            let [value, ..] = (number % BASE).to_le_bytes();
            *byte = digit(value);
            digits.start = at;
            number /= BASE;
            if number == 0 {
                break;
            }
        }
        digits
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}

/// One digit, 0 to 15.
const fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + value - 10 }
}

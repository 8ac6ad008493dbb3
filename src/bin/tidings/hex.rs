//! Hexadecimal, as people write it.

/// What a text says, if it is hexadecimal.
pub enum Hex {
    Bytes(Vec<u8>),
    /// It is, but for this word one of whose bytes is only half there.
    Odd(String),
    Other,
}

/// Pairs of digits, with whatever people write between them.
pub fn from_hex(text: &[u8]) -> Hex {
    let (mut bytes, mut odd) = (Vec::new(), None);
    for word in text.split(|byte| is_between(*byte)) {
        let digits = word.strip_prefix(b"0x").unwrap_or(word);
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return Hex::Other;
        }
        let (pairs, rest) = digits.as_chunks::<2>();
        if !rest.is_empty() {
            odd.get_or_insert(word);
        }
        let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok()).unwrap_or(0);
        bytes.extend(pairs.iter().map(|[high, low]| value(*high) << 4 | value(*low)));
    }
    match odd {
        Some(word) => Hex::Odd(String::from_utf8_lossy(word).into_owned()),
        None if bytes.is_empty() => Hex::Other,
        None => Hex::Bytes(bytes),
    }
}

/// Whether a part of a text has nothing that no hexadecimal has.
pub fn is_hex_so_far(part: &[u8]) -> bool {
    part.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'x' || is_between(*byte))
}

fn is_between(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b':' | b',')
}

pub fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

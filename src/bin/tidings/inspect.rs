//! `tidings inspect`.

use crate::Failure;
use crate::args::Inspect;
use crate::output::Output;
use std::io::{self, Read};
use tidings::inspect::{Field, Format};

/// More is no longer read by eye.
const MAX_INPUT: u64 = 16 << 20;
/// How many bytes of a field stand in its line.
const BYTES: usize = 8;

pub fn run(arguments: &Inspect) -> Result<(), Failure> {
    let bytes = match &arguments.hex {
        Some(hex) => from_hex(hex.as_bytes()).ok_or_else(|| Failure::Usage(format!("{hex:?} is not hexadecimal")))?,
        None => standard_input()?,
    };
    let format = arguments.format.unwrap_or_else(|| Format::guess(&bytes));
    let mut output = Output::default();
    for field in format.explain(&bytes) {
        if arguments.json {
            output.push(&serde_json::to_vec(&field).map_err(|error| Failure::Failed(error.to_string()))?)?;
        } else {
            let own = bytes.get(field.at..field.at + field.len).unwrap_or_default();
            output.push(lines(&field, own).as_bytes())?;
        }
    }
    output.flush()
}

/// What stands there, if it is hexadecimal then the bytes that it says.
fn standard_input() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(MAX_INPUT).read_to_end(&mut bytes);
    read.map_err(|error| Failure::Failed(format!("standard input: {error}")))?;
    Ok(from_hex(&bytes).unwrap_or(bytes))
}

/// Pairs of digits, with whatever people write between them; `None` if there is anything else, or nothing.
fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for word in text.split(|byte| byte.is_ascii_whitespace() || matches!(byte, b':' | b',')) {
        let digits = word.strip_prefix(b"0x").unwrap_or(word);
        let (pairs, rest) = digits.as_chunks::<2>();
        if !rest.is_empty() {
            return None;
        }
        for [high, low] in pairs {
            let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            bytes.push(digit(*high)? << 4 | digit(*low)?);
        }
    }
    Some(bytes).filter(|bytes| !bytes.is_empty())
}

/// Where and what on the first line, what it means on the second.
fn lines(field: &Field, bytes: &[u8]) -> String {
    let mut shown: Vec<String> = bytes.iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect();
    if bytes.len() > BYTES {
        shown.push("…".into());
    }
    let (at, shown, width) = (field.at, shown.join(" "), 3 * BYTES + 1);
    format!("{at:6}  {shown:width$}  {}: {}\n{:8}{:width$}  {}", field.name, field.text, "", "", field.meaning)
}

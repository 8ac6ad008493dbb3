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
        Some(hex) => match from_hex(hex.as_bytes()) {
            Hex::Bytes(bytes) => bytes,
            Hex::Odd(word) => return Err(odd(&word)),
            Hex::Other => return Err(Failure::Usage(format!("{hex:?} is not hexadecimal"))),
        },
        None => standard_input(arguments.format)?,
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
fn standard_input(format: Option<Format>) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(MAX_INPUT).read_to_end(&mut bytes);
    read.map_err(|error| Failure::Failed(format!("standard input: {error}")))?;
    match from_hex(&bytes) {
        Hex::Bytes(bytes) => Ok(bytes),
        // Text may well look like that, but then one would say so.
        Hex::Odd(word) if matches!(format, None | Some(Format::Frames)) => Err(odd(&word)),
        Hex::Odd(_) | Hex::Other => Ok(bytes),
    }
}

fn odd(word: &str) -> Failure {
    Failure::Usage(format!("{word:?} has an odd number of hexadecimal digits: two make a byte"))
}

/// What a text says, if it is hexadecimal.
enum Hex {
    Bytes(Vec<u8>),
    /// It is, but for this word one of whose bytes is only half there.
    Odd(String),
    Other,
}

/// Pairs of digits, with whatever people write between them.
fn from_hex(text: &[u8]) -> Hex {
    let (mut bytes, mut odd) = (Vec::new(), None);
    for word in text.split(|byte| byte.is_ascii_whitespace() || matches!(byte, b':' | b',')) {
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

/// Where and what on the first line, what it means on the second.
fn lines(field: &Field, bytes: &[u8]) -> String {
    let mut shown: Vec<String> = bytes.iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect();
    if bytes.len() > BYTES {
        shown.push("…".into());
    }
    let (at, shown, width) = (field.at, shown.join(" "), 3 * BYTES + 1);
    format!("{at:6}  {shown:width$}  {}: {}\n{:8}{:width$}  {}", field.name, field.text, "", "", field.meaning)
}

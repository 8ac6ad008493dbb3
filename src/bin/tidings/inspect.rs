//! `tidings inspect`.

use crate::Failure;
use crate::args::{self, Inspect};
use crate::hex::{Hex, from_hex, is_hex_so_far};
use crate::output::Output;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use tidings::inspect::{Explainer, Field, Format, frame_picture};

/// Hexadecimal is read as a whole, and more of it nobody has looked for.
const MAX_HEX: usize = 32 << 20;
/// What is waited for so that something is whole: the largest message that a server takes by default. The fields of so
/// much may take a hundred times the room.
const MAX_WAITING: usize = 1 << 20;
/// What is read at once.
const PIECE: usize = 64 * 1024;
/// How many bytes of a field stand in its line.
const BYTES: usize = 8;

pub fn run(arguments: &Inspect) -> Result<(), Failure> {
    let mut explaining = Explaining::new(arguments);
    match &arguments.input {
        args::Input::Digits(digits) => explaining.whole(&digits_of(digits)?)?,
        args::Input::Argument(argument) => match digits_or_file(argument)? {
            Ok(bytes) => explaining.whole(&bytes)?,
            Err(file) => explaining.read(file, &argument.to_string_lossy())?,
        },
        args::Input::File(path) => explaining.read(open(path)?, &path.to_string_lossy())?,
        args::Input::Standard => explaining.read(io::stdin().lock(), "standard input")?,
    }
    explaining.end()
}

fn digits_of(text: &str) -> Result<Vec<u8>, Failure> {
    match from_hex(text.as_bytes()) {
        Hex::Bytes(bytes) => Ok(bytes),
        Hex::Odd(word) => Err(odd(&word)),
        Hex::Other => Err(Failure::Usage(format!("{text:?} is not hexadecimal"))),
    }
}

/// Digits are digits, even if there is a file of that name.
fn digits_or_file(argument: &OsStr) -> Result<Result<Vec<u8>, File>, Failure> {
    let text = argument.to_string_lossy();
    match (from_hex(text.as_bytes()), Path::new(argument).exists()) {
        (Hex::Bytes(bytes), _) => Ok(Ok(bytes)),
        (_, true) => open(Path::new(argument)).map(Err),
        (Hex::Odd(word), false) => Err(odd(&word)),
        (Hex::Other, false) => Err(Failure::Usage(format!("{text:?} is neither hexadecimal nor a file"))),
    }
}

fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))
}

fn odd(word: &str) -> Failure {
    Failure::Usage(format!("{word:?} has an odd number of hexadecimal digits: two make a byte"))
}

struct Explaining<'a> {
    arguments: &'a Inspect,
    explainer: Option<Explainer>,
    /// What came before it was known what it is.
    first: Vec<u8>,
    told: Told,
}

impl<'a> Explaining<'a> {
    fn new(arguments: &'a Inspect) -> Self {
        let told = Told { json: arguments.json, picture: arguments.picture, ..Told::default() };
        Self { arguments, explainer: None, first: Vec::new(), told }
    }

    /// What is there, if it is hexadecimal then the bytes that it says; of other things each piece as it comes.
    fn read(&mut self, mut input: impl Read, name: &str) -> Result<(), Failure> {
        let (mut piece, mut hex) = (vec![0; PIECE], Some(Vec::new()));
        loop {
            let len = match input.read(&mut piece) {
                Ok(0) => break,
                Ok(len) => len,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Failure::Failed(format!("{name}: {error}"))),
            };
            let bytes = piece.get(..len).unwrap_or_default();
            let Some(text) = &mut hex else {
                self.push(bytes)?;
                continue;
            };
            text.extend_from_slice(bytes);
            if !is_hex_so_far(bytes) {
                let text = hex.take().unwrap_or_default();
                self.push(&text)?;
            } else if text.len() > MAX_HEX {
                return Err(Failure::Failed(format!("{name}: more than {MAX_HEX} bytes of hexadecimal")));
            }
        }
        let Some(text) = hex else { return Ok(()) };
        match from_hex(&text) {
            Hex::Bytes(bytes) => self.whole(&bytes),
            // Text may well look like that, but then one would say so.
            Hex::Odd(word) if matches!(self.arguments.format, None | Some(Format::Frames)) => Err(odd(&word)),
            Hex::Odd(_) | Hex::Other => self.whole(&text),
        }
    }

    fn whole(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.begin(self.arguments.format.unwrap_or_else(|| Format::guess(bytes)));
        self.push(bytes)
    }

    fn begin(&mut self, format: Format) {
        let explainer = Explainer::new(format).waiting_for(MAX_WAITING);
        self.explainer = Some(match self.arguments.from {
            Some(side) => explainer.from(side),
            None => explainer,
        });
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.explainer.is_none() {
            self.first.extend_from_slice(bytes);
            let Some(format) = self.arguments.format.or_else(|| Format::guess_early(&self.first)) else {
                return Ok(());
            };
            self.begin(format);
            let first = std::mem::take(&mut self.first);
            return self.push(&first);
        }
        if let Some(explainer) = &mut self.explainer {
            explainer.push(bytes, |field, bytes| self.told.tell(field, bytes));
        }
        self.told.flush()
    }

    fn end(mut self) -> Result<(), Failure> {
        if self.explainer.is_none() {
            let first = std::mem::take(&mut self.first);
            self.whole(&first)?;
        }
        if let Some(explainer) = self.explainer.take() {
            explainer.end(|field, bytes| self.told.tell(field, bytes));
        }
        self.told.finish()
    }
}

/// The fields as they are printed.
#[derive(Default)]
struct Told {
    output: Output,
    json: bool,
    picture: bool,
    /// A frame's first byte: the second is needed for the picture above it.
    first: Option<(String, u8)>,
    failure: Option<Failure>,
}

impl Told {
    fn tell(&mut self, field: &Field, bytes: &[u8]) {
        if self.failure.is_some() {
            return;
        }
        let result = if self.json { self.tell_json(field) } else { self.tell_lines(field, bytes) };
        self.failure = result.err();
    }

    fn tell_json(&mut self, field: &Field) -> Result<(), Failure> {
        let json = serde_json::to_vec(field).map_err(|error| Failure::Failed(error.to_string()))?;
        self.output.push(&json)
    }

    fn tell_lines(&mut self, field: &Field, bytes: &[u8]) -> Result<(), Failure> {
        let own = lines(field, bytes);
        if let Some((lines, first)) = self.first.take() {
            if let &[second] = bytes {
                self.output.push(frame_picture([first, second]).trim_end().as_bytes())?;
            }
            self.output.push(lines.as_bytes())?;
        }
        match bytes {
            &[first] if self.picture && field.begins_frame() => self.first = Some((own, first)),
            _ => self.output.push(own.as_bytes())?,
        }
        Ok(())
    }

    /// What came is told before more is waited for.
    fn flush(&mut self) -> Result<(), Failure> {
        self.failure.take().map_or(Ok(()), Err)?;
        self.output.flush()
    }

    fn finish(mut self) -> Result<(), Failure> {
        if let Some((lines, _)) = self.first.take() {
            self.output.push(lines.as_bytes())?;
        }
        self.flush()
    }
}

/// Where and what on the first line, what it means on the second.
pub fn lines(field: &Field, bytes: &[u8]) -> String {
    let mut shown: Vec<String> = bytes.iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect();
    if bytes.len() > BYTES {
        shown.push("…".into());
    }
    let (at, shown, width) = (field.at, shown.join(" "), 3 * BYTES + 1);
    format!("{at:6}  {shown:width$}  {}: {}\n{:8}{:width$}  {}", field.name, field.text, "", "", field.meaning)
}

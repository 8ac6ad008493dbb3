//! Bytes that are explained while they come.

use super::frames::Frames;
use super::http::Http;
use super::json::Json;
use super::notes::{Behind, Notes};
use super::stream::EventStream;
use super::{Field, Format, Side};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Explains the bytes of one direction, or of both in one, piece by piece, however they are cut.
///
/// What belongs together waits until it is whole: a frame, a line with its end, a chunk's size. What gets too long to
/// wait for is explained in parts, so that no more than [`MAX_WAITING`] bytes are held, unless
/// [`waiting_for`](Self::waiting_for) says otherwise.
///
/// ```
/// use tidings::inspect::{Explainer, Format};
///
/// let mut names = Vec::new();
/// let mut explainer = Explainer::new(Format::EventStream);
/// for piece in ["dat", "a: x", "\n\nda"] {
///     explainer.push(piece.as_bytes(), |field, bytes| names.push(format!("{}:{}", field.name, bytes.len())));
/// }
/// assert_eq!(names, ["field name:6", "data:1", "end of line:1", "blank line:1"]);
/// explainer.end(|field, _| assert!(field.at == 9 || field.name == "missing"));
/// ```
#[derive(Debug)]
pub struct Explainer {
    machine: Machine,
    waiting: Vec<u8>,
    /// Where in the stream they begin.
    at: usize,
    most: usize,
}

/// How many bytes are waited for so that something is whole: as much as the largest message that a reader would look
/// through.
pub const MAX_WAITING: usize = 64 * 1024;

#[derive(Debug)]
enum Machine {
    Frames(Box<Frames>),
    Http(Box<Http>),
    EventStream(EventStream),
    Json(Json),
}

impl Explainer {
    /// An explainer of this, from its first byte on.
    #[must_use]
    pub fn new(format: Format) -> Self {
        let machine = match format {
            Format::Frames => Machine::Frames(Box::default()),
            Format::Http => Machine::Http(Box::default()),
            Format::EventStream => Machine::EventStream(EventStream::default()),
            Format::Json => Machine::Json(Json::default()),
        };
        Self { machine, waiting: Vec::new(), at: 0, most: MAX_WAITING }
    }

    /// The same for what this side sends: then a frame that is masked, or not, against the rule is said to be illegal.
    #[must_use]
    pub fn from(mut self, side: Side) -> Self {
        match &mut self.machine {
            Machine::Frames(frames) => frames.from = Some(side),
            Machine::Http(http) => http.from = Some(side),
            Machine::EventStream(_) | Machine::Json(_) => {}
        }
        self
    }

    /// The same with more, or less, that is waited for, in bytes.
    #[must_use]
    pub fn waiting_for(self, most: usize) -> Self {
        Self { most: most.max(1), ..self }
    }

    /// Takes the next bytes; `each` gets each field that is whole now, and the bytes that it is about.
    pub fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(&Field, &[u8])) {
        while !bytes.is_empty() {
            let room = self.most.saturating_sub(self.waiting.len()).max(1);
            let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            self.waiting.extend_from_slice(now);
            bytes = later;
            self.step(Behind::More, &mut each);
            if self.waiting.len() >= self.most {
                self.step(Behind::Full, &mut each);
            }
        }
    }

    /// There are no more bytes: what was not whole is explained as far as it goes, and what is missing is said.
    pub fn end(mut self, mut each: impl FnMut(&Field, &[u8])) {
        self.step(Behind::End, &mut each);
    }

    fn step(&mut self, behind: Behind, each: &mut impl FnMut(&Field, &[u8])) {
        let mut notes = Notes::starting_at(self.at, &self.waiting);
        match &mut self.machine {
            Machine::Frames(frames) => frames.step(&mut notes, behind),
            Machine::Http(http) => http.step(&mut notes, behind),
            Machine::EventStream(stream) => stream.step(&mut notes, behind),
            Machine::Json(json) => json.step(&mut notes, behind),
        }
        let left = notes.rest().len();
        for field in notes.finish() {
            let start = field.at - self.at;
            each(&field, self.waiting.get(start..start + field.len).unwrap_or_default());
        }
        let taken = self.waiting.len() - left;
        self.waiting.drain(..taken);
        self.at += taken;
    }

    fn http(&mut self) -> Option<&mut Http> {
        match &mut self.machine {
            Machine::Http(http) => Some(http),
            _ => None,
        }
    }
}

/// Explains both directions of an HTTP/1.1 connection, each as its bytes come: an answer is measured by its request, and
/// frames by whose they are.
///
/// ```
/// use tidings::inspect::{Conversation, Side};
///
/// let mut conversation = Conversation::default();
/// conversation.push(Side::Client, b"GET /c HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
///     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", |_, _| {});
/// let mut said = String::new();
/// conversation.push(Side::Server, b"HTTP/1.1 101 \r\nSec-WebSocket-Accept: nonsense\r\n", |field, _| said = field.meaning.to_string());
/// assert!(said.starts_with("Illegal: it does not answer the key, by which s3pPLMBiTxaQ9kYGzzhZRbK+xOo= is due"), "{said}");
/// ```
#[derive(Debug)]
pub struct Conversation {
    client: Explainer,
    server: Explainer,
}

impl Default for Conversation {
    fn default() -> Self {
        let explainer = |side| Explainer::new(Format::Http).from(side);
        Self { client: explainer(Side::Client), server: explainer(Side::Server) }
    }
}

impl Conversation {
    /// Takes the next bytes that this side sends, as [`Explainer::push`] does.
    pub fn push(&mut self, from: Side, bytes: &[u8], each: impl FnMut(&Field, &[u8])) {
        let Self { client, server } = self;
        match from {
            Side::Client => client.push(bytes, each),
            Side::Server => server.push(bytes, each),
        }
        let (Some(client), Some(server)) = (client.http(), server.http()) else { return };
        if from == Side::Client {
            server.asked = client.asked.take().or(server.asked.take());
        } else if server.has_switched() {
            client.compression = server.compression;
        }
    }

    /// The connection has ended, as [`Explainer::end`].
    pub fn end(self, mut each: impl FnMut(Side, &Field, &[u8])) {
        for (side, explainer) in [(Side::Client, self.client), (Side::Server, self.server)] {
            // Between two messages nothing is missing.
            if !explainer.waiting.is_empty() {
                explainer.end(|field, bytes| each(side, field, bytes));
            }
        }
    }
}

//! Explains bytes: what each of them is for, field by field, as a reader of the protocols would tell it.
//!
//! ```text
//!   81 05 48 65 6c 6c 6f
//!   │  │  └────────────┴─ payload data         "Hello"
//!   │  └───────────────── MASK, payload len    0 0000101   not masked, as of a server (RFC 6455 §5.1); 5 bytes
//!   └──────────────────── FIN, RSV1-3, opcode  1 000 0001  a whole text message (RFC 6455 §5.4, §5.6)
//! ```
//!
//! Nothing here decides anything: the protocols are in the rooms that speak them. These functions never fail and take
//! any bytes. The [`Field`]s that they give are in order and cover every byte exactly once; what is not legal is said
//! where it stands, with the section that forbids it, in a meaning that begins with `Illegal:`, and explaining goes on
//! as far as sense can be made of what follows. Where the bytes end too early, a last field without any of its own, named
//! `missing`, says what should have followed, in a meaning that begins with `incomplete:`.
//!
//! ```
//! let fields = tidings::inspect::websocket_frames(b"\x81\x05Hello");
//! let names: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
//! assert_eq!(names, ["FIN, RSV1-3, opcode", "MASK, payload len", "payload data"]);
//! assert_eq!(fields[2].text, "Hello");
//! ```

mod chunks;
mod close;
mod frames;
mod http;
mod json;
mod notes;
mod stream;

pub use self::http::http_message;
pub use chunks::chunked;
pub use frames::websocket_frames;
pub use json::json;
pub use stream::event_stream;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

/// Some bytes that belong together, and what they are for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Field {
    /// Where they begin, counted from 0.
    pub at: usize,
    /// How many they are: at least one, but none for what is missing at the end.
    pub len: usize,
    /// What the protocol's specification calls them.
    pub name: Cow<'static, str>,
    /// What they say: bits, a number or text, unmasked and without escapes that only the wire needs. Shortened to
    /// [`MAX_TEXT`] characters.
    pub text: String,
    /// What that means, with the section where it is laid down.
    pub meaning: Cow<'static, str>,
}

/// How many characters a field's text has at the most: a line for people, not a copy of the data.
pub const MAX_TEXT: usize = 160;

/// What some bytes seem to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// WebSocket frames (RFC 6455).
    Frames,
    /// An HTTP/1.1 message (RFC 9112), and what it carries or switches to.
    Http,
    /// A `text/event-stream` (WHATWG HTML, "Server-sent events").
    EventStream,
    /// JSON, one value or one on each line.
    Json,
}

impl Format {
    /// A guess by the first bytes. A frame's first byte is a control character or not ASCII, which text never begins
    /// with.
    #[must_use]
    pub fn guess(bytes: &[u8]) -> Self {
        const BOM: &[u8] = b"\xef\xbb\xbf";
        match bytes.first() {
            _ if bytes.starts_with(BOM) => Self::EventStream,
            Some(b'{' | b'[') => Self::Json,
            Some(b'\t' | b'\n' | b'\r' | 0x20..=0x7e) if http::is_start(bytes) => Self::Http,
            Some(b'\t' | b'\n' | b'\r' | 0x20..=0x7e) | None => Self::EventStream,
            Some(_) => Self::Frames,
        }
    }

    /// Explains the bytes as this.
    #[must_use]
    pub fn explain(self, bytes: &[u8]) -> Vec<Field> {
        match self {
            Self::Frames => websocket_frames(bytes),
            Self::Http => http_message(bytes),
            Self::EventStream => event_stream(bytes),
            Self::Json => json(bytes),
        }
    }
}

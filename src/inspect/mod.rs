//! Explains bytes: what each of them is for, field by field, as a reader of the protocols would tell it.
//!
//! ```text
//!   81 05 48 65 6c 6c 6f
//!   │  │  └────────────┴─ payload data         "Hello"
//!   │  └───────────────── MASK, payload len    0 0000101   not masked, as of a server (RFC 6455 §5.1); 5 bytes
//!   └──────────────────── FIN, RSV1-3, opcode  1 000 0001  a whole message (RFC 6455 §5.4), text (RFC 6455 §5.6)
//! ```
//!
//! Nothing here decides anything: the protocols are in the rooms that speak them. These functions never fail and take
//! any bytes. The [`Field`]s that they give are in order and cover every byte exactly once; what is not legal is said
//! where it stands, with the section that forbids it, in a meaning that begins with `Illegal:`, and explaining goes on
//! as far as sense can be made of what follows. Where the bytes end too early, a last field without any of its own, named
//! `missing`, says what should have followed, in a meaning that begins with `incomplete:`.
//!
//! What comes piece by piece is for an [`Explainer`], and both directions of a connection for a [`Conversation`]: they
//! explain what is whole, and hold no more than they wait for. The functions explain the same bytes at once.
//!
//! ```
//! let fields = tidings::inspect::websocket_frames(b"\x81\x05Hello");
//! let names: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
//! assert_eq!(names, ["FIN, RSV1-3, opcode", "MASK, payload len", "payload data"]);
//! assert_eq!(fields[2].text, "Hello");
//! ```

mod chunks;
mod close;
mod content;
mod explainer;
mod frames;
mod handshake;
mod head;
mod http;
mod json;
mod messages;
mod notes;
mod picture;
mod stream;

pub use self::http::http_message;
pub use chunks::chunked;
pub use explainer::{Conversation, Explainer, MAX_WAITING};
pub use frames::websocket_frames;
pub use json::json;
pub use picture::frame_picture;
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

/// How many bytes of a compressed message are inflated: what a server takes as a whole message by default.
pub const MAX_INFLATED: usize = 1 << 20;

/// How many bytes are inflated in all of what one side has sent: no input may make much more work than it has bytes.
pub const MAX_INFLATED_IN_ALL: usize = 64 << 20;

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The side that connects and asks.
    Client,
    /// The side that answers.
    Server,
}

impl Side {
    /// Its name in English.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

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
    /// A guess by the first bytes. A frame's first byte is nearly always a control character or not ASCII, which text
    /// never begins with.
    #[must_use]
    pub fn guess(bytes: &[u8]) -> Self {
        const BOM: &[u8] = b"\xef\xbb\xbf";
        match bytes.first() {
            _ if bytes.starts_with(BOM) => Self::EventStream,
            Some(b'{' | b'[') => Self::Json,
            // A first fragment that is compressed begins with a letter; what follows is hardly text.
            Some(b'A' | b'B') if bytes.iter().take(64).any(|byte| matches!(byte, 0..=8 | 14..=31)) => Self::Frames,
            Some(b'\t' | b'\n' | b'\r' | 0x20..=0x7e) if head::is_start(bytes) => Self::Http,
            Some(b'\t' | b'\n' | b'\r' | 0x20..=0x7e) | None => Self::EventStream,
            Some(_) => Self::Frames,
        }
    }

    /// A guess while more bytes may come; `None` where they could change it.
    #[must_use]
    pub fn guess_early(bytes: &[u8]) -> Option<Self> {
        /// A first line that is longer is no start line.
        const ENOUGH: usize = 4096;
        let guess = Self::guess(bytes);
        let is_settled = match guess {
            Self::EventStream => bytes.contains(&b'\n') || bytes.len() >= ENOUGH,
            Self::Frames => bytes.first() != Some(&0xef) || bytes.len() >= 3,
            Self::Http | Self::Json => true,
        };
        is_settled.then_some(guess)
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

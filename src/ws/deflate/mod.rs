//! permessage-deflate (RFC 7692): compressed messages.
//!
//! ```text
//!   client                                                     server
//!   Options ── offer: permessage-deflate; client_max_window_bits ▶ negotiate ── Options
//!      │                                                            │
//!      └▶ check the answer ◀── permessage-deflate; … ── Agreement ◀─┘
//!            │                                              │
//!        Agreement ──────────────▶ Connection ◀─────────────┘
//!
//!   message ─▶ DEFLATE, flushed ─▶ without the last 00 00 FF FF ─▶ frame with RSV1      (§7.2.1)
//!   message ◀─ INFLATE ◀─ 00 00 FF FF behind the payload ◀──────── first frame has RSV1 (§7.2.2)
//! ```
//!
//! Each direction has a window of the bytes before, which the next message may refer to ("context takeover"). A pair
//! of contexts takes some 300 KiB, so each is made at the first message that needs it.

mod agreement;
mod codec;
mod encoder;
#[cfg(any(feature = "server", feature = "client"))]
mod inflater;
mod params;

pub use agreement::Agreement;
pub(super) use codec::Codec;
pub use encoder::Encoder;
#[cfg(any(feature = "server", feature = "client"))]
pub(crate) use inflater::Inflater;

/// The largest and default window: 2¹⁵ bytes.
pub const MAX_WINDOW_BITS: u8 = 15;
/// The smallest window that the compressor can keep to, 2⁹ bytes. The extension also knows 2⁸: an offer that asks this
/// of a server is declined, and a client that is told so sends its messages uncompressed, which is always allowed.
pub const MIN_WINDOW_BITS: u8 = 9;

/// What one side wants of the extension: the four parameters (RFC 7692 §7.1), and which messages to compress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The server forgets its window after each message: less memory for the client, worse compression. Default: no.
    pub server_no_context_takeover: bool,
    /// The client forgets its window after each message. Default: no.
    pub client_no_context_takeover: bool,
    /// The base-2 logarithm of the window that the server compresses with, 9 to 15. Default 15.
    pub server_max_window_bits: u8,
    /// Likewise the client's. Default 15.
    pub client_max_window_bits: u8,
    /// How hard to compress, 0 to 9. Default 3: news is small, and latency counts.
    pub level: u32,
    /// Messages of fewer bytes go out uncompressed: they gain nothing. Default 64.
    pub min_len: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: MAX_WINDOW_BITS,
            client_max_window_bits: MAX_WINDOW_BITS,
            level: 3,
            min_len: 64,
        }
    }
}

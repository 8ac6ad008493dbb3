//! What a client gives out.

use super::Cut;
use crate::topic::Reset;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// One thing that arrived, or that happened to the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Received {
    /// The server was reached, for the first time or again.
    Connected,
    /// A message.
    Message {
        /// The cursor to resume after; of another server's event stream the last event ID. `None` where there is none.
        id: Option<String>,
        /// What kind of message it is; `None` for the plain kind (`message`, in an event stream).
        event: Option<String>,
        /// What it says.
        data: String,
    },
    /// A binary message of a WebSocket server that is not ours.
    Binary(Vec<u8>),
    /// The cursor to resume after has moved without a message.
    Bookmark {
        /// The cursor.
        id: String,
    },
    /// Messages were lost; what follows goes on at [`Reset::oldest`].
    Reset(Reset),
    /// The server said that it goes away: a [`Stream`](super::Stream) is told so in a line, a
    /// [`WebSocketSource`](super::WebSocketSource) by close code 1001 or 1012. Event streams and polls have no words for
    /// it; there, as here, a [`Reconnecting`](Self::Reconnecting) follows.
    Drain,
    /// The connection is gone; the next call waits and connects again.
    Reconnecting {
        /// How long it waits.
        after: Duration,
        /// What happened.
        why: Cut,
    },
}

//! WebSocket and event streams for programs on tokio.

mod clock;
mod error;
mod event_body;
mod event_stream;
mod halves;
mod handshake;
mod input;
mod lane;
mod open_error;
mod options;
mod outgoing;
mod reading;
mod sending;
mod shared;
mod upgrade;
mod websocket;

pub use crate::message::Message;
pub use error::Error;
pub use event_body::EventBody;
pub use event_stream::{EventStream, EventStreamError};
pub use halves::{WebSocketReader, WebSocketWriter};
pub use handshake::{accept, accept_with, connect};
pub use open_error::OpenError;
pub use options::{Options, Terms};
pub use shared::Shared;
pub use upgrade::Upgrade;
pub use websocket::WebSocket;

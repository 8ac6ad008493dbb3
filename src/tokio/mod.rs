//! WebSocket and event streams for programs on tokio: streams and sinks around [`ws`](crate::ws) and [`sse`](crate::sse).
//!
//! ```text
//!                    ┌──────────── WebSocket ─────────────┐
//!   AsyncRead  ────▶ │ input ──▶ Connection ──▶ Message   │ ────▶ next(), Stream
//!                    │              └─ Pong, Close ┐      │
//!   AsyncWrite ◀──── │ output ◀────────────────────┴──────│ ◀──── feed(), send(), Sink
//!                    └────────────────────────────────────┘
//!        one write for all that one read has led to, when the next read has to wait
//! ```
//!
//! * [`accept`] and [`connect`] shake hands over any stream of bytes, such as a `TcpStream`, or what the handshake of TLS has
//!   made of one: put that in a time-out of your own, as the times of [`Options`] count from behind it. Where hyper or axum
//!   has read the request, [`Upgrade`] does.
//! * [`WebSocket`] gives messages and takes them; [`split`](WebSocket::split) makes two halves of it for two tasks.
//! * [`EventBody`] makes a response's body of events, [`EventStream`] makes events of one.
//!
//! Of tokio it takes the traits of streams and the timers, so that the runtime can have any features but `time`, and even that
//! is needed only where there are times: see [`Options::timeless`].
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use tidings::tokio::{Message, Options, Terms, accept, connect};
//! use tidings::ws::CloseCode;
//! use tidings::ws::handshake::Opening;
//! use tokio::net::{TcpListener, TcpStream};
//!
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let addr = listener.local_addr()?;
//! tokio::spawn(async move {
//!     while let Ok((stream, _)) = listener.accept().await {
//!         tokio::spawn(async move {
//!             let mut socket = accept(stream, &Terms::default(), &Options::default()).await?;
//!             while let Some(Ok(message)) = socket.next().await {
//!                 socket.feed(&message).await.map_err(std::io::Error::from)?;
//!             }
//!             Ok::<_, tidings::tokio::OpenError>(())
//!         });
//!     }
//! });
//!
//! let opening = Opening { host: &addr.to_string(), target: "/", ..Opening::default() };
//! let mut socket = connect(TcpStream::connect(addr).await?, &opening, &Options::default()).await?;
//! socket.send_text("Hello").await?;
//! assert_eq!(socket.next().await.transpose()?, Some(Message::Text("Hello".into())));
//! socket.close(CloseCode::NORMAL, "").await?;
//! assert!(socket.next().await.is_none());
//! # Ok(())
//! # }
//! ```

mod clock;
mod error;
mod event_body;
mod event_stream;
mod frames;
mod halves;
mod handshake;
mod input;
mod lane;
mod message;
mod open_error;
mod options;
mod outgoing;
mod reading;
mod receiving;
mod sending;
mod shared;
mod upgrade;
mod websocket;

pub use error::Error;
pub use event_body::EventBody;
pub use event_stream::{EventStream, EventStreamError};
pub use halves::{WebSocketReader, WebSocketWriter};
pub use handshake::{accept, accept_with, connect};
pub use message::Message;
pub use open_error::OpenError;
pub use options::{Options, Terms};
pub use shared::Shared;
pub use upgrade::Upgrade;
pub use websocket::WebSocket;

/// From so many bytes on it is cheaper to leave a payload where it is than to copy it.
const LARGE: usize = 4 * 1024;

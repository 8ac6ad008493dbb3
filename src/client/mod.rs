//! Blocking clients, one for each transport and all of one shape: an iterator of what arrived.
//!
//! ```text
//!   EventSource      text/event-stream               ┐
//!   Stream           application/x-ndjson            │  Iterator<Item = Result<Received, Error>>
//!   Poller           long or short polling           │  reconnects by itself, where it broke off
//!   WebSocketSource  WebSocket, tidings.v1 or bare   ┘
//!
//!   WebSocket        one plain connection: read, send, ping, close; splits for two threads
//!   Publisher        POSTs over a connection that is kept
//! ```
//!
//! A cut, a server that goes away or is overloaded, and one that has fallen silent are no errors: the client waits,
//! longer each time and never as long as the others (full jitter), and goes on behind the last message it gave. Only
//! what more tries would not mend ends the iterator, with one `Err`: 401, 403, 404 and their like, 204, a wrong media
//! type. The decisions are made in the core, without sockets and without a clock, by
//! [`sse::EventSource`](crate::sse::EventSource), [`longpoll::Poller`](crate::longpoll::Poller) and
//! [`reconnect::Reconnect`](crate::reconnect::Reconnect); what is here does as they say.
//!
//! ```no_run
//! use tidings::client::{EventSource, Options, Received};
//!
//! let options = Options { after: Some("oldest".into()), ..Options::default() };
//! for received in EventSource::new("http://127.0.0.1:8080/topics/news", options)? {
//!     if let Received::Message { id, data, .. } = received? {
//!         println!("{id:?}: {data}");
//!     }
//! }
//! # Ok::<(), tidings::client::Error>(())
//! ```
//!
//! To go on over another transport, begin it where the one before stands; nothing is lost or doubled:
//!
//! ```no_run
//! # use tidings::client::{Options, Poller, WebSocketSource};
//! # let url = "http://127.0.0.1:8080/topics/news";
//! let socket = WebSocketSource::new(url, Options::default())?;
//! // … the proxy does not let it through …
//! let after = socket.resume().map(Into::into);
//! let poller = Poller::long(url, Options { after, ..Options::default() })?;
//! # Ok::<(), tidings::client::Error>(())
//! ```
//!
//! Who wants to see the bytes puts a [`Tap`] into [`Options::tap`]; [`inspect::Conversation`](crate::inspect::Conversation)
//! explains them.
//!
//! `http://` and `ws://` mean the same here, so that one URL does for all of them. [`EventSource`] and
//! [`WebSocketSource`] also take what any other server sends; without ids on its messages nothing
//! can be resumed, and what was sent during a reconnection is lost. `https://` and `wss://`
//! need the feature `tls`.

mod error;
mod event_source;
mod exchange;
mod feed;
mod halves;
mod headers;
mod incoming;
mod lines;
mod opening;
mod options;
mod poller;
mod publisher;
mod received;
mod retry_after;
#[cfg(feature = "tls")]
mod roots;
mod stop;
mod stream;
mod streaming;
mod target;
mod websocket;
mod websocket_source;
mod wire;

pub use crate::blocking::{Message, Tap, TimedRead, Traffic};
pub use error::{Cut, Error};
pub use event_source::EventSource;
pub use halves::{WebSocketReader, WebSocketWriter};
pub use options::Options;
pub use poller::Poller;
pub use publisher::{PublishError, Publisher};
pub use received::Received;
pub use retry_after::retry_after;
#[cfg(feature = "tls")]
pub use roots::{Roots, RootsError};
pub use stop::Stop;
pub use stream::Stream;
pub use websocket::{WebSocket, WebSocketOptions};
pub use websocket_source::WebSocketSource;

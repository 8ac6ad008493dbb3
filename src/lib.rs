//! How a web server sends news to its clients: WebSocket, Server-Sent Events, HTTP streaming, long polling and short
//! polling, both sides of the wire, without doing any I/O of its own.
//!
//! # The map
//!
//! ```text
//!  tidings (the program)      serve · publish · subscribe · inspect
//!  ───────────────────────────────────────────────────────────────
//!  server/   client/          sockets, threads, clocks: the only code that does I/O
//!  envelope/                  the JSON that goes between the two
//!  inspect/                   explains bytes, field by field
//!  ───────────────────────────────────────────────────────────────
//!  ws/    sse/    longpoll/   protocol state machines: bytes in → events, events → bytes
//!  topic/                     one bounded log, one cursor: what every transport serves
//!  http/                      HTTP/1.1 heads and bodies, as far as push needs them
//! ```
//!
//! Imports run downwards only. Everything below the second line is `no_std` + `alloc` and makes up the *core*.
//!
//! # One shape
//!
//! Whoever has learnt one state machine of the core knows them all:
//!
//! ```text
//!            socket ──read──▶ ┌──────────────┐ ──event──▶ you
//!                      input  │ receive(…)   │
//!                             │   machine    │
//!                     output  │ send_…(…)    │
//!            socket ◀─write── └──────────────┘ ◀──call─── you
//! ```
//!
//! * The caller owns both buffers. `receive` takes a slice of input, says in a [`Step`] how much of it was consumed,
//!   and appends what must be answered to `output`.
//! * One step gives at most one event. `event: None` means that nothing more can be made of this input: keep what was
//!   not consumed at the front of the buffer, read more behind it, and call again.
//! * Events borrow from the input where the bytes lie there in one piece.
//! * An error is the peer's fault and final; the goodbye it deserves is already in `output`.
//! * Time is an argument, anything that is an [`Instant`]; random bytes come from a function of the caller's.
//!
//! # A run loop
//!
//! What a driver does, whatever it reads from: keep the unconsumed rest, answer all of one read with one write.
//!
//! ```
//! use bytes::BytesMut;
//! use std::io::{self, Read, Write};
//! use tidings::Transport;
//! use tidings::ws::{Config, Connection, Event};
//!
//! fn echo(mut socket: impl Read + Write) -> io::Result<()> {
//!     let mut connection = Connection::server(Config::default());
//!     let (mut input, mut filled, mut output) = (vec![0; 16 * 1024], 0, BytesMut::new());
//!     while connection.transport() == Transport::KeepOpen {
//!         let n = socket.read(&mut input[filled..])?;
//!         if n == 0 {
//!             connection.receive_eof();
//!             break;
//!         }
//!         filled += n;
//!         let mut used = 0;
//!         while let Ok(step) = connection.receive(&mut input[used..filled], &mut output) {
//!             used += step.consumed;
//!             match step.event {
//!                 Some(Event::Text(text)) => connection.send_text(&text, &mut output).unwrap_or_default(),
//!                 Some(_) => {}
//!                 None => break,
//!             }
//!         }
//!         input.copy_within(used..filled, 0);
//!         filled -= used;
//!         socket.write_all(&output.split())?;
//!     }
//!     Ok(())
//! }
//! # struct Both(io::Cursor<Vec<u8>>, Vec<u8>);
//! # impl Read for Both { fn read(&mut self, to: &mut [u8]) -> io::Result<usize> { let n = to.len().min(7); self.0.read(&mut to[..n]) } }
//! # impl Write for Both {
//! #     fn write(&mut self, from: &[u8]) -> io::Result<usize> { self.1.write(from) }
//! #     fn flush(&mut self) -> io::Result<()> { Ok(()) }
//! # }
//! # let mut wire = BytesMut::new();
//! # let mut client = Connection::client(Config::default(), tidings::system_random);
//! # client.send_text("Hello", &mut wire).unwrap();
//! # client.ping(b"?", &mut wire).unwrap();
//! # client.close(tidings::ws::CloseCode::NORMAL, "", &mut wire).unwrap();
//! # let mut socket = Both(io::Cursor::new(wire.to_vec()), Vec::new());
//! # echo(&mut socket)?;
//! # assert_eq!(socket.1, b"\x81\x05Hello\x8a\x01?\x88\x02\x03\xe8");
//! # Ok::<(), io::Error>(())
//! ```

#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "client")]
pub mod client;
#[cfg(any(feature = "server", feature = "client"))]
pub mod envelope;
pub mod http;
#[cfg(any(feature = "server", feature = "client"))]
pub mod inspect;
pub mod longpoll;
#[cfg(feature = "server")]
pub mod server;
pub mod sse;
pub mod topic;
pub mod ws;

#[cfg(feature = "std")]
mod random;
mod step;

/// The crate of the buffers, which stand in nearly every signature here: whoever takes it from here has the right version.
pub use bytes;
#[cfg(feature = "std")]
pub use random::system_random;
pub use step::{Instant, Step, Transport};

/// The examples of the README are tests, too.
#[cfg(all(doctest, feature = "server"))]
#[doc = include_str!("../README.md")]
struct Readme;

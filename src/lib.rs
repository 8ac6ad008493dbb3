//! How a web server sends news to its clients: WebSocket, Server-Sent Events, HTTP streaming, long polling and short
//! polling, both sides of the wire, without doing any I/O of its own.
//!
//! # Which part do I want?
//!
//! * To serve news from a program of mine: [`server`]. Publish to a topic, and it is there over all five transports; or
//!   mount a page, a WebSocket, an event stream of your own. In the repository's `examples/`: `chat_page.rs`, `progress.rs`,
//!   `cursors.rs`, `signalling.rs`, and with all that a program needs, `app.rs`.
//! * To hear or tell news: [`client`], for this server or anybody's.
//! * To speak one protocol over sockets, a runtime or a device of mine: [`ws`], [`sse`] or [`longpoll`], with [`http`]
//!   below, [`topic`] as the log and [`reconnect`] for coming back. Whole drivers: `std_chat.rs`, `mio_echo.rs`, with topics
//!   `mio_topic/`, `tokio_echo.rs`, over HTTP/2 `h2_echo.rs`, and for a board without `std`, `no_std/`.
//! * To do so on tokio, or behind hyper and axum: the module `tokio`.
//! * To see what is on the wire: `tidings inspect` and `tidings subscribe --wire`, or [`inspect`].
//! * To learn how it all works: [read on](#reading-on).
//!
//! # The map
//!
//! ```text
//!  tidings (the program)      serve · publish · subscribe · inspect
//!  ───────────────────────────────────────────────────────────────
//!  server/   client/          sockets, threads, clocks: the only code that does I/O,
//!  blocking/ (private)        what the WebSockets of both have in common
//!  socket/ (private)          a TCP socket, in the clear or under TLS
//!  tokio/                     WebSocket and event streams on the traits of an asynchronous runtime
//!  envelope/                  the JSON that goes between the two
//!  inspect/                   explains bytes, field by field
//!  ───────────────────────────────────────────────────────────────
//!  ws/    sse/    longpoll/   protocol state machines: bytes in → events, events → bytes
//!  reconnect/                 when to try again: what the clients of all transports share
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
//! What a driver does, whatever it reads from: keep the unconsumed rest, answer all of one read with one write, and end
//! the connection as [`Transport`] says.
//!
//! ```
//! use std::io::{self, Read, Write};
//! use std::net::{Shutdown, TcpStream};
//! use std::time::Duration;
//! use tidings::Transport;
//! use tidings::bytes::BytesMut;
//! use tidings::ws::{Config, Connection, Event};
//!
//! /// Echoes what arrives after the handshake.
//! fn echo(mut socket: TcpStream) -> io::Result<()> {
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
//!         // One event a step. The Pong or Close that a frame asks for is in the output; so is,
//!         // when an error ends the connection, the Close that names it.
//!         while let Ok(step) = connection.receive(&mut input[used..filled], &mut output) {
//!             used += step.consumed;
//!             match step.event {
//!                 Some(Event::Text(text)) => {
//!                     // After a Close nothing can be sent, nor need it be.
//!                     let _ = connection.send_text(&text, &mut output);
//!                 }
//!                 Some(_) => {}
//!                 None => break,
//!             }
//!         }
//!         input.copy_within(used..filled, 0);
//!         filled -= used;
//!         socket.write_all(&output.split())?;
//!     }
//!     if connection.transport() == Transport::HalfClose {
//!         // Ours is said. Read on until the client's end, as far as is decent: to close over
//!         // unread input would reset the connection, and the client could lose our Close.
//!         socket.shutdown(Shutdown::Write)?;
//!         socket.set_read_timeout(Some(Duration::from_secs(5)))?;
//!         let _ = io::copy(&mut socket.take(64 * 1024), &mut io::sink());
//!     }
//!     Ok(())
//! }
//! # let mut wire = BytesMut::new();
//! # let mut client = Connection::client(Config::default(), tidings::system_random);
//! # client.send_text("Hello", &mut wire).unwrap();
//! # client.ping(b"?", &mut wire).unwrap();
//! # client.close(tidings::ws::CloseCode::NORMAL, "", &mut wire).unwrap();
//! # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
//! # let mut socket = TcpStream::connect(listener.local_addr()?)?;
//! # let server = std::thread::spawn(move || echo(listener.accept()?.0));
//! # socket.write_all(&wire)?;
//! # let mut answers = Vec::new();
//! # socket.read_to_end(&mut answers)?;
//! # assert_eq!(answers, b"\x81\x05Hello\x8a\x01?\x88\x02\x03\xe8");
//! # drop(socket);
//! # server.join().unwrap()?;
//! # Ok::<(), io::Error>(())
//! ```
//!
//! Handshake, timers, backpressure and senders in other threads are what a whole driver has beside it: see `std_chat.rs`,
//! `mio_echo.rs` and `tokio_echo.rs` in the repository's `examples/`; and in `mio_topic/` how topics are served.
//!
//! # Features
//!
//! | feature | brings | default |
//! |---|---|---|
//! | (none) | the core, `no_std` + `alloc`, with four dependencies | |
//! | `std` | [`system_random`]: the system's random numbers; SIMD for UTF-8 and masking | yes |
//! | `deflate` | permessage-deflate (RFC 7692), and `std` | yes |
//! | `server` | [`server`]: the topic server, and handlers of your own beside it; [`envelope`], [`inspect`], and `std` | yes |
//! | `client` | [`client`]: the subscribers, the publisher, the plain WebSocket; [`envelope`], [`inspect`], and `std` | yes |
//! | `tokio` | `tokio`: WebSocket and event streams as streams and sinks, on tokio's traits and timers, and `std` | |
//! | `tls` | `https` and `wss` for [`server`] and [`client`], by rustls | |
//! | `redis` | topics that several servers share, on Redis Streams: `server::Builder::redis`; and `server` | |
//! | `log` | log lines of [`server`], through the facade of that name | by `cli` |
//! | `cli` | the program, `server`, `client` and `log` | yes |
//!
//! The core reads and writes no JSON: [`envelope`] does, for what the server and its clients say to each other.
//!
//! # Reading on
//!
//! The source is written to be read, and each module begins with a page about itself. In this order one thing builds on the
//! other:
//!
//! 1. [`ws::frame`] and [`ws::mask`], two pure functions of a slice: what a WebSocket puts on the wire.
//! 2. [`ws`]: the connection that makes messages of frames, answers by itself and closes; [`ws::deflate`], and the timers,
//!    [`ws::Keepalive`].
//! 3. [`http`]: the heads and bodies in which all else travels; the first of it is [`ws::handshake`].
//! 4. [`sse`]: a format that a page holds, its decoder, and the first client that comes back, on top of [`reconnect`].
//! 5. [`topic`]: the log and its cursor; [`longpoll`]: a poll that is held until the log has news.
//! 6. [`server`] and [`client`]: sockets, threads and clocks around the machines; what goes between them is in [`envelope`].
//!
//! `RFC-NOTES.md` in the repository is the way in from the other side: every rule of the RFCs, with the function that
//! enforces it and the test that shows it.
//!

// Without its feature a module is not there to be linked to.
#![cfg_attr(not(feature = "server"), doc = "[`server`]: https://docs.rs/tidings/latest/tidings/server/")]
#![cfg_attr(not(feature = "client"), doc = "[`client`]: https://docs.rs/tidings/latest/tidings/client/")]
#![cfg_attr(
    not(any(feature = "server", feature = "client")),
    doc = "[`envelope`]: https://docs.rs/tidings/latest/tidings/envelope/"
)]
#![cfg_attr(
    not(any(feature = "server", feature = "client")),
    doc = "[`inspect`]: https://docs.rs/tidings/latest/tidings/inspect/"
)]
#![cfg_attr(
    not(feature = "std"),
    doc = "[`system_random`]: https://docs.rs/tidings/latest/tidings/fn.system_random.html"
)]
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(any(feature = "server", feature = "client"))]
#[cfg_attr(not(all(feature = "server", feature = "client")), allow(dead_code))] // each side needs a part of it
mod blocking;
#[cfg(feature = "client")]
pub mod client;
#[cfg(any(feature = "server", feature = "client"))]
pub mod envelope;
pub mod http;
#[cfg(any(feature = "server", feature = "client"))]
pub mod inspect;
pub mod longpoll;
pub mod reconnect;
#[cfg(feature = "server")]
pub mod server;
pub mod sse;
#[cfg(feature = "tokio")]
pub mod tokio;
pub mod topic;
pub mod ws;

#[cfg(any(feature = "server", all(feature = "client", feature = "tls")))]
mod lock;
#[cfg(any(feature = "server", feature = "client"))]
mod message;
#[cfg(feature = "std")]
mod random;
#[cfg(any(feature = "server", feature = "client"))]
#[cfg_attr(not(all(feature = "server", feature = "client", feature = "tls")), allow(dead_code, unused_imports))]
// as of `blocking`, and TLS needs more of it
mod socket;
mod step;
mod utf8;
#[cfg(feature = "std")]
mod vector;

/// The crate of the buffers, which are in nearly every signature here. Taken from here it has the right version.
pub use bytes;
#[cfg(feature = "std")]
pub use random::system_random;
pub use step::{Instant, Step, Transport};

/// The examples of the README are tests, too.
#[cfg(all(doctest, feature = "server"))]
#[doc = include_str!("../README.md")]
struct Readme;

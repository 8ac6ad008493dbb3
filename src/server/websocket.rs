//! A WebSocket for a handler of the embedder's: blocking.

use super::halves::{WebSocketReader, WebSocketWriter, next};
use super::opening::{Opening, opening_getters};
use super::shared::Shared;
use crate::blocking::{Access, Duplex, Input, Message, Reading, TimedRead, Wait, sending};
use crate::socket::Socket;
use crate::step::later;
use crate::ws::{CloseCode, Connection, KeepaliveOptions, SendError};
use bytes::BytesMut;
use std::boxed::Box;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a client is read into at first, in bytes: a page, for most messages are small and most connections silent.
const FIRST_INPUT: usize = 4 * 1024;

/// A client's WebSocket, in a thread of its own.
///
/// What is sent waits until the next [`read`](Self::read) has to wait, so that the answers to everything that came at
/// once go out at once; [`flush`](Self::flush) sends it earlier. Pings are answered, and a client that is silent is
/// asked for a sign of life, while the handler reads.
///
/// When the handler returns the connection is closed: with 1000 after `Ok`, 1011 after an error or a panic, 1001 if the
/// server is draining.
///
/// ```
/// use std::io;
/// use tidings::server::{Server, WebSocket};
/// use tidings::ws::Config;
///
/// fn echo(socket: &mut WebSocket) -> io::Result<()> {
///     while let Some(message) = socket.read()? {
///         socket.send(&message)?;
///     }
///     Ok(())
/// }
/// let server = Server::builder().websocket("/echo", Config::default(), echo).bind("127.0.0.1:0")?;
/// # let _ = server;
/// # Ok::<(), io::Error>(())
/// ```
pub struct WebSocket {
    shared: Arc<Shared>,
    opening: Box<Opening>,
    duplex: Duplex,
    reading: Reading,
}

impl WebSocket {
    pub(super) fn new(
        shared: Arc<Shared>,
        socket: Arc<Socket>,
        opening: Box<Opening>,
        connection: Connection,
        input: &[u8],
    ) -> io::Result<Self> {
        let limits = &shared.limits;
        let keepalive = KeepaliveOptions {
            interval: limits.keepalive,
            pong_within: limits.pong_time,
            close_within: limits.close_time,
        };
        let duplex = Duplex::new(socket, connection, keepalive, limits.write_time, limits.answer_time)?;
        Ok(Self { shared, opening, duplex, reading: Reading::new(Input::new(input, FIRST_INPUT)) })
    }

    opening_getters!();

    /// Which of [`WebSocketOptions::subprotocols`](super::WebSocketOptions::subprotocols) is spoken; `None` if the client
    /// offered none of them.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.opening.subprotocol.as_deref()
    }

    /// The two halves, for two threads: each goes on while the other waits. Scoped threads borrow them.
    ///
    /// Two peers that both send more than the sockets between them hold, and read only then, wait for each other until
    /// [`Limits::write_time`](super::Limits::write_time) is over; one that reads in a thread of its own does not. A writer
    /// cannot know when the reader waits, and so sends at once, each message in a write of its own.
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use std::{io, thread};
    /// use tidings::server::WebSocket;
    ///
    /// /// Works on one message while the next ones come in, in order.
    /// fn work(socket: &mut WebSocket) -> io::Result<()> {
    ///     let (mut reader, writer) = socket.split();
    ///     let (tasks, todo) = mpsc::sync_channel(100); // and then the client has to wait
    ///     thread::scope(|scope| {
    ///         let worker = scope.spawn(move || {
    ///             todo.iter().try_for_each(|task| writer.send(&task)) // in a real program this takes long
    ///         });
    ///         while let Some(task) = reader.read()? {
    ///             if tasks.send(task).is_err() {
    ///                 break; // the worker could not send
    ///             }
    ///         }
    ///         drop(tasks); // there are no more: the worker comes to its end
    ///         worker.join().unwrap_or_else(|_| Err(io::Error::other("the worker has panicked")))
    ///     })
    /// }
    /// # #[cfg(not(feature = "client"))]
    /// # fn main() {}
    /// # #[cfg(feature = "client")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use tidings::client::{self, Message, WebSocketOptions};
    /// # let builder = tidings::server::Server::builder().websocket("/", tidings::ws::Config::default(), work);
    /// # let server = builder.bind("127.0.0.1:0")?;
    /// # let (url, handle) = (format!("ws://{}/", server.local_addr()), server.handle());
    /// # let served = thread::spawn(|| server.run());
    /// # let mut client = client::WebSocket::connect(&url, &WebSocketOptions::default())?;
    /// # client.send_text("a")?;
    /// # client.send_text("b")?;
    /// # assert_eq!(client.read()?, Some(Message::Text("a".into())));
    /// # assert_eq!(client.read()?, Some(Message::Text("b".into())));
    /// # client.close(tidings::ws::CloseCode::NORMAL, "")?;
    /// # assert_eq!(client.read()?, None);
    /// # handle.drain();
    /// # served.join().unwrap()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A thread that sends by itself ends where a send fails: after the client's Close, after the handler's own, and a while
    /// after the reader was told that the server is draining. So the handler closes before it joins, whyever it leaves:
    ///
    /// ```
    /// use std::time::Duration;
    /// use std::{io, thread};
    /// use tidings::server::{Message, WebSocket, WebSocketReader};
    /// use tidings::ws::CloseCode;
    ///
    /// /// Says every second that it is there, until the client or the server goes, or the client asks it to stop.
    /// fn tick(socket: &mut WebSocket) -> io::Result<()> {
    ///     let (mut reader, writer) = socket.split();
    ///     thread::scope(|scope| {
    ///         scope.spawn(move || {
    ///             while writer.send_text("tick").is_ok() {
    ///                 thread::sleep(Duration::from_secs(1));
    ///             }
    ///         });
    ///         let read = until_stop(&mut reader);
    ///         let code = if reader.is_draining() { CloseCode::GOING_AWAY } else { CloseCode::NORMAL };
    ///         let _ = writer.close(code, ""); // unless the client has
    ///         read
    ///     }) // here the other thread is waited for
    /// }
    ///
    /// fn until_stop(reader: &mut WebSocketReader<'_>) -> io::Result<()> {
    ///     while reader.read()?.is_some_and(|message| message != Message::Text("stop".into())) {}
    ///     Ok(())
    /// }
    /// # let builder = tidings::server::Server::builder().websocket("/", tidings::ws::Config::default(), tick);
    /// # let _ = builder.bind("127.0.0.1:0")?;
    /// # Ok::<(), io::Error>(())
    /// ```
    pub fn split(&mut self) -> (WebSocketReader<'_>, WebSocketWriter<'_>) {
        let Self { shared, duplex, reading, .. } = self;
        (WebSocketReader { shared, duplex, reading }, WebSocketWriter { shared, duplex })
    }

    /// The next message. `None`: the client has closed the connection, or the server is draining: return.
    ///
    /// # Errors
    /// The socket's; [`io::ErrorKind::InvalidData`] if the client broke the protocol (it is told so),
    /// [`io::ErrorKind::UnexpectedEof`] if it went without a Close, [`io::ErrorKind::TimedOut`] if it gives no sign of life or
    /// takes nothing for [`Limits::write_time`](super::Limits::write_time).
    pub fn read(&mut self) -> io::Result<Option<Message>> {
        Ok(self.next(Wait::Forever)?.message())
    }

    /// The next message, if it comes within that time: for a handler that has to say something by itself now and then.
    /// The time does not count for less than a millisecond. What many clients are to hear is better published to a topic.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_timeout(&mut self, time: Duration) -> io::Result<TimedRead> {
        self.next(Wait::Until(later(Instant::now(), time)))
    }

    fn next(&mut self, wait: Wait) -> io::Result<TimedRead> {
        next(&mut self.reading, Access::Alone(&mut self.duplex), wait, &self.shared)
    }

    /// Why the connection was closed, once [`read`](Self::read) gave `None`: the code and reason of the client's Close
    /// frame, if it had any. There is none if the server is draining.
    #[must_use]
    pub fn close_frame(&self) -> Option<(CloseCode, &str)> {
        self.reading.close_frame()
    }

    sending!(
        self: &mut Self,
        io::Result<()>,
        "The socket's; [`io::ErrorKind::BrokenPipe`] after a Close, of either side.",
        "[`io::ErrorKind::InvalidInput`]"
    );

    /// Writes what waits.
    ///
    /// # Errors
    /// The socket's; [`io::ErrorKind::TimedOut`] if the client takes nothing for
    /// [`Limits::write_time`](super::Limits::write_time), or too little in
    /// [`Limits::answer_time`](super::Limits::answer_time).
    pub fn flush(&mut self) -> io::Result<()> {
        Ok(self.duplex.flush()?)
    }

    /// Whether the server wants to go away: return. [`read`](Self::read) does so by itself.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.shared.is_draining()
    }

    fn sending(
        &mut self,
        encode: impl FnOnce(&mut Connection, &mut BytesMut) -> Result<(), SendError>,
    ) -> io::Result<()> {
        Ok(self.duplex.send_before_waiting(encode)?)
    }

    fn closing(&mut self, code: CloseCode, reason: &str) -> io::Result<()> {
        Ok(self.duplex.close(code, reason)?)
    }

    /// The handler has returned: what is left to be written.
    pub(super) fn finish(self, code: CloseCode) -> BytesMut {
        self.duplex.finish(code)
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.opening.fmt_as("WebSocket", f)
    }
}

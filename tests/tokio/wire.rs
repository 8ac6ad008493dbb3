//! Both ends of a wire in memory.

use bytes::BytesMut;
use std::future::Future;
use tidings::tokio::{Error, Message, Options, WebSocket};
use tidings::ws::{Config, Connection, Event};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, DuplexStream};

/// Runs on one thread whose clock stands still, and goes on at once when everybody waits for it.
pub fn run(test: impl Future<Output = ()>) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().expect("a runtime").block_on(async {
        // Only if it hangs: an hour of a clock that nobody waits for goes by at once.
        tokio::time::timeout(std::time::Duration::from_secs(3600), test).await.expect("it comes to its end");
    });
}

/// Sizes of what a wire holds: a byte, less than a header, a few frames, everything.
pub const SIZES: [usize; 5] = [1, 3, 64, 4096, 1 << 20];

pub fn server(stream: DuplexStream) -> WebSocket<DuplexStream> {
    WebSocket::server(stream, &Options::default())
}

pub fn pair(size: usize) -> (WebSocket<DuplexStream>, WebSocket<DuplexStream>) {
    let (ours, theirs) = tokio::io::duplex(size);
    (server(ours), WebSocket::client(theirs, &Options::default()))
}

/// What a client writes.
pub fn client_says(say: impl FnOnce(&mut Connection, &mut BytesMut)) -> Vec<u8> {
    let mut output = BytesMut::new();
    say(&mut Connection::client(Config::default(), |key| key.fill(7)), &mut output);
    output.to_vec()
}

/// All that came until the end of the stream, as a client understands it.
pub async fn hear(stream: &mut (impl AsyncRead + Unpin)) -> Vec<String> {
    let mut wire = Vec::new();
    stream.read_to_end(&mut wire).await.expect("an end in good order");
    understand(&mut wire)
}

pub fn understand(wire: &mut [u8]) -> Vec<String> {
    let mut client = Connection::client(Config::default(), |key| key.fill(7));
    let (mut heard, mut at) = (Vec::new(), 0);
    loop {
        let step = client.receive(&mut wire[at..], &mut BytesMut::new()).expect("a server that keeps to the protocol");
        at += step.consumed;
        heard.push(match step.event {
            Some(Event::Text(text)) => text.into_owned(),
            Some(Event::Binary(data)) => format!("{} bytes", data.len()),
            Some(Event::Pong(data)) => format!("pong {}", String::from_utf8_lossy(data)),
            Some(Event::Ping(_)) => "ping".into(),
            Some(Event::Close(close)) => format!("close {:?}", close.map(|close| close.code.as_u16())),
            Some(other) => panic!("{other:?}"),
            None => {
                assert_eq!(at, wire.len(), "a frame was cut");
                return heard;
            }
        });
    }
}

/// Echoes until the end.
pub async fn echo<S: AsyncRead + AsyncWrite + Unpin>(mut socket: WebSocket<S>) -> Result<(), Error> {
    while let Some(message) = socket.next().await {
        socket.feed(&message?).await?;
    }
    Ok(())
}

pub fn text(text: impl Into<String>) -> Message {
    Message::Text(text.into())
}

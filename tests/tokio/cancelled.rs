//! Futures that are dropped at any point: nothing is lost, doubled or cut.

use crate::wire::*;
use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use tidings::tokio::{Error, Message, Options, WebSocket, WebSocketReader, WebSocketWriter};
use tidings::ws::CloseCode;
use tokio::io::{AsyncRead, AsyncWrite};

const MESSAGES: usize = 400;

/// The same numbers each time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Polls so often, each time when it is woken or others have had their turn, and then drops it.
async fn polled<T>(times: u64, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    for _ in 0..times {
        let polled = std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
        if let Poll::Ready(done) = polled {
            return Some(done);
        }
        tokio::task::yield_now().await;
    }
    None
}

fn number(n: usize) -> Message {
    // Now and then one that does not fit into the wire nor the input, and goes in pieces.
    let long = format!("{n:>0$}", [4, 200, 5000][usize::from(n % 10 == 3) + usize::from(n % 50 == 3)]);
    if n % 50 == 3 { long.into_bytes().into() } else { long.into() }
}

/// What both kinds of connection can do.
trait Sends {
    async fn ready(&mut self) -> Result<(), Error>;
    async fn feed(&mut self, message: &Message) -> Result<(), Error>;
    async fn flush(&mut self) -> Result<(), Error>;
}

macro_rules! sends {
    ($([$($bound:tt)*] $name:ty),*) => {$(
        impl<$($bound)*> Sends for $name {
            async fn ready(&mut self) -> Result<(), Error> {
                <$name>::ready(self).await
            }
            async fn feed(&mut self, message: &Message) -> Result<(), Error> {
                <$name>::feed(self, message).await
            }
            async fn flush(&mut self) -> Result<(), Error> {
                <$name>::flush(self).await
            }
        }
    )*};
}

sends!([S: AsyncRead + AsyncWrite + Unpin] WebSocket<S>, [W: AsyncWrite + Unpin] WebSocketWriter<W>);

async fn send_all(socket: &mut impl Sends, random: &mut Random) {
    for n in 0..MESSAGES {
        let message = number(n);
        while polled(random.below(3), socket.ready()).await.is_none() {}
        // There is room, so that it takes the message at once.
        polled(1, socket.feed(&message)).await.expect("there is room").unwrap();
        if random.below(4) == 0 {
            let _ = polled(random.below(3), socket.flush()).await;
        }
    }
}

#[test]
fn a_whole_connection_reads_and_sends_with_futures_that_are_dropped() {
    for (seed, size) in (1..).zip([1, 3, 64, 4096, 1 << 16]) {
        run(async {
            let (ours, theirs) = tokio::io::duplex(size);
            let options = Options { max_unwritten: 300, ..Options::default() };
            let served = tokio::spawn(async move {
                let mut random = Random(seed);
                let mut server = WebSocket::server(ours, &options);
                let mut read = 0;
                loop {
                    match polled(random.below(3), server.next()).await {
                        Some(None) => break,
                        Some(Some(message)) => {
                            assert_eq!(message.unwrap(), number(read));
                            read += 1;
                        }
                        None => {}
                    }
                }
                assert_eq!(read, MESSAGES);
            });
            let mut client = WebSocket::client(theirs, &Options { max_unwritten: 300, ..Options::default() });
            send_all(&mut client, &mut Random(seed + 100)).await;
            client.close(CloseCode::NORMAL, "").await.unwrap();
            assert!(client.next().await.is_none());
            served.await.unwrap();
        });
    }
}

#[test]
fn halves_read_and_send_with_futures_that_are_dropped_while_pings_come() {
    for (seed, size) in (1..).zip([1, 3, 64, 4096, 1 << 16]) {
        run(async {
            let (ours, theirs) = tokio::io::duplex(size);
            let options = Options { max_unwritten: 300, ..Options::default() };
            let (reader, mut writer) = WebSocket::server(ours, &options).split();
            let (mut echoes, mut pinger) = WebSocket::client(theirs, &options).split();
            let reading = tokio::spawn(read_all(reader, seed));
            let sending = tokio::spawn(async move {
                send_all(&mut writer, &mut Random(seed + 1)).await;
                writer.flush().await.unwrap();
                writer
            });
            let pinging = tokio::spawn(async move {
                for n in 0..MESSAGES {
                    pinger.ping(b"are you there?").await.unwrap();
                    pinger.send(&number(n)).await.unwrap();
                }
                pinger.close(CloseCode::NORMAL, "").await.unwrap();
            });
            // Pongs among the frames would show here if they were in the midst of one.
            for n in 0..MESSAGES {
                assert_eq!(echoes.next().await.unwrap().unwrap(), number(n));
            }
            pinging.await.unwrap();
            assert!(echoes.next().await.is_none());
            reading.await.unwrap();
            let mut writer = sending.await.unwrap();
            assert!(writer.send_text("late").await.is_err());
        });
    }
}

async fn read_all<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(mut reader: WebSocketReader<R, W>, seed: u64) {
    let mut random = Random(seed);
    let mut read = 0;
    loop {
        match polled(random.below(3), reader.next()).await {
            Some(None) => break,
            Some(Some(message)) => {
                assert_eq!(message.unwrap(), number(read));
                read += 1;
            }
            None => tokio::task::yield_now().await,
        }
    }
    assert_eq!(read, MESSAGES);
}

/// `select!` over both directions, as a program would: the next message, or something to send.
#[test]
fn a_loop_that_selects_loses_nothing() {
    run(async {
        let (mut server, client) = pair(64);
        let (sender, mut news) = tokio::sync::mpsc::channel(4);
        let publishing = tokio::spawn(async move {
            for n in 0..MESSAGES {
                sender.send(number(n)).await.unwrap();
            }
        });
        let (mut reader, mut writer) = client.split();
        let asking = tokio::spawn(async move {
            for n in 0..MESSAGES {
                writer.send(&number(n)).await.unwrap();
            }
        });
        let hearing = tokio::spawn(async move {
            for n in 0..MESSAGES {
                assert_eq!(reader.next().await.unwrap().unwrap(), number(n));
            }
            reader
        });
        let mut asked = 0;
        let mut told = 0;
        while asked < MESSAGES || told < MESSAGES {
            tokio::select! {
                message = server.next() => {
                    assert_eq!(message.unwrap().unwrap(), number(asked));
                    asked += 1;
                }
                Some(message) = news.recv() => {
                    server.send(&message).await.unwrap();
                    told += 1;
                }
            }
        }
        for task in [publishing, asking] {
            task.await.unwrap();
        }
        hearing.await.unwrap();
    });
}

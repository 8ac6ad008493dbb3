//! Large messages, which are not copied: they go to the stream in pieces, from where they are.

use crate::wire::*;
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tidings::tokio::{Message, Options, WebSocket};
use tidings::ws::{CloseCode, Config, Connection, Prepared};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

/// Takes so many bytes in one write, every other time that it is asked, and keeps where each piece was.
struct Taker {
    most: usize,
    is_vectored: bool,
    is_busy: bool,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Default)]
struct Taken {
    bytes: Vec<u8>,
    /// Where in memory each piece was.
    pieces: Vec<usize>,
}

impl Taker {
    fn new(most: usize, is_vectored: bool) -> (Self, Arc<Mutex<Taken>>) {
        let taken = Arc::default();
        (Self { most, is_vectored, is_busy: false, taken: Arc::clone(&taken) }, taken)
    }
}

impl AsyncRead for Taker {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Taker {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.is_busy = !self.is_busy;
        if self.is_busy {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let mut taken = self.taken.lock().unwrap();
        let mut left = self.most;
        for piece in pieces {
            let piece = &piece[..piece.len().min(left)];
            taken.bytes.extend_from_slice(piece);
            taken.pieces.push(piece.as_ptr().addr());
            left -= piece.len();
        }
        Poll::Ready(Ok(self.most - left))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn is_write_vectored(&self) -> bool {
        self.is_vectored
    }
}

fn large(n: u8) -> Bytes {
    (0..=250).cycle().take(5000 + usize::from(n)).map(|byte: u8| byte ^ n).collect()
}

#[test]
fn what_goes_in_pieces_is_in_order_wherever_it_is_cut() {
    let mut expected = BytesMut::new();
    let mut connection = Connection::server(Config::default());
    for n in 0..20 {
        connection.send_text("small", &mut expected).unwrap();
        connection.send_binary(&large(n), &mut expected).unwrap();
        connection.send_binary(&large(n + 1), &mut expected).unwrap();
        connection.ping(b"?", &mut expected).unwrap();
        connection.send_prepared(&Prepared::binary(&large(n)), &mut expected).unwrap();
    }
    connection.close(CloseCode::NORMAL, "", &mut expected).unwrap();
    for (most, is_vectored) in [(1, true), (3, true), (100, true), (7001, true), (1 << 20, true), (100, false)] {
        for in_halves in [false, true] {
            run(async {
                let (stream, taken) = Taker::new(most, is_vectored);
                let options = Options { write_within: None, ..Options::default() };
                let mut whole = WebSocket::server(stream, &options);
                macro_rules! send_to {
                    ($socket:expr) => {
                        for n in 0..20 {
                            $socket.feed_text("small").await.unwrap();
                            $socket.feed(&large(n).into()).await.unwrap();
                            $socket.feed(&large(n + 1).into()).await.unwrap();
                            $socket.ping(b"?").await.unwrap();
                            $socket.feed_prepared(&Prepared::binary(&large(n))).await.unwrap();
                        }
                        $socket.close(CloseCode::NORMAL, "").await.unwrap();
                    };
                }
                if in_halves {
                    let (_reader, mut writer) = whole.split();
                    send_to!(writer);
                } else {
                    send_to!(whole);
                }
                assert!(taken.lock().unwrap().bytes == expected, "{most} at once, {is_vectored}, {in_halves}");
            });
        }
    }
}

#[test]
fn a_large_message_goes_from_where_it_is_and_a_small_one_does_not_go_by_itself() {
    run(async {
        let (stream, taken) = Taker::new(1 << 20, true);
        let mut socket = WebSocket::server(stream, &Options::default());
        let (first, prepared) = (large(0), Prepared::binary(&large(1)));
        socket.feed_text("small").await.unwrap();
        socket.feed(&first.clone().into()).await.unwrap();
        socket.feed_text("small").await.unwrap();
        socket.feed_prepared(&prepared).await.unwrap();
        assert_eq!(socket.unwritten(), 7 + 4 + 5000 + 7 + 4 + 5001);
        socket.flush().await.unwrap();
        let taken = taken.lock().unwrap();
        let at = [first.as_ptr(), prepared.frame().as_ptr()].map(<*const u8>::addr);
        assert_eq!(taken.pieces.len(), 4);
        assert_eq!([taken.pieces[1], taken.pieces[3]], at);
    });
}

#[test]
fn what_is_masked_or_may_be_compressed_or_does_not_go_in_pieces_is_one() {
    run(async {
        let (stream, taken) = Taker::new(1 << 20, true);
        let mut client = WebSocket::client(stream, &Options::default());
        client.send(&large(0).into()).await.unwrap();
        assert_eq!(taken.lock().unwrap().pieces.len(), 1);
        let (stream, taken) = Taker::new(1 << 20, false);
        let mut server = WebSocket::server(stream, &Options::default());
        server.send(&large(0).into()).await.unwrap();
        assert_eq!(taken.lock().unwrap().pieces.len(), 1);
    });
}

#[test]
fn payloads_count_where_no_more_is_taken_than_the_bound_and_a_message() {
    run(async {
        let (ours, _theirs) = tokio::io::duplex(64);
        let mut server = WebSocket::server(ours, &Options { max_unwritten: 20_000, ..Options::default() });
        let message = Message::from(large(0));
        let mut taken = 0;
        while server.feed(&message).now_or_never().is_some() {
            taken += 1;
        }
        // The wire has made room for the last.
        assert_eq!((taken, server.unwritten()), (5, 5 * 5004 - 64));
    });
}

/// Several in a read, cut at its end, some of them kept while the next are read.
#[test]
fn messages_that_are_kept_stay_as_they_were_read() {
    run(async {
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        let wire = client_says(|client, output| {
            for n in 0..100 {
                client.send_binary(&large(n).repeat(1 + usize::from(n) % 5), output).unwrap();
                client.send_text("small", output).unwrap();
            }
            client.close(CloseCode::NORMAL, "", output).unwrap();
        });
        let writing = tokio::spawn(async move {
            theirs.write_all(&wire).await.unwrap();
            theirs
        });
        let mut server = server(ours);
        let mut kept = Vec::new();
        while let Some(message) = server.next().await {
            match message.unwrap() {
                Message::Binary(data) => kept.push(data),
                Message::Text(text) => assert_eq!(text, "small"),
            }
        }
        writing.await.unwrap();
        assert_eq!(kept.len(), 100);
        for (n, data) in (0..).zip(&kept) {
            assert!(*data == large(n).repeat(1 + usize::from(n) % 5), "the message {n}");
        }
    });
}

//! Messages there and back, over wires that hold little or much.

use crate::wire::*;
use bytes::BytesMut;
use futures_util::{SinkExt, StreamExt};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tidings::tokio::{Message, Options, WebSocket};
use tidings::ws::{CloseCode, Connection};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};

fn messages() -> Vec<Message> {
    let lens = [0, 1, 125, 126, 4080, 4096, 5000, 65_535, 65_536, 100_000];
    let mut messages: Vec<_> = lens.iter().map(|len| Message::from(vec![7; *len])).collect();
    messages.extend(lens.iter().map(|len| text("é".repeat(*len / 2))));
    messages
}

#[test]
fn what_is_sent_comes_back_whatever_the_wire_holds() {
    for size in [64, 4096, 1 << 20] {
        run(async {
            let (server, client) = pair(size);
            let (mut reader, mut writer) = client.split();
            let sending = async {
                for message in &messages() {
                    writer.send(message).await.unwrap();
                }
                writer.close(CloseCode::NORMAL, "done").await.unwrap();
            };
            let reading = async {
                let mut back = Vec::new();
                while let Some(message) = reader.next().await {
                    back.push(message.unwrap());
                }
                (back, reader.close_frame().map(|(code, _)| code))
            };
            let (echoed, (), (back, code)) = tokio::join!(echo(server), sending, reading);
            echoed.unwrap();
            assert!(back == messages(), "over {size} bytes");
            assert_eq!(code, Some(CloseCode::NORMAL), "it is echoed");
        });
    }
}

/// A script of everything that a client can say, cut in two at every byte, and byte by byte.
#[test]
fn no_split_of_the_input_shows() {
    let say = |client: &mut Connection, output: &mut BytesMut| {
        client.send_text("Hello", output).unwrap();
        client.send_text_fragment("frag", false, output).unwrap();
        client.ping(b"1", output).unwrap();
        client.send_text_fragment("ments", true, output).unwrap();
        client.pong(b"2", output).unwrap();
        client.send_binary(&[1; 300], output).unwrap();
        client.close(CloseCode::GOING_AWAY, "bye", output).unwrap();
    };
    let wire = client_says(say);
    let expected = ["Hello", "pong 1", "fragments", "300 bytes", "close Some(1001)"];
    let pieces = (0..=wire.len()).map(|at| [&wire[..at], &wire[at..]].map(<[u8]>::to_vec).to_vec());
    let bytes = wire.iter().map(|byte| vec![*byte]).collect();
    for pieces in pieces.chain([bytes]) {
        run(async {
            let (ours, mut theirs) = tokio::io::duplex(1 << 20);
            let server = tokio::spawn(echo(server(ours)));
            for piece in &pieces {
                theirs.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
            theirs.shutdown().await.unwrap();
            let mut heard = hear(&mut theirs).await;
            heard.sort();
            let mut expected = expected;
            expected.sort_unstable();
            assert_eq!(heard, expected, "in {} pieces", pieces.len());
            server.await.unwrap().unwrap();
        });
    }
}

/// Counts the writes to a stream.
struct Counted {
    stream: DuplexStream,
    writes: Arc<Mutex<Vec<usize>>>,
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, room)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.writes.lock().unwrap().push(bytes.len());
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[test]
fn all_messages_and_pings_of_one_read_are_answered_by_one_write() {
    run(async {
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        let writes = Arc::new(Mutex::new(Vec::new()));
        let stream = Counted { stream: ours, writes: Arc::clone(&writes) };
        let wire = client_says(|client, output| {
            for _ in 0..100 {
                client.send_text("twelve bytes", output).unwrap();
                client.ping(b"", output).unwrap();
            }
        });
        assert!(wire.len() <= 4096, "it is one read");
        theirs.write_all(&wire).await.unwrap();
        let server = tokio::spawn(echo(WebSocket::server(stream, &Options::default())));
        tokio::task::yield_now().await;
        assert_eq!(*writes.lock().unwrap(), [100 * (2 + 12 + 2)]);
        theirs.write_all(&client_says(|client, output| client.send_text("more", output).unwrap())).await.unwrap();
        tokio::task::yield_now().await;
        assert_eq!(*writes.lock().unwrap(), [1600, 6]);
        server.abort();
    });
}

#[test]
fn it_is_a_stream_and_a_sink() {
    run(async {
        let (server, mut client) = pair(64);
        let (stream, sink) = server.split_with(tokio::io::split);
        let echoing = tokio::spawn(stream.forward(sink));
        client.send(&text("a")).await.unwrap();
        SinkExt::send(&mut client, text("b")).await.unwrap();
        assert_eq!(StreamExt::next(&mut client).await.unwrap().unwrap(), text("a"));
        assert_eq!(client.next().await.unwrap().unwrap(), text("b"));
        SinkExt::close(&mut client).await.unwrap();
        assert!(client.next().await.is_none());
        // It tells the stream's end by a Close of its own, which has gone out before.
        echoing.await.unwrap().unwrap();
    });
}

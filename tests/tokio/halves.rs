//! What only a divided connection has to do.

use crate::wire::*;
use futures_util::{FutureExt, SinkExt};
use std::sync::Arc;
use tidings::tokio::{Error, Message, Options, WebSocket};
use tidings::ws::{CloseCode, Prepared, SendError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;

const MESSAGES: usize = 2000;

/// Both directions are full all the time, and each side's reader has to answer Pings behind what its writer sends.
#[test]
fn two_tasks_on_each_side_never_wait_for_each_other() {
    for size in [1, 64, 4096] {
        run(async {
            let (server, client) = pair(size);
            let both = Arc::new(Semaphore::new(0));
            let sides = [(server, true), (client, false)].map(|(socket, closes)| {
                let (mut reader, mut writer) = socket.split();
                let all_is_read = Arc::clone(&both);
                let sending = tokio::spawn(async move {
                    for n in 0..MESSAGES {
                        writer.feed_text(&n.to_string()).await.unwrap();
                        if n % 7 == 0 {
                            writer.ping(b"").await.unwrap();
                        }
                    }
                    writer.flush().await.unwrap();
                    if closes {
                        let _ = all_is_read.acquire_many(2).await.unwrap();
                        writer.close(CloseCode::NORMAL, "").await.unwrap();
                    }
                });
                let all_is_read = Arc::clone(&both);
                let reading = tokio::spawn(async move {
                    for n in 0..MESSAGES {
                        assert_eq!(reader.next().await.unwrap().unwrap(), text(n.to_string()));
                    }
                    all_is_read.add_permits(1);
                    assert!(reader.next().await.is_none(), "over {size} bytes");
                });
                (sending, reading)
            });
            for (sending, reading) in sides {
                sending.await.unwrap();
                reading.await.unwrap();
            }
        });
    }
}

/// On real threads and sockets.
#[test]
fn each_half_can_be_in_a_thread_of_its_own() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (client, server) = tokio::join!(tokio::net::TcpStream::connect(addr), listener.accept());
        let options = Options::default();
        let (mut from, mut to) = WebSocket::server(server.unwrap().0, &options).split();
        let (mut back, mut there) =
            WebSocket::client(client.unwrap(), &options).split_with(tokio::net::TcpStream::into_split);
        let echoing = tokio::spawn(async move {
            while let Some(message) = from.next().await {
                to.send(&message.unwrap()).await.unwrap();
            }
        });
        let sending = tokio::spawn(async move {
            for n in 0..MESSAGES {
                there.send_binary(&vec![1; n * 10]).await.unwrap();
                if n % 10 == 0 {
                    there.ping(b"?").await.unwrap();
                }
            }
            there.close(CloseCode::NORMAL, "").await.unwrap();
        });
        for n in 0..MESSAGES {
            assert_eq!(back.next().await.unwrap().unwrap(), Message::from(vec![1; n * 10]));
        }
        assert!(back.next().await.is_none());
        sending.await.unwrap();
        echoing.await.unwrap();
    });
}

#[test]
fn a_ping_is_answered_while_the_writer_does_nothing_and_between_its_frames() {
    run(async {
        let (ours, mut theirs) = tokio::io::duplex(1 << 16);
        let (mut reader, mut writer) = server(ours).split();
        let reading = tokio::spawn(async move { reader.next().await });
        let mut heard = [0; 3];
        theirs.write_all(&client_says(|client, output| client.ping(b"1", output).unwrap())).await.unwrap();
        theirs.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"\x8a\x011");

        writer.feed_text_fragment("Hel", false).await.unwrap();
        writer.flush().await.unwrap();
        theirs.write_all(&client_says(|client, output| client.ping(b"2", output).unwrap())).await.unwrap();
        tokio::task::yield_now().await;
        writer.feed_text_fragment("lo", true).await.unwrap();
        writer.feed_prepared(&Prepared::text("all")).await.unwrap();
        writer.close(CloseCode::NORMAL, "").await.unwrap();
        theirs.write_all(&client_says(|c, output| c.close(CloseCode::NORMAL, "", output).unwrap())).await.unwrap();
        theirs.shutdown().await.unwrap();
        assert!(reading.await.unwrap().is_none());
        assert_eq!(hear(&mut theirs).await, ["pong 2", "Hello", "all", "close Some(1000)"]);
    });
}

#[test]
fn of_two_closes_at_once_each_side_sends_one() {
    run(async {
        let (ours, mut theirs) = tokio::io::duplex(1 << 16);
        let (mut reader, mut writer) = server(ours).split();
        theirs.write_all(&client_says(|c, output| c.close(CloseCode::NORMAL, "", output).unwrap())).await.unwrap();
        theirs.shutdown().await.unwrap();
        // It is staged and not handed over when the reader answers the client's.
        writer.feed_text("staged").await.unwrap();
        assert!(reader.next().await.is_none());
        assert_eq!(reader.close_frame(), Some((CloseCode::NORMAL, "")));
        assert!(matches!(writer.close(CloseCode::GOING_AWAY, "").await, Err(Error::Send(SendError::Closed))));
        assert!(
            matches!(writer.flush().await, Err(Error::Send(SendError::Closed))),
            "a message is lost, and it is told"
        );
        assert!(matches!(writer.send_text("late").await, Err(Error::Send(SendError::Closed))));
        SinkExt::close(&mut writer).await.unwrap();
        drop((reader, writer));
        assert_eq!(hear(&mut theirs).await, ["close Some(1000)"]);
    });
}

#[test]
fn what_a_dropped_writer_was_fed_goes_out_while_the_reader_waits() {
    run(async {
        let (ours, mut theirs) = tokio::io::duplex(4);
        let (mut reader, mut writer) = server(ours).split();
        let reading = tokio::spawn(async move { reader.next().await });
        tokio::task::yield_now().await;
        writer.feed_text("Hello").await.unwrap();
        writer.flush().now_or_never();
        writer.feed_text("there").await.unwrap();
        drop(writer);
        let mut heard = [0; 14];
        theirs.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"\x81\x05Hello\x81\x05there");
        drop(theirs);
        assert!(matches!(reading.await.unwrap(), Some(Err(Error::Cut))));
    });
}

#[test]
fn when_the_reader_has_come_to_its_end_the_writer_does() {
    run(async {
        let (ours, theirs) = tokio::io::duplex(4);
        let (mut reader, mut writer) = server(ours).split();
        let sending = tokio::spawn(async move { while writer.send_text("tick").await.is_ok() {} });
        tokio::task::yield_now().await;
        drop(theirs);
        assert!(matches!(reader.next().await, Some(Err(_))));
        sending.await.unwrap();
    });
}

/// What is staged and what is handed over are both bounded.
#[test]
fn a_peer_that_reads_nothing_lets_the_writer_wait() {
    run(async {
        let (ours, _theirs) = tokio::io::duplex(64);
        let (_reader, mut writer) =
            WebSocket::server(ours, &Options { max_unwritten: 1000, ..Options::default() }).split();
        let mut taken = 0;
        while writer.feed_binary(&[1; 98]).now_or_never().is_some() {
            taken += 1;
        }
        assert!((10..=21).contains(&taken), "{taken} messages of 100 bytes were");
        assert!(matches!(writer.ready().await, Err(Error::Io(_))), "after 20 s");
    });
}

#[cfg(feature = "deflate")]
#[test]
fn halves_compress() {
    use tidings::tokio::{Terms, accept, connect};
    use tidings::ws::{deflate, handshake::Opening};
    run(async {
        let (ours, theirs) = tokio::io::duplex(256);
        let (options, compression) = (Options::default(), deflate::Options::default());
        let terms = Terms { deflate: Some(&compression), ..Terms::default() };
        let opening = Opening { host: "h", target: "/", deflate: Some(&compression), ..Opening::default() };
        let (server, client) = tokio::join!(accept(ours, &terms, &options), connect(theirs, &opening, &options));
        let (mut reader, mut writer) = server.unwrap().split();
        let (mut back, mut there) = client.unwrap().split();
        let news = "what is said twice is said shorter ".repeat(1000);
        let echoing = async {
            while let Some(message) = reader.next().await {
                writer.send(&message.unwrap()).await.unwrap();
            }
        };
        let asking = async {
            for _ in 0..20 {
                there.send_text(&news).await.unwrap();
                assert_eq!(back.next().await.unwrap().unwrap(), text(&news));
            }
            SinkExt::close(&mut there).await.unwrap();
            assert!(back.next().await.is_none());
        };
        tokio::join!(echoing, asking);
    });
}

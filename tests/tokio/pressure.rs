//! Peers that do not read.

use crate::wire::*;
use futures_util::{FutureExt, SinkExt};
use std::io::ErrorKind;
use std::time::Duration;
use tidings::tokio::{Error, Options, WebSocket};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

const BOUND: usize = 1000;

fn bounded() -> Options {
    Options { max_unwritten: BOUND, ..Options::default() }
}

#[test]
fn no_more_than_the_bound_and_a_message_is_taken() {
    run(async {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut server = WebSocket::server(ours, &bounded());
        let mut taken = 0;
        while server.feed_binary(&[1; 98]).now_or_never().is_some() {
            taken += 1;
        }
        assert!(server.unwritten() >= BOUND && server.unwritten() < BOUND + 100, "{}", server.unwritten());
        assert_eq!(taken, (server.unwritten() + 64) / 100);
        assert!(std::future::poll_fn(|cx| std::task::Poll::Ready(server.poll_ready_unpin(cx))).await.is_pending());

        // Whoever reads makes room.
        let mut read = [0; 64];
        theirs.read_exact(&mut read).await.unwrap();
        server.feed_binary(&[1; 98]).now_or_never().expect("there is room").unwrap();
    });
}

#[test]
fn who_takes_nothing_is_given_up_and_nobody_waits_for_ever() {
    run(async {
        let (ours, _theirs) = tokio::io::duplex(64);
        let mut server = WebSocket::server(ours, &Options { keepalive: None, ..bounded() });
        let started = Instant::now();
        let error = server.send_binary(&[1; 98]).await.unwrap_err();
        assert!(matches!(&error, Error::Io(error) if error.kind() == ErrorKind::TimedOut), "{error:?}");
        assert_eq!(started.elapsed().as_secs(), 20);
        assert!(matches!(server.send_text("?").await, Err(Error::Io(_))), "a frame was cut, and nothing may follow");
        assert!(matches!(server.next().await, Some(Err(Error::Io(_)))), "nor is it listened to");
        assert!(server.next().await.is_none());
    });
}

#[test]
fn who_takes_a_little_now_and_then_is_waited_for() {
    run(async {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut server = WebSocket::server(ours, &bounded());
        let sending = tokio::spawn(async move {
            server.send_binary(&[1; 998]).await.unwrap();
            server
        });
        let mut read = [0; 50];
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_secs(19)).await;
            theirs.read_exact(&mut read).await.unwrap();
        }
        sending.await.unwrap();
    });
}

/// It is read from all the while, and what it must be answered does not grow.
#[test]
fn a_peer_that_pings_and_never_reads_costs_no_growing_memory() {
    for in_halves in [false, true] {
        run(async {
            let (ours, theirs) = tokio::io::duplex(4096);
            let options = Options {
                config: tidings::ws::Config { max_unsent: 2000, ..Default::default() },
                max_unwritten: 2000,
                write_within: None,
                ..Options::default()
            };
            let mut server = WebSocket::server(ours, &options);
            let wire = client_says(|client, output| {
                for n in 0..10_000 {
                    client.ping(format!("{n:>100}").as_bytes(), output).unwrap();
                }
                client.send_text("that was all", output).unwrap();
            });
            let (mut back, mut there) = tokio::io::split(theirs);
            let pinging = tokio::spawn(async move { there.write_all(&wire).await.map(|()| there) });
            let last = if in_halves {
                let (mut reader, mut writer) = server.split();
                assert_eq!(reader.next().await.unwrap().unwrap(), text("that was all"));
                tokio::spawn(async move { while reader.next().await.is_some() {} });
                writer.feed_text("bye").await.unwrap();
                writer.flush().now_or_never();
                // The reader writes what there is, and what was owed as soon as there is room.
                read_some(&mut back).await
            } else {
                assert_eq!(server.next().await.unwrap().unwrap(), text("that was all"));
                assert!(server.unwritten() < 2000 + 102, "{}", server.unwritten());
                tokio::spawn(async move { while server.next().await.is_some() {} });
                read_some(&mut back).await
            };
            assert!(last.iter().any(|heard| heard.trim_end().ends_with("9999")), "the newest is answered: {last:?}");
            assert!(last.len() < 100, "{} were", last.len());
            drop(pinging);
        });
    }
}

/// What comes until a Pong to the newest Ping has.
async fn read_some(back: &mut (impl tokio::io::AsyncRead + Unpin)) -> Vec<String> {
    let mut wire = Vec::new();
    while !wire.ends_with(b" 9999") {
        assert_ne!(back.read_buf(&mut wire).await.unwrap(), 0);
    }
    understand(&mut wire)
}

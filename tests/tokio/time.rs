//! The keepalive and the deadlines, on a simulated clock.

use crate::wire::*;
use std::time::Duration;
use tidings::tokio::{Error, Options, WebSocket};
use tidings::ws::CloseCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep};

#[test]
fn who_is_silent_is_pinged_and_then_gone() {
    for in_halves in [false, true] {
        run(async {
            let (ours, mut theirs) = tokio::io::duplex(64);
            let mut server = server(ours);
            let started = Instant::now();
            let waiting = tokio::spawn(async move {
                if in_halves {
                    let (mut reader, _writer) = server.split();
                    reader.next().await
                } else {
                    server.next().await
                }
            });
            let mut ping = [0; 2];
            theirs.read_exact(&mut ping).await.unwrap();
            assert_eq!((ping, started.elapsed().as_secs()), (*b"\x89\0", 15));
            assert!(matches!(waiting.await.unwrap(), Some(Err(Error::Silent))));
            assert_eq!(started.elapsed().as_secs(), 35);
        });
    }
}

#[test]
fn who_answers_pings_stays() {
    run(async {
        let (mut server, mut client) = pair(64);
        let client = tokio::spawn(async move { client.next().await });
        for _ in 0..3 {
            tokio::select! {
                read = server.next() => panic!("nothing was sent: {read:?}"),
                () = sleep(Duration::from_secs(100)) => {}
            }
        }
        server.close(CloseCode::NORMAL, "").await.unwrap();
        assert!(server.next().await.is_none());
        assert!(client.await.unwrap().is_none());
    });
}

/// Each byte moves the deadline, and no timer is set for it: there is no Ping.
#[test]
fn who_says_something_is_not_pinged() {
    run(async {
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        let mut server = server(ours);
        let reading = tokio::spawn(async move { server.next().await });
        for _ in 0..20 {
            sleep(Duration::from_secs(14)).await;
            theirs.write_all(&client_says(|client, output| client.pong(b"", output).unwrap())).await.unwrap();
        }
        theirs.write_all(&client_says(|client, output| client.send_text("hi", output).unwrap())).await.unwrap();
        assert_eq!(reading.await.unwrap().unwrap().unwrap(), text("hi"));
        assert!(hear(&mut theirs).await.is_empty());
    });
}

#[test]
fn a_close_that_is_not_answered_ends_after_its_deadline() {
    for in_halves in [false, true] {
        run(async {
            let (ours, theirs) = tokio::io::duplex(64);
            let mut server = server(ours);
            let started = Instant::now();
            let ended = if in_halves {
                let (mut reader, mut writer) = server.split();
                // The reader waits already when the writer closes.
                let (ended, ()) = tokio::join!(reader.next(), async {
                    sleep(Duration::from_secs(1)).await;
                    writer.close(CloseCode::NORMAL, "").await.unwrap();
                });
                ended
            } else {
                sleep(Duration::from_secs(1)).await;
                server.close(CloseCode::NORMAL, "").await.unwrap();
                server.next().await
            };
            assert!(matches!(ended, Some(Err(Error::Silent))), "{ended:?}");
            assert_eq!(started.elapsed().as_secs(), 6);
            drop(theirs);
        });
    }
}

/// It has answered the Close and keeps the stream open.
#[test]
fn a_stream_that_does_not_end_is_left_after_its_deadline() {
    run(async {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut server = server(ours);
        theirs.write_all(&client_says(|c, output| c.close(CloseCode::NORMAL, "", output).unwrap())).await.unwrap();
        let started = Instant::now();
        assert!(server.next().await.is_none());
        assert_eq!(started.elapsed().as_secs(), 5);
        assert_eq!(hear(&mut theirs).await, ["close Some(1000)"]);
    });
}

#[test]
fn without_times_no_time_is_asked_for() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (ours, theirs) = tokio::io::duplex(64);
        let mut client = WebSocket::client(theirs, &Options::timeless());
        let served = tokio::spawn(echo(WebSocket::server(ours, &Options::timeless())));
        client.send_binary(&[1; 1000]).await.unwrap();
        assert!(client.next().await.is_some());
        client.close(CloseCode::NORMAL, "").await.unwrap();
        assert!(client.next().await.is_none());
        served.await.unwrap().unwrap();
    });
}

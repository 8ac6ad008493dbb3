//! How connections end, and what is told of it.

use crate::wire::*;
use tidings::tokio::{Error, Message};
use tidings::ws::{CloseCode, ProtocolError, SendError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[test]
fn both_sides_close_in_good_order_whoever_begins() {
    // Each side says something before it reads.
    for size in SIZES.into_iter().filter(|size| *size >= 64) {
        for server_begins in [true, false] {
            run(async {
                let (server, client) = pair(size);
                let (mut first, mut second) = if server_begins { (server, client) } else { (client, server) };
                let begins = async {
                    first.close(CloseCode::GOING_AWAY, "bye").await.unwrap();
                    assert!(matches!(first.send_text("late").await, Err(Error::Send(SendError::Closed))));
                    let last = first.next().await.unwrap().unwrap();
                    assert_eq!(last, text("last words"), "they come behind a Close of one's own");
                    assert!(first.next().await.is_none());
                    assert_eq!(first.close_frame(), Some((CloseCode::GOING_AWAY, "")));
                };
                let answers = async {
                    second.send_text("last words").await.unwrap();
                    assert!(second.next().await.is_none());
                    assert_eq!(second.close_frame(), Some((CloseCode::GOING_AWAY, "bye")));
                    assert!(matches!(second.send_text("late").await, Err(Error::Send(SendError::Closed))));
                };
                tokio::join!(begins, answers);
                assert!(first.next().await.is_none() && second.next().await.is_none(), "and nothing more");
            });
        }
    }
}

#[test]
fn a_violation_is_told_once_and_the_peer_hears_why_although_it_goes_on_sending() {
    for size in SIZES {
        run(async {
            let (ours, theirs) = tokio::io::duplex(size);
            let mut socket = server(ours);
            let (mut back, mut there) = tokio::io::split(theirs);
            let client = async {
                there.write_all(b"\x81\x85\0\0\0\0Hello\x83\x80\0\0\0\0").await.unwrap();
                let _ = there.write_all(&[0; 3000]).await;
                let heard = hear(&mut back).await;
                there.shutdown().await.unwrap();
                heard
            };
            let served = async {
                assert_eq!(socket.next().await.unwrap().unwrap(), text("Hello"));
                let error = socket.next().await.unwrap().unwrap_err();
                assert!(matches!(error, Error::Protocol(ProtocolError::ReservedOpcode(3))), "{error:?}");
                assert!(socket.next().await.is_none());
            };
            let (heard, ()) = tokio::join!(client, served);
            assert_eq!(heard, ["close Some(1002)"]);
        });
    }
}

#[test]
fn an_end_at_any_byte_is_a_cut_unless_it_is_behind_the_close() {
    let wire = client_says(|client, output| {
        client.send_text("one", output).unwrap();
        client.send_binary_fragment(b"tw", false, output).unwrap();
        client.send_binary_fragment(b"o", true, output).unwrap();
        client.close(CloseCode::NORMAL, "", output).unwrap();
    });
    for end in 0..=wire.len() {
        run(async {
            let (ours, mut theirs) = tokio::io::duplex(1 << 20);
            let mut server = server(ours);
            theirs.write_all(&wire[..end]).await.unwrap();
            theirs.shutdown().await.unwrap();
            let mut read = Vec::new();
            let ended = loop {
                match server.next().await {
                    Some(Ok(message)) => read.push(message),
                    ended => break ended,
                }
            };
            let whole = [(9, text("one")), (9 + 8 + 7, Message::Binary("two".into()))];
            let expected: Vec<_> = whole.into_iter().filter(|(at, _)| *at <= end).map(|(_, message)| message).collect();
            assert_eq!(read, expected, "of {end} bytes");
            match ended {
                None => assert_eq!(end, wire.len()),
                Some(error) => assert!(matches!(error, Err(Error::Cut)) && end < wire.len(), "{error:?} at {end}"),
            }
            assert!(server.next().await.is_none());
            drop(server);
            let mut answer = Vec::new();
            theirs.read_to_end(&mut answer).await.unwrap();
            assert_eq!(answer.is_empty(), end < wire.len(), "a Close is answered, also to who has ended the stream");
        });
    }
}

#[test]
fn dropping_it_ends_the_stream() {
    run(async {
        let (server, mut client) = pair(64);
        drop(server);
        assert!(matches!(client.next().await, Some(Err(Error::Cut))));
        assert!(client.next().await.is_none());
        assert!(matches!(client.send_text("?").await, Err(Error::Send(SendError::Closed))));
    });
}

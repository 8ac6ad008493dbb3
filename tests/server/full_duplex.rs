//! Our client and a handler of ours, both talking at once.
#![cfg(feature = "client")]

use crate::running::{Running, run};
use std::io;
use std::thread;
use tidings::client::{self, WebSocketOptions};
use tidings::server::{self, Message, Server};
use tidings::ws::{CloseCode, deflate};

fn url(server: &Running) -> String {
    format!("ws://{}/", server.addr)
}

/// Of mixed sizes, the largest larger than any buffer here; each can be told from the others.
fn message(number: usize) -> Message {
    let size = match number % 1000 {
        0 => 200_000,
        1..10 => 5_000,
        some => some % 130,
    };
    let text = format!("{number} {}", "x".repeat(size));
    if number.is_multiple_of(2) { Message::Text(text) } else { Message::Binary(text.into_bytes()) }
}

/// Sends so many messages while as many come in from the client, and closes.
fn talk(socket: &mut server::WebSocket, messages: usize) -> io::Result<()> {
    let (mut reader, writer) = socket.split();
    thread::scope(|scope| {
        let sent = scope.spawn(move || (0..messages).try_for_each(|number| writer.send(&message(number))));
        let mut count = 0;
        while let Some(received) = reader.read()? {
            assert_eq!(received, message(count));
            count += 1;
        }
        assert_eq!((count, reader.close_frame()), (messages, Some((CloseCode::NORMAL, "done"))));
        sent.join().unwrap()
    })
}

fn both_talk(messages: usize, deflate: Option<deflate::Options>) {
    let options = server::WebSocketOptions { deflate: deflate.clone(), ..server::WebSocketOptions::default() };
    let server = run(Server::builder().websocket("/", options, move |socket| talk(socket, messages)));
    let options = WebSocketOptions { deflate, ..WebSocketOptions::default() };
    let (mut reader, writer) = client::WebSocket::connect(&url(&server), &options).unwrap().split();
    let sender = thread::spawn(move || {
        (0..messages).for_each(|number| writer.send(&message(number)).unwrap());
        writer
    });
    for number in 0..messages {
        assert_eq!(reader.read().unwrap(), Some(message(number)));
    }
    sender.join().unwrap().close(CloseCode::NORMAL, "done").unwrap();
    assert_eq!(reader.read().unwrap(), None);
    assert_eq!(reader.close_frame(), Some((CloseCode::NORMAL, "")));
    // The server has ended the stream, and so the handler is over.
    assert_eq!(server.metric("tidings_panics_total"), 0);
}

#[test]
fn ten_thousand_messages_go_each_way_at_once() {
    both_talk(10_000, None);
}

#[test]
#[cfg(feature = "deflate")]
fn compressed_messages_go_each_way_at_once() {
    both_talk(2_000, Some(deflate::Options::default()));
}

/// More than the sockets between them hold, in each direction, from two peers of which neither waits for the other: if
/// one did not read while it writes, neither would ever.
#[test]
fn two_peers_that_fill_the_sockets_between_them_both_go_on() {
    const PIECES: usize = 64;
    let piece = || vec![7; 1 << 20];
    let handler = move |socket: &mut server::WebSocket| {
        let (mut reader, writer) = socket.split();
        thread::scope(|scope| {
            let sent = scope.spawn(move || (0..PIECES).try_for_each(|_| writer.send_binary(&piece())));
            for _ in 0..PIECES {
                assert_eq!(reader.read()?, Some(Message::Binary(piece())));
                // What it leads to is sent by the client's reader, behind what its writer is blocked in.
                writer.ping(b"there?")?;
            }
            assert_eq!(reader.read()?, None);
            sent.join().unwrap()
        })
    };
    let server = run(Server::builder().websocket("/", tidings::ws::Config::default(), handler));
    let connected = client::WebSocket::connect(&url(&server), &WebSocketOptions::default()).unwrap();
    let (mut reader, writer) = connected.split();
    let sender = thread::spawn(move || {
        (0..PIECES).for_each(|_| writer.send_binary(&piece()).unwrap());
        writer
    });
    for _ in 0..PIECES {
        assert_eq!(reader.read().unwrap(), Some(Message::Binary(piece())));
    }
    sender.join().unwrap().close(CloseCode::NORMAL, "").unwrap();
    assert_eq!(reader.read().unwrap(), None);
    // The server has ended the stream, and so the handler is over.
    assert_eq!(server.metric("tidings_panics_total"), 0);
}

/// The same with a peer that has one thread, and echoes.
#[test]
fn an_echo_that_has_one_thread_is_no_trouble_for_a_client_with_two() {
    let echo = |socket: &mut server::WebSocket| {
        while let Some(message) = socket.read()? {
            socket.send(&message)?;
        }
        Ok(())
    };
    let server = run(Server::builder().websocket("/", tidings::ws::Config::default(), echo));
    let connected = client::WebSocket::connect(&url(&server), &WebSocketOptions::default()).unwrap();
    let (mut reader, writer) = connected.split();
    let sent = thread::spawn(move || {
        (0..64).for_each(|number| writer.send_binary(&vec![number; 1 << 20]).unwrap());
        writer
    });
    for number in 0..64 {
        assert_eq!(reader.read().unwrap(), Some(Message::Binary(vec![number; 1 << 20])));
    }
    sent.join().unwrap().close(CloseCode::NORMAL, "").unwrap();
    assert_eq!(reader.read().unwrap(), None);
}

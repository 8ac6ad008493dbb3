//! A client's WebSocket in two halves: reading in one thread, sending in others.

use crate::scripted::{Act, Scripted, Seen, quick, serve};
use crate::websocket::accept;
use bytes::BytesMut;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;
use tidings::client::{Cut, Error, Message, TimedRead, WebSocket, WebSocketOptions, WebSocketReader, WebSocketWriter};
use tidings::http::Headers;
use tidings::ws::handshake::{Answer, Request};
use tidings::ws::{CloseCode, Connection, Prepared, SendError};

/// Nothing in these tests takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that shakes hands and then does what is left to the test.
fn raw(act: impl FnOnce(TcpStream, Vec<u8>) + Send + 'static) -> Scripted {
    serve(vec![Act::Other(Box::new(move |mut socket: TcpStream, input, seen: &Seen| {
        let headers: Headers<'_> = seen.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut output = BytesMut::new();
        Request::check("GET", true, &headers).unwrap().accept(&Answer::default(), &mut output).unwrap();
        socket.write_all(&output).unwrap();
        act(socket, input);
    }))])
}

fn connect(server: &Scripted) -> WebSocket {
    WebSocket::connect(&server.url, &WebSocketOptions { common: quick(), ..WebSocketOptions::default() }).unwrap()
}

fn split(server: &Scripted) -> (WebSocketReader, WebSocketWriter) {
    connect(server).split()
}

/// In a thread that soon does not get on by itself: more than all buffers between two sockets hold.
fn send_much(writer: WebSocketWriter) -> thread::JoinHandle<Result<(), Error>> {
    thread::spawn(move || (0..64).try_for_each(|_| writer.send_binary(&vec![7; 1 << 20])))
}

#[test]
fn both_halves_can_be_moved_to_threads() {
    fn is_free<T: Send + Sync + 'static>() {}
    is_free::<WebSocketReader>();
    is_free::<WebSocketWriter>();
    let server = serve(vec![accept(None, |_, _| {}, true)]);
    let (mut reader, writer) = split(&server);
    let answers = thread::spawn(move || [(); 2].map(|()| reader.read().unwrap()));
    let other = writer.clone();
    thread::spawn(move || other.send_text("one").unwrap()).join().unwrap();
    writer.send(&Message::Binary(vec![2])).unwrap();
    assert_eq!(answers.join().unwrap(), [Some(Message::Text("one".into())), Some(Message::Binary(vec![2]))]);
}

#[test]
fn stopping_ends_both_halves() {
    let (began, is_sending) = channel();
    let (release, released): (_, Receiver<()>) = channel();
    let server = raw(move |mut socket, _| {
        socket.read_exact(&mut [0; 14]).unwrap();
        began.send(()).unwrap();
        let _ = released.recv();
    });
    let (mut reader, writer) = split(&server);
    let stop = reader.stop_handle();
    let sent = send_much(writer);
    let read = thread::spawn(move || reader.read());
    is_sending.recv_timeout(PATIENCE).unwrap();
    stop.stop();
    assert!(matches!(sent.join().unwrap(), Err(Error::Cut(Cut::Stopped))));
    assert!(matches!(read.join().unwrap(), Err(Error::Cut(Cut::Stopped))));
    drop(release);
}

#[test]
fn a_server_that_ends_the_stream_ends_both_halves() {
    let (began, is_sending) = channel();
    let (release, released): (_, Receiver<()>) = channel();
    let server = raw(move |mut socket, _| {
        socket.read_exact(&mut [0; 14]).unwrap();
        began.send(()).unwrap();
        // It says no more, and reads no more, either.
        socket.shutdown(Shutdown::Write).unwrap();
        let _ = released.recv();
    });
    let (mut reader, writer) = split(&server);
    let other = writer.clone();
    let sent = send_much(writer);
    is_sending.recv_timeout(PATIENCE).unwrap();
    assert!(matches!(reader.read(), Err(Error::Cut(Cut::Ended))));
    assert!(matches!(sent.join().unwrap(), Err(Error::Cut(_))));
    let late = other.send_text("to nobody");
    assert!(matches!(late, Err(Error::Cut(Cut::Ended | Cut::Io(_)))), "{late:?}");
    drop(release);
}

#[test]
fn the_servers_close_is_seen_by_the_writer() {
    let close =
        |connection: &mut Connection, output: &mut BytesMut| connection.close(CloseCode::NORMAL, "", output).unwrap();
    let server = serve(vec![accept(None, close, false)]);
    let (mut reader, writer) = split(&server);
    assert_eq!(reader.read().unwrap(), None);
    for late in [writer.send_text("too late"), writer.close(CloseCode::NORMAL, "")] {
        assert!(matches!(late, Err(Error::Cut(Cut::Closed(Some(CloseCode::NORMAL))))), "{late:?}");
    }
    assert_eq!(reader.close_frame(), Some((CloseCode::NORMAL, "")));
}

#[test]
fn after_a_close_of_its_own_a_client_is_told_so() {
    let server = serve(vec![accept(None, |_, _| {}, true)]);
    let (mut reader, writer) = split(&server);
    let told = |late: Result<(), Error>| {
        let late = late.unwrap_err();
        assert!(matches!(late, Error::Send(SendError::Closed)), "{late:?}");
        assert_eq!(late.to_string(), "that cannot be sent: the connection is closed for sending");
    };
    writer.close(CloseCode::NORMAL, "").unwrap();
    told(writer.send_text("too late"));
    assert_eq!(reader.read().unwrap(), None);
    // The server has closed, too, but it was not the first.
    told(writer.send_text("too late"));
    told(writer.close(CloseCode::NORMAL, ""));
}

#[test]
fn after_a_violation_of_the_servers_nothing_can_be_sent() {
    let server = raw(|mut socket, mut received| {
        socket.write_all(b"\x83\0").unwrap();
        let _ = socket.read_to_end(&mut received);
    });
    let (mut reader, writer) = split(&server);
    assert!(matches!(reader.read(), Err(Error::WebSocket(_))));
    assert!(matches!(writer.send_text("too late"), Err(Error::Send(SendError::Closed))));
}

/// RFC 6455 §7.1.7
#[test]
fn a_violation_of_the_servers_is_named_in_a_close() {
    let (seen, see) = channel();
    let server = raw(move |mut socket, mut received| {
        socket.write_all(b"\x83\0").unwrap();
        socket.read_to_end(&mut received).unwrap();
        // Its own end has come; what is written now is still read, and resets nothing.
        socket.write_all(b"\x81\x04late").unwrap();
        seen.send(received).unwrap();
    });
    let mut socket = connect(&server);
    assert!(matches!(socket.read(), Err(Error::WebSocket(_))));
    let received = see.recv_timeout(PATIENCE).unwrap();
    // The key is made of zeros.
    assert_eq!((received[0], &received[2..8]), (0x88, &b"\0\0\0\0\x03\xea"[..]), "{received:x?}");
}

/// RFC 6455 §7.1.1
#[test]
fn behind_both_closes_the_client_waits_for_the_servers_end() {
    let (closed, is_closed) = channel();
    let server = raw(move |mut socket, mut received| {
        socket.write_all(b"\x88\x02\x03\xe8").unwrap();
        let mut buffer = [0; 64];
        while received.len() < 8 {
            let len = socket.read(&mut buffer).unwrap();
            assert_ne!(len, 0, "the client's Close is to come");
            received.extend(&buffer[..len]);
        }
        assert_eq!(received, b"\x88\x82\0\0\0\0\x03\xe8");
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let waits = socket.read(&mut buffer).is_err();
        socket.shutdown(Shutdown::Write).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        closed.send((waits, socket.read(&mut buffer).unwrap())).unwrap();
    });
    let mut socket = connect(&server);
    assert_eq!(socket.read().unwrap(), None);
    drop(socket);
    assert_eq!(is_closed.recv_timeout(PATIENCE).unwrap(), (true, 0), "it waits, and then goes");
}

#[test]
fn a_close_of_the_writer_ends_a_reader_that_waits() {
    let server = serve(vec![accept(None, |_, _| {}, true)]);
    let (mut reader, writer) = split(&server);
    writer.send_text("echo").unwrap();
    assert_eq!(reader.read().unwrap(), Some(Message::Text("echo".into())));
    let read = thread::spawn(move || (reader.read(), reader.close_frame().map(|(code, _)| code)));
    writer.close(CloseCode::GOING_AWAY, "").unwrap();
    assert!(matches!(read.join().unwrap(), (Ok(None), Some(CloseCode::GOING_AWAY))));
}

#[test]
fn the_last_half_to_go_says_goodbye() {
    let (seen, see) = channel();
    let server = raw(move |mut socket, mut received| {
        socket.write_all(b"\x81\x01a").unwrap();
        socket.read_to_end(&mut received).unwrap();
        seen.send(received).unwrap();
    });
    let (mut reader, writer) = split(&server);
    drop(writer);
    assert_eq!(reader.read().unwrap(), Some(Message::Text("a".into())));
    drop(reader);
    // The key is made of zeros.
    assert_eq!(see.recv_timeout(PATIENCE).unwrap(), b"\x88\x82\0\0\0\0\x03\xe8");
}

#[test]
fn a_read_may_have_its_time() {
    let server = serve(vec![accept(None, |_, _| {}, true)]);
    let mut socket = connect(&server);
    assert_eq!(socket.read_timeout(Duration::ZERO).unwrap(), TimedRead::TimedOut);
    socket.send_text("echo").unwrap();
    let echo = TimedRead::Message(Message::Text("echo".into()));
    assert_eq!(socket.read_timeout(Duration::MAX).unwrap(), echo);
    socket.close(CloseCode::NORMAL, "").unwrap();
    assert_eq!(socket.read_timeout(PATIENCE).unwrap(), TimedRead::Closed);
    assert_eq!(socket.read_timeout(PATIENCE).unwrap(), TimedRead::Closed);
}

#[test]
fn a_client_sends_fragments_and_prepared_messages_too() {
    let server = serve(vec![accept(None, |_, _| {}, true)]);
    let mut socket = connect(&server);
    socket.send_text_fragment("in two ", false).unwrap();
    socket.pong(b"in between").unwrap();
    let other = [socket.send_text("between"), socket.send_binary_fragment(b"other", true)];
    for refused in other {
        assert!(matches!(refused, Err(Error::Send(SendError::MessageOpen))), "{refused:?}");
    }
    socket.send_text_fragment("pieces", true).unwrap();
    assert_eq!(socket.read().unwrap(), Some(Message::Text("in two pieces".into())));
    socket.send_prepared(&Prepared::binary(b"to all")).unwrap();
    assert_eq!(socket.read().unwrap(), Some(Message::Binary(b"to all".into())));
}

//! A handler's WebSocket in two halves: reading in one thread, sending in others.

use crate::client::{Frame, WebSocket};
use crate::running::{Running, run};
use std::io::{self, ErrorKind, Write};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};
use tidings::server::{self, Limits, Message, Server, TimedRead, WebSocketReader, WebSocketWriter};
use tidings::ws::{CloseCode, Config, Prepared};

/// More than the buffers between two sockets hold, which grow only as they are read.
const LARGE: usize = 16 << 20;
/// Nothing in these tests takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server whose handler runs `reads` and `sends` in two threads.
fn serve(
    limits: &Limits,
    reads: impl Fn(WebSocketReader<'_>) -> io::Result<()> + Send + Sync + 'static,
    sends: impl Fn(WebSocketWriter<'_>) -> io::Result<()> + Send + Sync + 'static,
) -> Running {
    let handler = move |socket: &mut server::WebSocket| {
        let (reader, writer) = socket.split();
        thread::scope(|scope| {
            let sent = scope.spawn(|| sends(writer));
            let read = reads(reader);
            sent.join().unwrap().and(read)
        })
    };
    run(Server::builder().limits(*limits).websocket("/", Config::default(), handler))
}

fn open(server: &Running) -> WebSocket {
    WebSocket::open(server.client(), "/", &[])
}

fn read_to_end(mut reader: WebSocketReader<'_>) -> io::Result<()> {
    while reader.read()?.is_some() {}
    Ok(())
}

/// So that no time-out wakes a reader that should have been woken by something else.
fn patient() -> Limits {
    Limits { keepalive: 10 * PATIENCE, close_time: 10 * PATIENCE, ..Limits::default() }
}

/// For a handler's thread to tell the test something, and the test to wait for it.
fn signal<T: Send>() -> (impl Fn(T) + Send + Sync, Receiver<T>) {
    let (sender, receiver): (Sender<T>, _) = channel();
    let sender = Mutex::new(sender);
    (move |news| sender.lock().unwrap().send(news).unwrap(), receiver)
}

/// Pings so many times, each with its number, without reading anything.
fn ping(socket: &mut WebSocket, pings: u32) -> io::Result<()> {
    const AT_ONCE: u32 = 1000;
    let mut output = bytes::BytesMut::new();
    for number in 0..pings {
        let mut payload = [b'.'; 125];
        payload[..4].copy_from_slice(&number.to_be_bytes());
        socket.connection.ping(&payload, &mut output).unwrap();
        if (number + 1) % AT_ONCE == 0 {
            socket.client.socket.write_all(&output.split())?;
        }
    }
    socket.client.socket.write_all(&output)
}

/// Reads Pongs up to the newest that is due, and how many they are.
fn pongs(socket: &mut WebSocket, pings: u32) -> usize {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&(pings - 1)) {
        match socket.frame() {
            Some(Frame::Pong(payload)) => numbers.push(u32::from_be_bytes(*payload.first_chunk().unwrap())),
            other => panic!("{other:?} after {} Pongs", numbers.len()),
        }
    }
    assert!(numbers.is_sorted_by(|one, next| one < next), "each is answered once, in order");
    numbers.len()
}

/// Who sends it is blocked until most of it is read.
fn large() -> Vec<u8> {
    vec![7; LARGE]
}

/// Waits until the other side is sending it.
fn begin_large(socket: &mut WebSocket) {
    assert_eq!(socket.client.raw(10)[..2], [0x82, 127]);
}

fn end_large(socket: &mut WebSocket) {
    assert!(socket.client.raw(LARGE).iter().all(|byte| *byte == 7));
}

#[test]
fn a_reader_reads_while_the_writer_is_blocked_and_answers_pings_behind_it() {
    const PINGS: u32 = 10_000; // more Pongs than may wait
    let (heard, hear) = signal();
    let reads = move |mut reader: WebSocketReader<'_>| {
        heard(reader.read()?);
        read_to_end(reader)
    };
    let (sent, all_sent) = signal();
    let sends = move |writer: WebSocketWriter<'_>| {
        writer.send_binary(&large())?;
        sent(());
        Ok(())
    };
    let server = serve(&patient(), reads, sends);
    let mut socket = open(&server);
    begin_large(&mut socket);
    ping(&mut socket, PINGS).unwrap();
    socket.send("can you hear me?");
    assert_eq!(hear.recv_timeout(PATIENCE).unwrap(), Some(Message::Text("can you hear me?".into())));
    assert!(all_sent.try_recv().is_err(), "nobody has read all that: it is still being sent");

    end_large(&mut socket);
    all_sent.recv_timeout(PATIENCE).unwrap();
    let pongs = pongs(&mut socket, PINGS);
    // What waits is bounded by `Config::max_unsent`, and the newest is kept.
    assert!(pongs < PINGS as usize, "{pongs} Pongs");
}

#[test]
fn a_reader_whose_answers_nobody_reads_goes_on_reading() {
    const PINGS: u32 = 200_000; // Pongs for 25 MB, of which the sockets hold a part
    let (heard, hear) = signal();
    let reads = move |mut reader: WebSocketReader<'_>| {
        heard(reader.read()?);
        read_to_end(reader)
    };
    let server = serve(&patient(), reads, |_| Ok(()));
    let mut socket = open(&server);
    ping(&mut socket, PINGS).unwrap();
    socket.send("can you hear me?");
    assert_eq!(hear.recv_timeout(PATIENCE).unwrap(), Some(Message::Text("can you hear me?".into())));
    // As good as certainly the reader waits again when these are answered.
    for _ in 0..20 {
        let _ = server.metric("tidings_topics");
    }
    // Now the client reads. Nothing more comes from it, so that the reader has to see by itself that there is room.
    let pongs = pongs(&mut socket, PINGS);
    assert!(pongs < PINGS as usize, "the sockets hold all of it, and nothing was shown");
}

#[test]
fn a_client_that_reads_no_answers_is_left_after_a_time() {
    let (ended, end) = signal();
    let reads = move |reader: WebSocketReader<'_>| {
        ended(read_to_end(reader).map_err(|error| error.kind()));
        Ok(())
    };
    let server = serve(&Limits { write_time: Duration::from_millis(50), ..Limits::default() }, reads, |_| Ok(()));
    let mut socket = open(&server);
    // It is cut off while it still pings, or behind that.
    let _ = ping(&mut socket, 200_000);
    assert_eq!(end.recv_timeout(PATIENCE).unwrap(), Err(ErrorKind::TimedOut));
}

#[test]
fn a_client_that_takes_nothing_ends_the_reader_and_all_writers() {
    let (ended, end) = signal();
    let (go_on, may_go_on) = channel();
    let may_go_on = Mutex::new(may_go_on);
    let handler = move |socket: &mut server::WebSocket| {
        let (reader, writer) = socket.split();
        thread::scope(|scope| {
            let blocked = scope.spawn(move || writer.send_binary(&large()));
            // Not by the client's word, which must be read before the time is over.
            may_go_on.lock().unwrap().recv().unwrap();
            // It waits for the first, and so for the client; or comes when that has failed.
            let behind = scope.spawn(move || writer.send_text("behind"));
            let read = read_to_end(reader);
            let sent = blocked.join().unwrap();
            let later = writer.send_text("it would stand in the midst of a frame");
            ended([read, sent, behind.join().unwrap(), later].map(|ended| ended.map_err(|error| error.kind())));
            Ok(())
        })
    };
    let limits = Limits { write_time: Duration::from_secs(1), ..Limits::default() };
    let server = run(Server::builder().limits(limits).websocket("/", Config::default(), handler));
    let mut socket = open(&server);
    begin_large(&mut socket);
    go_on.send(()).unwrap();
    assert_eq!(end.recv_timeout(PATIENCE).unwrap(), [Err(ErrorKind::TimedOut); 4]);
}

#[test]
fn a_client_that_takes_little_at_a_time_ends_the_writer() {
    let (ended, end) = signal();
    let sends = move |writer: WebSocketWriter<'_>| {
        ended(writer.send_binary(&large()).map_err(|error| error.kind()));
        Ok(())
    };
    let limits = Limits { write_time: 10 * PATIENCE, answer_time: Duration::from_millis(200), ..patient() };
    let server = serve(&limits, read_to_end, sends);
    let mut socket = open(&server);
    // At most 1.6 MB a second, of the 5 MiB that there ought to be.
    let ended = loop {
        socket.client.fill();
        match end.recv_timeout(Duration::from_millis(10)) {
            Err(RecvTimeoutError::Timeout) => {}
            ended => break ended.unwrap(),
        }
    };
    assert_eq!(ended, Err(ErrorKind::TimedOut));
}

#[test]
fn a_client_that_is_being_sent_to_is_not_silent() {
    let (waited, wait) = signal();
    let (wait_now, may_wait) = channel();
    let may_wait = Mutex::new(may_wait);
    let reads = move |mut reader: WebSocketReader<'_>| {
        may_wait.lock().unwrap().recv().unwrap();
        waited(reader.read_timeout(Duration::from_millis(200)).map_err(|error| error.kind()));
        read_to_end(reader)
    };
    // The Ping would stand behind what the client has not taken yet.
    let limits =
        Limits { keepalive: Duration::from_millis(10), pong_time: Duration::from_millis(10), ..Limits::default() };
    let server = serve(&limits, reads, |writer| writer.send_binary(&large()));
    let mut socket = open(&server);
    begin_large(&mut socket);
    wait_now.send(()).unwrap();
    assert_eq!(wait.recv_timeout(PATIENCE).unwrap(), Ok(TimedRead::TimedOut));
    end_large(&mut socket);
}

#[test]
fn a_close_of_the_writer_ends_the_reader() {
    let (ended, end) = signal();
    let reads = move |mut reader: WebSocketReader<'_>| {
        while reader.read()?.is_some() {}
        ended(reader.close_frame().map(|(code, reason)| (code, reason.to_owned())));
        Ok(())
    };
    let sends = |writer: WebSocketWriter<'_>| {
        writer.close(CloseCode::GOING_AWAY, "enough")?;
        let late = writer.send_text("too late");
        assert_eq!(late.unwrap_err().kind(), ErrorKind::BrokenPipe);
        Ok(())
    };
    let server = serve(&Limits::default(), reads, sends);
    let mut socket = open(&server);
    assert_eq!(socket.frame(), Some(Frame::Close(1001, "enough".into())));
    assert_eq!(end.recv_timeout(PATIENCE).unwrap(), Some((CloseCode::GOING_AWAY, String::new())));
    assert_eq!(socket.frame(), None);
}

#[test]
fn a_close_of_the_writer_that_nobody_answers_ends_the_reader_in_time() {
    let (ended, end) = signal();
    let reads = move |reader: WebSocketReader<'_>| {
        ended(read_to_end(reader).map_err(|error| error.kind()));
        Ok(())
    };
    let (close, may_close) = channel();
    let may_close = Mutex::new(may_close);
    let sends = move |writer: WebSocketWriter<'_>| {
        may_close.lock().unwrap().recv().unwrap();
        writer.close(CloseCode::NORMAL, "")
    };
    let server = serve(&Limits { close_time: Duration::from_millis(50), ..Limits::default() }, reads, sends);
    let started = Instant::now();
    let mut socket = open(&server);
    // The answer goes out when the reader has to wait.
    ping(&mut socket, 1).unwrap();
    assert_eq!(pongs(&mut socket, 1), 1);
    close.send(()).unwrap();
    assert_eq!(end.recv_timeout(PATIENCE).unwrap(), Err(ErrorKind::TimedOut));
    assert!(started.elapsed() < Limits::default().keepalive, "it was not the keepalive that ended it");
}

#[test]
fn a_close_does_not_wait_for_another_writer_and_goes_out_behind_it() {
    let (closed, close) = signal();
    let (ended, end) = signal();
    let handler = move |socket: &mut server::WebSocket| {
        let (mut reader, writer) = socket.split();
        thread::scope(|scope| {
            let blocked = scope.spawn(move || {
                let large = large();
                [writer.send_binary(&large), writer.send_binary(&large)].map(|sent| sent.map_err(|error| error.kind()))
            });
            assert_eq!(reader.read()?, Some(Message::Text("close".into())));
            closed(writer.close(CloseCode::NORMAL, "behind").is_ok());
            ended(blocked.join().unwrap());
            Ok(())
        })
    };
    let server = run(Server::builder().websocket("/", Config::default(), handler));
    let mut socket = open(&server);
    begin_large(&mut socket);
    socket.send("close");
    assert!(close.recv_timeout(PATIENCE).unwrap());
    end_large(&mut socket);
    assert_eq!(socket.client.raw(10), *b"\x88\x08\x03\xe8behind");
    assert_eq!(end.recv_timeout(PATIENCE).unwrap(), [Ok(()), Err(ErrorKind::BrokenPipe)]);
}

#[test]
fn the_clients_close_is_seen_by_the_writer() {
    let (over, is_over) = channel();
    let (ended, end) = signal();
    let over = Mutex::new(over);
    let is_over = Mutex::new(is_over);
    let reads = move |reader: WebSocketReader<'_>| {
        let read = read_to_end(reader);
        over.lock().unwrap().send(()).unwrap();
        read
    };
    let sends = move |writer: WebSocketWriter<'_>| {
        is_over.lock().unwrap().recv().unwrap();
        ended(writer.send_text("too late").map_err(|error| error.kind()));
        Ok(())
    };
    let server = serve(&Limits::default(), reads, sends);
    let mut socket = open(&server);
    let mut output = bytes::BytesMut::new();
    socket.connection.close(CloseCode::NORMAL, "", &mut output).unwrap();
    socket.client.send(&output);
    assert_eq!(end.recv_timeout(PATIENCE).unwrap(), Err(ErrorKind::BrokenPipe));
    assert_eq!(socket.frame(), Some(Frame::Close(1000, String::new())));
    assert_eq!(socket.frame(), None);
}

#[test]
fn draining_ends_the_reader_and_lets_the_writer_finish() {
    let (begun, has_begun) = signal();
    let reads = move |mut reader: WebSocketReader<'_>| {
        begun(());
        assert_eq!(reader.read()?, None);
        assert!(reader.is_draining() && reader.close_frame().is_none());
        Ok(())
    };
    let (drained, has_drained) = channel();
    let has_drained = Mutex::new(has_drained);
    let sends = move |writer: WebSocketWriter<'_>| {
        has_drained.lock().unwrap().recv().unwrap();
        assert!(writer.is_draining());
        writer.send_text("a last word")
    };
    let mut server = serve(&Limits::default(), reads, sends);
    let mut socket = open(&server);
    has_begun.recv_timeout(PATIENCE).unwrap();
    server.handle.drain();
    drained.send(()).unwrap();
    assert_eq!(socket.text(), "a last word");
    assert_eq!(socket.frame(), Some(Frame::Close(1001, String::new())));
    drop(socket);
    server.join();
}

/// A writer that only sends, as fast as it can, until it cannot.
fn sends_on(writer: WebSocketWriter<'_>) -> ErrorKind {
    loop {
        if let Err(error) = writer.send_text("tick") {
            return error.kind();
        }
    }
}

#[test]
fn draining_ends_a_writer_that_does_not_ask() {
    let (ended, end) = signal();
    let sends = move |writer: WebSocketWriter<'_>| {
        ended(sends_on(writer));
        Ok(())
    };
    let limits = Limits { close_time: Duration::from_millis(50), drain_time: 10 * PATIENCE, ..Limits::default() };
    let mut server = serve(&limits, read_to_end, sends);
    let mut socket = open(&server);
    assert_eq!(socket.text(), "tick");
    server.handle.drain();
    let close = loop {
        match socket.frame() {
            Some(Frame::Text(text)) => assert_eq!(text, "tick"),
            other => break other,
        }
    };
    assert_eq!(close, Some(Frame::Close(1001, String::new())));
    assert_eq!(end.recv_timeout(PATIENCE).unwrap(), ErrorKind::BrokenPipe);
    drop(socket);
    server.join();
}

#[test]
fn a_reader_that_fails_ends_a_writer_that_does_not_ask() {
    let (ended, end) = signal();
    let sends = move |writer: WebSocketWriter<'_>| {
        ended(sends_on(writer));
        Ok(())
    };
    let server = serve(&Limits::default(), read_to_end, sends);
    let mut socket = open(&server);
    assert_eq!(socket.text(), "tick");
    // It goes without a Close, and still reads.
    socket.client.finish();
    assert!(socket.client.raw_to_end().ends_with(b"\x88\x02\x03\xf3"), "1011");
    assert_eq!(end.recv_timeout(PATIENCE).unwrap(), ErrorKind::BrokenPipe);
}

#[test]
fn the_messages_of_several_writers_do_not_mix() {
    const WRITERS: usize = 4;
    const MESSAGES: usize = 500;
    let sends = |writer: WebSocketWriter<'_>| {
        thread::scope(|scope| {
            for number in 0..WRITERS {
                scope.spawn(move || {
                    for count in 0..MESSAGES {
                        writer.send_text(&format!("{number} {count} {}", ".".repeat(count * 7))).unwrap();
                    }
                });
            }
        });
        Ok(())
    };
    let server = serve(&Limits::default(), read_to_end, sends);
    let mut socket = open(&server);
    let mut next = [0; WRITERS];
    while next != [MESSAGES; WRITERS] {
        let text = socket.text();
        let words: Vec<&str> = text.splitn(3, ' ').collect();
        let (number, count): (usize, usize) = (words[0].parse().unwrap(), words[1].parse().unwrap());
        assert_eq!((count, words[2].len()), (next[number], count * 7));
        next[number] += 1;
    }
}

#[test]
fn fragments_and_prepared_messages_are_sent_too() {
    let handler = |socket: &mut server::WebSocket| {
        socket.send_text_fragment("in two ", false)?;
        assert_eq!(socket.send_text("between").unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(socket.send_binary_fragment(b"other", true).unwrap_err().kind(), ErrorKind::InvalidInput);
        socket.send_text_fragment("pieces", true)?;
        let (mut reader, writer) = socket.split();
        writer.send_binary_fragment(&[1], false)?;
        writer.pong(b"in between")?;
        writer.send_binary_fragment(&[2], true)?;
        writer.send_prepared(&Prepared::text("to all"))?;
        writer.send(&Message::Binary(vec![3]))?;
        assert_eq!(reader.read()?, None);
        Ok(())
    };
    let server = run(Server::builder().websocket("/", Config::default(), handler));
    let mut socket = open(&server);
    assert_eq!(socket.text(), "in two pieces");
    assert_eq!(socket.frame(), Some(Frame::Pong(b"in between".into())));
    assert_eq!(socket.frame(), Some(Frame::Binary(vec![1, 2])));
    assert_eq!(socket.text(), "to all");
    assert_eq!(socket.frame(), Some(Frame::Binary(vec![3])));
}

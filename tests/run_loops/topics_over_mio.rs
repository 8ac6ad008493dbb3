//! The example `mio_topic` as it stands: every transport, one cursor, and a client that holds up nobody.

use crate::{HANDSHAKE, PATIENCE, connect, head, masked, mio_topic, read, rest, start};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};
use tidings::client::{Error, EventSource, Options, Poller, Publisher, Received, WebSocketSource};
use tidings::sse::{Decoded, Decoder};
use tidings::topic::{Bounds, ResetReason};
use tidings::ws::KeepaliveOptions;

type Subscriber = Box<dyn Subscribe>;

/// What all subscribers can do.
trait Subscribe: Iterator<Item = Result<Received, Error>> {
    fn cursor(&self) -> Option<String>;
}

macro_rules! subscribe {
    ($($name:ty),*) => {
        $(impl Subscribe for $name {
            fn cursor(&self) -> Option<String> {
                self.resume().map(Into::into)
            }
        })*
    };
}

subscribe!(WebSocketSource, EventSource, Poller);

/// The headers of a handshake behind the host.
const UPGRADE: &str = HANDSHAKE.split_at("GET / HTTP/1.1\r\nHost: t\r\n".len()).1;

type Open = fn(&str, Options) -> Result<Subscriber, Error>;

const TRANSPORTS: [Open; 3] = [
    |url, options| Ok(Box::new(WebSocketSource::new(url, options)?)),
    |url, options| Ok(Box::new(EventSource::new(url, options)?)),
    |url, options| Ok(Box::new(Poller::long(url, options)?)),
];

fn serve(keepalive: KeepaliveOptions, bounds: Bounds) -> SocketAddr {
    start(move |listener| mio_topic::serve(listener, keepalive, bounds))
}

fn serve_as_usual() -> SocketAddr {
    serve(KeepaliveOptions::default(), Bounds::default())
}

fn url(addr: SocketAddr) -> String {
    format!("http://{addr}/topics/news")
}

fn subscribe(addr: SocketAddr, transport: usize, after: &str) -> Subscriber {
    let scheme = if transport == 0 { "ws" } else { "http" };
    let options = Options { after: Some(after.into()), ..Options::default() };
    TRANSPORTS[transport](&format!("{scheme}://{addr}/topics/news"), options).unwrap()
}

/// The next message, with nothing going wrong before it.
fn message(subscriber: &mut Subscriber) -> (Option<String>, String) {
    loop {
        match subscriber.next().unwrap().unwrap() {
            Received::Message { event, data, .. } => return (event, data),
            Received::Connected | Received::Bookmark { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

fn publish(addr: SocketAddr, data: &str) {
    let mut socket = connect(addr);
    write!(socket, "POST /topics/news HTTP/1.1\r\nHost: t\r\nConnection: close\r\n").unwrap();
    write!(socket, "Content-Length: {}\r\n\r\n{data}", data.len()).unwrap();
    let answer = String::from_utf8(rest(&mut socket)).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
}

/// The answer to a request that is the last one of its connection.
fn ask(addr: SocketAddr, request: &str) -> String {
    let mut socket = connect(addr);
    socket.write_all(request.as_bytes()).unwrap();
    String::from_utf8(rest(&mut socket)).unwrap()
}

fn get(addr: SocketAddr, target: &str) -> String {
    ask(addr, &format!("GET {target} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"))
}

#[test]
fn every_transport_and_who_changes_it_gets_every_message_once_and_in_order_whoever_does_not_read() {
    const MESSAGES: usize = 2000;
    // In all 8 MB, of which the sockets of who does not read hold 4 MiB and a half.
    let filling = "x".repeat(4000);
    let addr = serve_as_usual();
    let [mut stuck_stream, mut stuck_socket] = ["Accept: text/event-stream\r\n\r\n", UPGRADE].map(|headers| {
        let mut socket = connect(addr);
        // Not less: what goes by itself is a packet of 64 KiB, and one must fit in.
        rustix::net::sockopt::set_socket_recv_buffer_size(&socket, 256 << 10).unwrap();
        write!(socket, "GET /topics/news?after=oldest HTTP/1.1\r\nHost: t\r\n{headers}").unwrap();
        socket
    });
    thread::scope(|scope| {
        for first in 0..TRANSPORTS.len() {
            // One stays, and one goes on with the next one every so many messages, with the cursor that it has.
            for stay in [MESSAGES, 50 + first] {
                let filling = &filling;
                scope.spawn(move || {
                    let (mut transport, mut subscriber) = (first, subscribe(addr, first, "oldest"));
                    for n in 0..MESSAGES {
                        if n > 0 && n % stay == 0 {
                            transport = (transport + 1) % TRANSPORTS.len();
                            let cursor = subscriber.cursor().unwrap();
                            subscriber = subscribe(addr, transport, &cursor);
                        }
                        assert_eq!(message(&mut subscriber), (Some("count".into()), format!("{n} {filling}")));
                    }
                });
            }
        }
        let mut publisher = Publisher::new(&url(addr), Options::default()).unwrap();
        for n in 0..MESSAGES {
            publisher.publish(Some("count"), &format!("{n} {filling}")).unwrap();
        }
    });
    // All others have had everything; now those two read, and find it in the log.
    let expected = |n| format!("{n} {filling}");
    assert!(head(&mut stuck_stream).starts_with("HTTP/1.1 200 "));
    for (n, data) in stream_messages(&mut stuck_stream, MESSAGES).iter().enumerate() {
        assert_eq!(*data, expected(n));
    }
    assert!(head(&mut stuck_socket).starts_with("HTTP/1.1 101 "));
    assert!(text_frame(&mut stuck_socket).contains("bookmark"));
    for n in 0..MESSAGES {
        assert!(text_frame(&mut stuck_socket).contains(&format!(r#""data":"{}""#, expected(n))));
    }
}

/// So many messages of an event stream.
fn stream_messages(socket: &mut TcpStream, count: usize) -> Vec<String> {
    let (mut decoder, mut messages, mut chunk) = (Decoder::default(), Vec::new(), [0; 4096]);
    while messages.len() < count {
        let got = socket.read(&mut chunk).unwrap();
        assert!(got > 0, "the stream has ended");
        let mut rest = &chunk[..got];
        while !rest.is_empty() {
            let step = decoder.receive(rest).unwrap();
            if let Some(Decoded::Message { data, .. }) = &step.event {
                messages.push(data.to_string());
            }
            rest = &rest[step.consumed..];
        }
    }
    messages
}

/// What a text frame says, its length in one byte or in two.
fn text_frame(socket: &mut TcpStream) -> String {
    let start = read(socket, 2);
    assert_eq!(start[0], 0x81);
    let len = match start[1] {
        126 => read(socket, 2).iter().fold(0, |len, byte| len << 8 | usize::from(*byte)),
        len => usize::from(len),
    };
    String::from_utf8(read(socket, len)).unwrap()
}

#[test]
fn who_falls_behind_the_log_is_told_what_it_has_lost() {
    let addr = serve(KeepaliveOptions::default(), Bounds { messages: 3, ..Bounds::default() });
    publish(addr, "0");
    let mut subscribers: Vec<Subscriber> = (0..TRANSPORTS.len()).map(|n| subscribe(addr, n, "oldest")).collect();
    let cursors = subscribers.iter_mut().map(|subscriber| {
        assert_eq!(message(subscriber).1, "0");
        subscriber.cursor().unwrap()
    });
    let cursors: Vec<String> = cursors.collect();
    drop(subscribers);
    for n in 1..=5 {
        publish(addr, &n.to_string());
    }
    for (transport, cursor) in cursors.iter().enumerate() {
        let mut subscriber = subscribe(addr, transport, cursor);
        let reset = subscriber.find_map(|received| match received.unwrap() {
            Received::Reset(reset) => Some(reset),
            Received::Message { data, .. } => panic!("{data}"),
            _ => None,
        });
        let reset = reset.unwrap();
        assert_eq!((reset.reason, reset.oldest.n(), reset.newest.n()), (ResetReason::Trimmed, 3, 6));
        for n in 3..=5 {
            assert_eq!(message(&mut subscriber).1, n.to_string());
        }
    }
}

#[test]
fn a_poll_is_held_until_there_is_news_or_its_time_is_over_and_the_next_request_waits_behind_it() {
    let addr = serve_as_usual();
    let before = Instant::now();
    let answer = get(addr, "/topics/news?wait=1");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains(r#"{"events":[],"next":""#), "{answer}");
    assert!(before.elapsed() >= Duration::from_secs(1));

    let (_, next) = answer.split_once(r#""next":""#).unwrap();
    let (next, _) = next.split_once('"').unwrap();
    let mut socket = connect(addr);
    write!(socket, "GET /topics/news?after={next}&wait=20 HTTP/1.1\r\nHost: t\r\n\r\n").unwrap();
    write!(socket, "GET /topics/news HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let held = socket.read(&mut [0]).unwrap_err();
    assert!(matches!(held.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{held}");
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    publish(addr, "hello");
    let answers = String::from_utf8(rest(&mut socket)).unwrap();
    assert_eq!(answers.matches(r#""data":"hello""#).count(), 2, "{answers}");
}

#[test]
fn streams_that_are_silent_are_kept_alive_and_a_socket_that_answers_nothing_is_left() {
    let keepalive = KeepaliveOptions {
        interval: Duration::from_millis(30),
        pong_within: Duration::from_millis(300),
        ..KeepaliveOptions::default()
    };
    let addr = serve(keepalive, Bounds::default());
    let mut stream = connect(addr);
    stream.write_all(b"GET /topics/news HTTP/1.1\r\nHost: t\r\nAccept: text/event-stream\r\n\r\n").unwrap();
    head(&mut stream);
    let bookmark = read(&mut stream, "id: 1700000000000-0\n\n".len());
    // For longer than one that answers nothing may stay: an event stream has no answers.
    for _ in 0..15 {
        assert_eq!(read(&mut stream, bookmark.len()), bookmark);
    }

    let mut socket = connect(addr);
    socket.write_all(HANDSHAKE.replacen('/', "/topics/news", 1).as_bytes()).unwrap();
    assert!(head(&mut socket).starts_with("HTTP/1.1 101 "));
    let end = rest(&mut socket);
    assert_eq!(end.windows(2).filter(|pair| pair == b"\x89\x00").count(), 1, "{end:?}");
    assert!(end.ends_with(b"\x89\x00"), "{end:?}");
}

#[test]
fn what_a_websocket_says_is_published_and_what_is_no_message_closes_it() {
    let addr = serve_as_usual();
    let mut reader = subscribe(addr, 1, "oldest");
    for (frame, close) in [
        (masked(0x81, br#"{"event":"kind","data":"hi"}"#), None),
        (masked(0x81, b"hi"), Some(1007_u16)),
        (masked(0x81, br#"{"event":"tidings.x","data":"hi"}"#), Some(1008)),
        (masked(0x82, b"hi"), Some(1003)),
        (b"\x81\x01x".to_vec(), Some(1002)), // not masked
    ] {
        let mut socket = connect(addr);
        socket.write_all(HANDSHAKE.replacen('/', "/topics/news", 1).as_bytes()).unwrap();
        assert!(head(&mut socket).starts_with("HTTP/1.1 101 "));
        socket.write_all(&frame).unwrap();
        if let Some(code) = close {
            // It ends behind our own Close; a violation ends it by itself.
            let _ = socket.write_all(&masked(0x88, b"\x03\xe8"));
            let end = rest(&mut socket);
            let bookmark = usize::from(end[1]) + 2;
            assert_eq!(end[bookmark], 0x88, "{end:?}");
            assert_eq!(end[bookmark + 2..bookmark + 4], code.to_be_bytes(), "{end:?}");
        } else {
            assert_eq!(message(&mut reader), (Some("kind".into()), "hi".into()));
        }
    }
}

#[test]
fn what_cannot_be_served_is_refused_by_its_status() {
    let addr = serve_as_usual();
    for (target, status) in [
        ("/", "404"),
        ("/topics/", "400"),
        ("/topics/no%20name", "400"),
        ("/topics/news?after=nowhere", "400"),
        ("/topics/news?wait=long", "400"),
        ("/topics/news?after=1-1", "410"),
    ] {
        assert_eq!(get(addr, target).split(' ').nth(1), Some(status), "{target}");
    }
    let topic = "/topics/news HTTP/1.1\r\nHost: t\r\n";
    for (request, status) in [
        ("nonsense\r\n\r\n".into(), "400"),
        (format!("PUT {topic}\r\n"), "405"),
        (format!("POST {topic}Content-Length: 1048577\r\n\r\n"), "413"),
        (format!("POST {topic}Content-Length: 1\r\n\r\n\u{fc}"), "400"), // half of a character
        (format!("GET {topic}Content-Length: 1\r\n\r\nx"), "400"),
        (HANDSHAKE.replacen('/', "/topics/news", 1).replace("Version: 13", "Version: 8"), "426"),
    ] {
        assert_eq!(ask(addr, &request).split(' ').nth(1), Some(status), "{request}");
    }
}

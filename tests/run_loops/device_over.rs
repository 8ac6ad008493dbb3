//! The device without `std`, over a link that takes a few bytes at a time and on a clock that stands still, and over a real
//! socket.

use crate::device::{Device, Lost, Over, Socket, Ticks};
use bytes::{Buf, BytesMut};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use tidings::http::{self, RequestReader, Status};
use tidings::server::{Message, Server};
use tidings::ws::handshake::{Answer, Request};
use tidings::ws::{CloseCode, Config, Connection, Event};

/// The board's side of a link, and what the server has put into it.
#[derive(Default)]
struct Link {
    to_device: VecDeque<u8>,
    from_device: BytesMut,
    /// So many bytes the stack takes before it is full.
    room: usize,
    is_cut: bool,
}

impl Socket for Link {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Lost> {
        if self.is_cut { Err(Lost) } else { Ok(self.to_device.read(into).unwrap()) }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, Lost> {
        let taken = bytes.len().min(self.room);
        self.room -= taken;
        self.from_device.extend_from_slice(&bytes[..taken]);
        if self.is_cut { Err(Lost) } else { Ok(taken) }
    }
}

impl Link {
    /// A link with room for everything.
    fn new() -> Self {
        Self { room: usize::MAX, ..Self::default() }
    }

    fn give(&mut self, bytes: &[u8]) {
        self.to_device.extend(bytes);
    }

    /// Answers the handshake.
    fn open(&mut self) -> Connection {
        let mut output = BytesMut::new();
        let request = self.from_device.split();
        let head = RequestReader::default().receive(&request, &mut output).unwrap().event.expect("it is whole");
        assert_eq!(head.target, "/thermometer");
        Request::from_head(&head).unwrap().accept(&Answer::default(), &mut output).unwrap();
        self.give(&output);
        Connection::server(Config::default())
    }

    /// What the device has said.
    fn heard(&mut self, server: &mut Connection) -> Vec<String> {
        let (mut input, mut heard) = (self.from_device.split(), Vec::new());
        let mut output = BytesMut::new();
        loop {
            let step = server.receive(&mut input, &mut output).unwrap();
            match step.event {
                Some(Event::Text(text)) => heard.push(text.into_owned()),
                Some(event) => heard.push(format!("{event:?}")),
                None => break,
            }
            let consumed = step.consumed;
            input.advance(consumed);
        }
        self.from_device = input;
        self.give(&output);
        heard
    }
}

/// Unpredictable enough for a test.
fn random(bytes: &mut [u8]) {
    bytes.fill(0x5a);
}

fn new() -> Device {
    Device::new("example.org", random, Ticks(0)).expect("a host that can be asked for")
}

#[test]
fn it_reports_and_obeys_by_its_own_clock() {
    let (mut device, mut link) = (new(), Link::new());
    assert_eq!(device.poll(&mut link, 215, Ticks(0)), Ok(Ticks(20_000)));
    let mut server = link.open();
    assert_eq!(device.poll(&mut link, 215, Ticks(100)), Ok(Ticks(10_100)));
    assert_eq!(link.heard(&mut server), ["21.5"]);

    let mut output = BytesMut::new();
    server.send_text("on", &mut output).unwrap();
    server.send_text("dance", &mut output).unwrap();
    link.give(&output);
    assert_eq!(device.poll(&mut link, 215, Ticks(5_000)), Ok(Ticks(10_100)));
    assert!(device.is_lit());
    assert_eq!(link.heard(&mut server), [""; 0]);
    assert_eq!(device.poll(&mut link, -5, Ticks(10_100)), Ok(Ticks(20_000)));
    assert_eq!(link.heard(&mut server), ["-0.5"]);

    // The server falls silent: a Ping after 15 s, and 20 s later it is over.
    assert!(device.poll(&mut link, 0, Ticks(20_000)).is_ok());
    assert_eq!(link.heard(&mut server), ["Ping([])"]);
    assert!(device.poll(&mut link, 0, Ticks(20_100)).is_ok()); // the Pong
    link.to_device.clear();
    let mut next = Ticks(20_100);
    let over = loop {
        match device.poll(&mut link, 0, next) {
            Ok(later) => {
                assert!(later > next, "a tick that does not come nearer is a loop without an end");
                next = later;
            }
            Err(over) => break over,
        }
    };
    assert_eq!((over, next), (Over::Silent, Ticks(55_100)));
}

#[test]
fn a_byte_at_a_time_is_enough_and_what_is_not_taken_waits() {
    let (mut device, mut link) = (new(), Link::default());
    let mut now = 0;
    while !link.from_device.ends_with(b"\r\n\r\n") {
        link.room = 1;
        now += 1;
        device.poll(&mut link, 0, Ticks(now)).unwrap();
    }
    let mut server = link.open();
    let answer: Vec<u8> = link.to_device.drain(..).chain(*b"\x81\x02on").collect();
    for byte in answer {
        link.room = 1;
        link.give(&[byte]);
        now += 1;
        device.poll(&mut link, 0, Ticks(now)).unwrap();
    }
    assert!(!device.is_lit(), "it reads while it has to write");
    link.room = usize::MAX;
    device.poll(&mut link, 0, Ticks(now)).unwrap();
    assert!(device.is_lit());
    assert_eq!(link.heard(&mut server), ["0.0"]);

    // Nothing is taken any more. So from the next report on nothing is read, either, and the server counts as gone.
    link.room = 0;
    let over = (1..100).map(|second| now + second * 1000).find_map(|tick| {
        link.give(b"\x8a\x00");
        device.poll(&mut link, 0, Ticks(tick)).err().map(|over| (over, tick - now))
    });
    assert_eq!(over, Some((Over::Silent, 45_000)));
    assert!(link.to_device.len() > 60, "it reads while it has to write");
}

#[test]
fn it_says_why_it_is_over() {
    let mut link = Link { is_cut: true, ..Link::new() };
    assert_eq!(new().poll(&mut link, 0, Ticks(0)), Err(Over::Lost));
    assert_eq!(new().poll(&mut Link::new(), 0, Ticks(20_000)), Err(Over::NotOpened));

    for refusal in [b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n".to_vec(), vec![b'x'; 5000]] {
        let (mut device, mut link) = (new(), Link::new());
        link.give(&refusal);
        assert_eq!(device.poll(&mut link, 0, Ticks(0)), Err(Over::NotOpened));
    }
    // Too many headers for its input buffer.
    let (mut device, mut link, mut large) = (new(), Link::new(), BytesMut::new());
    http::respond(Status::OK, &[("X", &"y".repeat(2000))], b"", &mut large).unwrap();
    link.give(&large);
    assert_eq!(device.poll(&mut link, 0, Ticks(0)), Err(Over::NotOpened));

    // A command that is too long, and one that is masked: the server is told by a Close.
    for (frame, code) in [(&b"\x81\x7e\x01\x01"[..], 1009), (b"\x81\x80mask", 1002)] {
        let (mut device, mut link) = (new(), Link::new());
        device.poll(&mut link, 0, Ticks(0)).unwrap();
        let mut server = link.open();
        device.poll(&mut link, 0, Ticks(0)).unwrap();
        link.give(frame);
        assert_eq!(device.poll(&mut link, 0, Ticks(1)), Err(Over::Closed));
        let heard = link.heard(&mut server);
        assert!(heard.last().unwrap().contains(&format!("CloseCode({code} ")), "{heard:?}");
    }
}

/// A real socket that does not block.
struct Tcp(TcpStream);

impl Socket for Tcp {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Lost> {
        match self.0.read(into) {
            Ok(0) => Err(Lost),
            Ok(n) => Ok(n),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            Err(_) => Err(Lost),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, Lost> {
        self.0.write(bytes).or_else(|error| if error.kind() == ErrorKind::WouldBlock { Ok(0) } else { Err(Lost) })
    }
}

#[test]
fn it_speaks_to_a_real_server_and_leaves_when_that_closes() {
    let (reported, reports) = mpsc::channel();
    let server = Server::builder()
        .websocket("/thermometer", Config::default(), move |socket| {
            if let Some(Message::Text(report)) = socket.read()? {
                reported.send(report).map_err(io::Error::other)?;
            }
            socket.send_text("on")?;
            socket.close(CloseCode::NORMAL, "enough")?;
            while socket.read()?.is_some() {}
            Ok(())
        })
        .bind("127.0.0.1:0")
        .unwrap();
    let (addr, handle) = (server.local_addr(), server.handle());
    let running = thread::spawn(|| server.run());
    let socket = TcpStream::connect(addr).unwrap();
    socket.set_nonblocking(true).unwrap();
    let (mut socket, mut device, started) = (Tcp(socket), new(), Instant::now());
    let over = loop {
        let now = Ticks(u64::try_from(started.elapsed().as_millis()).unwrap());
        if let Err(over) = device.poll(&mut socket, 215, now) {
            break over;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "it does not come to its end");
        thread::yield_now(); // a board would sleep until an interrupt
    };
    assert_eq!((over, device.is_lit()), (Over::Lost, true));
    assert_eq!(reports.recv(), Ok("21.5".into()));
    handle.drain();
    running.join().unwrap().unwrap();
}

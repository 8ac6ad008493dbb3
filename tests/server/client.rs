//! A tiny blocking client, made of the crate's own machines. Every read has a time-out, so that a test that waits for
//! what does not come fails.

use bytes::{Buf, BytesMut};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;
use tidings::http::{BodyEvent, BodyReader, Framing, ResponseReader};
use tidings::sse;
use tidings::ws;

const PATIENCE: Duration = Duration::from_secs(10);

pub struct Client {
    pub socket: TcpStream,
    pub input: BytesMut,
    body: Option<BodyReader>,
    /// What of the body was read and is no whole line yet.
    text: Vec<u8>,
}

/// The value of a line of what `/metrics` has said.
pub fn value_of(metrics: &str, name: &str) -> u64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0, |value| value.parse().unwrap())
}

/// The headers that open a WebSocket.
pub const HANDSHAKE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

impl Client {
    pub fn connect(addr: SocketAddr) -> Self {
        Self::on(TcpStream::connect(addr).unwrap())
    }

    /// From an address of this machine's that is not the one that the system would take.
    #[cfg(target_os = "linux")]
    pub fn connect_from(from: std::net::Ipv4Addr, addr: SocketAddr) -> Self {
        use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
        let bound = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&bound, &SocketAddr::from((from, 0))).unwrap();
        connect(&bound, &addr).unwrap();
        Self::on(bound.into())
    }

    fn on(socket: TcpStream) -> Self {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { socket, input: BytesMut::new(), body: None, text: Vec::new() }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.socket.write_all(bytes.as_ref()).unwrap();
    }

    /// Sends a request without a body.
    pub fn request(&mut self, method: &str, target: &str, headers: &str) {
        self.send(format!("{method} {target} HTTP/1.1\r\nHost: t\r\n{headers}\r\n"));
    }

    /// Sends a GET and reads the answer.
    pub fn get(&mut self, target: &str) -> Answer {
        self.request("GET", target, "");
        self.response()
    }

    pub fn post(&mut self, target: &str, body: &str) -> Answer {
        self.request("POST", target, &format!("Content-Length: {}\r\n", body.len()));
        self.send(body);
        self.response()
    }

    /// The value of a line of `/metrics`, such as `tidings_topics`: the last thing that this client asks for.
    pub fn metric(mut self, name: &str) -> u64 {
        self.request("GET", "/metrics", "Connection: close\r\n");
        value_of(&self.response().text(), name)
    }

    /// Reads a head; the body is then read with [`piece`](Self::piece).
    pub fn head(&mut self) -> Answer {
        self.head_of_answer_to("GET")
    }

    pub fn head_of_answer_to(&mut self, method: &str) -> Answer {
        let mut reader = ResponseReader::default();
        loop {
            let step = reader.receive(&self.input).expect("the server sends good heads");
            let consumed = step.consumed;
            let answer = step.event.map(|head| {
                let framing = Framing::of_response(method, &head).expect("the server sends good framing");
                self.body = Some(BodyReader::new(framing, u64::MAX));
                let pairs = head.headers.iter();
                let pairs = pairs.map(|h| (h.name.to_owned(), String::from_utf8(h.value.to_vec()).unwrap()));
                Answer { status: head.status.as_u16(), headers: pairs.collect(), body: Vec::new() }
            });
            self.input.advance(consumed);
            match answer {
                Some(answer) => return answer,
                None => assert_ne!(self.fill(), 0, "the connection ended before an answer"),
            }
        }
    }

    /// The next piece of the body; `None` at its end.
    pub fn piece(&mut self) -> Option<Vec<u8>> {
        loop {
            let body = self.body.as_mut().expect("there was a head");
            if body.is_done() {
                return None;
            }
            let step = body.receive(&self.input).expect("the server sends good bodies");
            let consumed = step.consumed;
            let event = step.event.map(|event| match event {
                BodyEvent::Data(data) => Some(data.to_vec()),
                BodyEvent::End => None,
            });
            self.input.advance(consumed);
            if let Some(event) = event {
                return event;
            }
            if self.fill() == 0 {
                self.body.as_mut().unwrap().receive_eof().expect("the body ended before its end");
                return None;
            }
        }
    }

    /// Reads a whole answer.
    pub fn response(&mut self) -> Answer {
        self.response_to("GET")
    }

    pub fn response_to(&mut self, method: &str) -> Answer {
        let mut answer = self.head_of_answer_to(method);
        while let Some(piece) = self.piece() {
            answer.body.extend_from_slice(&piece);
        }
        answer
    }

    /// Reads the body on until `text` has come, and gives everything up to and with it.
    pub fn body_until(&mut self, text: &str) -> String {
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains(text) {
            let Some(piece) = self.piece() else {
                panic!("{text:?} is not in {:?}", String::from_utf8_lossy(&seen));
            };
            seen.extend_from_slice(&piece);
        }
        String::from_utf8(seen).unwrap()
    }

    /// The next whole line of the body, without its end.
    pub fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.text.iter().position(|byte| *byte == b'\n') {
                let line = self.text.drain(..=end).take(end).collect();
                return String::from_utf8(line).unwrap();
            }
            let piece = self.piece().expect("another line");
            self.text.extend(piece);
        }
    }

    /// Reads as many bytes as `expected` has, which is their text but for the date.
    #[track_caller]
    pub fn expect(&mut self, expected: impl AsRef<[u8]>) {
        let expected = expected.as_ref();
        let got = self.raw(expected.len());
        let (got, expected) = (String::from_utf8_lossy(&got), String::from_utf8_lossy(expected));
        assert_eq!(undated(&got), expected);
    }

    /// Reads exactly so many bytes, as they are.
    pub fn raw(&mut self, len: usize) -> Vec<u8> {
        while self.input.len() < len {
            assert_ne!(self.fill(), 0, "the connection ended after {:?}", self.input);
        }
        self.input.split_to(len).to_vec()
    }

    /// Reads up to that, and with it.
    pub fn raw_until(&mut self, end: &[u8]) -> Vec<u8> {
        loop {
            if let Some(at) = self.input.windows(end.len()).position(|window| window == end) {
                return self.raw(at + end.len());
            }
            assert_ne!(self.fill(), 0, "the connection ended after {:?}", self.input);
        }
    }

    /// Reads everything until the server ends the connection.
    pub fn raw_to_end(&mut self) -> Vec<u8> {
        while self.fill() > 0 {}
        self.input.split().to_vec()
    }

    /// Waits for the server to end the connection, with nothing before it.
    #[track_caller]
    pub fn expect_end(&mut self) {
        let rest = self.raw_to_end();
        assert!(rest.is_empty(), "{:?} before the end", String::from_utf8_lossy(&rest));
    }

    /// Ends the client's own stream.
    pub fn finish(&self) {
        self.socket.shutdown(Shutdown::Write).unwrap();
    }

    /// Reads what there is; zero at the end. A reset is an end, too.
    pub fn fill(&mut self) -> usize {
        let mut buffer = [0; 16 * 1024];
        match self.socket.read(&mut buffer) {
            Ok(got) => {
                self.input.extend_from_slice(&buffer[..got]);
                got
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
            Err(error) => panic!("reading: {error}, after {:?}", self.input),
        }
    }
}

/// The date that stands for all dates in what is expected.
pub const DATE: &str = "Date: Tue, 15 Nov 1994 08:12:31 GMT\r\n";

/// With that date instead of the one that is there.
pub fn undated(text: &str) -> String {
    let Some(at) = text.find("Date: ") else { return text.to_owned() };
    format!("{}{DATE}{}", &text[..at], &text[at + DATE.len()..])
}

/// An event of an event stream.
#[derive(Debug, PartialEq, Eq)]
pub struct Event {
    pub id: String,
    pub name: String,
    pub data: String,
}

/// Reads an event stream.
pub struct EventSource {
    pub client: Client,
    decoder: sse::Decoder,
    input: BytesMut,
}

impl EventSource {
    pub fn open(mut client: Client, target: &str, headers: &str) -> Self {
        client.request("GET", target, &format!("Accept: text/event-stream\r\n{headers}"));
        let head = client.head();
        assert_eq!(head.status, 200, "{head:?}");
        Self { client, decoder: sse::Decoder::default(), input: BytesMut::new() }
    }

    /// The next event; `None` at the end of the stream.
    pub fn event(&mut self) -> Option<Event> {
        loop {
            let step = self.decoder.receive(&self.input).expect("the server sends good event streams");
            let consumed = step.consumed;
            let is_hungry = step.event.is_none();
            let event = match step.event {
                Some(sse::Decoded::Message { event, data, .. }) => Some((event.into_owned(), data.into_owned())),
                _ => None,
            };
            self.input.advance(consumed);
            if let Some((event, data)) = event {
                return Some(Event { id: self.decoder.last_event_id().to_owned(), name: event, data });
            }
            if is_hungry {
                self.input.extend_from_slice(&self.client.piece()?);
            }
        }
    }

    pub fn last_event_id(&self) -> &str {
        self.decoder.last_event_id()
    }
}

/// What came over a WebSocket.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(u16, String),
}

/// A client's WebSocket.
pub struct WebSocket {
    pub client: Client,
    pub connection: ws::Connection,
    pub subprotocol: Option<String>,
}

impl WebSocket {
    pub fn open(client: Client, target: &str, subprotocols: &[&str]) -> Self {
        Self::open_with(client, target, subprotocols, None)
    }

    pub fn open_with(
        mut client: Client,
        target: &str,
        subprotocols: &[&str],
        deflate: Option<&ws::deflate::Options>,
    ) -> Self {
        use ws::handshake::{ClientHandshake, Opening, Response};
        let mut output = BytesMut::new();
        let opening = Opening { host: "t", target, subprotocols, deflate, headers: &[] };
        let mut handshake = ClientHandshake::new(&opening, tidings::system_random, &mut output).unwrap();
        client.send(&output);
        loop {
            let step = handshake.receive(&client.input).expect("a good handshake");
            let consumed = step.consumed;
            let accepted = step.event.map(|event| match event {
                Response::Accepted { subprotocol, extensions, .. } => (subprotocol.map(str::to_owned), extensions),
                Response::Refused(head) => panic!("refused with {}", head.status),
            });
            client.input.advance(consumed);
            if let Some((subprotocol, extensions)) = accepted {
                let connection = ws::Connection::client(ws::Config::default(), tidings::system_random);
                let connection = connection.with_extensions(&extensions);
                return Self { client, connection, subprotocol };
            }
            assert_ne!(client.fill(), 0, "the connection ended in the handshake");
        }
    }

    pub fn send(&mut self, text: &str) {
        let mut output = BytesMut::new();
        self.connection.send_text(text, &mut output).unwrap();
        self.client.send(&output);
    }

    pub fn send_binary(&mut self, data: &[u8]) {
        let mut output = BytesMut::new();
        self.connection.send_binary(data, &mut output).unwrap();
        self.client.send(&output);
    }

    /// The next frame; `None` at the end of the stream.
    pub fn frame(&mut self) -> Option<Frame> {
        loop {
            let mut output = BytesMut::new();
            let step =
                self.connection.receive(&mut self.client.input, &mut output).expect("the server sends good frames");
            let consumed = step.consumed;
            let frame = step.event.map(|event| match event {
                ws::Event::Text(text) => Frame::Text(text.into_owned()),
                ws::Event::Binary(data) => Frame::Binary(data.into_owned()),
                ws::Event::Ping(data) => Frame::Ping(data.to_vec()),
                ws::Event::Pong(data) => Frame::Pong(data.to_vec()),
                ws::Event::Close(None) => Frame::Close(1005, String::new()),
                ws::Event::Close(Some(close)) => Frame::Close(close.code.as_u16(), close.reason.to_owned()),
                ws::Event::TextChunk { .. } | ws::Event::BinaryChunk { .. } => panic!("whole messages are the default"),
            });
            self.client.input.advance(consumed);
            self.client.send(&output);
            if frame.is_some() {
                return frame;
            }
            if self.client.fill() == 0 {
                return None;
            }
        }
    }

    pub fn text(&mut self) -> String {
        match self.frame() {
            Some(Frame::Text(text)) => text,
            other => panic!("expected text and got {other:?}"),
        }
    }
}

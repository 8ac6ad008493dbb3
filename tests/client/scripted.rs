//! A server that does as it is told, on a real socket: one step of the script for each connection or request.

use bytes::BytesMut;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;
use tidings::client::Options;
use tidings::http::{BodyEvent, BodyReader, Framing, RequestReader};

/// A request, as the server saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Which connection it came over, counted from 0.
    pub connection: usize,
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// An act of its own.
pub type Own = Box<dyn FnOnce(TcpStream, Vec<u8>, &Seen) + Send>;

/// What to do with a request.
pub enum Act {
    /// Write this and read the next request from the same connection.
    Answer(String),
    /// Write this and close.
    Last(String),
    /// Write this and wait until the client closes.
    Hold(String),
    /// Do something else with the socket; what was read behind the head comes too.
    Other(Own),
}

pub struct Scripted {
    pub url: String,
    requests: Receiver<Seen>,
}

/// Nothing in these tests takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

impl Scripted {
    /// The next request. Requests come in the order of the script.
    #[track_caller]
    pub fn seen(&self) -> Seen {
        self.requests.recv_timeout(PATIENCE).expect("another request")
    }
}

/// Listens and plays the script, one act a request, over as many connections as the client makes.
pub fn serve(script: Vec<Act>) -> Scripted {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, requests) = channel();
    thread::spawn(move || {
        let mut script = script.into_iter();
        let mut connection = 0;
        'connections: while script.len() > 0 {
            let (mut socket, _) = listener.accept().unwrap();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut input = Vec::new();
            while let Some(mut seen) = read_request(&mut socket, &mut input) {
                seen.connection = connection;
                let _ = sender.send(seen.clone());
                match script.next() {
                    Some(Act::Answer(answer)) => socket.write_all(answer.as_bytes()).unwrap(),
                    Some(Act::Last(answer)) => {
                        socket.write_all(answer.as_bytes()).unwrap();
                        break;
                    }
                    Some(Act::Hold(answer)) => {
                        socket.write_all(answer.as_bytes()).unwrap();
                        let _ = socket.read(&mut [0]);
                        break;
                    }
                    Some(Act::Other(act)) => {
                        act(socket, std::mem::take(&mut input), &seen);
                        connection += 1;
                        continue 'connections;
                    }
                    None => return,
                }
            }
            connection += 1;
        }
    });
    Scripted { url, requests }
}

fn read_request(socket: &mut TcpStream, input: &mut Vec<u8>) -> Option<Seen> {
    let mut reader = RequestReader::default();
    let (mut seen, consumed, framing) = loop {
        let step = reader.receive(input, &mut BytesMut::new()).expect("clients send good requests");
        if let Some(head) = step.event {
            let headers =
                head.headers.iter().map(|h| (h.name.into(), String::from_utf8_lossy(h.value).into())).collect();
            let seen =
                Seen { connection: 0, line: format!("{} {}", head.method, head.target), headers, body: String::new() };
            break (seen, step.consumed, Framing::of_request(&head).unwrap());
        }
        read(socket, input)?;
    };
    input.drain(..consumed);
    let mut body = BodyReader::new(framing, 1 << 30);
    loop {
        let step = body.receive(input).unwrap();
        let consumed = step.consumed;
        match step.event {
            Some(BodyEvent::Data(data)) => seen.body.push_str(std::str::from_utf8(data).unwrap()),
            Some(BodyEvent::End) => return Some(seen),
            None => {}
        }
        let more = step.event.is_some();
        input.drain(..consumed);
        if !more {
            read(socket, input)?;
        }
    }
}

fn read(socket: &mut TcpStream, input: &mut Vec<u8>) -> Option<()> {
    let mut buffer = [0; 4096];
    let len = socket.read(&mut buffer).ok().filter(|len| *len > 0)?;
    input.extend_from_slice(&buffer[..len]);
    Some(())
}

/// An answer that keeps the connection.
pub fn answer(status: &str, content_type: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// The head of a stream that ends with its connection, and its beginning.
pub fn stream(content_type: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n\r\n{body}")
}

/// Options that wait as little as they may.
pub fn quick() -> Options {
    Options {
        retry: Duration::ZERO,
        interval: Duration::from_millis(1),
        random: |bytes| bytes.fill(0),
        ..Options::default()
    }
}

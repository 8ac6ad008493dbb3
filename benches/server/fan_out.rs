//! One message, or sixteen at once, to 500 subscribers: the time from the publish to the last byte at the last of them.
//! The limit is a loop of 500 writes of the same bytes, woken by a channel.

use crate::sockets::{Listeners, MARK, marked};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use tidings::server::Server;
use tidings::topic::TopicName;
use tidings_benches::opening::{EVENT_STREAM, WEBSOCKET, open};
use tidings_benches::served::Served;
use tidings_benches::{Bench, Contestant};

const SUBSCRIBERS: usize = 500;
const BURST: usize = 16;
/// A small JSON message.
const DATA: usize = 100;

pub fn rows(bench: &mut Bench) {
    bench.section("fan-out to 500 subscribers, time a delivery");
    for (name, headers) in [("WebSocket", WEBSOCKET), ("event stream", EVENT_STREAM)] {
        for burst in [1, BURST] {
            let name = match burst {
                1 => format!("{name}, one message"),
                _ => format!("{name}, a burst of {burst}"),
            };
            bench.row(&name, (SUBSCRIBERS * burst) as u64, vec![served(headers, burst), bare(headers, burst)]);
        }
    }
}

fn served(headers: &str, burst: usize) -> Contestant<'static> {
    let server = Served::start(Server::builder());
    let clients = (0..SUBSCRIBERS).map(|_| open(server.addr, "/topics/t", headers)).collect();
    let mut listeners = Listeners::new(clients);
    let (topic, data): (TopicName, _) = ("t".parse().expect("a name"), marked(DATA));
    Contestant::new("tidings", move || {
        for _ in 0..burst {
            server.handle.publish(&topic, None, data.as_str()).expect("there is room");
        }
        listeners.hear(burst)
    })
}

/// Writes what a subscriber gets of one message, so many times at once, to each in turn.
fn bare(headers: &str, burst: usize) -> Contestant<'static> {
    let (sockets, mut listeners) = pairs(SUBSCRIBERS);
    let bytes = one_message(headers).repeat(burst);
    let go = writer(sockets, bytes);
    Contestant::limit("bare loop of writes", move || {
        go.send(()).expect("it waits");
        listeners.hear(burst)
    })
}

/// What the server sends for one message.
fn one_message(headers: &str) -> Vec<u8> {
    use std::io::Read;
    let server = Served::start(Server::builder());
    let mut client = open(server.addr, "/topics/t", headers);
    let publish = |data: &str| server.handle.publish(&"t".parse().expect("a name"), None, data).expect("there is room");
    let mut read_message = || {
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        while !bytes.contains(&MARK) {
            let got = client.read(&mut buffer).expect("the server sends");
            bytes.extend_from_slice(&buffer[..got]);
        }
        bytes
    };
    // The first may come behind a word about where the stream begins.
    publish(&marked(DATA));
    read_message();
    publish(&marked(DATA));
    read_message()
}

fn pairs(number: usize) -> (Vec<TcpStream>, Listeners) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = listener.local_addr().expect("it is bound");
    let mut clients = Vec::new();
    let mut accept = || {
        clients.push(TcpStream::connect(addr).expect("it listens"));
        let (socket, _) = listener.accept().expect("a client");
        socket.set_nodelay(true).expect("a socket takes it");
        // As the server's: a client that does not read must not hold up the others.
        socket.set_nonblocking(true).expect("a socket takes it");
        socket
    };
    let sockets = (0..number).map(|_| accept()).collect();
    (sockets, Listeners::new(clients))
}

/// A thread that does the writes when it is told to.
fn writer(mut sockets: Vec<TcpStream>, bytes: Vec<u8>) -> Sender<()> {
    let (go, gone) = channel();
    thread::spawn(move || {
        for () in gone {
            for socket in &mut sockets {
                socket.write_all(&bytes).expect("the client reads");
            }
        }
    });
    go
}

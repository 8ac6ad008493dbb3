//! Moving to a node that is behind.

use crate::client::EventSource;
use crate::server::Redis;
use crate::{data, node, poll, publish, running};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};
use tidings::server::Server;
use tidings::topic::Cursor;

/// How far it is behind.
const LAG: Duration = Duration::from_millis(250);

/// A way to Redis on which what a reader is told takes its time. It ends with the process.
fn slow_for_readers(redis: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(redis).unwrap());
            thread::spawn(move || pass(&client, &server));
        }
    });
    addr
}

fn pass(client: &TcpStream, server: &TcpStream) {
    client.set_nodelay(true).unwrap();
    let is_reader = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            copy(client, server, |bytes| {
                if bytes.windows(5).any(|word| word == b"XREAD") {
                    is_reader.store(true, SeqCst);
                }
            });
        });
        copy(server, client, |_| {
            if is_reader.load(SeqCst) {
                thread::sleep(LAG); // that is what it is for
            }
        });
    });
}

fn copy(mut from: &TcpStream, mut to: &TcpStream, before: impl Fn(&[u8])) {
    let mut buffer = vec![0; 65536];
    while let Ok(len @ 1..) = from.read(&mut buffer) {
        before(&buffer[..len]);
        if to.write_all(&buffer[..len]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// A node whose reader is behind, and one that is not; both have the topic, and where it is.
fn two(redis: &Redis) -> (running::Running, running::Running, Cursor) {
    let slow = slow_for_readers(redis.addr());
    let behind = running::run(Server::builder().redis(format!("redis://{slow}/").parse().unwrap()));
    let ahead = node(redis);
    let first = publish(&ahead, "news", "first");
    assert_eq!(data(&poll(&behind, "news", "oldest")), ["first"]);
    (behind, ahead, first)
}

#[test]
fn a_cursor_that_is_ahead_of_a_node_is_waited_for_and_is_no_future() {
    let redis = Redis::start("ahead");
    let (behind, ahead, first) = two(&redis);
    let mut source = EventSource::open(behind.client(), "/topics/news", "");
    let second = publish(&ahead, "news", "second");
    let begun = Instant::now();
    let answer = behind.client().get(&format!("/topics/news?after={second}"));
    assert_eq!((answer.status, data(&answer).len()), (200, 0), "{}", answer.text());
    assert!(begun.elapsed() >= LAG / 3, "it was not behind: {:?}", begun.elapsed());
    // What is behind it as well as what is before it is there, once.
    publish(&ahead, "news", "third");
    assert_eq!(data(&poll(&behind, "news", second)), ["third"]);
    assert_eq!(data(&behind.client().get(&format!("/topics/news?after={first}"))), ["second", "third"]);
    assert_eq!((source.event().unwrap().data, source.event().unwrap().data), ("second".into(), "third".into()));
}

#[test]
fn a_cursor_of_a_later_epoch_is_waited_for_too() {
    let redis = Redis::start("ahead-epoch");
    let (behind, ahead, first) = two(&redis);
    let _: String = redis.ask("FLUSHALL");
    let second = publish(&ahead, "news", "of another epoch");
    assert!(second.epoch() > first.epoch());
    let answer = behind.client().get(&format!("/topics/news?after={second}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let reset = behind.client().get(&format!("/topics/news?after={first}"));
    assert!(reset.text().contains(r#""reset":"epoch""#), "{}", reset.text());
}

#[test]
fn a_cursor_that_nobody_gave_is_one_of_the_future() {
    let redis = Redis::start("future");
    let server = node(&redis);
    let id = publish(&server, "news", "1");
    for n in [2, 1_000_000] {
        let answer = poll(&server, "news", Cursor::new(id.epoch(), n));
        assert_eq!(answer.status, 410);
        assert!(answer.text().contains(r#""reset":"future""#), "{}", answer.text());
    }
    let answer = poll(&server, "news", Cursor::new(id.epoch() + 1000, 1));
    assert!(answer.text().contains(r#""reset":"epoch""#), "{}", answer.text());
    // Nor does it change anything.
    assert_eq!(publish(&server, "news", "2"), Cursor::new(id.epoch(), 2));
}

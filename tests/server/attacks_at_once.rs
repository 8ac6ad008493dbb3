//! All at once, and shortened: what honest clients hear while the server is attacked.

use crate::client::{Client, EventSource, WebSocket};
use crate::running::{Running, start_with};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use tidings::server::Limits;

const SUBSCRIBERS: usize = 30;
const MESSAGES: usize = 200;

/// Comes again and again until it is over. A client that is cut off has an error, and that is the point.
fn attack(is_over: &AtomicBool, mut act: impl FnMut()) {
    while !is_over.load(Ordering::Relaxed) {
        act();
    }
}

/// Sends it, as far as the server takes it.
fn say(client: &mut Client, bytes: &[u8]) {
    let _ = client.socket.write_all(bytes);
}

fn clients_that_say(server: &Running, number: usize, bytes: &[u8]) -> Vec<Client> {
    let begin = |_| {
        let mut client = server.client();
        say(&mut client, bytes);
        client
    };
    (0..number).map(begin).collect()
}

#[test]
fn attacks_at_once_neither_lose_nor_double_a_message_of_honest_subscribers() {
    let limits = Limits {
        request_threads: 8,
        head_time: Duration::from_secs(2),
        body_time: Duration::from_millis(500),
        write_time: Duration::from_secs(60),
        ..Limits::default()
    };
    let server = start_with(&limits);
    let mut sources: Vec<_> =
        (0..SUBSCRIBERS).map(|_| EventSource::open(server.client(), "/topics/news", "")).collect();
    let mut sockets: Vec<_> = (0..SUBSCRIBERS).map(|_| WebSocket::open(server.client(), "/topics/news", &[])).collect();
    let is_over = AtomicBool::new(false);

    thread::scope(|scope| {
        // Should the test fail: the attackers must end, or the scope would not.
        let end = End(&is_over);
        scope.spawn(|| attack(&is_over, || drop(clients_that_say(&server, 50, b"GET /topics/news HTTP/1.1\r\nHo"))));
        scope.spawn(|| {
            let post = b"POST /topics/evil HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nslow";
            let slow = clients_that_say(&server, 30, post);
            attack(&is_over, || drop(clients_that_say(&server, 3, b"")));
            drop(slow);
        });
        scope.spawn(|| {
            let mut flooder = WebSocket::open(server.client(), "/topics/evil", &[]);
            flooder.client.socket.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
            let flood = [&[0x89, 0xfd, 0, 0, 0, 0][..], &[b'x'; 125]].concat().repeat(100);
            attack(&is_over, || say(&mut flooder.client, &flood));
        });
        scope.spawn(|| {
            // Empty fragments, and messages that never end.
            let mut endless = WebSocket::open(server.client(), "/topics/evil", &[]);
            say(&mut endless.client, &[0x01, 0x80, 0, 0, 0, 0]);
            let fragments = [0x00, 0x80, 0, 0, 0, 0].repeat(1000);
            attack(&is_over, || say(&mut endless.client, &fragments));
        });
        scope.spawn(|| {
            // Topics without number, and readers that never read.
            let deaf: Vec<_> = (0..10).map(|_| EventSource::open(server.client(), "/topics/news", "")).collect();
            let mut n = 0;
            attack(&is_over, || {
                n += 1;
                assert_eq!(server.client().get(&format!("/topics/evil{n}")).status, 200);
            });
            drop(deaf);
        });

        for n in 0..MESSAGES {
            let data = format!("{n} {}", "x".repeat(1000));
            server.publish("news", &data);
            for source in &mut sources {
                assert_eq!(source.event().unwrap().data, data);
            }
            for socket in &mut sockets {
                assert_eq!(socket.text(), data);
            }
        }
        drop(end);
    });

    // Nothing came twice, and everything is given back.
    server.publish("news", "last");
    for (source, socket) in sources.iter_mut().zip(&mut sockets) {
        assert_eq!((source.event().unwrap().data.as_str(), socket.text().as_str()), ("last", "last"));
    }
    drop((sources, sockets));
    server.await_metric(r#"tidings_subscribers{transport="sse"}"#, 0);
    server.await_metric(r#"tidings_subscribers{transport="websocket"}"#, 0);
    server.await_metric("tidings_requests_waiting", 0);
    server.await_metric("tidings_slow_bodies", 0);
    server.await_metric("tidings_connections", 1);
    assert_eq!(server.metric("tidings_panics_total"), 0);
}

struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

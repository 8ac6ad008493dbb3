//! What a topic's server keeps of messages that are not whole, by the memory that the process has: alone in its process, so
//! that no other test is counted.
#![cfg(all(feature = "server", target_os = "linux"))]

#[path = "support/resident.rs"]
mod resident;

use resident::resident;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;
use tidings::server::{Limits, Server};

const MIB: usize = 1 << 20;

#[test]
fn who_goes_on_behind_the_close_for_too_much_is_not_kept_any_more() {
    let limits = Limits {
        unfinished_bytes: MIB,
        message_bytes: 256 * MIB,
        close_time: Duration::from_secs(10), // the client is slow, and the machine may be
        ..Limits::default()
    };
    let server = Server::builder().limits(limits).bind("127.0.0.1:0").unwrap();
    let (mut client, handle) = (TcpStream::connect(server.local_addr()).unwrap(), server.handle());
    let running = thread::spawn(|| server.run());
    client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let handshake = "GET /topics/t HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    client.write_all(handshake.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    let before = resident();

    // A message of 200 MiB, masked with zeros, of which half comes.
    client.write_all(&[&[0x81, 0xff], &(200 * MIB as u64).to_be_bytes()[..], &[0; 4]].concat()).unwrap();
    let piece = vec![b'x'; MIB];
    for _ in 0..100 {
        client.write_all(&piece).unwrap();
    }
    let mut close = [0; 4];
    client.read_exact(&mut close).unwrap();
    assert_eq!([close[0], close[2], close[3]], [0x88, 0x03, 0xf5], "1013");
    let grown = resident().saturating_sub(before);
    assert!(grown < 20 * MIB, "{grown} bytes more");

    drop(client);
    handle.drain();
    running.join().unwrap().unwrap();
}

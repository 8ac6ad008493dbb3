//! A try of a publish that comes to Redis after its own repetition.

use crate::server::Redis;
use crate::{data, node_at, poll, publish, until};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// A way to Redis on which the first connection that sends the marked bytes brings them so late, as after a loss, and all
/// others at once.
fn way_with_a_delay(redis: SocketAddr, mark: &'static [u8], delay: Duration) -> (SocketAddr, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let (was_held, has_come) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let come = Arc::clone(&has_come);
    thread::spawn(move || {
        for near in listener.incoming() {
            let (near, far) = (near.unwrap(), TcpStream::connect(redis).unwrap());
            for stream in [&near, &far] {
                stream.set_nodelay(true).unwrap();
            }
            let back = (far.try_clone().unwrap(), near.try_clone().unwrap());
            thread::spawn(move || carry(back.0, back.1, |_| false, || ()));
            let (was_held, come) = (Arc::clone(&was_held), Arc::clone(&come));
            let hold = move |bytes: &[u8]| {
                let is_marked = bytes.windows(mark.len()).any(|part| part == mark);
                let is_held = is_marked && !was_held.swap(true, Ordering::SeqCst);
                if is_held {
                    thread::sleep(delay);
                }
                is_held
            };
            thread::spawn(move || carry(near, far, hold, || come.store(true, Ordering::SeqCst)));
        }
    });
    (addr, has_come)
}

/// Carries bytes until one end is gone. `hold` may take its time, and says whether it did; `told` is called once such
/// bytes are on.
fn carry(mut from: TcpStream, mut to: TcpStream, hold: impl Fn(&[u8]) -> bool, told: impl Fn()) {
    let mut buffer = vec![0; 65536];
    while let Ok(len @ 1..) = from.read(&mut buffer) {
        let was_held = hold(&buffer[..len]);
        if to.write_all(&buffer[..len]).is_err() {
            break;
        }
        if was_held {
            told();
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

fn is_taken_once_though_late(test: &str, delay: Duration) {
    let redis = Redis::start(test);
    let (way, has_come) = way_with_a_delay(redis.addr(), b"THE-MESSAGE", delay);
    let server = node_at(&format!("redis://{way}/"));
    publish(&server, "news", "first");
    assert_eq!(publish(&server, "news", "THE-MESSAGE").n(), 2);
    until("the first try is on its way", || has_come.load(Ordering::SeqCst));
    thread::sleep(Duration::from_millis(300)); // nobody hears the answer to it
    assert_eq!(publish(&server, "news", "last").n(), 3);
    assert_eq!(data(&poll(&server, "news", "oldest")), ["first", "THE-MESSAGE", "last"]);
}

#[test]
fn a_message_whose_first_try_comes_last_is_in_the_log_once() {
    // Longer than an answer is waited for, so that it is sent again.
    is_taken_once_though_late("late", Duration::from_secs(3));
}

#[test]
fn so_it_is_when_its_key_is_gone() {
    is_taken_once_though_late("too-late", Duration::from_secs(18));
}

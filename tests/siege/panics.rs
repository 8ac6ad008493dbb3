//! Hooks and handlers of an embedder's that panic, again and again: nobody else notices.

use crate::alone;
use crate::client::{EventSource, WebSocket};
use crate::honest::TOPIC;
use crate::peer::Peer;
use crate::running::run;
use std::thread;
use tidings::server::{Access, Server};
use tidings::ws::Config;

/// Of each kind.
const PANICS: usize = 30;
const SUBSCRIBERS: usize = 10;

#[test]
fn panics_of_hooks_and_handlers_neither_lose_nor_double_a_message() {
    let _alone = alone();
    let builder = Server::builder()
        .authorize(|request| if request.head.query() == Some("panic") { panic!("in a hook") } else { Access::Granted })
        .websocket("/socket", Config::default(), |_| panic!("in a handler of WebSockets"))
        .event_stream("/stream", |_| panic!("in a handler of event streams"));
    let server = run(builder);
    let target = format!("/topics/{TOPIC}");
    let open = |_| EventSource::open(server.client(), &target, "");
    let mut sources: Vec<_> = (0..SUBSCRIBERS).map(open).collect();
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..PANICS {
                assert_eq!(server.client().get(&format!("{target}?panic")).status, 500);
            }
        });
        scope.spawn(|| {
            for _ in 0..PANICS {
                let mut socket = WebSocket::open(server.client(), "/socket", &[]);
                assert!(matches!(socket.frame(), Some(crate::client::Frame::Close(1011, _))));
            }
        });
        scope.spawn(|| {
            for _ in 0..PANICS {
                let request = "GET /stream HTTP/1.1\r\nHost: t\r\nAccept: text/event-stream\r\n\r\n";
                assert!(Peer::saying(server.addr, request).await_end());
            }
        });
        for n in 0..PANICS * 10 {
            server.publish(TOPIC, &n.to_string());
            for source in &mut sources {
                assert_eq!(source.event().unwrap().data, n.to_string());
            }
        }
    });
    server.await_metric("tidings_panics_total", 3 * PANICS as u64);
    assert_eq!(server.client().get("/healthz").status, 200);
}

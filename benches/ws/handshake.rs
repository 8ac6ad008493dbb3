//! A server answers a browser's opening handshake: from the request's bytes to those of the 101, and a connection that
//! is ready. What is counted are the bytes of the answer.

use crate::socket::{Socket, ready};
use bytes::BytesMut;
use std::hint::black_box;
use tidings::http::RequestReader;
use tidings::ws::handshake::{Answer, Request};
use tidings::ws::{Config, Connection};
use tidings_benches::{Bench, Contestant};

const REQUEST: &[u8] = b"GET /chat/room?since=17 HTTP/1.1\r\n\
    Host: news.example.org\r\n\
    Connection: Upgrade\r\n\
    Pragma: no-cache\r\n\
    Cache-Control: no-cache\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36\r\n\
    Upgrade: websocket\r\n\
    Origin: https://news.example.org\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-US,en;q=0.9\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    \r\n";

/// soketto says its name in a header more.
const SOKETTO_SERVER: &str = "Server: soketto-0.8.1\r\n";

pub fn rows(bench: &mut Bench) {
    bench.section("server handshake, time each");
    bench.row(
        "browser, 11 headers",
        1,
        vec![tidings(), sockudo_ws(), soketto(), tokio_websockets(), nexus_web(), tungstenite()],
    );
}

/// The socket that all requests come from.
fn socket() -> Socket<'static> {
    Socket::new(REQUEST, usize::MAX)
}

fn tidings() -> Contestant<'static> {
    let mut output = BytesMut::new();
    Contestant::new("tidings", move || {
        let mut reader = RequestReader::default();
        let step = reader.receive(black_box(REQUEST), &mut output).expect("it is legal");
        let head = step.event.expect("it is whole");
        let request = Request::from_head(&head).expect("it is legal");
        let extensions = request.accept(&Answer::default(), &mut output).expect("the answer is legal");
        black_box(Connection::server(Config::default()).with_extensions(&extensions));
        let written = black_box(&output).len();
        output.clear();
        written as u64
    })
}

/// What its `server_handshake` does, without the stream around it.
fn sockudo_ws() -> Contestant<'static> {
    use sockudo_ws::handshake::{build_response, generate_accept_key, parse_request};
    use sockudo_ws::protocol::{Protocol, Role};
    Contestant::new("sockudo-ws", || {
        let (request, _) = parse_request(black_box(REQUEST)).expect("it is legal").expect("it is whole");
        let response = build_response(&generate_accept_key(request.key), None, None);
        black_box(Protocol::new(Role::Server, 1 << 20, 1 << 20));
        black_box(response).len() as u64
    })
}

fn soketto() -> Contestant<'static> {
    use soketto::handshake::Server;
    use soketto::handshake::server::Response;
    let mut socket = socket();
    let written = socket.written();
    Contestant::new("soketto", move || {
        ready(async {
            let mut server = Server::new(&mut socket);
            let key = server.receive_request().await.expect("it is legal").key();
            let response = Response::Accept { key, protocol: None };
            server.send_response(&response).await.expect("it is written");
            black_box(server.into_builder());
        });
        written.take() - SOKETTO_SERVER.len() as u64
    })
}

fn tokio_websockets() -> Contestant<'static> {
    let mut socket = socket();
    let written = socket.written();
    let builder = tokio_websockets::ServerBuilder::new();
    Contestant::new("tokio-websockets", move || {
        black_box(ready(builder.accept(&mut socket)).expect("it is legal"));
        written.take()
    })
}

fn nexus_web() -> Contestant<'static> {
    let mut socket = socket();
    let written = socket.written();
    Contestant::new("nexus-web", move || {
        let builder = nexus_web::ws::ClientBuilder::new().buffer_capacity(4096);
        black_box(builder.accept(&mut socket).expect("it is legal"));
        written.take()
    })
}

fn tungstenite() -> Contestant<'static> {
    let mut socket = socket();
    let written = socket.written();
    Contestant::new("tungstenite", move || {
        black_box(tungstenite::accept(&mut socket).expect("it is legal"));
        written.take()
    })
}

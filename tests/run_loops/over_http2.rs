//! The example `h2_echo` as it stands, against a client on the same crate: a WebSocket in each stream of one connection.

use crate::{PATIENCE, h2_echo, start};
use bytes::{Buf, Bytes, BytesMut};
use h2::client::SendRequest;
use h2::ext::Protocol;
use h2::{Reason, RecvStream, SendStream};
use http::{Method, Request, Response};
use std::future::{Future, poll_fn};
use std::time::Duration;
use tidings::Transport;
use tidings::http::Headers;
use tidings::ws::handshake::extended_connect::{self, ClientHandshake, Pseudo};
use tidings::ws::{CloseCode, Config, Connection, Event, KeepaliveOptions};
use tokio::time::timeout;

const AUTHORITY: &str = "t";
/// So much a client on the crate `h2` lets come unread in a stream, and the example.
const OUR_WINDOW: usize = 65_535;
const ITS_WINDOW: usize = 32 << 10;

/// A client of a server of its own.
fn with_client<F: Future<Output = ()>>(keepalive: KeepaliveOptions, test: impl FnOnce(SendRequest<Bytes>) -> F) {
    let addr = start(move |listener| h2_echo::serve(listener, keepalive));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let run = async {
        let socket = tokio::net::TcpStream::connect(addr).await.unwrap();
        // A stream of ours that is not read from must not hold up the others.
        let mut builder = h2::client::Builder::new();
        builder.initial_connection_window_size(1 << 20);
        let (client, connection) = builder.handshake(socket).await.unwrap();
        tokio::spawn(async { connection.await.unwrap() });
        while !client.is_extended_connect_protocol_enabled() {
            tokio::task::yield_now().await;
        }
        test(client).await;
    };
    runtime.block_on(async { timeout(PATIENCE, run).await }).unwrap();
}

/// A WebSocket in a stream.
struct WebSocket {
    connection: Connection,
    incoming: RecvStream,
    outgoing: SendStream<Bytes>,
    input: BytesMut,
    output: BytesMut,
}

#[derive(Debug, PartialEq)]
enum Got {
    Text(String),
    Binary(Vec<u8>),
    Ping,
    Close(Option<CloseCode>),
    /// The stream, in order.
    End,
    Reset(Reason),
}

impl WebSocket {
    async fn open(client: &SendRequest<Bytes>) -> Self {
        let handshake = ClientHandshake::new(&[], None).unwrap();
        let pseudo = Pseudo::websocket(false, AUTHORITY, "/");
        let (response, outgoing) = send(client, &pseudo, &handshake.headers()).await;
        let headers: Headers<'_> =
            response.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let answer = handshake.check(response.status().as_u16(), &headers).unwrap();
        let extended_connect::Response::Accepted { extensions, .. } = answer else { panic!("{response:?}") };
        let connection = Connection::client(Config::default(), tidings::system_random).with_extensions(&extensions);
        let (input, output) = (BytesMut::new(), BytesMut::new());
        Self { connection, incoming: response.into_body(), outgoing, input, output }
    }

    async fn say(&mut self, text: &str) {
        self.connection.send_text(text, &mut self.output).unwrap();
        self.flush().await;
    }

    async fn flush(&mut self) {
        while !self.output.is_empty() {
            self.outgoing.reserve_capacity(self.output.len());
            while self.outgoing.capacity() == 0 {
                poll_fn(|context| self.outgoing.poll_capacity(context)).await.unwrap().unwrap();
            }
            let len = self.outgoing.capacity().min(self.output.len());
            self.outgoing.send_data(self.output.split_to(len).freeze(), false).unwrap();
        }
    }

    /// The next thing that comes.
    async fn next(&mut self) -> Got {
        loop {
            let step = self.connection.receive(&mut self.input, &mut self.output).unwrap();
            let consumed = step.consumed;
            let got = step.event.map(|event| match event {
                Event::Text(text) => Got::Text(text.into_owned()),
                Event::Binary(data) => Got::Binary(data.into_owned()),
                Event::Close(frame) => Got::Close(frame.map(|frame| frame.code)),
                Event::Ping(_) => Got::Ping,
                other => panic!("{other:?}"),
            });
            self.input.advance(consumed);
            if let Some(got) = got {
                return got;
            }
            match self.incoming.data().await {
                Some(Ok(data)) => {
                    self.incoming.flow_control().release_capacity(data.len()).unwrap();
                    self.input.extend_from_slice(&data);
                }
                Some(Err(error)) => return Got::Reset(error.reason().unwrap()),
                None => {
                    self.connection.receive_eof();
                    return Got::End;
                }
            }
        }
    }

    async fn echoes(&mut self, text: &str) {
        self.say(text).await;
        assert_eq!(self.next().await, Got::Text(text.to_owned()));
    }

    fn end_stream(&mut self) {
        self.outgoing.send_data(Bytes::new(), true).unwrap();
    }
}

async fn send(
    client: &SendRequest<Bytes>,
    pseudo: &Pseudo<'_>,
    headers: &[(&'static str, String)],
) -> (Response<RecvStream>, SendStream<Bytes>) {
    let (scheme, authority, path) = (pseudo.scheme.unwrap(), pseudo.authority.unwrap(), pseudo.path.unwrap());
    let mut request = Request::builder().method(pseudo.method).uri(format!("{scheme}://{authority}{path}"));
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let mut request = request.body(()).unwrap();
    if let Some(protocol) = pseudo.protocol {
        request.extensions_mut().insert(Protocol::from(protocol));
    }
    let mut client = client.clone().ready().await.unwrap();
    let is_over = request.method() != Method::CONNECT;
    let (response, outgoing) = client.send_request(request, is_over).unwrap();
    (response.await.unwrap(), outgoing)
}

#[test]
fn h2_the_setting_comes_before_the_first_stream() {
    with_client(KeepaliveOptions::default(), async |client| {
        // `with_client` has waited for it.
        assert!(client.is_extended_connect_protocol_enabled());
        WebSocket::open(&client).await.echoes("Hello").await;
    });
}

#[test]
fn h2_messages_of_all_sizes_come_back_over_many_streams_at_once() {
    with_client(KeepaliveOptions::default(), async |client| {
        let talk = async |n: usize| {
            let mut socket = WebSocket::open(&client).await;
            for len in [0, 1, 125, 126, 5_000, 65_536, 300_000, if n == 0 { 1 << 20 } else { 20_000 }] {
                socket.echoes(&format!("{n:02}").repeat(len / 2)).await;
                socket.connection.send_binary(&vec![7; len], &mut socket.output).unwrap();
                socket.flush().await;
                assert_eq!(socket.next().await, Got::Binary(vec![7; len]));
            }
        };
        let mut talks: Vec<_> = (0..20).map(|n| Some(Box::pin(talk(n)))).collect();
        // All of them, each as far as it comes.
        poll_fn(|context| {
            for talk in &mut talks {
                talk.take_if(|talk| talk.as_mut().poll(context).is_ready());
            }
            if talks.iter().all(Option::is_none) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    });
}

#[test]
fn h2_the_close_handshake_ends_the_stream_and_no_other() {
    with_client(KeepaliveOptions::default(), async |client| {
        let (mut leaving, mut staying) = (WebSocket::open(&client).await, WebSocket::open(&client).await);
        leaving.say("first").await;
        leaving.connection.close(CloseCode::NORMAL, "bye", &mut leaving.output).unwrap();
        leaving.flush().await;
        assert_eq!(leaving.next().await, Got::Text("first".to_owned()));
        assert_eq!(leaving.next().await, Got::Close(Some(CloseCode::NORMAL)));
        assert_eq!(leaving.next().await, Got::End);
        assert_eq!(leaving.connection.transport(), Transport::Close);
        leaving.end_stream();
        staying.echoes("still here").await;
    });
}

#[test]
fn h2_a_violation_is_told_and_ends_the_stream() {
    with_client(KeepaliveOptions::default(), async |client| {
        let mut socket = WebSocket::open(&client).await;
        socket.output.extend_from_slice(b"\x81\x01x"); // not masked
        socket.flush().await;
        assert_eq!(socket.next().await, Got::Close(Some(CloseCode::PROTOCOL_ERROR)));
        assert_eq!(socket.next().await, Got::End);
    });
}

#[test]
fn h2_a_client_that_ends_its_stream_gets_the_end_of_ours() {
    with_client(KeepaliveOptions::default(), async |client| {
        let mut socket = WebSocket::open(&client).await;
        socket.echoes("Hello").await;
        socket.end_stream();
        assert_eq!(socket.next().await, Got::End);
    });
}

#[test]
fn h2_a_reset_stream_is_gone_and_no_other() {
    let keepalive = KeepaliveOptions {
        interval: Duration::from_millis(30),
        pong_within: Duration::from_millis(300),
        ..KeepaliveOptions::default()
    };
    with_client(keepalive, async |client| {
        let (mut resetting, mut silent) = (WebSocket::open(&client).await, WebSocket::open(&client).await);
        resetting.outgoing.send_reset(Reason::CANCEL);
        // Ours is reset by the server, which hears no Pong: nothing is flushed here.
        let reset = loop {
            match silent.incoming.data().await.expect("no end but a reset") {
                Ok(data) => assert_eq!(data[..], *b"\x89\x00"),
                Err(error) => break error.reason(),
            }
        };
        assert_eq!(reset, Some(Reason::CANCEL));
        let mut answering = WebSocket::open(&client).await;
        for _ in 0..12 {
            assert_eq!(answering.next().await, Got::Ping);
            answering.flush().await; // the Pong
        }
    });
}

#[test]
fn h2_streams_that_are_not_read_from_are_stopped_and_lose_nothing_and_hold_up_no_other() {
    with_client(KeepaliveOptions::default(), async |client| {
        let text = "0123456789".repeat(100);
        let mut stopped = Vec::new();
        // More of them than a window of HTTP/2's default size would have room for, all together.
        for _ in 0..4 {
            let mut socket = WebSocket::open(&client).await;
            let sent = until_it_stops(&mut socket, &text).await;
            stopped.push((socket, sent));
        }
        let mut other = WebSocket::open(&client).await;
        for _ in 0..5 {
            other.echoes(&text.repeat(50)).await;
        }
        // As they are read from, the server takes the rest.
        for (mut socket, sent) in stopped {
            for n in 0..sent {
                assert_eq!(socket.next().await, Got::Text(text.clone()), "{n} of {sent}");
                let _ = timeout(Duration::ZERO, socket.flush()).await;
            }
            assert!(socket.output.is_empty());
        }
    });
}

/// Says it again and again; how often. What the server has not taken stays in the output.
async fn until_it_stops(socket: &mut WebSocket, text: &str) -> usize {
    let mut bytes = 0;
    for n in 1.. {
        socket.connection.send_text(text, &mut socket.output).unwrap();
        let len = socket.output.len();
        while timeout(Duration::from_millis(300), socket.flush()).await.is_err() {
            // Before that, the machine is busy.
            if bytes + len > OUR_WINDOW {
                return n;
            }
        }
        bytes += len;
        assert!(bytes < OUR_WINDOW + 4 * ITS_WINDOW, "{bytes} bytes were taken, and not one was read");
    }
    unreachable!()
}

#[test]
fn h2_what_is_no_websocket_is_refused_and_the_connection_goes_on() {
    with_client(KeepaliveOptions::default(), async |client| {
        let good = Pseudo::websocket(false, AUTHORITY, "/");
        for (pseudo, version, status, header) in [
            (Pseudo { method: "GET", protocol: None, ..good }, "13", 405, Some(("allow", "CONNECT"))),
            (Pseudo { protocol: Some("connect-udp"), ..good }, "13", 501, None),
            (good, "8", 400, Some(("sec-websocket-version", "13"))),
        ] {
            let (response, _) = send(&client, &pseudo, &[("sec-websocket-version", version.to_owned())]).await;
            assert_eq!(response.status().as_u16(), status);
            if let Some((name, value)) = header {
                assert_eq!(response.headers()[name], value);
            }
            assert!(response.into_body().is_end_stream());
        }
        WebSocket::open(&client).await.echoes("Hello").await;
    });
}

//! A server or a client writes text messages that lie in the caller's memory. Sixteen go out between two flushes; what
//! is counted are the bytes on the wire.

use crate::sample::{Payload, texts};
use crate::socket::{Socket, ready};
use bytes::BytesMut;
use futures_util::SinkExt;
use std::hint::black_box;
use tidings::ws::{Config, Connection, Role};
use tidings_benches::{Bench, Contestant};

/// Messages between two flushes.
const BATCH: u64 = 16;

pub fn rows(bench: &mut Bench) {
    for (role, heading) in [
        (Role::Server, "encode text as a server, time a message"),
        (Role::Client, "encode text as a client, masked, time a message"),
    ] {
        bench.section(heading);
        for sample in texts() {
            let Payload::Text(text) = &sample.payload else { continue };
            let contestants = vec![
                tidings(role, text),
                limit(text),
                nexus_web(role, text),
                sockudo_ws(role, text),
                tokio_websockets(role, text),
                fastwebsockets(role, text),
                tungstenite(role, text),
            ];
            bench.row(sample.name, BATCH, contestants);
        }
    }
}

fn limit(text: &str) -> Contestant<'_> {
    let mut copy = vec![0; text.len()];
    Contestant::limit("memcpy", move || {
        for _ in 0..BATCH {
            black_box(&mut copy).copy_from_slice(black_box(text.as_bytes()));
        }
        BATCH * copy.len() as u64
    })
}

fn tidings(role: Role, text: &str) -> Contestant<'_> {
    let mut connection = match role {
        Role::Server => Connection::server(Config::default()),
        Role::Client => Connection::client(Config::default(), tidings::system_random),
    };
    let mut output = BytesMut::new();
    Contestant::new("tidings", move || {
        for _ in 0..BATCH {
            connection.send_text(black_box(text), &mut output).expect("it is open");
        }
        let written = black_box(&output).len();
        output.clear();
        written as u64
    })
}

fn nexus_web(role: Role, text: &str) -> Contestant<'_> {
    let mut writer = nexus_web::ws::FrameWriter::new(match role {
        Role::Server => nexus_web::ws::Role::Server,
        Role::Client => nexus_web::ws::Role::Client,
    });
    let mut output = vec![0; usize::try_from(BATCH).expect("it is small") * writer.max_encoded_len(text.len())];
    Contestant::new("nexus-web", move || {
        let mut written = 0;
        for _ in 0..BATCH {
            written += writer.encode_text(black_box(text.as_bytes()), &mut output[written..]);
        }
        black_box(&output);
        written as u64
    })
}

/// Its sans-IO half, without the stream around it.
fn sockudo_ws(role: Role, text: &str) -> Contestant<'_> {
    use sockudo_ws::frame::{OpCode, encode_frame};
    let mut output = BytesMut::new();
    Contestant::new("sockudo-ws", move || {
        for _ in 0..BATCH {
            let mask = (role == Role::Client).then(sockudo_ws::mask::generate_mask);
            encode_frame(&mut output, OpCode::Text, black_box(text.as_bytes()), true, mask);
        }
        let written = black_box(&output).len();
        output.clear();
        written as u64
    })
}

fn tokio_websockets(role: Role, text: &str) -> Contestant<'_> {
    use tokio_websockets::{ClientBuilder, Message, ServerBuilder};
    let socket = Socket::sink();
    let written = socket.written();
    let mut socket = match role {
        Role::Server => ServerBuilder::new().serve(socket),
        Role::Client => ClientBuilder::new().take_over(socket),
    };
    Contestant::new("tokio-websockets", move || {
        ready(async {
            for _ in 0..BATCH {
                socket.feed(Message::text(black_box(text).to_owned())).await.expect("it is open");
            }
            socket.flush().await.expect("it is open");
        });
        written.take()
    })
}

fn fastwebsockets(role: Role, text: &str) -> Contestant<'_> {
    use fastwebsockets::{Frame, WebSocket};
    let role = match role {
        Role::Server => fastwebsockets::Role::Server,
        Role::Client => fastwebsockets::Role::Client,
    };
    let socket = Socket::sink();
    let written = socket.written();
    let mut socket = WebSocket::after_handshake(socket, role);
    Contestant::new("fastwebsockets", move || {
        ready(async {
            for _ in 0..BATCH {
                let frame = Frame::text(black_box(text.as_bytes()).into());
                socket.write_frame(frame).await.expect("it is open");
            }
            socket.flush().await.expect("it is open");
        });
        written.take()
    })
}

fn tungstenite(role: Role, text: &str) -> Contestant<'_> {
    let role = match role {
        Role::Server => tungstenite::protocol::Role::Server,
        Role::Client => tungstenite::protocol::Role::Client,
    };
    let socket = Socket::sink();
    let written = socket.written();
    let mut socket = tungstenite::WebSocket::from_raw_socket(socket, role, None);
    Contestant::new("tungstenite", move || {
        for _ in 0..BATCH {
            socket.write(tungstenite::Message::text(black_box(text))).expect("it is open");
        }
        socket.flush().expect("it is open");
        written.take()
    })
}

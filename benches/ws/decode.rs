//! A server reads a client's messages. Everybody checks what the protocol asks of a server, UTF-8 too, and gives whole
//! messages; what is counted are their bytes.

use crate::sample::{Payload, Sample, binaries, texts};
use crate::socket::{Socket, ready};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use std::hint::black_box;
use tidings::ws::{Config, Connection, Event};
use tidings_benches::{Bench, Contestant};

/// Bytes that one read gives, as a busy socket does.
const READ: usize = 64 * 1024;
/// A limit on messages that none of them reaches.
const MAX_MESSAGE: usize = 4 << 20;

pub fn rows(bench: &mut Bench) {
    bench.section("decode masked messages, 64 KiB a read, time a message");
    for sample in texts().iter().chain(&binaries()) {
        let wire = Wire::of(sample, 8 * READ);
        wire.row(bench, sample.name, READ);
    }
    bench.section("decode masked messages, one frame a read, time a message");
    for sample in texts().iter().chain(&binaries()).filter(|sample| sample.len() <= 1024) {
        let wire = Wire::of(sample, READ);
        wire.row(bench, sample.name, wire.bytes.len() / wire.messages);
    }
}

/// Masked frames, one behind the other.
struct Wire {
    bytes: Vec<u8>,
    messages: usize,
}

impl Wire {
    /// As many of the message as make up so many bytes.
    fn of(sample: &Sample, bytes: usize) -> Self {
        let mut client = Connection::client(Config::default(), |keys| {
            keys.iter_mut().zip((0..=u8::MAX).cycle()).for_each(|(key, n)| *key = n.wrapping_mul(37));
        });
        let mut wire = BytesMut::new();
        let mut messages = 0;
        while wire.len() < bytes {
            match &sample.payload {
                Payload::Text(text) => client.send_text(text, &mut wire),
                Payload::Binary(data) => client.send_binary(data, &mut wire),
            }
            .expect("it is open");
            messages += 1;
        }
        Self { bytes: wire.to_vec(), messages }
    }

    fn row(&self, bench: &mut Bench, name: &str, read: usize) {
        let mut copy = vec![0; self.bytes.len()];
        let limit = Contestant::limit("memcpy", move || {
            copy.copy_from_slice(black_box(&self.bytes));
            copy.len() as u64
        });
        let in_place = Config { input_buffer: MAX_MESSAGE, ..Config::default() };
        let mut contestants = vec![
            self.tidings("tidings", read, Config::default()),
            limit,
            self.nexus_web(read),
            self.sockudo_ws(read),
            self.tokio_websockets(read),
            self.fastwebsockets(read),
            self.tungstenite(read),
        ];
        if self.bytes.len() / self.messages > Config::default().input_buffer {
            contestants.insert(1, self.tidings("tidings, waiting in the buffer", read, in_place));
        }
        bench.row(name, self.messages as u64, contestants);
    }

    /// Reads as a driver does: what was not consumed is moved to the front, new bytes come behind it.
    fn tidings(&self, name: &'static str, read: usize, config: Config) -> Contestant<'_> {
        let mut buffer = vec![0; READ + config.input_buffer];
        let mut connection = Connection::server(config);
        let mut output = BytesMut::new();
        Contestant::new(name, move || {
            let (mut seen, mut filled) = (0, 0);
            for piece in self.bytes.chunks(read) {
                buffer[filled..filled + piece.len()].copy_from_slice(piece);
                filled += piece.len();
                let mut used = 0;
                loop {
                    let step = connection.receive(&mut buffer[used..filled], &mut output).expect("it is legal");
                    used += step.consumed;
                    match step.event {
                        Some(Event::Text(text)) => seen += black_box(text).len(),
                        Some(Event::Binary(data)) => seen += black_box(data).len(),
                        Some(_) => {}
                        None => break,
                    }
                }
                buffer.copy_within(used..filled, 0);
                filled -= used;
            }
            seen as u64
        })
    }

    fn nexus_web(&self, read: usize) -> Contestant<'_> {
        let mut reader = nexus_web::ws::FrameReader::builder()
            .role(nexus_web::ws::Role::Server)
            .buffer_capacity(READ + Config::default().input_buffer)
            .message_capacity(MAX_MESSAGE)
            .max_frame_size(MAX_MESSAGE as u64)
            .max_message_size(MAX_MESSAGE)
            .build();
        Contestant::new("nexus-web", move || {
            let mut seen = 0;
            for mut piece in self.bytes.chunks(read) {
                while !piece.is_empty() {
                    if reader.spare().is_empty() || reader.should_compact() {
                        reader.compact();
                    }
                    let spare = reader.spare();
                    let len = spare.len().min(piece.len());
                    spare[..len].copy_from_slice(&piece[..len]);
                    reader.filled(len);
                    piece = &piece[len..];
                    while let Some(message) = reader.next().expect("it is legal") {
                        seen += black_box(message).as_bytes().len();
                    }
                }
            }
            seen as u64
        })
    }

    /// Its sans-IO half, without the stream around it.
    fn sockudo_ws(&self, read: usize) -> Contestant<'_> {
        use sockudo_ws::protocol::{Protocol, Role};
        let mut protocol = Protocol::new(Role::Server, MAX_MESSAGE, MAX_MESSAGE);
        let mut buffer = BytesMut::with_capacity(READ);
        let mut messages = Vec::new();
        Contestant::new("sockudo-ws", move || {
            let mut seen = 0;
            for piece in self.bytes.chunks(read) {
                buffer.extend_from_slice(piece);
                protocol.process_into(&mut buffer, &mut messages).expect("it is legal");
                seen += messages.drain(..).map(|message| black_box(message).as_bytes().len()).sum::<usize>();
            }
            seen as u64
        })
    }

    fn tokio_websockets(&self, read: usize) -> Contestant<'_> {
        let mut socket = tokio_websockets::ServerBuilder::new().serve(Socket::new(&self.bytes, read));
        Contestant::new("tokio-websockets", move || {
            ready(async {
                let mut seen = 0;
                for _ in 0..self.messages {
                    let message = socket.next().await.expect("it goes on").expect("it is legal");
                    seen += Bytes::from(black_box(message).into_payload()).len();
                }
                seen as u64
            })
        })
    }

    fn fastwebsockets(&self, read: usize) -> Contestant<'_> {
        use fastwebsockets::{FragmentCollector, Role, WebSocket};
        let socket = WebSocket::after_handshake(Socket::new(&self.bytes, read), Role::Server);
        let mut socket = FragmentCollector::new(socket);
        Contestant::new("fastwebsockets", move || {
            ready(async {
                let mut seen = 0;
                for _ in 0..self.messages {
                    seen += black_box(socket.read_frame().await.expect("it is legal")).payload.len();
                }
                seen as u64
            })
        })
    }

    fn tungstenite(&self, read: usize) -> Contestant<'_> {
        let role = tungstenite::protocol::Role::Server;
        let mut socket = tungstenite::WebSocket::from_raw_socket(Socket::new(&self.bytes, read), role, None);
        Contestant::new("tungstenite", move || {
            let mut seen = 0;
            for _ in 0..self.messages {
                seen += black_box(socket.read().expect("it is legal")).len();
            }
            seen as u64
        })
    }
}

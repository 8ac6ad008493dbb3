//! A WebSocket handler that echoes, a thread for each client, beside a thread that reads and writes bare bytes, and beside
//! fastwebsockets on tokio. What is timed is a client that sends so many messages and reads until all are back.

use bytes::BytesMut;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use tidings::server::{Server, WebSocket};
use tidings::ws::{Config, Connection};
use tidings_benches::opening::{WEBSOCKET, open};
use tidings_benches::served::Served;
use tidings_benches::{Bench, Contestant};

pub fn rows(bench: &mut Bench) {
    bench.section("echo, time a message; client and server share a processor");
    pin();
    for (name, len) in [("20 B", 20), ("1 KiB", 1024), ("16 KiB", 16 * 1024)] {
        for outstanding in [1, 16] {
            let name = match outstanding {
                1 => format!("{name}, one at a time"),
                _ => format!("{name}, {outstanding} outstanding"),
            };
            let messages = Messages::new(len, outstanding);
            let contestants =
                vec![messages.tidings(), messages.bare(), messages.fastwebsockets(), messages.tungstenite()];
            bench.row(&name, outstanding as u64, contestants);
        }
    }
}

/// From now on everything here runs on one processor. On two, most of the time goes by until the other one is awake, and
/// how long that takes is up to whoever else uses the machine.
fn pin() {
    #[cfg(target_os = "linux")]
    {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
        let allowed = sched_getaffinity(None).expect("Linux tells it");
        let mut one = CpuSet::new();
        one.set((0..CpuSet::MAX_CPU).rfind(|cpu| allowed.is_set(*cpu)).expect("this one runs on some"));
        sched_setaffinity(None, &one).expect("Linux does it");
    }
}

/// Binary, so that nobody has to look at the data.
struct Messages {
    data: Vec<u8>,
    number: usize,
}

impl Messages {
    fn new(len: usize, number: usize) -> Self {
        Self { data: vec![b'x'; len], number }
    }

    /// Masked frames, as a client sends them.
    fn of_a_client(&self) -> Vec<u8> {
        self.frames(Connection::client(Config::default(), |key| key.fill(0x5a)))
    }

    /// The length of what comes back.
    fn echoed(&self) -> usize {
        self.frames(Connection::server(Config::default())).len()
    }

    fn frames(&self, mut connection: Connection) -> Vec<u8> {
        let mut frames = BytesMut::new();
        for _ in 0..self.number {
            connection.send_binary(&self.data, &mut frames).expect("it is open");
        }
        frames.to_vec()
    }

    /// One exchange with a WebSocket server; gives the number of messages.
    fn exchange(&self, socket: TcpStream) -> impl FnMut() -> u64 + use<> {
        let mut client = Client::new(socket, self.of_a_client(), self.echoed());
        let number = self.number as u64;
        move || {
            client.exchange();
            number
        }
    }

    fn tidings(&self) -> Contestant<'static> {
        fn echo(socket: &mut WebSocket) -> std::io::Result<()> {
            while let Some(message) = socket.read()? {
                socket.send(&message)?;
            }
            Ok(())
        }
        let server = Served::start(Server::builder().websocket("/echo", Config::default(), echo));
        let mut exchange = self.exchange(open(server.addr, "/echo", WEBSOCKET));
        Contestant::new("tidings", move || {
            let _ = &server;
            exchange()
        })
    }

    /// A thread that reads what there is and writes it back; the client sends what comes back from the others.
    fn bare(&self) -> Contestant<'static> {
        let addr = serve(|mut socket| {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(got @ 1..) = socket.read(&mut buffer) {
                if socket.write_all(&buffer[..got]).is_err() {
                    return;
                }
            }
        });
        let socket = connect(addr);
        let frames = self.of_a_client();
        let len = frames.len();
        let mut client = Client::new(socket, frames, len);
        let number = self.number as u64;
        Contestant::limit("bare reads and writes", move || {
            client.exchange();
            number
        })
    }

    fn fastwebsockets(&self) -> Contestant<'static> {
        use fastwebsockets::{FragmentCollector, OpCode, Role, WebSocket};
        let addr = serve(|socket| {
            socket.set_nonblocking(true).expect("a socket takes it");
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
            runtime.block_on(async {
                let socket = tokio::net::TcpStream::from_std(socket).expect("it is registered");
                let mut socket = FragmentCollector::new(WebSocket::after_handshake(socket, Role::Server));
                while let Ok(frame) = socket.read_frame().await {
                    if frame.opcode == OpCode::Close || socket.write_frame(frame).await.is_err() {
                        return;
                    }
                }
            });
        });
        Contestant::new("fastwebsockets", self.exchange(connect(addr)))
    }

    fn tungstenite(&self) -> Contestant<'static> {
        use tungstenite::protocol::{Role, WebSocket};
        let addr = serve(|socket| {
            let mut socket = WebSocket::from_raw_socket(socket, Role::Server, None);
            while let Ok(message) = socket.read() {
                if message.is_close() || socket.send(message).is_err() {
                    return;
                }
            }
        });
        Contestant::new("tungstenite", self.exchange(connect(addr)))
    }
}

/// Serves one client in a thread.
fn serve(serve: impl FnOnce(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        let (socket, _) = listener.accept().expect("a client");
        socket.set_nodelay(true).expect("a socket takes it");
        serve(socket);
    });
    addr
}

fn connect(addr: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(addr).expect("it listens");
    socket.set_nodelay(true).expect("a socket takes it");
    socket
}

struct Client {
    socket: TcpStream,
    frames: Vec<u8>,
    echoed: usize,
    buffer: Vec<u8>,
}

impl Client {
    /// What is more than the sockets are sure to hold is written in pieces, and read in between.
    const AT_ONCE: usize = 64 * 1024;

    fn new(socket: TcpStream, frames: Vec<u8>, echoed: usize) -> Self {
        socket.set_nonblocking(frames.len() > Self::AT_ONCE).expect("a socket takes it");
        Self { socket, frames, echoed, buffer: vec![0; 256 * 1024] }
    }

    fn exchange(&mut self) {
        let (mut sent, mut back) = (0, 0);
        while back < self.echoed {
            if sent < self.frames.len() {
                match self.socket.write(&self.frames[sent..]) {
                    Ok(written) => sent += written,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => panic!("writing: {error}"),
                }
            }
            match self.socket.read(&mut self.buffer) {
                Ok(0) => panic!("the server has ended the connection"),
                Ok(got) => back += got,
                // Both ends are at work: asking again costs less than to be woken.
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::yield_now(),
                Err(error) => panic!("reading: {error}"),
            }
        }
        assert_eq!(back, self.echoed, "more came back than was sent");
    }
}

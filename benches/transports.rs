//! What each transport costs a client, by how many messages there are: how long a message takes to arrive, and how many
//! requests and bytes it takes. All five hear the same topic at the same time, each over one connection.
//!
//! `cargo bench --bench transports` takes about two minutes, `-- 10` keeps to ten messages a second, and `-- --test` takes a
//! second.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tidings::server::Server;
use tidings_benches::opening::{EVENT_STREAM, WEBSOCKET};
use tidings_benches::served::Served;

/// Messages a second, and for how long.
const RATES: [(f64, Duration); 5] = [
    (0.1, Duration::from_mins(1)),
    (1.0, Duration::from_secs(20)),
    (10.0, Duration::from_secs(10)),
    (100.0, Duration::from_secs(5)),
    (1000.0, Duration::from_secs(5)),
];
/// What a patient page does that asks now and then.
const INTERVAL: Duration = Duration::from_secs(1);
/// How much data a message has: the time it was made at, and blanks.
const DATA: usize = 100;

fn main() {
    let asked = |word: &str| std::env::args().any(|argument| argument == word);
    let is_measured = asked("--bench") && !asked("--test");
    println!(
        "messages a second | transport | half arrive within | 99 % within | requests a message | bytes a message, to and fro"
    );
    let word = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    for (rate, time) in RATES.into_iter().filter(|(rate, _)| word.as_ref().is_none_or(|word| *word == rate.to_string()))
    {
        let (rate, time) = if is_measured { (rate, time) } else { (100.0, Duration::from_millis(200)) };
        measure(rate, time);
        if !is_measured {
            return;
        }
    }
}

fn measure(rate: f64, time: Duration) {
    let server = Served::start(Server::builder());
    let (start, is_over) = (Instant::now(), AtomicBool::new(false));
    let heard: Vec<(Via, Heard)> = thread::scope(|scope| {
        let clients = Via::ALL.map(|via| {
            let mut client = Client::new(via, server.addr, start);
            (
                via,
                scope.spawn(|| {
                    client_until(&is_over, {
                        client.begin();
                        client
                    })
                }),
            )
        });
        thread::sleep(Duration::from_millis(100));
        let topic = "t".parse().expect("a name");
        let mut due = Instant::now();
        let end = due + time;
        while due < end {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let made = start.elapsed().as_nanos();
            let data = format!("<{made}>");
            server.handle.publish(&topic, None, format!("{data:<DATA$}")).expect("there is room");
            due += Duration::from_secs_f64(1.0 / rate);
        }
        // Who asks now and then has yet to ask for the last one.
        thread::sleep(INTERVAL + Duration::from_millis(200));
        is_over.store(true, Ordering::Relaxed);
        clients.map(|(via, client)| (via, client.join().expect("a client has failed"))).into()
    });
    let messages = heard[0].1.times.len();
    for (via, mut heard) in heard {
        assert_eq!(heard.times.len(), messages, "{via:?} has not heard everything");
        heard.times.sort_unstable();
        let at = |part: usize| heard.times[(messages * part / 100).min(messages - 1)];
        println!(
            "{rate} | {} | {:?} | {:?} | {:.2} | {:.0}",
            via.name(),
            rounded(at(50)),
            rounded(at(99)),
            heard.requests as f64 / messages as f64,
            heard.bytes as f64 / messages as f64
        );
    }
}

fn rounded(time: Duration) -> Duration {
    Duration::from_micros(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Via {
    WebSocket,
    EventStream,
    Stream,
    LongPoll,
    ShortPoll,
}

impl Via {
    const ALL: [Self; 5] = [Self::WebSocket, Self::EventStream, Self::Stream, Self::LongPoll, Self::ShortPoll];

    fn name(self) -> &'static str {
        match self {
            Self::WebSocket => "WebSocket",
            Self::EventStream => "event stream",
            Self::Stream => "stream",
            Self::LongPoll => "long poll",
            Self::ShortPoll => "short poll, every second",
        }
    }
}

/// What came of it.
struct Heard {
    times: Vec<Duration>,
    requests: u64,
    bytes: u64,
}

struct Client {
    via: Via,
    socket: TcpStream,
    start: Instant,
    /// Read, and no whole message yet.
    text: Vec<u8>,
    after: String,
    heard: Heard,
}

const PING: &[u8] = &[0x89, 0x00];
/// Masked with zeros.
const PONG: &[u8] = &[0x8a, 0x80, 0, 0, 0, 0];

/// Headers as a browser's `fetch` and `EventSource` send them, about as long.
const AS_A_BROWSER: &str = "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)\r\n\
    Accept-Language: en-US,en;q=0.9\r\nAccept-Encoding: gzip, deflate, br\r\nConnection: keep-alive\r\n\
    Referer: http://127.0.0.1:8080/\r\nSec-Fetch-Dest: empty\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Site: same-origin\r\n";

impl Client {
    fn new(via: Via, addr: SocketAddr, start: Instant) -> Self {
        let socket = TcpStream::connect(addr).expect("the server listens");
        socket.set_nodelay(true).expect("a socket takes it");
        // Looks now and then whether it is over.
        socket.set_read_timeout(Some(Duration::from_millis(50))).expect("a socket takes it");
        let heard = Heard { times: Vec::new(), requests: 0, bytes: 0 };
        Self { via, socket, start, text: Vec::new(), after: "oldest".into(), heard }
    }

    fn begin(&mut self) {
        match self.via {
            Via::WebSocket => self.ask("?after=oldest", &format!("{WEBSOCKET}Sec-WebSocket-Protocol: tidings.v1\r\n")),
            Via::EventStream => self.ask("?after=oldest", EVENT_STREAM),
            Via::Stream => self.ask("?after=oldest", "Accept: application/x-ndjson\r\n"),
            Via::LongPoll | Via::ShortPoll => self.poll(),
        }
    }

    fn poll(&mut self) {
        let wait = if self.via == Via::LongPoll { "&wait=30" } else { "" };
        self.ask(&format!("?after={}{wait}", self.after), "Accept: application/json\r\n");
    }

    fn ask(&mut self, query: &str, headers: &str) {
        // A WebSocket has a `Connection` of its own.
        let like = if self.via == Via::WebSocket { "" } else { AS_A_BROWSER };
        let request = format!("GET /topics/t{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n{like}{headers}\r\n");
        self.socket.write_all(request.as_bytes()).expect("the server reads");
        self.heard.requests += 1;
        self.heard.bytes += request.len() as u64;
    }

    /// Reads what there is, and asks again if that was an answer.
    fn hear(&mut self) {
        let mut buffer = [0; 16 * 1024];
        let got = match self.socket.read(&mut buffer) {
            Ok(0) => panic!("the server has ended the connection"),
            Ok(got) => got,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return,
            Err(error) => panic!("reading: {error}"),
        };
        self.heard.bytes += got as u64;
        // Envelopes are ASCII: nothing but a header has such a byte.
        if self.via == Via::WebSocket && find(&buffer[..got], PING).is_some() {
            self.socket.write_all(PONG).expect("the server reads");
            self.heard.bytes += PONG.len() as u64;
        }
        self.text.extend_from_slice(&buffer[..got]);
        let now = self.start.elapsed();
        let mut used = 0;
        while let Some((made, end)) = between(&self.text[used..], b'<', b'>') {
            let made = Duration::from_nanos(made.parse().expect("a number"));
            self.heard.times.push(now.saturating_sub(made));
            used += end;
        }
        if matches!(self.via, Via::LongPoll | Via::ShortPoll) {
            self.text.drain(..used);
            self.answered();
        } else {
            // What lies before a mark that has not come yet is of no use.
            let kept = self.text.iter().rposition(|byte| *byte == b'<').map_or(self.text.len(), |at| at.max(used));
            self.text.drain(..kept);
        }
    }

    /// If the answer is whole: the next request.
    fn answered(&mut self) {
        let Some(at) = find(&self.text, b"\"next\":\"") else { return };
        let Some((next, _)) = between(&self.text[at + 7..], b'"', b'"') else { return };
        if self.text.last() != Some(&b'}') {
            return;
        }
        self.after = next;
        let has_more = find(&self.text, b"\"more\":true").is_some();
        self.text.clear();
        if self.via == Via::ShortPoll && !has_more {
            thread::sleep(INTERVAL);
        }
        self.poll();
    }
}

fn client_until(is_over: &AtomicBool, mut client: Client) -> Heard {
    while !is_over.load(Ordering::Relaxed) {
        client.hear();
    }
    client.heard
}

/// What stands between the two, and where that ends.
fn between(text: &[u8], open: u8, close: u8) -> Option<(String, usize)> {
    let from = text.iter().position(|byte| *byte == open)? + 1;
    let to = from + text[from..].iter().position(|byte| *byte == close)?;
    Some((String::from_utf8_lossy(&text[from..to]).into_owned(), to + 1))
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

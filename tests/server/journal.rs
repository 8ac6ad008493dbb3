//! What is told through the facade `log`. All servers of this process tell it to one logger: a test looks for lines of
//! its own paths, or for what no other test brings about.
#![cfg(feature = "log")]

use crate::client::{EventSource, HANDSHAKE, WebSocket};
use crate::running::{Running, run, start, start_with};
use log::kv::{Error, Key, Value, VisitSource};
use log::{LevelFilter, Log, Metadata, Record};
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;
use tidings::server::{Access, EventStream, Limits, Server};
use tidings::ws;

/// Every line that was told, as `LEVEL target words key=value…`.
struct Journal {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

static JOURNAL: Journal = Journal { lines: Mutex::new(Vec::new()), more: Condvar::new() };

struct Fields(String);

impl<'kvs> VisitSource<'kvs> for Fields {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        Ok(write!(self.0, " {key}={value}")?)
    }
}

impl Log for Journal {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("tidings::")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let mut line = Fields(format!("{} {} {}", record.level(), record.target(), record.args()));
            record.key_values().visit(&mut line).unwrap();
            self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line.0);
            self.more.notify_all();
        }
    }

    fn flush(&self) {}
}

impl Journal {
    fn open() -> &'static Self {
        static OPENED: Once = Once::new();
        OPENED.call_once(|| {
            log::set_logger(&JOURNAL).unwrap();
            log::set_max_level(LevelFilter::Debug);
        });
        &JOURNAL
    }

    /// Those that have it in them, once there are so many: an answer may be there before its line is.
    #[track_caller]
    fn await_lines(&self, part: &str, count: usize) -> Vec<String> {
        let found = |lines: &MutexGuard<'_, Vec<String>>| -> Vec<String> {
            lines.iter().filter(|line| line.contains(part)).cloned().collect()
        };
        let lines = self.lines.lock().unwrap();
        let few = |lines: &mut Vec<String>| lines.iter().filter(|line| line.contains(part)).count() < count;
        let (lines, _) = self.more.wait_timeout_while(lines, Duration::from_secs(10), few).unwrap();
        let found = found(&lines);
        assert_eq!(found.len(), count, "{found:#?}");
        found
    }
}

#[test]
fn each_request_is_told_without_what_may_be_secret() {
    let journal = Journal::open();
    let server = start();
    let mut client = server.client();
    client.request("GET", "/journal-requests?access_token=s3cret", "Authorization: Bearer s3cret\r\nX: s3cret\r\n");
    assert_eq!(client.response().status, 404);
    assert_eq!(client.post("/topics/journal-requests?event=s3cret", "s3cret").status, 201);
    client.request("GET", "/topics/journal-requests?after=oldest", "");
    assert!(client.response().text().contains("s3cret"));
    client.request("HEAD", "/topics/journal-requests", "Accept: text/event-stream\r\n");
    assert_eq!(client.head_of_answer_to("HEAD").status, 200);
    let lines = journal.await_lines("journal-requests", 4);
    let topic = "path=/topics/journal-requests";
    assert_eq!(
        lines,
        [
            "DEBUG tidings::access answered client=127.0.0.1 method=GET path=/journal-requests status=404".into(),
            format!("DEBUG tidings::access answered client=127.0.0.1 method=POST {topic} status=201"),
            format!("DEBUG tidings::access answered client=127.0.0.1 method=GET {topic} status=200"),
            format!("DEBUG tidings::access begun client=127.0.0.1 method=HEAD {topic} status=200 via=sse"),
        ]
    );
    assert!(journal.lines.lock().unwrap().iter().all(|line| !line.contains("s3cret")));
}

#[test]
fn what_begins_and_goes_on_is_told() {
    let journal = Journal::open();
    let builder = Server::builder()
        .websocket("/journal-ws", ws::Config::default(), |_: &mut _| Ok(()))
        .event_stream("/journal-sse", |_: &mut EventStream| Ok(()));
    let server = run(builder);
    let _source = EventSource::open(server.client(), "/topics/journal-begun", "");
    let _socket = WebSocket::open(server.client(), "/topics/journal-begun", &[]);
    let mut lines = server.client();
    lines.request("GET", "/topics/journal-begun", "Accept: application/x-ndjson\r\n");
    assert_eq!(lines.head().status, 200);
    let mut poll = server.client();
    poll.request("GET", "/topics/journal-begun?wait=60", "");
    server.await_metric(r#"tidings_subscribers{transport="long-poll"}"#, 1);
    server.publish("journal-begun", "1");
    assert_eq!(poll.response().status, 200);
    let head = "client=127.0.0.1 method=GET path=/topics/journal-begun";
    assert_eq!(
        journal.await_lines("/journal-begun", 5),
        [
            format!("DEBUG tidings::access begun {head} status=200 via=sse"),
            format!("DEBUG tidings::access begun {head} status=101 via=websocket"),
            format!("DEBUG tidings::access begun {head} status=200 via=stream"),
            format!("DEBUG tidings::access held {head}"),
            format!("DEBUG tidings::access answered {head} status=200"),
        ]
    );

    let mut client = server.client();
    client.request("GET", "/journal-ws", HANDSHAKE);
    assert_eq!(client.head().status, 101);
    let _source = EventSource::open(server.client(), "/journal-sse", "");
    let line = &journal.await_lines("/journal-ws", 1)[0];
    assert!(
        line.ends_with("begun client=127.0.0.1 method=GET path=/journal-ws status=101 via=websocket-handler"),
        "{line}"
    );
    let line = &journal.await_lines("/journal-sse", 1)[0];
    assert!(line.ends_with("begun client=127.0.0.1 method=GET path=/journal-sse status=200 via=sse-handler"), "{line}");
}

#[test]
fn a_client_behind_a_proxy_is_told_by_its_own_address() {
    let journal = Journal::open();
    let server = run(Server::builder().trust_proxy(IpAddr::from(Ipv4Addr::LOCALHOST)));
    let mut client = server.client();
    for (path, status) in [("/journal-proxy", 404), ("/topics/journal-proxy", 200)] {
        client.request("GET", path, "X-Forwarded-For: 192.0.2.1\r\n");
        assert_eq!(client.response().status, status);
    }
    let mut poll = server.client();
    poll.request("GET", "/topics/journal-proxy?wait=60", "X-Forwarded-For: 192.0.2.1\r\n");
    server.await_metric(r#"tidings_subscribers{transport="long-poll"}"#, 1);
    server.publish("journal-proxy", "1");
    poll.response();
    for line in journal.await_lines("journal-proxy", 4) {
        assert!(line.contains(" client=192.0.2.1 "), "{line}");
    }
}

#[test]
fn panics_are_told_by_their_path_and_not_by_what_they_say() {
    let journal = Journal::open();
    let builder = Server::builder()
        .authorize(|request| {
            assert!(request.head.query() != Some("panic"), "s3cret {:?}", request.head.query());
            Access::Granted
        })
        .websocket("/journal-panic-ws", ws::Config::default(), |_: &mut _| panic!("s3cret"))
        .event_stream("/journal-panic-sse", |_: &mut EventStream| panic!("s3cret"));
    let server = run(builder);
    let mut client = server.client();
    assert_eq!(client.get("/topics/journal-panic?panic").status, 500);
    client.request("GET", "/journal-panic-ws", HANDSHAKE);
    client.raw_to_end();
    let mut client = server.client();
    client.request("GET", "/journal-panic-sse", "");
    client.raw_to_end();
    for (path, what) in [
        ("/topics/journal-panic", "the authorize hook"),
        ("/journal-panic-ws", "a handler"),
        ("/journal-panic-sse", "a handler"),
    ] {
        let line = format!("ERROR tidings::server panicked what={what} path={path}");
        assert_eq!(journal.await_lines(&line, 1), [line]);
    }
    assert!(journal.lines.lock().unwrap().iter().all(|line| !line.contains("s3cret")));
}

/// How many refusals the lines stand for, and how many lines there are. No other test has this reason.
fn told_of(journal: &Journal, reason: &str) -> (u64, usize) {
    let part = format!("WARN tidings::server refused reason={reason} count=");
    let lines = journal.lines.lock().unwrap();
    let counts = lines.iter().filter_map(|line| line.strip_prefix(&part));
    let counts: Vec<u64> = counts.map(|rest| rest.split(' ').next().unwrap().parse().unwrap()).collect();
    (counts.iter().sum(), counts.len())
}

#[test]
fn a_flood_of_refusals_is_one_line_a_second_and_none_is_forgotten() {
    let journal = Journal::open();
    let begun = std::time::Instant::now();
    let mut server = flood(&Limits { handlers: 0, ..Limits::default() });
    server.stop();
    let (told, lines) = told_of(journal, "handlers");
    let seconds = usize::try_from(begun.elapsed().as_secs()).unwrap();
    assert_eq!(told, 1000);
    // The first at once, one each second, and the rest at the end.
    assert!((2..=2 + seconds).contains(&lines), "{lines} lines in {seconds} s");
}

/// A thousand clients more than there are handlers for.
fn flood(limits: &Limits) -> Running {
    let server = run(Server::builder().limits(*limits).event_stream("/", |_: &mut EventStream| Ok(())));
    let mut client = server.client();
    for _ in 0..1000 {
        assert_eq!(client.get("/").status, 503);
    }
    server
}

#[test]
fn what_is_held_back_is_told_soon_after() {
    let journal = Journal::open();
    // The log is swept ten times a second here, and every minute at the least.
    let topic = tidings::topic::Bounds { age: Duration::from_millis(400), ..Default::default() };
    let server = start_with(&Limits { topic, body_bytes: 1, ..Limits::default() });
    let before = told_of(journal, "body_bytes").0;
    let mut client = server.client();
    for _ in 0..3 {
        client.request("POST", "/topics/news", "Content-Length: 2\r\n");
        assert_eq!(client.response().status, 413);
        client = server.client();
    }
    let until = std::time::Instant::now() + Duration::from_secs(10);
    while told_of(journal, "body_bytes").0 < before + 3 {
        assert!(std::time::Instant::now() < until, "{:?}", told_of(journal, "body_bytes"));
        std::thread::yield_now();
    }
}

#[test]
fn an_address_over_its_limit_is_named() {
    let journal = Journal::open();
    let server = start_with(&Limits { connections_per_address: 1, ..Limits::default() });
    let mut first = server.client();
    assert_eq!(first.get("/healthz").status, 200);
    assert_eq!(server.client().get("/healthz").status, 503);
    let lines = journal.lines.lock().unwrap();
    let reason = "WARN tidings::server refused reason=connections_per_address count=";
    assert!(lines.iter().any(|line| line.starts_with(reason) && line.ends_with(" client=127.0.0.1")), "{lines:?}");
}

#[test]
fn a_server_tells_where_it_listens_and_how_it_goes() {
    let journal = Journal::open();
    let mut server = start();
    let line = format!("INFO tidings::server listening addr={}", server.addr);
    assert_eq!(journal.await_lines(&line, 1), [line]);
    server.stop();
    let lines = journal.lines.lock().unwrap();
    assert!(lines.iter().any(|line| line == "INFO tidings::server drained"), "{lines:#?}");
    drop(lines);

    // No other test has as many connections when its draining begins, or is over.
    let limits = Limits { drain_time: Duration::from_millis(50), ..Limits::default() };
    let mut server = start_with(&limits);
    let mut stuck: Vec<_> = (0..77).map(|_| server.client()).collect();
    for client in &mut stuck {
        client.send("GET /hea");
    }
    server.await_metric("tidings_requests_waiting", 77);
    server.stop();
    // Those that have asked for metrics may not be gone yet.
    let begun = |line: &str| line.strip_prefix("INFO tidings::server draining connections=")?.parse::<u32>().ok();
    let lines = journal.lines.lock().unwrap().clone();
    assert!(lines.iter().filter_map(|line| begun(line)).any(|connections| connections >= 77), "{lines:#?}");
    journal.await_lines("INFO tidings::server drain_time is over, the rest is cut off connections=77", 1);
}

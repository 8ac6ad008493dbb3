//! Handlers of the embedder's.

use crate::client::{EventSource, Frame, HANDSHAKE, WebSocket};
use crate::running::{Running, run};
use std::io;
use std::time::Duration;
use tidings::server::{
    Access, Action, Builder, EventStream, Limits, Message, Server, TimedRead, Waited, WebSocketOptions,
};
use tidings::{server, sse, ws};

fn echo(socket: &mut server::WebSocket) -> io::Result<()> {
    while let Some(message) = socket.read()? {
        match message {
            Message::Text(text) if text == "panic" => panic!("as the test wants it"),
            Message::Text(text) if text == "fail" => return Err(io::Error::other("as the test wants it")),
            Message::Text(text) if text == "return" => return Ok(()),
            Message::Text(text) => socket.send_text(&text)?,
            Message::Binary(data) => socket.send_binary(&data)?,
        }
    }
    Ok(())
}

fn count(events: &mut EventStream) -> io::Result<()> {
    let first = events.last_event_id().parse().unwrap_or(0);
    for n in first + 1..=3 {
        events.send(&sse::Event::message(n.to_string()).with_id(n.to_string()))?;
    }
    Ok(())
}

fn start() -> Running {
    start_with(|builder| builder)
}

fn start_with(more: impl FnOnce(Builder) -> Builder) -> Running {
    let builder = Server::builder().websocket("/echo", ws::Config::default(), echo).event_stream("/count", count);
    run(more(builder))
}

#[test]
fn a_websocket_handler_reads_and_sends() {
    let server = start();
    let mut socket = WebSocket::open(server.client(), "/echo", &[]);
    socket.send("hello");
    assert_eq!(socket.text(), "hello");
    let large = vec![7; 300_000];
    socket.send_binary(&large);
    assert_eq!(socket.frame(), Some(Frame::Binary(large)));
    socket.send("return");
    assert_eq!(socket.frame(), Some(Frame::Close(1000, String::new())));
    assert_eq!(socket.frame(), None);
}

#[test]
fn a_frame_need_not_fit_the_input_buffer_that_was_asked_for() {
    let config = ws::Config { input_buffer: usize::MAX, ..ws::Config::default() };
    let server = run(Server::builder().websocket("/echo", config, echo));
    let mut socket = WebSocket::open(server.client(), "/echo", &[]);
    let large = vec![7; 300_000];
    socket.send_binary(&large);
    assert_eq!(socket.frame(), Some(Frame::Binary(large)));
}

#[test]
fn a_handler_that_fails_or_panics_closes_with_1011_and_the_server_goes_on() {
    let server = start();
    for (text, panics) in [("fail", 0), ("panic", 1)] {
        let mut socket = WebSocket::open(server.client(), "/echo", &[]);
        socket.send(text);
        assert_eq!(socket.frame(), Some(Frame::Close(1011, String::new())));
        assert_eq!(socket.frame(), None);
        server.await_metric("tidings_panics_total", panics);
    }
}

#[test]
fn a_violation_is_told_and_a_close_echoed() {
    let server = start();
    let mut socket = WebSocket::open(server.client(), "/echo", &[]);
    socket.client.send([0x81, 0x01, b'x']);
    assert_eq!(socket.client.raw(4)[2..], 1002_u16.to_be_bytes());
    socket.client.raw_to_end();
    let mut socket = WebSocket::open(server.client(), "/echo", &[]);
    let mut output = bytes::BytesMut::new();
    socket.connection.close(ws::CloseCode::NORMAL, "", &mut output).unwrap();
    socket.client.send(&output);
    assert_eq!(socket.frame(), Some(Frame::Close(1000, String::new())));
    assert_eq!(socket.frame(), None);
}

#[test]
fn a_silent_client_of_a_handler_is_pinged_and_then_left() {
    let limits =
        Limits { keepalive: Duration::from_millis(20), pong_time: Duration::from_millis(50), ..Limits::default() };
    let server = run(Server::builder().limits(limits).websocket("/echo", ws::Config::default(), echo));
    let mut socket = WebSocket::open(server.client(), "/echo", &[]);
    assert_eq!(socket.frame(), Some(Frame::Ping(Vec::new())));
    assert_eq!(socket.frame(), Some(Frame::Ping(Vec::new())));
    let rest = socket.client.raw_to_end();
    assert_eq!(rest[..2], [0x89, 0]);
}

#[test]
fn draining_ends_a_handler_that_reads() {
    let mut server = start();
    let mut socket = WebSocket::open(server.client(), "/echo", &[]);
    socket.send("hello");
    assert_eq!(socket.text(), "hello");
    server.handle.drain();
    assert_eq!(socket.frame(), Some(Frame::Close(1001, String::new())));
    assert_eq!(socket.frame(), None);
    drop(socket);
    server.join();
}

#[test]
fn an_event_stream_handler_sends_and_ends() {
    let server = start();
    let mut source = EventSource::open(server.client(), "/count", "Last-Event-ID: 1\r\n");
    assert_eq!(source.event().unwrap().data, "2");
    assert_eq!(source.event().unwrap().id, "3");
    assert_eq!(source.event(), None);

    let mut client = server.client();
    client.send("GET /count HTTP/1.0\r\n\r\n");
    let text = String::from_utf8(client.raw_to_end()).unwrap();
    assert!(text.ends_with("\r\n\r\nid: 1\ndata: 1\n\nid: 2\ndata: 2\n\nid: 3\ndata: 3\n\n"), "{text}");
}

/// In chunked coding a chunk without data is the end.
#[test]
fn an_event_without_a_field_is_not_sent_and_ends_nothing() {
    let server = start_with(|builder| {
        builder.event_stream("/gaps", |events| {
            events.send(&sse::Event::default())?;
            events.send(&sse::Event::message(""))?;
            events.send(&sse::Event::default())?;
            events.send(&sse::Event::message("next"))
        })
    });
    let mut source = EventSource::open(server.client(), "/gaps", "");
    assert_eq!(source.event().unwrap().data, "");
    assert_eq!(source.event().unwrap().data, "next");
    assert_eq!(source.event(), None);
}

#[test]
fn only_get_goes_to_a_handler() {
    let server = start();
    for (path, allow) in [("/count", "GET, HEAD, OPTIONS"), ("/echo", "GET, OPTIONS")] {
        let answer = server.client().post(path, "");
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allow)), "{path}");
        let mut client = server.client();
        client.request("OPTIONS", path, "");
        let answer = client.response();
        assert_eq!((answer.status, answer.header("allow")), (204, Some(allow)), "{path}");
    }
    let mut client = server.client();
    client.request("HEAD", "/echo", HANDSHAKE);
    assert_eq!(client.response_to("HEAD").status, 405);
    // Without the upgrade it is no WebSocket.
    assert_eq!(server.client().get("/echo").status, 400);
}

#[test]
fn head_of_a_handlers_event_stream_is_its_head_and_the_handler_does_not_run() {
    let server = start_with(|builder| builder.event_stream("/never", |_| panic!("nobody is to be served")));
    let heads = [("GET", "/count"), ("HEAD", "/count"), ("HEAD", "/never")].map(|(method, path)| {
        let mut client = server.client();
        client.request(method, path, "");
        let mut head = client.head_of_answer_to(method);
        head.headers.retain(|(name, _)| name != "Date");
        if method == "HEAD" {
            client.expect_end();
        }
        (head.status, head.headers)
    });
    assert_eq!(heads[0], heads[1]);
    assert_eq!(heads[0], heads[2]);
    assert_eq!(server.metric("tidings_panics_total"), 0);
}

#[test]
fn a_handler_sees_the_request_that_it_serves() {
    let websocket = |socket: &mut server::WebSocket| {
        let seen = format!("{} {:?} {:?}", socket.path(), socket.query(), socket.header("COOKIE"));
        socket.send_text(&format!("{seen} {}", socket.peer_addr()))
    };
    let events = |events: &mut EventStream| {
        let seen = format!("{} {:?} {:?}", events.path(), events.query(), events.header("x-none"));
        events.send(&sse::Event::message(format!("{seen} {}", events.peer_addr())))
    };
    let server =
        run(Server::builder().websocket("/ws", ws::Config::default(), websocket).event_stream("/events", events));
    let mut client = server.client();
    let addr = client.socket.local_addr().unwrap();
    client.request("GET", "/ws?a=%20b", &format!("{HANDSHAKE}Cookie: who=me\r\n"));
    assert_eq!(client.head().status, 101);
    let text = format!("/ws Some(\"a=%20b\") Some(\"who=me\") {addr}");
    assert_eq!(client.raw(2 + text.len())[2..], *text.as_bytes());

    let client = server.client();
    let addr = client.socket.local_addr().unwrap();
    let mut source = EventSource::open(client, "/events", "");
    assert_eq!(source.event().unwrap().data, format!("/events None None {addr}"));
}

#[test]
fn the_hook_is_asked_before_a_handler_runs() {
    let server = start_with(|builder| {
        builder.authorize(|request| {
            assert_eq!(request.action, Action::Connect);
            assert!(request.peer_addr.ip().is_loopback());
            match request.head.query() {
                Some("pass") => Access::Granted,
                Some(_) => Access::Forbidden,
                None => Access::Unauthorized { challenge: "Basic".into() },
            }
        })
    });
    for path in ["/echo", "/count"] {
        for (query, status, granted) in [("", 401, 401), ("?guess", 403, 403), ("?pass", 101, 200)] {
            let mut client = server.client();
            client.request("GET", &format!("{path}{query}"), HANDSHAKE);
            assert_eq!(client.head().status, if path == "/echo" { status } else { granted }, "{path}{query}");
        }
    }
}

#[test]
fn pages_of_other_origins_are_kept_from_handlers() {
    let server = start_with(|builder| builder.allow_origin("https://friend.example"));
    for path in ["/echo", "/count"] {
        let mut client = server.client();
        client.request("GET", path, &format!("{HANDSHAKE}Origin: https://foe.example\r\n"));
        assert_eq!(client.head().status, 403, "{path}");
    }
    let mut client = server.client();
    client.request("GET", "/count", "Origin: https://friend.example\r\n");
    assert_eq!(client.head().header("access-control-allow-origin"), Some("https://friend.example"));
}

#[test]
fn a_handler_speaks_the_first_of_its_subprotocols_that_is_offered() {
    let options = WebSocketOptions { subprotocols: vec!["v2".into(), "v1".into()], ..WebSocketOptions::default() };
    let server =
        run(Server::builder()
            .websocket("/", options, |socket| socket.send_text(&format!("{:?}", socket.subprotocol()))));
    for (offered, chosen) in
        [(&["v1", "v2"][..], Some("v2")), (&["v0", "v1"], Some("v1")), (&["v0"], None), (&[], None)]
    {
        let mut socket = WebSocket::open(server.client(), "/", offered);
        assert_eq!(socket.subprotocol.as_deref(), chosen);
        assert_eq!(socket.text(), format!("{chosen:?}"));
    }
}

#[test]
fn a_path_with_a_slash_at_its_end_has_everything_below_it() {
    let say = |name: &'static str| {
        move |events: &mut EventStream| events.send(&sse::Event::message(format!("{name} {}", events.path())))
    };
    let builder = Server::builder().event_stream("/", say("root")).event_stream("/jobs/", say("jobs"));
    let server = run(builder.event_stream("/jobs/7/", say("seven")).event_stream("/jobs/7/log", say("log")));
    for (path, seen) in [
        ("/", "root /"),
        ("/jobs/", "jobs /jobs/"),
        ("/jobs/6/log?x", "jobs /jobs/6/log"),
        ("/jobs/7", "jobs /jobs/7"),
        ("/jobs/7/", "seven /jobs/7/"),
        ("/jobs/7/log", "log /jobs/7/log"),
        ("/jobs/7/log/", "seven /jobs/7/log/"),
    ] {
        assert_eq!(EventSource::open(server.client(), path, "").event().unwrap().data, seen);
    }
    for path in ["/jobs", "/else"] {
        assert_eq!(server.client().get(path).status, 404, "{path}");
    }
    assert_eq!(server.client().get("/healthz").status, 200);
}

#[test]
fn a_path_that_no_request_can_have_is_refused() {
    for (path, why) in [
        ("", "begins"),
        ("jobs", "begins"),
        ("/jobs?all", "query"),
        ("/jobs#all", "query"),
        ("/my jobs", "visible ASCII"),
        ("/jobs\n", "visible ASCII"),
        ("/caf\u{e9}", "visible ASCII"),
        ("/topics/", "server's own"),
        ("/topics/news", "server's own"),
        ("/wire/x", "server's own"),
        ("/count", "already"),
    ] {
        let builder = Server::builder().event_stream("/count", count).websocket(path, ws::Config::default(), echo);
        let error = builder.bind("127.0.0.1:0").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{path}");
        let text = error.to_string();
        assert!(text.contains(why) && text.contains(&format!("{path:?}")), "{text}");
    }
    for path in ["/healthz", "/topics", "/wired", "/~me/a%20b"] {
        Server::builder().event_stream(path, count).bind("127.0.0.1:0").unwrap();
    }
}

#[test]
fn an_event_stream_whose_handler_fails_or_panics_is_cut_off() {
    let end = |events: &mut EventStream| {
        events.send(&sse::Event::message("1"))?;
        match events.query() {
            Some("fail") => Err(io::Error::other("as the test wants it")),
            Some("panic") => panic!("as the test wants it"),
            _ => Ok(()),
        }
    };
    let server = run(Server::builder().event_stream("/end", end));
    for (query, ending) in [("", "0\r\n\r\n"), ("?fail", ""), ("?panic", "")] {
        let mut client = server.client();
        client.request("GET", &format!("/end{query}"), "");
        let text = String::from_utf8(client.raw_to_end()).unwrap();
        assert!(text.ends_with(&format!("\r\ndata: 1\n\n\r\n{ending}")), "{text}");
    }
    server.await_metric("tidings_panics_total", 1);
}

#[test]
fn a_handler_that_waits_keeps_its_client_and_learns_that_it_has_gone() {
    let (gone, learnt) = std::sync::mpsc::channel();
    let wait = move |events: &mut EventStream| {
        assert_eq!(events.wait(Duration::ZERO)?, Waited::Elapsed);
        assert_eq!(events.wait(Duration::from_millis(1))?, Waited::Elapsed);
        events.send(&sse::Event::message("waiting"))?;
        let waited = events.wait(Duration::MAX);
        gone.send(waited.as_ref().map_err(io::Error::kind).copied()).unwrap();
        waited.map(|_| ())
    };
    let limits = Limits { keepalive: Duration::from_millis(20), ..Limits::default() };
    let mut server = run(Server::builder().limits(limits).event_stream("/wait", wait));
    let mut client = server.client();
    client.request("GET", "/wait", "");
    client.head();
    client.body_until("data: waiting\n\n");
    client.send("and what it has to say is nobody's business");
    assert_eq!(client.piece().unwrap(), b":\n\n");
    assert_eq!(client.piece().unwrap(), b":\n\n");
    drop(client);
    assert!(learnt.recv().unwrap().is_err());

    let mut client = server.client();
    client.request("GET", "/wait", "");
    client.head();
    client.body_until("data: waiting\n\n");
    server.handle.drain();
    assert_eq!(learnt.recv().unwrap(), Ok(Waited::Draining));
    while client.piece().is_some() {}
    drop(client);
    server.join();
}

#[test]
fn what_is_too_long_for_a_control_frame_is_refused_and_the_handler_goes_on() {
    let handler = |socket: &mut server::WebSocket| {
        let too_long = "x".repeat(126);
        for refused in [socket.ping(too_long.as_bytes()), socket.close(ws::CloseCode::NORMAL, &too_long[..124])] {
            assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::InvalidInput);
        }
        socket.send_text("still here")?;
        socket.close(ws::CloseCode::NORMAL, &too_long[..123])?;
        assert_eq!(socket.send_text("too late").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        Ok(())
    };
    let server = run(Server::builder().websocket("/", ws::Config::default(), handler));
    let mut socket = WebSocket::open(server.client(), "/", &[]);
    assert_eq!(socket.text(), "still here");
    assert_eq!(socket.frame(), Some(Frame::Close(1000, "x".repeat(123))));
    assert_eq!(socket.frame(), None);
}

#[test]
fn a_handler_may_speak_while_it_waits_for_the_client() {
    let (ended, end) = std::sync::mpsc::channel();
    let handler = move |socket: &mut server::WebSocket| {
        loop {
            match socket.read_timeout(Duration::ZERO)? {
                TimedRead::Message(Message::Text(text)) => socket.send_text(&text)?,
                TimedRead::Message(_) => socket.close(ws::CloseCode::NORMAL, "")?,
                TimedRead::TimedOut => socket.send_text("tick")?,
                TimedRead::Closed => break,
            }
        }
        assert_eq!(socket.read_timeout(Duration::MAX)?, TimedRead::Closed);
        assert_eq!(socket.read()?, None);
        ended.send(()).unwrap();
        Ok(())
    };
    let server = run(Server::builder().websocket("/", ws::Config::default(), handler));
    let mut socket = WebSocket::open(server.client(), "/", &[]);
    assert_eq!(socket.text(), "tick");
    socket.send("hello");
    while socket.text() != "hello" {}
    assert_eq!(socket.text(), "tick");
    let mut output = bytes::BytesMut::new();
    socket.connection.close(ws::CloseCode::NORMAL, "", &mut output).unwrap();
    socket.client.send(&output);
    while !matches!(socket.frame(), Some(Frame::Close(1000, _))) {}
    end.recv().unwrap();
}

#[test]
fn short_reads_do_not_keep_a_silent_client() {
    let handler = |socket: &mut server::WebSocket| {
        while socket.read_timeout(Duration::from_millis(1))? != TimedRead::Closed {}
        Ok(())
    };
    let limits =
        Limits { keepalive: Duration::from_millis(20), pong_time: Duration::from_millis(50), ..Limits::default() };
    let server = run(Server::builder().limits(limits).websocket("/", ws::Config::default(), handler));
    let mut socket = WebSocket::open(server.client(), "/", &[]);
    assert_eq!(socket.frame(), Some(Frame::Ping(Vec::new())));
    assert_eq!(socket.frame(), Some(Frame::Ping(Vec::new())));
    let rest = socket.client.raw_to_end();
    assert_eq!(rest[..3], [0x89, 0, 0x88]);
}

#[test]
fn a_client_that_does_not_answer_the_close_of_a_handler_is_left() {
    let handler = |socket: &mut server::WebSocket| {
        socket.close(ws::CloseCode::NORMAL, "")?;
        socket.read().map(|_| ())
    };
    let limits = Limits { close_time: Duration::from_millis(20), ..Limits::default() };
    let server = run(Server::builder().limits(limits).websocket("/", ws::Config::default(), handler));
    let mut client = server.client();
    client.request("GET", "/", HANDSHAKE);
    assert_eq!(client.head().status, 101);
    assert_eq!(client.raw_to_end(), [0x88, 2, 0x03, 0xe8]);
}

#[test]
fn a_page_is_the_same_for_everybody_and_needs_no_leave() {
    let builder = Server::builder().authorize(|_| Access::Forbidden);
    let server =
        run(builder.page("/", "text/html; charset=utf-8", "<p>home").page("/app/", "text/css", vec![b'x'; 200_000]));
    let answer = server.client().get("/?as=ever");
    assert_eq!((answer.status, answer.text().as_str()), (200, "<p>home"));
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(server.client().get("/app/any/where").text().len(), 200_000);
    assert_eq!(server.client().get("/app").status, 404);
    let mut client = server.client();
    client.request("HEAD", "/", "");
    let head = client.response_to("HEAD");
    assert_eq!((head.status, head.header("content-length"), head.text().as_str()), (200, Some("7"), ""));
    let answer = client.post("/", "x");
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
}

#[test]
fn a_page_whose_media_type_is_no_header_is_refused() {
    let error = Server::builder().page("/", "text/html\r\nX: y", "").bind("127.0.0.1:0").unwrap_err();
    assert!(error.to_string().contains("media type"), "{error}");
}

#[test]
fn a_handler_publishes_by_the_server_that_runs_it() {
    let say = |socket: &mut server::WebSocket| {
        let id = socket.server().publish(&"news".parse().unwrap(), None, socket.path()).map_err(io::Error::other)?;
        socket.send_text(&id.to_string())
    };
    let tell = |events: &mut EventStream| {
        let id = events.server().publish(&"news".parse().unwrap(), None, events.path()).map_err(io::Error::other)?;
        events.send(&sse::Event::message(id.to_string()))
    };
    let server = run(Server::builder().websocket("/say", ws::Config::default(), say).event_stream("/tell", tell));
    let said = WebSocket::open(server.client(), "/say", &[]).text();
    let told = EventSource::open(server.client(), "/tell", "").event().unwrap().data;
    let kept = server.client().get("/topics/news").text();
    for part in [&said, "\"/say\"", &told, "\"/tell\""] {
        assert!(kept.contains(part), "{part} is not in {kept}");
    }
}

#[test]
fn a_read_with_a_time_ends_in_time_whatever_comes_in_the_meantime() {
    let (tell, told) = std::sync::mpsc::channel();
    let handler = move |socket: &mut server::WebSocket| {
        tell.send(socket.read_timeout(Duration::from_millis(100))?).unwrap();
        Ok(())
    };
    let server = run(Server::builder().websocket("/", ws::Config::default(), handler));
    let mut socket = WebSocket::open(server.client(), "/", &[]);
    // A large message that comes in small pieces, one after the other, for much longer than that.
    socket.client.send([&[0x82, 0xff], &(16_u64 << 20).to_be_bytes()[..], &[0; 4]].concat());
    let read = loop {
        match told.try_recv() {
            Ok(read) => break read,
            Err(_) => socket.client.send([0; 16]),
        }
    };
    assert_eq!(read, TimedRead::TimedOut);
}

#[test]
fn a_frame_that_comes_with_the_handshake_may_fill_the_buffer() {
    let config = ws::Config { input_buffer: 64 << 10, ..ws::Config::default() };
    let server = run(Server::builder().websocket("/", config, echo));
    let message = [&[0x82, 0xfe, 0x27, 0x10, 0, 0, 0, 0][..], &[b'x'; 10_000]].concat();
    let (first, rest) = message.split_at(6_000);
    let mut client = server.client();
    client.send([format!("GET / HTTP/1.1\r\nHost: t\r\n{HANDSHAKE}\r\n").as_bytes(), first].concat());
    client.raw_until(b"\r\n\r\n");
    client.send(rest);
    assert_eq!(client.raw(4), [0x82, 126, 0x27, 0x10]);
    assert_eq!(client.raw(10_000), [b'x'; 10_000]);
}

#[test]
fn nothing_follows_an_event_that_was_cut_off() {
    let limits = Limits { write_time: Duration::from_millis(50), ..Limits::default() };
    let (tell, told) = std::sync::mpsc::channel();
    let (go, gone) = std::sync::mpsc::channel();
    let gone = std::sync::Mutex::new(gone);
    let handler = move |events: &mut EventStream| {
        let large = "x".repeat(64 << 20);
        tell.send(events.send(&sse::Event::message(large)).is_ok()).unwrap();
        let () = gone.lock().unwrap().recv().unwrap();
        tell.send(events.send(&sse::Event::message("small")).is_ok()).unwrap();
        Ok(())
    };
    let server = run(Server::builder().limits(limits).event_stream("/", handler));
    let mut client = server.client();
    client.request("GET", "/", "");
    assert!(!told.recv().unwrap());
    client.raw_to_end();
    go.send(()).unwrap();
    assert!(!told.recv().unwrap());
}

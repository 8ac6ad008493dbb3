//! HTTP streaming and polling.

use crate::scripted::{Act, answer, quick, serve, stream};
use bytes::BytesMut;
use std::io::{Read, Write};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};
use tidings::client::{Cut, Error, EventSource, Options, Poller, Received, Stream};
use tidings::http;
use tidings::topic::{Cursor, Reset, ResetReason};

const NDJSON: &str = "application/x-ndjson";
const JSON: &str = "application/json";

fn message(id: &str, data: &str) -> Received {
    Received::Message { id: Some(id.into()), event: None, data: data.into() }
}

fn bookmark(id: &str) -> Received {
    Received::Bookmark { id: id.into() }
}

/// The next ones, of which none is an error; reconnections without their wait.
fn take(source: &mut dyn Iterator<Item = Result<Received, Error>>, n: usize) -> Vec<Received> {
    source.take(n).map(|received| received.unwrap()).collect()
}

#[test]
fn lines_of_a_stream_are_envelopes_whatever_the_chunks() {
    let mut chunked =
        BytesMut::from("HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n");
    http::chunked::encode(b"{\"type\":\"bookmark\",\"id\":\"1-0\"}\n{", &mut chunked);
    http::chunked::encode(b"\"type\":\"message\",\"id\":\"1-1\",\"data\":\"say \\\"hi\\\"\"}\n", &mut chunked);
    http::chunked::encode(b"{\"type\":\"new\"}\n{\"type\":\"drain\"}\n", &mut chunked);
    http::chunked::encode_end(&mut chunked);
    let chunked = String::from_utf8(chunked.to_vec()).unwrap();
    let server = serve(vec![Act::Answer(chunked), Act::Hold(stream(NDJSON, ""))]);
    let mut source = Stream::new(&server.url, quick()).unwrap();
    let received = take(&mut source, 4);
    assert_eq!(received, [Received::Connected, bookmark("1-0"), message("1-1", "say \"hi\""), Received::Drain]);
    assert!(matches!(source.next(), Some(Ok(Received::Reconnecting { why: Cut::Ended, .. }))));
    take(&mut source, 1);
    assert_eq!(server.seen().line, "GET /?after=now");
    assert_eq!(server.seen().line, "GET /?after=1-1");
}

#[test]
fn half_a_line_was_not_sent() {
    let server = serve(vec![
        Act::Last(stream(
            NDJSON,
            "{\"type\":\"message\",\"id\":\"1-1\",\"data\":\"a\"}\n{\"type\":\"message\",\"id\":\"1-2\"",
        )),
        Act::Hold(stream(NDJSON, "{\"type\":\"message\",\"id\":\"1-2\",\"data\":\"b\"}\n")),
    ]);
    let mut source = Stream::new(&server.url, quick()).unwrap();
    let received = take(&mut source, 5);
    assert_eq!(received[1], message("1-1", "a"));
    assert_eq!(received[4], message("1-2", "b"));
}

#[test]
fn a_stream_that_is_not_ours_ends_it() {
    let server = serve(vec![Act::Hold(stream(NDJSON, "hello\n"))]);
    let mut source = Stream::new(&server.url, quick()).unwrap();
    take(&mut source, 1);
    assert!(matches!(source.next(), Some(Err(Error::Envelope(_)))));
}

#[test]
fn a_line_without_end_is_bounded() {
    let server = serve(vec![Act::Hold(stream(NDJSON, &"x".repeat(2000)))]);
    let mut source = Stream::new(&server.url, Options { max_message: 1000, ..quick() }).unwrap();
    take(&mut source, 1);
    assert!(matches!(source.next(), Some(Err(Error::TooLong))));
}

#[test]
fn a_long_poll_goes_on_at_once_over_one_connection() {
    let server = serve(vec![
        Act::Answer(answer("200 OK", JSON, r#"{"events":[],"next":"1-0","more":false}"#)),
        Act::Answer(answer("200 OK", JSON, r#"{"events":[{"id":"1-1","data":"a"}],"next":"1-1","more":false}"#)),
        Act::Answer(answer("200 OK", JSON, r#"{"events":[],"next":"1-1","more":false}"#)),
        Act::Answer(answer("200 OK", JSON, r#"{"events":[{"id":"1-2","data":"b"}],"next":"1-3","more":false}"#)),
    ]);
    let mut poller = Poller::long(&server.url, quick()).unwrap();
    let received = take(&mut poller, 5);
    assert_eq!(
        received,
        [Received::Connected, bookmark("1-0"), message("1-1", "a"), message("1-2", "b"), bookmark("1-3")]
    );
    let seen: Vec<_> = (0..4).map(|_| server.seen()).collect();
    let lines: Vec<&str> = seen.iter().map(|seen| seen.line.as_str()).collect();
    assert_eq!(
        lines,
        ["GET /?after=now", "GET /?after=1-0&wait=25", "GET /?after=1-1&wait=25", "GET /?after=1-1&wait=25"]
    );
    assert!(seen.iter().all(|seen| seen.connection == 0), "one connection for all");
}

#[test]
fn a_lost_answer_is_asked_for_again_with_the_same_cursor() {
    let whole = answer("200 OK", JSON, r#"{"events":[{"id":"1-1","data":"a"}],"next":"1-1","more":false}"#);
    let half = whole[..whole.len() - 10].to_string();
    let server = serve(vec![Act::Last(half), Act::Last(String::new()), Act::Answer(whole)]);
    let mut poller = Poller::short(&server.url, Options { after: Some("1-0".into()), ..quick() }).unwrap();
    let received = take(&mut poller, 4);
    assert!(matches!(received[..2], [Received::Reconnecting { .. }, Received::Reconnecting { .. }]));
    assert_eq!(received[2..], [Received::Connected, message("1-1", "a")]);
    for _ in 0..3 {
        assert_eq!(server.seen().line, "GET /?after=1-0");
    }
}

/// RFC 9112 §6.3 rules 3 and 5.
#[test]
fn an_answer_without_a_certain_length_is_none() {
    let body = r#"{"events":[{"id":"1-1","data":"a"}],"next":"1-1","more":false}"#;
    for lines in ["Content-Length: 62\r\nContent-Length: 63", "Content-Length: 62\r\nTransfer-Encoding: chunked"] {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: {JSON}\r\n{lines}\r\n\r\n{body}");
        let server = serve(vec![Act::Hold(answer)]);
        let mut poller = Poller::short(&server.url, quick()).unwrap();
        assert!(matches!(poller.next(), Some(Err(Error::Body(_)))), "{lines}");
        assert!(poller.next().is_none());
    }
}

#[test]
fn a_place_that_is_none_is_refused_before_anything_is_asked() {
    for (url, after) in [("http://127.0.0.1:1/t", Some("yesterday")), ("http://127.0.0.1:1/t?after=1-x", None)] {
        let options = || Options { after: after.map(Into::into), ..quick() };
        for poller in [Poller::long(url, options()), Poller::short(url, options())] {
            assert!(matches!(poller, Err(Error::After(_))), "{url} {after:?}");
        }
    }
}

#[test]
fn a_short_poll_asks_at_once_where_there_is_more() {
    let server = serve(vec![
        Act::Answer(answer("200 OK", JSON, r#"{"events":[{"id":"1-1","data":"a"}],"next":"1-1","more":true}"#)),
        Act::Answer(answer("200 OK", JSON, r#"{"events":[{"id":"1-2","data":"b"}],"next":"1-2","more":false}"#)),
    ]);
    let options = Options { interval: Duration::from_secs(3600), ..quick() };
    let received = take(&mut Poller::short(&server.url, options).unwrap(), 3);
    assert_eq!(received[1..], [message("1-1", "a"), message("1-2", "b")]);
}

/// CVE-2022-1650: what is kept after a redirect is a connection to somebody else.
#[test]
fn a_poll_after_a_redirect_begins_anew_where_its_credentials_belong() {
    let empty = || answer("200 OK", JSON, r#"{"events":[],"next":"1-0","more":false}"#);
    let other = serve(vec![Act::Answer(empty()), Act::Answer(empty())]);
    let away = format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {}/there\r\nContent-Length: 0\r\n\r\n", other.url);
    let here = answer("200 OK", JSON, r#"{"events":[{"id":"1-1","data":"a"}],"next":"1-1","more":false}"#);
    let server = serve(vec![Act::Last(away), Act::Answer(here)]);
    let headers = vec![("Authorization".into(), "Bearer secret".into())];
    let mut poller = Poller::short(&server.url, Options { headers, ..quick() }).unwrap();
    assert_eq!(take(&mut poller, 3), [Received::Connected, bookmark("1-0"), message("1-1", "a")]);
    for _ in 0..2 {
        assert_eq!(server.seen().header("authorization"), Some("Bearer secret"));
    }
    assert_eq!(other.seen().header("authorization"), None);
}

#[test]
fn a_410_is_a_reset_and_reading_goes_on_at_the_oldest() {
    let server = serve(vec![
        Act::Answer(answer("410 Gone", JSON, r#"{"reset":"epoch","oldest":"2-5","newest":"2-6"}"#)),
        Act::Answer(answer("200 OK", JSON, r#"{"events":[{"id":"2-6","data":"a"}],"next":"2-6","more":false}"#)),
    ]);
    let mut poller = Poller::long(&server.url, Options { after: Some("1-9".into()), ..quick() }).unwrap();
    let reset = Reset { reason: ResetReason::Epoch, oldest: Cursor::new(2, 5), newest: Cursor::new(2, 6) };
    let received = take(&mut poller, 3);
    assert_eq!(received, [Received::Connected, Received::Reset(reset), message("2-6", "a")]);
    server.seen();
    assert_eq!(server.seen().line, "GET /?after=2-5&wait=25");
}

#[test]
fn a_410_of_somebody_else_ends_it() {
    let server = serve(vec![Act::Answer(answer("410 Gone", "text/html", "<p>"))]);
    let mut poller = Poller::long(&server.url, quick()).unwrap();
    assert!(matches!(poller.next(), Some(Err(Error::Status { status, .. })) if status.as_u16() == 410));
}

#[test]
fn a_poll_that_is_not_held_is_not_asked_without_a_pause() {
    let empty = || Act::Answer(answer("200 OK", JSON, r#"{"events":[],"next":"1-0","more":false}"#));
    let server = serve(vec![empty(), empty(), empty()]);
    let options = Options { interval: Duration::from_millis(50), ..quick() };
    let mut poller = Poller::long(&server.url, options).unwrap();
    let started = Instant::now();
    take(&mut poller, 2);
    let stop = poller.stop_handle();
    let polling = thread::spawn(move || poller.by_ref().for_each(drop));
    for _ in 0..3 {
        server.seen();
    }
    assert!(started.elapsed() >= Duration::from_millis(50), "the third came a pause after the second");
    stop.stop();
    polling.join().unwrap();
}

#[test]
fn a_poll_that_does_not_get_on_is_not_asked_without_a_pause() {
    let reset = answer("410 Gone", JSON, r#"{"reset":"trimmed","oldest":"1-5","newest":"1-6"}"#);
    let more = answer("200 OK", JSON, r#"{"events":[],"next":"1-5","more":true}"#);
    let again = answer("200 OK", JSON, r#"{"events":[{"id":"1-5","data":"a"}],"next":"1-5","more":false}"#);
    for same in [reset, more, again] {
        let server = serve((0..4).map(|_| Act::Answer(same.clone())).collect());
        let options = Options { interval: Duration::from_millis(50), after: Some("1-1".into()), ..quick() };
        let mut poller = Poller::long(&server.url, options).unwrap();
        let stop = poller.stop_handle();
        let started = Instant::now();
        let polling = thread::spawn(move || poller.by_ref().for_each(drop));
        for _ in 0..4 {
            server.seen();
        }
        assert!(started.elapsed() >= Duration::from_millis(100), "{same}");
        stop.stop();
        polling.join().unwrap();
    }
}

#[test]
fn a_silent_stream_is_given_up() {
    let server = serve(vec![Act::Hold(stream(NDJSON, ""))]);
    let mut source = Stream::new(&server.url, Options { silence: Duration::from_millis(50), ..quick() }).unwrap();
    take(&mut source, 1);
    assert!(matches!(source.next(), Some(Ok(Received::Reconnecting { why: Cut::Silent, .. }))));
}

/// What came while nobody asked stands in the socket, whatever the time is by then.
#[test]
fn who_takes_long_over_a_message_finds_the_next_one_and_no_silence() {
    let silence = Duration::from_millis(50);
    let bookmark_then = |head: String, rest: &'static str| {
        let ((take_long, taking_long), (written, is_written)) = (channel(), channel());
        let server = serve(vec![Act::Other(Box::new(move |mut socket, _, _| {
            socket.write_all(head.as_bytes()).unwrap();
            taking_long.recv().unwrap();
            socket.write_all(rest.as_bytes()).unwrap();
            written.send(()).unwrap();
            let _ = socket.read(&mut [0]);
        }))]);
        (server, move || {
            take_long.send(()).unwrap();
            is_written.recv().unwrap();
            let long = Instant::now() + silence;
            while Instant::now() < long {
                thread::yield_now();
            }
        })
    };
    let options = || Options { silence, ..quick() };
    let lines = ["{\"type\":\"bookmark\",\"id\":\"1-0\"}\n", "{\"type\":\"bookmark\",\"id\":\"1-1\"}\n"];
    let (server, take_long) = bookmark_then(stream(NDJSON, lines[0]), lines[1]);
    let mut source = Stream::new(&server.url, options()).unwrap();
    assert_eq!(take(&mut source, 2), [Received::Connected, bookmark("1-0")]);
    take_long();
    assert_eq!(take(&mut source, 1), [bookmark("1-1")]);

    let (server, take_long) = bookmark_then(stream("text/event-stream", "id: 1-0\n\n"), "id: 1-1\n\n");
    let mut source = EventSource::new(&server.url, options()).unwrap();
    assert_eq!(take(&mut source, 2), [Received::Connected, bookmark("1-0")]);
    take_long();
    assert_eq!(take(&mut source, 1), [bookmark("1-1")]);
}

#[test]
fn the_url_may_say_where_to_begin() {
    let server = serve(vec![Act::Hold(stream(NDJSON, ""))]);
    let mut source = Stream::new(&format!("{}/t?after=oldest", server.url), quick()).unwrap();
    take(&mut source, 1);
    assert_eq!(server.seen().line, "GET /t?after=oldest");
}

#[test]
fn times_without_end_overflow_no_clock() {
    let empty = || Act::Answer(answer("200 OK", JSON, r#"{"events":[],"next":"1-0","more":false}"#));
    let server = serve(vec![empty(), empty(), Act::Hold(stream(NDJSON, r#"{"type":"bookmark","id":"1-0"}"#))]);
    let time = Duration::MAX;
    let options = Options {
        silence: time,
        wait: time,
        interval: time,
        response_timeout: time,
        connect_timeout: time,
        retry: time,
        retry_max: time,
        ..quick()
    };
    take(&mut Poller::long(&server.url, options.clone()).unwrap(), 2);
    take(&mut Poller::short(&server.url, options.clone()).unwrap(), 2);
    take(&mut Stream::new(&server.url, options).unwrap(), 1);
}

#[test]
fn another_transport_goes_on_behind_what_was_given_and_not_behind_what_had_arrived() {
    let line = |n| format!("{{\"type\":\"message\",\"id\":\"1-{n}\",\"data\":\"{n}\"}}\n");
    let lines = format!("{{\"type\":\"bookmark\",\"id\":\"1-0\"}}\n{}{}{}", line(1), line(2), line(3));
    let batch = "{\"events\":[{\"id\":\"1-2\",\"data\":\"2\"}],\"next\":\"1-2\",\"more\":true}";
    let server = serve(vec![Act::Last(stream(NDJSON, &lines)), Act::Hold(answer("200 OK", JSON, batch))]);
    let mut first = Stream::new(&server.url, quick()).unwrap();
    assert_eq!(first.resume(), None);
    assert_eq!(take(&mut first, 2), [Received::Connected, bookmark("1-0")]);
    assert_eq!(first.resume(), Some("1-0"));
    assert_eq!(take(&mut first, 1), [message("1-1", "1")]);
    assert!(first.buffered() > 0);
    assert_eq!(first.resume(), Some("1-1"));

    let options = Options { after: first.resume().map(Into::into), ..quick() };
    let mut second = Poller::short(&server.url, options).unwrap();
    assert_eq!(second.resume(), Some("1-1"));
    assert_eq!(take(&mut second, 2), [Received::Connected, message("1-2", "2")]);
    assert_eq!(second.resume(), Some("1-2"));
    server.seen();
    assert_eq!(server.seen().line, "GET /?after=1-1");
}

#[test]
fn what_had_arrived_is_given_after_a_stop() {
    let lines = "{\"type\":\"message\",\"id\":\"1-1\",\"data\":\"a\"}\n{\"type\":\"bookmark\",\"id\":\"1-2\"}\n";
    let server = serve(vec![Act::Hold(stream(NDJSON, lines))]);
    let mut source = Stream::new(&server.url, quick()).unwrap();
    assert_eq!(take(&mut source, 2), [Received::Connected, message("1-1", "a")]);
    source.stop_handle().stop();
    assert_eq!(take(&mut source, 2), [bookmark("1-2")]);
    assert_eq!(source.resume(), Some("1-2"));
}

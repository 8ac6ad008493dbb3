//! The event source, against our own forms and those of other servers.

use crate::scripted::{Act, answer, quick, serve, stream};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;
use tidings::client::{Cut, Error, EventSource, Options, Received};
use tidings::topic::{Cursor, Reset, ResetReason};

const SSE: &str = "text/event-stream";

fn message(id: &str, data: &str) -> Received {
    Received::Message { id: Some(id.into()), event: None, data: data.into() }
}

fn reconnecting(received: Option<Result<Received, Error>>) -> Cut {
    match received {
        Some(Ok(Received::Reconnecting { why, .. })) => why,
        other => panic!("expected a reconnection, got {other:?}"),
    }
}

#[test]
fn it_resumes_after_the_last_whole_block() {
    let server = serve(vec![
        Act::Last(stream(SSE, "id: 1-0\n\nid: 1-1\ndata: a\n\nid: 1-2\ndata: lost")),
        Act::Hold(stream("text/event-stream;charset=utf-8", "id: 1-2\ndata: b\n\n")),
    ]);
    let mut source = EventSource::new(&server.url, quick()).unwrap();
    assert_eq!(source.next().unwrap().unwrap(), Received::Connected);
    assert_eq!(source.next().unwrap().unwrap(), Received::Bookmark { id: "1-0".into() });
    assert_eq!(source.next().unwrap().unwrap(), message("1-1", "a"));
    assert_eq!(reconnecting(source.next()), Cut::Ended);
    assert_eq!(source.next().unwrap().unwrap(), Received::Connected);
    assert_eq!(source.next().unwrap().unwrap(), message("1-2", "b"));

    let first = server.seen();
    assert_eq!((first.header("accept"), first.header("last-event-id")), (Some(SSE), None));
    assert_eq!(server.seen().header("last-event-id"), Some("1-1"));
}

#[test]
fn words_go_into_the_query_and_cursors_into_the_header() {
    for (after, line, header) in [
        ("oldest", "GET /t?x=1&after=oldest", None),
        ("9-9", "GET /t?x=1", Some("9-9")),
        ("their id", "GET /t?x=1", Some("their id")),
    ] {
        let server = serve(vec![Act::Hold(stream(SSE, ""))]);
        let options = Options { after: Some(after.into()), ..quick() };
        let mut source = EventSource::new(&format!("{}/t?x=1", server.url), options).unwrap();
        assert_eq!(source.next().unwrap().unwrap(), Received::Connected);
        let seen = server.seen();
        assert_eq!((seen.line.as_str(), seen.header("last-event-id")), (line, header));
    }
}

#[test]
fn a_reset_is_told_and_moves_the_cursor() {
    let reset =
        "event: tidings.reset\ndata: {\"reset\":\"trimmed\",\"oldest\":\"1-5\",\"newest\":\"1-9\"}\nid: 1-5\n\n";
    let server = serve(vec![Act::Last(stream(SSE, reset)), Act::Hold(stream(SSE, ""))]);
    let mut source = EventSource::new(&server.url, quick()).unwrap();
    assert_eq!(source.next().unwrap().unwrap(), Received::Connected);
    let expected = Reset { reason: ResetReason::Trimmed, oldest: Cursor::new(1, 5), newest: Cursor::new(1, 9) };
    assert_eq!(source.next().unwrap().unwrap(), Received::Reset(expected));
    reconnecting(source.next());
    assert_eq!(source.next().unwrap().unwrap(), Received::Connected);
    server.seen();
    assert_eq!(server.seen().header("last-event-id"), Some("1-5"));
}

#[test]
fn a_stream_without_ids_is_fine() {
    let server = serve(vec![Act::Hold(stream(SSE, ": hi\n\nevent: tick\ndata: 1\ndata: 2\n\n"))]);
    let mut source = EventSource::new(&server.url, quick()).unwrap();
    assert_eq!(source.next().unwrap().unwrap(), Received::Connected);
    let expected = Received::Message { id: None, event: Some("tick".into()), data: "1\n2".into() };
    assert_eq!(source.next().unwrap().unwrap(), expected);
}

#[test]
fn what_does_not_get_better_ends_it() {
    for status in ["204 No Content", "400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found"] {
        let server = serve(vec![Act::Answer(answer(status, "text/plain", "no such thing\n"))]);
        let mut source = EventSource::new(&server.url, quick()).unwrap();
        let error = source.next().unwrap().unwrap_err();
        assert!(matches!(error, Error::Status { .. }), "{status}: {error:?}");
        assert!(error.to_string().contains(status), "{error}");
        assert!(source.next().is_none(), "an error is the last thing");
    }
}

#[test]
fn a_refusal_tells_what_the_server_said() {
    let server = serve(vec![Act::Answer(answer("404 Not Found", "text/plain; charset=utf-8", "no such topic\nmore"))]);
    let mut source = EventSource::new(&server.url, quick()).unwrap();
    assert_eq!(source.next().unwrap().unwrap_err().to_string(), "the server answered 404 Not Found: no such topic");
}

#[test]
fn another_media_type_ends_it() {
    let server = serve(vec![Act::Answer(answer("200 OK", "text/html", "<p>"))]);
    let mut source = EventSource::new(&server.url, quick()).unwrap();
    assert!(matches!(source.next(), Some(Err(Error::ContentType(found))) if found == "text/html"));
}

#[test]
fn an_overloaded_server_is_asked_again() {
    let server = serve(vec![
        Act::Last("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n".into()),
        Act::Hold(stream(SSE, "")),
    ]);
    let mut source = EventSource::new(&server.url, quick()).unwrap();
    assert!(matches!(reconnecting(source.next()), Cut::Status(status) if status.as_u16() == 503));
    assert_eq!(source.next().unwrap().unwrap(), Received::Connected);
}

#[test]
fn a_redirect_to_another_origin_drops_credentials() {
    let other = serve(vec![Act::Hold(stream(SSE, ""))]);
    let here = "HTTP/1.1 307 Temporary Redirect\r\nLocation: /here\r\nContent-Length: 0\r\n\r\n";
    let away = format!("HTTP/1.1 302 Found\r\nLocation: {}/there\r\nContent-Length: 0\r\n\r\n", other.url);
    let server = serve(vec![Act::Answer(here.into()), Act::Answer(away)]);
    let headers = vec![("Authorization".into(), "Bearer secret".into()), ("Cookie".into(), "a=b".into())];
    let mut source = EventSource::new(&server.url, Options { headers, ..quick() }).unwrap();
    assert_eq!(source.next().unwrap().unwrap(), Received::Connected);

    assert_eq!(server.seen().header("authorization"), Some("Bearer secret"));
    let here = server.seen();
    assert_eq!((here.line.as_str(), here.header("authorization")), ("GET /here", Some("Bearer secret")));
    let there = other.seen();
    assert_eq!(
        (there.line.as_str(), there.header("authorization"), there.header("cookie")),
        ("GET /there", None, None)
    );
}

#[test]
fn a_redirect_in_a_circle_ends_it() {
    let circle = "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n";
    let server = serve((0..10).map(|_| Act::Answer(circle.into())).collect());
    let mut source = EventSource::new(&server.url, quick()).unwrap();
    assert!(matches!(source.next(), Some(Err(Error::Redirect))));
}

#[test]
fn a_service_that_wants_a_post_gets_it_with_each_connection() {
    let elsewhere = "HTTP/1.1 307 Temporary Redirect\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n";
    let server = serve(vec![
        Act::Last(elsewhere.into()),
        Act::Last(stream(SSE, "id: 7\ndata: a\n\n")),
        Act::Hold(stream(SSE, "data: b\n\n")),
    ]);
    let headers = vec![("Content-Type".into(), "application/json".into())];
    let mut source =
        EventSource::new(&server.url, Options { headers, ..quick() }).unwrap().with_method("POST", b"{}".to_vec());
    assert_eq!(source.next().unwrap().unwrap(), Received::Connected);
    assert_eq!(source.next().unwrap().unwrap(), message("7", "a"));
    assert_eq!(reconnecting(source.next()), Cut::Ended);
    assert_eq!(source.by_ref().take(2).last().unwrap().unwrap(), message("7", "b"));
    for (line, id) in [("POST /", None), ("POST /there", None), ("POST /", Some("7"))] {
        let seen = server.seen();
        assert_eq!((seen.line.as_str(), seen.body.as_str(), seen.header("last-event-id")), (line, "{}", id));
        assert_eq!(seen.header("content-type"), Some("application/json"));
    }
}

#[test]
fn what_came_before_the_end_is_given_before_the_end() {
    let server = serve(vec![Act::Hold(stream(SSE, "id: 1\ndata: a\n\nevent: tidings.reset\ndata: no reset\n\n"))]);
    let mut source = EventSource::new(&server.url, quick()).unwrap();
    assert_eq!(source.next().unwrap().unwrap(), Received::Connected);
    assert_eq!(source.next().unwrap().unwrap(), message("1", "a"));
    assert!(matches!(source.next(), Some(Err(Error::Envelope(_)))));
    assert!(source.next().is_none());
}

#[test]
fn silence_means_something_only_of_a_server_that_sends_bookmarks() {
    let server = serve(vec![Act::Hold(stream(SSE, "id: 1-0\n\n")), Act::Hold(stream(SSE, "data: x\n\n"))]);
    let options = Options { silence: Duration::from_millis(50), ..quick() };
    let mut ours = EventSource::new(&server.url, options.clone()).unwrap();
    assert_eq!(ours.by_ref().take(2).flatten().count(), 2);
    assert_eq!(reconnecting(ours.next()), Cut::Silent);
    drop(ours);

    let mut theirs = EventSource::new(&server.url, options).unwrap();
    assert_eq!(theirs.by_ref().take(2).flatten().count(), 2);
    let (stop, (sender, ended)) = (theirs.stop_handle(), channel());
    let reader = thread::spawn(move || sender.send(theirs.next().is_none()));
    assert!(ended.recv_timeout(Duration::from_millis(200)).is_err(), "it goes on waiting");
    stop.stop();
    assert_eq!(ended.recv(), Ok(true));
    reader.join().unwrap().unwrap();
}

#[test]
fn another_thread_can_stop_it() {
    let server = serve(vec![Act::Hold(stream(SSE, "data: one\n\n"))]);
    let mut source = EventSource::new(&server.url, quick()).unwrap();
    let stop = source.stop_handle();
    assert_eq!(source.next().unwrap().unwrap(), Received::Connected);
    assert!(matches!(source.next(), Some(Ok(Received::Message { .. }))));
    let stopper = thread::spawn(move || stop.stop());
    assert!(source.next().is_none());
    stopper.join().unwrap();
}

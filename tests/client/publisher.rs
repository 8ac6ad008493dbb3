//! The publisher: in order, over one connection, and never twice.

use crate::scripted::{Act, answer, quick, serve};
use std::net::TcpListener;
use std::time::Duration;
use tidings::client::{Cut, Error, Options, PublishError, Publisher};
use tidings::topic::Cursor;

const JSON: &str = "application/json";

fn created(id: &str) -> String {
    answer("201 Created", JSON, &format!("{{\"id\":\"{id}\"}}"))
}

#[test]
fn messages_go_over_one_connection() {
    let server = serve(vec![Act::Answer(created("1-1")), Act::Answer(created("1-2"))]);
    let mut publisher = Publisher::new(&format!("{}/topics/t", server.url), quick()).unwrap();
    assert_eq!(publisher.publish(Some("a b"), "grüße").unwrap(), Some(Cursor::new(1, 1)));
    assert_eq!(publisher.publish(None, "").unwrap(), Some(Cursor::new(1, 2)));
    let (first, second) = (server.seen(), server.seen());
    assert_eq!((first.line.as_str(), first.body.as_str()), ("POST /topics/t?event=a+b", "grüße"));
    assert_eq!((second.line.as_str(), second.body.as_str()), ("POST /topics/t", ""));
    assert_eq!((first.connection, second.connection), (0, 0));
}

#[test]
fn a_connection_that_ended_meanwhile_is_replaced_before_anything_is_sent() {
    let server = serve(vec![Act::Last(created("1-1")), Act::Answer(created("1-2"))]);
    let mut publisher = Publisher::new(&server.url, quick()).unwrap();
    publisher.publish(None, "a").unwrap();
    // The server closes; the second request waits until that has arrived, as it would a moment later.
    let again = publisher.publish(None, "b");
    match again {
        Ok(id) => assert_eq!(id, Some(Cursor::new(1, 2))),
        // The end came after the check: then it is not known, and not sent again.
        Err(error) => assert!(matches!(error, PublishError::Unknown(_)), "{error:?}"),
    }
}

#[test]
fn a_server_that_says_that_it_did_not_take_it_is_asked_again() {
    let server = serve(vec![
        Act::Answer("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n".into()),
        Act::Answer(created("1-1")),
    ]);
    let mut publisher = Publisher::new(&server.url, quick()).unwrap();
    let mut told = Vec::new();
    let id = publisher.publish_telling(None, "a", |why, _| told.push(why.to_string())).unwrap();
    assert_eq!(id, Some(Cursor::new(1, 1)));
    assert_eq!(told, ["the server answered 503 Service Unavailable"]);
}

#[test]
fn what_may_have_been_taken_is_not_sent_again() {
    let server = serve(vec![Act::Last(String::new()), Act::Answer(created("1-2"))]);
    let mut publisher = Publisher::new(&server.url, quick()).unwrap();
    assert!(matches!(publisher.publish(None, "a"), Err(PublishError::Unknown(Error::Cut(Cut::Ended)))));
    assert_eq!(publisher.publish(None, "b").unwrap(), Some(Cursor::new(1, 2)), "the next message is another matter");
    server.seen();
    assert_eq!(server.seen().body, "b");
}

#[test]
fn a_refusal_is_told_with_what_the_server_said() {
    let server = serve(vec![Act::Answer(answer("413 Content Too Large", "text/plain", "at most 1 MiB\n"))]);
    let mut publisher = Publisher::new(&server.url, quick()).unwrap();
    let error = publisher.publish(None, "a").unwrap_err();
    assert!(matches!(&error, PublishError::Refused(Error::Status { status, .. }) if status.as_u16() == 413));
    assert_eq!(error.to_string(), "the server answered 413 Content Too Large: at most 1 MiB");
}

#[test]
fn a_server_that_is_not_there_is_reported_at_once() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let mut publisher = Publisher::new(&url, Options { retry: Duration::from_secs(3600), ..quick() }).unwrap();
    assert!(matches!(publisher.publish(None, "a"), Err(PublishError::Unavailable(Cut::Connect(_)))));
}

#[test]
fn any_success_will_do() {
    let server = serve(vec![Act::Last("HTTP/1.1 204 No Content\r\n\r\n".into())]);
    let mut publisher = Publisher::new(&server.url, quick()).unwrap();
    assert_eq!(publisher.publish(None, "a").unwrap(), None);
}

#[test]
fn errors_name_their_sources() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut publisher = Publisher::new(&format!("http://{nobody}/"), quick()).unwrap();
    let error = publisher.publish(None, "a").unwrap_err();
    let source = std::error::Error::source(&error).expect("a source");
    assert!(matches!(source.downcast_ref(), Some(Cut::Connect(_))), "{source:?}");
}

#[test]
fn a_header_that_cannot_be_sent_is_refused_before_anything_is_connected_to() {
    for (name, value) in [("A B", "b"), ("Transfer-Encoding", "chunked"), ("Content-Length", "1"), ("A", "b\nc")] {
        let options = Options { headers: vec![(name.into(), value.into())], ..quick() };
        let error = Publisher::new("http://127.0.0.1:1/", options).unwrap_err();
        assert!(matches!(&error, Error::Header(why) if why.contains(name)), "{error}");
    }
}

#[test]
fn headers_take_the_place_of_the_publishers_own() {
    let server = serve(vec![Act::Answer(created("1-1"))]);
    let headers = vec![("host".into(), "other:81".into()), ("Content-Type".into(), JSON.into())];
    let mut publisher = Publisher::new(&server.url, Options { headers, ..quick() }).unwrap();
    publisher.publish(None, "{}").unwrap();
    let seen = server.seen();
    assert_eq!((seen.header("Host"), seen.header("Content-Type")), (Some("other:81"), Some(JSON)));
    assert_eq!(seen.headers.len(), 3, "{seen:?}");
}

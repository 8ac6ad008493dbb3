//! The publisher: in order, over one connection, and never twice.

use crate::scripted::{Act, answer, quick, serve};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;
use tidings::client::{Cut, Error, Options, PublishError, Publisher};
use tidings::topic::{Cursor, IdempotencyKey};

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

/// RFC 9112 §2.2, §6.3: and nothing follows it.
#[test]
fn a_line_end_of_the_content_counts_as_content() {
    let server = serve(vec![Act::Answer(created("1-1")), Act::Answer(created("1-2"))]);
    let mut publisher = Publisher::new(&server.url, quick()).unwrap();
    for data in ["a\r\n", "b"] {
        publisher.publish(None, data).unwrap();
        let seen = server.seen();
        assert_eq!((seen.body.as_str(), seen.connection), (data, 0));
        assert_eq!(seen.header("content-length"), Some(data.len().to_string().as_str()));
        assert_eq!(seen.header("transfer-encoding"), None);
    }
}

/// RFC 9112 §9.2, §6.3: it could be anybody's.
#[test]
fn what_was_not_asked_for_is_no_answer() {
    let two = created("1-1") + &created("6-6");
    let server = serve(vec![Act::Answer(two), Act::Answer(created("1-2"))]);
    let mut publisher = Publisher::new(&server.url, quick()).unwrap();
    assert_eq!(publisher.publish(None, "a").unwrap(), Some(Cursor::new(1, 1)));
    assert_eq!(publisher.publish(None, "b").unwrap(), Some(Cursor::new(1, 2)));
    assert_eq!((server.seen().connection, server.seen().connection), (0, 1));
}

/// RFC 9110 §15.2
#[test]
fn interim_answers_are_passed_over() {
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    let server = serve(vec![Act::Answer(interim.to_owned() + &created("1-1")), Act::Answer(created("1-2"))]);
    let mut publisher = Publisher::new(&server.url, quick()).unwrap();
    assert_eq!(publisher.publish(None, "a").unwrap(), Some(Cursor::new(1, 1)));
    assert_eq!(publisher.publish(None, "b").unwrap(), Some(Cursor::new(1, 2)));
    assert_eq!((server.seen().connection, server.seen().connection), (0, 0));
}

/// RFC 9112 §9.6: even if the server leaves it open.
#[test]
fn behind_a_close_the_next_request_has_a_connection_of_its_own() {
    let last = created("1-1").replacen("\r\n", "\r\nConnection: close\r\n", 1);
    let server = serve(vec![Act::Answer(last), Act::Answer(created("1-2"))]);
    let mut publisher = Publisher::new(&server.url, quick()).unwrap();
    assert_eq!(publisher.publish(None, "a").unwrap(), Some(Cursor::new(1, 1)));
    assert_eq!(publisher.publish(None, "b").unwrap(), Some(Cursor::new(1, 2)));
    assert_eq!((server.seen().connection, server.seen().connection), (0, 1));
}

/// RFC 9112 §9.5
#[test]
fn who_is_refused_in_the_midst_of_the_body_learns_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        // The head and some of the body; then the answer, and of the rest so much as is needed for it to arrive.
        assert_ne!(socket.read(&mut [0; 4096]).unwrap(), 0);
        socket.write_all(b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").unwrap();
        socket.shutdown(std::net::Shutdown::Write).unwrap();
        while socket.read(&mut [0; 4096]).is_ok_and(|len| len > 0) {}
    });
    let mut publisher = Publisher::new(&url, quick()).unwrap();
    let refused = publisher.publish(None, &"x".repeat(8 << 20));
    assert!(
        matches!(&refused, Err(PublishError::Refused(Error::Status { status, .. })) if status.as_u16() == 413),
        "{refused:?}"
    );
    drop(publisher);
    server.join().unwrap();
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
        // The end came after the check: then it is not known, and not sent again to who has sent no key back.
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
fn one_key_for_all_messages_is_refused_before_anything_is_sent() {
    let headers = vec![("idempotency-key".to_owned(), "k".to_owned())];
    let refused = Publisher::new("http://127.0.0.1:1/", Options { headers, ..quick() });
    assert!(matches!(refused, Err(Error::Header(why)) if why.contains("Idempotency-Key")));
}

/// What a server that knows keys adds to its answer.
fn acknowledged(answer: &str, key: &str) -> String {
    answer.replacen("\r\n", &format!("\r\nIdempotency-Key: {key}\r\n"), 1)
}

/// An answer that depends on the key of the request.
fn with_key(answer: &'static str, connection: Then) -> Act {
    Act::Other(Box::new(move |mut socket, _, seen| {
        let answer = acknowledged(answer, seen.header("Idempotency-Key").expect("a key"));
        socket.write_all(answer.as_bytes()).unwrap();
        if let Then::WaitForEnd = connection {
            let _ = socket.read(&mut [0]);
        }
    }))
}

enum Then {
    Close,
    WaitForEnd,
}

const YES: &str = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
const CREATED: &str = "HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: 12\r\n\r\n{\"id\":\"1-1\"}";

#[test]
fn each_message_has_a_key_of_its_own() {
    let server = serve(vec![Act::Answer(created("1-1")), Act::Answer(created("1-2")), Act::Answer(created("2-1"))]);
    let mut publisher = Publisher::new(&server.url, Options::default()).unwrap();
    publisher.publish(None, "a").unwrap();
    publisher.publish(None, "a").unwrap();
    drop(publisher);
    Publisher::new(&server.url, Options::default()).unwrap().publish(None, "a").unwrap();
    let keys: Vec<String> = (0..3).map(|_| server.seen().header("Idempotency-Key").unwrap().to_owned()).collect();
    assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2], "{keys:?}");
    for key in keys {
        assert!(key.starts_with('"') && IdempotencyKey::from_header(&key).is_ok(), "{key}");
    }
}

#[test]
fn what_may_have_been_taken_is_not_sent_again_to_who_knows_no_keys() {
    let no = answer("405 Method Not Allowed", "text/plain", "no\n");
    let server = serve(vec![Act::Last(String::new()), Act::Last(no), Act::Answer(created("1-2"))]);
    let mut publisher = Publisher::new(&server.url, quick()).unwrap();
    assert!(matches!(publisher.publish(None, "a"), Err(PublishError::Unknown(Error::Cut(Cut::Ended)))));
    assert_eq!(publisher.publish(None, "b").unwrap(), Some(Cursor::new(1, 2)), "the next message is another matter");
    let lines: Vec<String> = (0..3).map(|_| server.seen()).map(|seen| format!("{} {}", seen.line, seen.body)).collect();
    assert_eq!(lines, ["POST / a", "OPTIONS / ", "POST / b"]);
}

#[test]
fn what_may_have_been_taken_is_sent_again_with_its_key_to_who_says_that_it_knows_keys() {
    let server = serve(vec![Act::Last(String::new()), with_key(YES, Then::Close), with_key(CREATED, Then::WaitForEnd)]);
    let mut publisher = Publisher::new(&server.url, quick()).unwrap();
    let mut told = Vec::new();
    let id = publisher.publish_telling(Some("e"), "a", |why, _| told.push(why.clone())).unwrap();
    assert_eq!((id, told), (Some(Cursor::new(1, 1)), vec![Cut::Ended]));
    let (first, asked, again) = (server.seen(), server.seen(), server.seen());
    assert_eq!((asked.line.as_str(), asked.body.as_str()), ("OPTIONS /", ""));
    assert_eq!((&again.line, &again.body, &again.headers), (&first.line, &first.body, &first.headers));
}

#[test]
fn who_has_sent_a_key_back_is_not_asked_again() {
    let server = serve(vec![
        with_key(CREATED, Then::Close),
        Act::Last(String::new()),
        Act::Answer(answer("504 Gateway Timeout", "text/plain", "nobody is there\n")),
        Act::Answer(created("1-2")),
    ]);
    let mut publisher = Publisher::new(&server.url, quick()).unwrap();
    publisher.publish(None, "a").unwrap();
    assert_eq!(publisher.publish(None, "b").unwrap(), Some(Cursor::new(1, 2)));
    let seen: Vec<_> = (0..4).map(|_| server.seen()).collect();
    assert!(seen.iter().all(|seen| seen.line == "POST /"));
    assert!(seen[1..].iter().all(|again| again.header("Idempotency-Key") == seen[1].header("Idempotency-Key")));
    assert_ne!(seen[0].header("Idempotency-Key"), seen[1].header("Idempotency-Key"));
}

#[test]
fn what_is_always_cut_off_is_given_up() {
    let cuts = (0..=Publisher::DOUBTS).map(|_| Act::Last(String::new()));
    let server = serve([with_key(CREATED, Then::Close)].into_iter().chain(cuts).collect());
    let mut publisher = Publisher::new(&server.url, quick()).unwrap();
    publisher.publish(None, "a").unwrap();
    assert!(matches!(publisher.publish(None, "b"), Err(PublishError::Unknown(Error::Cut(Cut::Ended)))));
    for _ in 0..=Publisher::DOUBTS + 1 {
        server.seen();
    }
}

#[test]
fn later_trouble_does_not_make_it_certain_that_it_was_not_taken() {
    let refused = answer("403 Forbidden", "text/plain", "not any more\n");
    let server = serve(vec![with_key(CREATED, Then::Close), Act::Last(String::new()), Act::Last(refused)]);
    let mut publisher = Publisher::new(&server.url, quick()).unwrap();
    publisher.publish(None, "a").unwrap();
    assert!(matches!(publisher.publish(None, "b"), Err(PublishError::Unknown(Error::Cut(Cut::Ended)))));
}

#[test]
fn a_gateway_that_got_no_answer_does_not_know_either() {
    for status in ["502 Bad Gateway", "504 Gateway Timeout"] {
        let no = answer("404 Not Found", "text/plain", "no\n");
        let server = serve(vec![Act::Last(answer(status, "text/plain", "hm\n")), Act::Last(no)]);
        let mut publisher = Publisher::new(&server.url, quick()).unwrap();
        let error = publisher.publish(None, "a").unwrap_err();
        let said = format!("the server answered {status}: it is not known whether the message was taken");
        assert!(matches!(error, PublishError::Unknown(Error::Cut(Cut::Status(_)))), "{error:?}");
        assert_eq!(error.to_string(), said);
    }
}

#[test]
fn a_key_of_the_callers_is_sent_as_it_is() {
    let server = serve(vec![Act::Answer(created("1-1"))]);
    let mut publisher = Publisher::new(&server.url, quick()).unwrap();
    let key: IdempotencyKey = "order-4711".parse().unwrap();
    publisher.publish_once(&key, None, "a", |_, _| {}).unwrap();
    assert_eq!(server.seen().header("Idempotency-Key"), Some("\"order-4711\""));
}

/// A real topic, and in front of it somebody who passes on what is sent and, so many times, not what is answered.
#[test]
fn behind_a_connection_that_is_cut_each_message_is_there_exactly_once() {
    let server = tidings::server::Server::builder().bind("127.0.0.1:0").unwrap();
    let (addr, handle) = (server.local_addr(), server.handle());
    let serving = thread::spawn(move || server.run());
    let front = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/topics/t", front.local_addr().unwrap());
    thread::spawn(move || {
        for (n, client) in front.incoming().enumerate() {
            let (mut client, mut server) = (client.unwrap(), TcpStream::connect(addr).unwrap());
            let mut buffer = [0; 4096];
            // The first thing that comes over every second connection is taken, and its answer lost.
            while let Ok(len @ 1..) = client.read(&mut buffer) {
                server.write_all(&buffer[..len]).unwrap();
                let Ok(len @ 1..) = server.read(&mut buffer) else { break };
                if n % 2 == 0 || client.write_all(&buffer[..len]).is_err() {
                    break;
                }
            }
        }
    });
    for n in 0..10 {
        // One publisher each: it does not know beforehand that the server knows keys.
        let id = Publisher::new(&url, quick_and_random()).unwrap().publish(None, &n.to_string()).unwrap();
        assert_eq!(id.map(Cursor::n), Some(n + 1));
    }
    assert_eq!(handle.publish(&"t".parse().unwrap(), None, "the end").unwrap().n(), 11);
    handle.drain();
    serving.join().unwrap().unwrap();
}

fn quick_and_random() -> Options {
    Options { random: Options::default().random, ..quick() }
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
fn a_redirect_of_a_message_is_not_followed() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    for status in ["301 Moved Permanently", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let there = format!("Location: http://{}/\r\nContent-Length: 0", other.local_addr().unwrap());
        let server = serve(vec![Act::Answer(format!("HTTP/1.1 {status}\r\n{there}\r\n\r\n"))]);
        let refused = Publisher::new(&server.url, quick()).unwrap().publish(None, "a");
        let told = matches!(&refused, Err(PublishError::Refused(Error::Status { status: told, .. }))
            if status.starts_with(&told.as_u16().to_string()));
        assert!(told, "{status}: {refused:?}");
    }
    assert!(other.accept().is_err(), "nobody has come");
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
    assert_eq!(seen.headers.len(), 4, "{seen:?}");
}

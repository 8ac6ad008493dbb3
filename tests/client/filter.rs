//! Asking for messages of some events only: in the request target, whatever the transport.

use crate::scripted::{Act, Scripted, answer, quick, serve, stream};
use tidings::client::{Error, EventSource, Options, Poller, Received, Stream, WebSocketSource};
use tidings::topic::Filter;

type Source = Box<dyn Iterator<Item = Result<Received, Error>>>;
type Open = fn(&str, Options) -> Source;

const OPEN: [Open; 5] = [
    |url, options| Box::new(EventSource::new(url, options).unwrap()),
    |url, options| Box::new(Stream::new(url, options).unwrap()),
    |url, options| Box::new(Poller::long(url, options).unwrap()),
    |url, options| Box::new(Poller::short(url, options).unwrap()),
    |url, options| Box::new(WebSocketSource::new(url, options).unwrap()),
];

fn options() -> Options {
    Options { filter: Filter::parse(["price", "größe & co"]).unwrap(), after: Some("oldest".into()), ..quick() }
}

/// Lets a client connect once and again, and gives what it asked for.
fn asked(open: Open, url: &str, server: &Scripted, requests: usize) -> Vec<String> {
    let mut source = open(url, options());
    let lines = (0..requests).map(|_| {
        // Each answer is a refusal for now: one try, one reconnection.
        assert!(matches!(source.next(), Some(Ok(Received::Reconnecting { .. }))));
        server.seen().line
    });
    lines.collect()
}

#[test]
fn every_transport_asks_for_the_same_events_at_each_connection() {
    let busy = || Act::Answer(answer("503 Service Unavailable", "text/plain", "busy\n"));
    for open in OPEN {
        let server = serve(vec![busy(), busy()]);
        let url = format!("{}/topics/t?event=other&x=1", server.url);
        for line in asked(open, &url, &server, 2) {
            // What the URL says of events gives way, and the rest stays.
            assert_eq!(line, "GET /topics/t?x=1&after=oldest&event=gr%C3%B6%C3%9Fe+%26+co&event=price");
        }
    }
}

#[test]
fn a_redirect_leads_to_the_same_events_and_the_same_place() {
    for open in OPEN {
        let away = "HTTP/1.1 307 Temporary Redirect\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n";
        let busy = answer("503 Service Unavailable", "text/plain", "busy\n");
        let server = serve(vec![Act::Answer(away.into()), Act::Last(busy)]);
        let mut source = open(&server.url, options());
        assert!(matches!(source.next(), Some(Ok(Received::Reconnecting { .. }))));
        let query = "after=oldest&event=gr%C3%B6%C3%9Fe+%26+co&event=price";
        assert_eq!(server.seen().line, format!("GET /?{query}"));
        assert_eq!(server.seen().line, format!("GET /there?{query}"));
    }
}

#[test]
fn without_a_filter_the_url_has_its_say() {
    let server = serve(vec![Act::Hold(stream("application/x-ndjson", ""))]);
    let mut source = Stream::new(&format!("{}/t?event=price", server.url), quick()).unwrap();
    assert!(matches!(source.next(), Some(Ok(Received::Connected))));
    assert_eq!(server.seen().line, "GET /t?event=price&after=now");
}

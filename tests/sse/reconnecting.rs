//! The client's machine: "The `EventSource` interface" (§9.2.2), its constructor and what it makes of a response;
//! "Processing model" (§9.2.3), the algorithms that announce, reestablish and fail a connection; "The `Last-Event-ID`
//! header" (§9.2.4). On a simulated clock.

use proptest::prelude::*;
use std::time::Duration;
use tidings::Step;
use tidings::bytes::BytesMut;
use tidings::http::{Status, encode_request};
use tidings::reconnect::{Backoff, Due, Origin, Reconnect};
use tidings::sse::{DecodeError, Decoded, DecoderLimits, EventSource, ReadyState, Response};

type Source = EventSource<Duration>;

const SECOND: Duration = Duration::from_secs(1);
const ZERO: Duration = Duration::ZERO;
const SSE: &str = "text/event-stream";

/// Each wait is as long as it may be.
fn source() -> Source {
    EventSource::new(Backoff::new(SECOND, 30 * SECOND, |bytes| bytes.fill(0xff)))
}

/// Each wait is as short as it may be.
fn impatient() -> Source {
    EventSource::new(Backoff::new(SECOND, 30 * SECOND, |bytes| bytes.fill(0)))
}

fn respond(source: &mut Source, code: u16, content_type: &str, now: Duration) -> Response {
    source.handle_response(Status::new(code).unwrap(), content_type, None, now)
}

#[track_caller]
fn open(source: &mut Source, now: Duration) {
    assert_eq!(respond(source, 200, SSE, now), Response::Open);
}

/// Gives the bytes to the source; the data of the events.
#[track_caller]
fn receive(source: &mut Source, mut input: &[u8], now: Duration) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let step = source.receive(input, now).unwrap();
        input = &input[step.consumed..];
        match step.event {
            Some(Decoded::Message { data, .. }) => seen.push(data.into_owned()),
            Some(_) => {}
            None => return seen,
        }
    }
}

/// Waits until the source wants to connect; the time then.
#[track_caller]
fn wait(source: &mut Source) -> Duration {
    let due = source.poll_timeout().expect("it waits");
    assert_eq!(source.handle_timeout(due), Some(Due::Connect));
    due
}

/// The cut, in whole seconds: the draw is a hair below the cap.
#[track_caller]
fn cut(source: &mut Source, now: Duration) -> u64 {
    (source.handle_cut(now).expect("it is not closed") + Duration::from_millis(1)).as_secs()
}

fn header<'a>(source: &'a Source, name: &str) -> Option<&'a str> {
    let headers = source.request().expect("there is something to ask").headers;
    headers.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn with_headers(headers: &[(&str, &str)]) -> Source {
    source().with_headers(headers.iter().map(|&(name, value)| (name.into(), value.into())).collect())
}

#[test]
fn s9_2_2_a_new_source_is_connecting_and_asks_at_once() {
    let source = source();
    assert_eq!((source.ready_state(), source.poll_timeout()), (ReadyState::Connecting, None));
    let request = source.request().unwrap();
    assert_eq!((request.method, request.body), ("GET", &[][..]));
}

#[test]
fn s9_2_2_step_10_it_accepts_event_streams() {
    assert_eq!(header(&source(), "accept"), Some(SSE));
    assert_eq!(header(&with_headers(&[("accept", "*/*")]), "accept"), Some("*/*"), "unless the caller knows better");
}

#[test]
fn s9_2_2_step_11_it_takes_nothing_from_a_cache() {
    assert_eq!(header(&source(), "cache-control"), Some("no-store"));
}

#[test]
fn s9_2_2_step_14_the_end_of_the_body_reestablishes_the_connection() {
    let mut source = source();
    open(&mut source, ZERO);
    assert_eq!(receive(&mut source, b"data: a\n\ndata: half", ZERO), ["a"]);
    source.handle_cut(ZERO).unwrap();
    assert_eq!((source.ready_state(), source.request()), (ReadyState::Connecting, None));
    let now = wait(&mut source);
    open(&mut source, now);
    assert_eq!(receive(&mut source, b"data: b\n\n", now), ["b"], "what was half is gone");
}

#[test]
fn s9_2_2_step_15_1_a_request_that_was_aborted_is_the_end() {
    let mut source = source();
    source.close();
    assert_eq!(respond(&mut source, 200, SSE, ZERO), Response::Closed);
    assert_eq!((source.ready_state(), source.request()), (ReadyState::Closed, None));
}

#[test]
fn s9_2_2_step_15_2_a_network_error_reestablishes_the_connection() {
    let mut source = source();
    assert_eq!(cut(&mut source, ZERO), 1);
    assert_eq!(source.ready_state(), ReadyState::Connecting);
    wait(&mut source);
    assert!(source.request().is_some());
}

#[test]
fn s9_2_2_step_15_3_another_status_fails_the_connection() {
    for code in [101, 201, 204, 205, 206, 304, 400, 401, 403, 404, 405, 406, 410, 415, 501, 505] {
        let mut source = source();
        assert_eq!(respond(&mut source, code, SSE, ZERO), Response::WrongStatus, "{code}");
        assert_eq!((source.ready_state(), source.poll_timeout()), (ReadyState::Closed, None), "{code}");
    }
}

#[test]
fn s9_2_2_step_15_3_but_a_status_that_is_about_now_is_tried_again() {
    for code in [408, 425, 429, 500, 502, 503, 504, 599] {
        let mut source = source();
        assert!(matches!(respond(&mut source, code, "text/html", ZERO), Response::Later(_)), "{code}");
        wait(&mut source);
        assert!(source.request().is_some(), "{code}");
    }
}

#[test]
fn s9_2_2_step_15_3_retry_after_wins() {
    let mut source = impatient();
    let busy = Status::TOO_MANY_REQUESTS;
    assert_eq!(source.handle_response(busy, "", Some(9 * SECOND), SECOND), Response::Later(9 * SECOND));
    assert_eq!(source.poll_timeout(), Some(10 * SECOND));
}

#[test]
fn s9_2_2_step_15_3_another_media_type_fails_the_connection() {
    for wrong in ["", "text/html", "text/event-streams", "application/x-ndjson; a=text/event-stream"] {
        let mut source = source();
        assert_eq!(respond(&mut source, 200, wrong, ZERO), Response::WrongType, "{wrong}");
        assert_eq!(source.ready_state(), ReadyState::Closed);
    }
    for right in ["text/event-stream", "Text/Event-Stream ; charset=utf-8", "text/event-stream;charset=latin1"] {
        open(&mut source(), ZERO);
        assert_eq!(respond(&mut source(), 200, right, ZERO), Response::Open, "{right}");
    }
}

#[test]
fn s9_2_2_step_15_4_what_is_an_event_stream_is_interpreted() {
    let mut source = source();
    assert_eq!(receive(&mut source, b"data: too early\n\n", ZERO), [""; 0]);
    open(&mut source, ZERO);
    for (n, byte) in b"data: a\n\n".iter().enumerate() {
        let seen = receive(&mut source, &[*byte], ZERO);
        assert_eq!(seen.len(), usize::from(n == 8), "a byte at a time");
    }
}

#[test]
fn s9_2_3_announce_it_is_open() {
    let mut source = source();
    open(&mut source, ZERO);
    assert_eq!((source.ready_state(), source.request()), (ReadyState::Open, None));
}

#[test]
fn s9_2_3_announce_unless_it_was_closed() {
    let mut source = source();
    source.close();
    respond(&mut source, 200, SSE, ZERO);
    assert_eq!(source.ready_state(), ReadyState::Closed);
    assert_eq!(receive(&mut source, b"data: a\n\n", ZERO), [""; 0]);
}

#[test]
fn s9_2_3_reestablish_step_1_1_what_is_closed_is_not_reestablished() {
    let mut source = source();
    open(&mut source, ZERO);
    source.close();
    assert_eq!((source.handle_cut(ZERO), source.poll_timeout()), (None, None));
    assert_eq!(source.ready_state(), ReadyState::Closed);
}

#[test]
fn s9_2_3_reestablish_step_1_2_it_is_connecting_again() {
    let mut source = source();
    open(&mut source, ZERO);
    source.handle_cut(ZERO);
    assert_eq!(source.ready_state(), ReadyState::Connecting);
    assert_eq!(receive(&mut source, b"data: too late\n\n", ZERO), [""; 0]);
}

#[test]
fn s9_2_3_reestablish_step_2_the_reconnection_time_is_waited_for() {
    let mut source = impatient();
    open(&mut source, ZERO);
    receive(&mut source, b"retry: 4000\n", ZERO); // a line is enough
    assert_eq!(source.handle_cut(SECOND), Some(4 * SECOND));
    assert_eq!(source.handle_timeout(4 * SECOND), None);
    assert_eq!(source.request(), None);
    assert_eq!(source.handle_timeout(5 * SECOND), Some(Due::Connect));
    assert_eq!(source.handle_cut(5 * SECOND), Some(4 * SECOND), "for each connection from then on");
}

#[test]
fn s9_2_3_reestablish_step_2_no_time_and_for_ever_are_bounded() {
    let mut hasty = source();
    let mut now = ZERO;
    for _ in 0..10 {
        open(&mut hasty, now);
        receive(&mut hasty, b"retry: 0\n\ndata: a\n\n", now);
        hasty.handle_cut(now);
        now = wait(&mut hasty);
    }
    assert!(now > 60 * SECOND, "ten connections in {now:?}");

    let mut source = source();
    open(&mut source, ZERO);
    receive(&mut source, b"retry: 999999999999999999999999999999\n", ZERO);
    assert!(source.handle_cut(ZERO).unwrap() <= 2 * Backoff::MAX);
}

#[test]
fn s9_2_3_reestablish_step_3_failures_in_a_row_wait_longer() {
    let mut source = source();
    let waits = [0; 7].map(|_| cut(&mut source, ZERO));
    assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
}

#[test]
fn s9_2_3_reestablish_step_3_the_jitter_is_full() {
    assert_eq!(impatient().handle_cut(ZERO), Some(Backoff::SHORTEST));
}

#[test]
fn s9_2_3_reestablish_step_3_a_server_that_accepts_and_closes_at_once_is_asked_less_and_less_often() {
    // Nothing, a comment, a bookmark, a greeting, and the same event each time: none of them gets us on.
    for said in ["", ": hello\n\n", "id: 7\n\n", "event: hello\ndata\n\n", "id: 7\ndata: x\n\n"] {
        let mut source = source().with_last_event_id("7");
        let mut now = ZERO;
        let waits = [0; 4].map(|_| {
            open(&mut source, now);
            receive(&mut source, said.as_bytes(), now);
            let waited = cut(&mut source, now);
            now = wait(&mut source);
            waited
        });
        assert_eq!(waits, [1, 2, 4, 8], "{said:?}");
    }
}

#[test]
fn s9_2_3_reestablish_step_3_progress_or_a_while_begins_anew() {
    let mut source = source();
    assert_eq!([0; 2].map(|_| cut(&mut source, ZERO)), [1, 2]);
    let now = wait(&mut source);
    open(&mut source, now);
    receive(&mut source, b"id: 1\ndata: a\n\n", now);
    assert_eq!([0; 2].map(|_| cut(&mut source, now)), [1, 2]);
    let now = wait(&mut source);
    open(&mut source, now);
    assert_eq!(cut(&mut source, now + Reconnect::<Duration>::STABLE), 1);
}

#[test]
fn s9_2_3_reestablish_step_5_1_what_was_closed_meanwhile_does_not_connect() {
    let mut source = source();
    let wait = source.handle_cut(ZERO).unwrap();
    source.close();
    assert_eq!((source.handle_timeout(wait), source.request()), (None, None));
}

#[test]
fn s9_2_3_reestablish_step_5_2_it_is_the_same_request() {
    let headers = vec![("Authorization".into(), "Bearer secret".into())];
    let mut source = source().with_headers(headers).with_method("POST", b"{}".to_vec());
    let first = format!("{:?}", source.request());
    source.handle_cut(ZERO);
    wait(&mut source);
    assert_eq!(format!("{:?}", source.request()), first);
    let request = source.request().unwrap();
    assert_eq!((request.method, request.body), ("POST", &b"{}"[..]));
}

#[test]
fn s9_2_3_reestablish_step_5_3_the_last_event_id_goes_along_unless_it_is_empty() {
    let mut source = source();
    assert_eq!(header(&source, "last-event-id"), None);
    for (said, sent) in [("id: 1\n\nid: 2\ndata: cut", Some("1")), ("id: ü\n\n", Some("ü")), ("id\n\n", None)] {
        open(&mut source, ZERO);
        receive(&mut source, said.as_bytes(), ZERO);
        source.handle_cut(ZERO);
        wait(&mut source);
        assert_eq!(header(&source, "last-event-id"), sent, "{said:?}");
    }
}

/// Nor does one of the caller's own in its place, which is older.
#[test]
fn s9_2_3_reestablish_step_5_3_an_id_that_no_header_can_have_stays_at_home() {
    for id in ["a\u{1}b", "\u{7f}", "\u{1b}[0m"] {
        let mut source = with_headers(&[("Last-Event-ID", "old")]);
        open(&mut source, ZERO);
        assert_eq!(receive(&mut source, format!("id: {id}\ndata: x\n\n").as_bytes(), ZERO), ["x"]);
        source.handle_cut(ZERO);
        wait(&mut source);
        assert_eq!((source.last_event_id(), header(&source, "last-event-id")), (id, None));
        let mut headers = source.request().unwrap().headers;
        headers.push(("Host", "localhost"));
        assert_eq!(encode_request("GET", "/", &headers, &mut BytesMut::new()), Ok(()), "{id:?}");
    }
    assert_eq!(header(&source().with_last_event_id("a\tb"), "last-event-id"), Some("a\tb"), "a tab may be there");
}

#[test]
fn s9_2_3_fail_it_is_closed_and_does_not_try_again() {
    let mut source = source();
    respond(&mut source, 404, "", ZERO);
    assert_eq!((source.ready_state(), source.request()), (ReadyState::Closed, None));
    assert_eq!(
        (source.handle_cut(ZERO), source.poll_timeout(), source.handle_timeout(30 * SECOND)),
        (None, None, None)
    );
}

#[test]
fn s9_2_3_fail_an_event_over_the_limit_is_the_end() {
    let mut limits = DecoderLimits::default();
    limits.data = 3;
    let mut source = source().with_last_event_id("7").with_limits(limits);
    assert_eq!(source.last_event_id(), "7");
    open(&mut source, ZERO);
    assert_eq!(source.receive(b"data: four\n\n", ZERO), Err(DecodeError::DataTooLong));
    assert_eq!(source.ready_state(), ReadyState::Closed);
    assert_eq!(source.receive(b"data: a\n\n", ZERO), Err(DecodeError::DataTooLong), "an error is final");
    assert_eq!(source.handle_cut(ZERO), None);
}

#[test]
fn s9_2_4_an_id_that_was_stored_is_where_it_begins() {
    assert_eq!(header(&source().with_last_event_id("7"), "last-event-id"), Some("7"));
}

#[test]
fn s9_2_4_it_outdoes_the_callers_own_header() {
    let mut source = with_headers(&[("last-event-id", "old")]);
    assert_eq!(header(&source, "last-event-id"), Some("old"));
    open(&mut source, ZERO);
    receive(&mut source, b"id: new\n\n", ZERO);
    source.handle_cut(ZERO);
    wait(&mut source);
    let sent = source.request().unwrap().headers;
    let sent: Vec<_> = sent.iter().filter(|(name, _)| name.eq_ignore_ascii_case("last-event-id")).collect();
    assert_eq!(sent, [&("Last-Event-ID", "new")]);
}

#[test]
fn redirects_are_followed_within_reason() {
    for code in [301, 302, 303, 307, 308] {
        let mut source = source();
        for _ in 0..5 {
            assert_eq!(respond(&mut source, code, "text/html", ZERO), Response::Redirect, "{code}");
            assert!(source.handle_redirect(Origin::Same));
            assert!(source.request().is_some());
        }
        assert_eq!(respond(&mut source, code, "", ZERO), Response::Redirect);
        assert!(!source.handle_redirect(Origin::Same), "a circle");
        assert_eq!(source.ready_state(), ReadyState::Closed);
    }
}

/// CVE-2022-1650
#[test]
fn a_redirect_to_another_origin_takes_no_credentials_along() {
    let callers = [("Authorization", "Bearer secret"), ("Cookie", "a=b"), ("X-Api-Key", "k")];
    let mut source = with_headers(&callers).with_last_event_id("7");
    respond(&mut source, 307, "", ZERO);
    assert!(source.handle_redirect(Origin::Same));
    assert_eq!(header(&source, "authorization"), Some("Bearer secret"));
    for to in [Origin::Other, Origin::Same] {
        respond(&mut source, 302, "", ZERO);
        assert!(source.handle_redirect(to));
        let headers = source.request().unwrap().headers;
        assert_eq!(headers, [("Accept", SSE), ("Cache-Control", "no-store"), ("Last-Event-ID", "7")]);
    }
    // What a redirect says holds for one answer: the next connection begins where the first did.
    source.handle_cut(ZERO);
    wait(&mut source);
    assert_eq!(header(&source, "x-api-key"), Some("k"));
}

#[test]
fn a_redirected_post_becomes_a_get_as_browsers_have_it() {
    for (code, method) in [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")] {
        let mut source = with_headers(&[("Content-Type", "application/json"), ("X", "1")]);
        source = source.with_method("POST", b"{}".to_vec());
        respond(&mut source, code, "", ZERO);
        assert!(source.handle_redirect(Origin::Same));
        let request = source.request().unwrap();
        let kept = method == "POST";
        assert_eq!((request.method, request.body.is_empty()), (method, !kept), "{code}");
        assert_eq!(header(&source, "content-type").is_some(), kept, "{code}");
        assert_eq!(header(&source, "x"), Some("1"), "{code}");
    }
}

#[test]
fn a_body_goes_to_no_other_origin() {
    let post = || source().with_method("POST", b"secret".to_vec());
    let mut kept = post();
    respond(&mut kept, 307, "", ZERO);
    assert!(!kept.handle_redirect(Origin::Other));
    assert_eq!(kept.ready_state(), ReadyState::Closed);
    let mut dropped = post();
    respond(&mut dropped, 303, "", ZERO);
    assert!(dropped.handle_redirect(Origin::Other));
    assert!(dropped.request().unwrap().body.is_empty());
}

#[test]
fn silence_is_a_cut_where_keepalives_are_expected() {
    let mut source = source();
    open(&mut source, ZERO);
    assert_eq!(source.poll_timeout(), None);
    source.expect_keepalives(40 * SECOND);
    receive(&mut source, b":\n\n", 15 * SECOND);
    assert_eq!(source.handle_timeout(40 * SECOND), None);
    assert_eq!((source.poll_timeout(), source.handle_timeout(55 * SECOND)), (Some(55 * SECOND), Some(Due::Silent)));
    assert!(source.handle_cut(55 * SECOND).is_some());
}

#[test]
fn an_event_still_borrows_from_the_input() {
    let mut source = source();
    open(&mut source, ZERO);
    let wire = b"id: 1\ndata: a\n\nrest";
    let Ok(Step { consumed: 15, event: Some(Decoded::Message { data, .. }) }) = source.receive(wire, ZERO) else {
        panic!("an event")
    };
    assert!(matches!(data, std::borrow::Cow::Borrowed("a")));
}

/// What servers say that does not get a client on, which stands at ID 7.
const NOTHING_NEW: [&[u8]; 5] = [b"", b"retry: 0\n", b": hello\n\n", b"data: hi\n\n", b"id: 7\ndata\n\n"];

proptest! {
    /// Whatever they do: time goes on, and nobody is asked twenty times a second for nothing.
    #[test]
    fn no_server_makes_it_a_busy_loop(acts in prop::collection::vec((0_usize..5, 0_usize..5, 0_u64..300), 1..40)) {
        // The mean of what may be drawn.
        let mut source = Source::new(Backoff::new(ZERO, 30 * SECOND, |bytes| bytes.fill(0x80))).with_last_event_id("7");
        source.expect_keepalives(40 * SECOND);
        let (mut now, tries) = (ZERO, 400);
        for (_, &(status, said, asked)) in (0..tries).zip(acts.iter().cycle()) {
            prop_assert!(source.request().is_some());
            let status = Status::new([200, 200, 429, 503, 408][status]).unwrap();
            let retry_after = (asked < 200).then(|| Duration::from_millis(asked));
            if source.handle_response(status, SSE, retry_after, now) == Response::Open {
                receive(&mut source, NOTHING_NEW[said], now);
                source.handle_cut(now);
            }
            prop_assert!(source.poll_timeout() > Some(now), "time stands still");
            now = wait(&mut source);
        }
        prop_assert!(now > Duration::from_millis(50) * tries, "{tries} tries in {now:?}");
    }
}

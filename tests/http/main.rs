//! HTTP/1.1 by the sections of RFC 9112, every case in every split.

#[path = "../support/mod.rs"]
mod support;

mod limits;
mod properties;
mod s11_sending;
mod s2_messages;
mod s3_request_line;
mod s4_status_line;
mod s5_fields;
mod s6_body_length;
mod s7_chunked;
mod s9_connection;

use support::{Outcome, check, check_merged};
use tidings::Step;
use tidings::http::{
    BodyError, BodyEvent, BodyReader, Framing, HeadError, HeadLimits, Headers, RequestHead, RequestReader,
    ResponseHead, ResponseReader, Version,
};

/// A head made owned: start line in three parts, version, headers.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Head {
    start: (String, String),
    version: Version,
    headers: Vec<(String, Vec<u8>)>,
}

impl Head {
    fn of_request(head: &RequestHead<'_>) -> Self {
        let start = (head.method.to_owned(), head.target.to_owned());
        Self { start, version: head.version, headers: owned(&head.headers) }
    }

    fn of_response(head: &ResponseHead<'_>) -> Self {
        let start = (head.status.as_u16().to_string(), head.reason.to_owned());
        Self { start, version: head.version, headers: owned(&head.headers) }
    }
}

fn owned(headers: &Headers<'_>) -> Vec<(String, Vec<u8>)> {
    headers.iter().map(|header| (header.name.to_owned(), header.value.to_vec())).collect()
}

fn map<E, F>(step: Step<E>, to: impl FnOnce(E) -> F) -> Step<F> {
    Step { consumed: step.consumed, event: step.event.map(to) }
}

/// Requests read from `wire`, in every split.
#[track_caller]
fn requests(wire: impl AsRef<[u8]>) -> Outcome<Head, HeadError> {
    requests_within(HeadLimits::default(), wire)
}

#[track_caller]
fn requests_within(limits: HeadLimits, wire: impl AsRef<[u8]>) -> Outcome<Head, HeadError> {
    check(wire.as_ref(), || {
        let mut reader = RequestReader::new(limits);
        move |input, output| Ok(map(reader.receive(input, output)?, |head| Head::of_request(&head)))
    })
}

/// Responses read from `wire`, in every split.
#[track_caller]
fn responses(wire: impl AsRef<[u8]>) -> Outcome<Head, HeadError> {
    check(wire.as_ref(), || {
        let mut reader = ResponseReader::default();
        move |input, _| Ok(map(reader.receive(input)?, |head| Head::of_response(&head)))
    })
}

/// The one request that `wire` holds; its head borrows from it.
#[track_caller]
fn request(wire: &str) -> RequestHead<'_> {
    let step = RequestReader::default().receive(wire.as_bytes(), &mut bytes::BytesMut::new()).expect("a valid head");
    step.event.expect("a whole head")
}

/// The one response that `wire` holds.
#[track_caller]
fn response(wire: &str) -> ResponseHead<'_> {
    ResponseReader::default().receive(wire.as_bytes()).expect("a valid head").event.expect("a whole head")
}

/// What a body's reader gives, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Data(Vec<u8>),
    End,
}

impl Piece {
    fn of(event: BodyEvent<'_>) -> Self {
        match event {
            BodyEvent::Data(data) => {
                assert!(!data.is_empty(), "data is never empty");
                Self::Data(data.to_vec())
            }
            BodyEvent::End => Self::End,
        }
    }
}

/// Data in single bytes, so that what comes later is not merged with what came before.
fn bytewise(pieces: Vec<Piece>) -> Vec<Piece> {
    let bytes = pieces.into_iter().flat_map(|piece| match piece {
        Piece::Data(data) => data.into_iter().map(|byte| Piece::Data(vec![byte])).collect(),
        Piece::End => vec![Piece::End],
    });
    bytes.collect()
}

/// How data is cut does not count.
fn merge(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut merged: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (merged.last_mut(), piece) {
            (Some(Piece::Data(before)), Piece::Data(data)) => before.extend(data),
            (_, piece) => merged.push(piece),
        }
    }
    merged
}

/// The body read from `wire`, in every split.
#[track_caller]
fn body(framing: Framing, limit: u64, wire: impl AsRef<[u8]>) -> Outcome<Piece, BodyError> {
    let make = || {
        let mut reader = BodyReader::new(framing, limit);
        move |input: &mut [u8], _: &mut bytes::BytesMut| Ok(map(reader.receive(input)?, Piece::of))
    };
    let mut outcome = check_merged(wire.as_ref(), make, bytewise);
    outcome.events = merge(outcome.events);
    outcome
}

/// `data` and the end.
fn whole(data: &str) -> Vec<Piece> {
    if data.is_empty() { vec![Piece::End] } else { vec![Piece::Data(data.into()), Piece::End] }
}

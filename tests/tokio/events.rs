//! Event streams as bodies of HTTP messages.

use crate::wire::run;
use futures_util::{StreamExt, stream};
use std::time::Duration;
use tidings::sse::{DecodeError, Decoded, Decoder, DecoderLimits, Event, SendError};
use tidings::tokio::{EventBody, EventStream, EventStreamError};
use tokio::time::Instant;

#[test]
fn all_events_that_are_there_are_one_chunk() {
    run(async {
        let (sender, mut receiver) = tokio::sync::mpsc::channel(10);
        let events = stream::poll_fn(move |cx| receiver.poll_recv(cx));
        let mut body = EventBody::new(events);
        for n in 0..3 {
            sender.send(Event::message(n.to_string())).await.unwrap();
        }
        assert_eq!(body.next().await.unwrap().unwrap(), "data: 0\n\ndata: 1\n\ndata: 2\n\n");
        sender.send(Event::bookmark("7")).await.unwrap();
        drop(sender);
        assert_eq!(body.next().await.unwrap().unwrap(), "id: 7\n\n");
        assert!(body.next().await.is_none());
    });
}

#[test]
fn a_chunk_has_an_end_where_events_have_none() {
    run(async {
        let mut body = EventBody::new(stream::repeat(Event::message("x".repeat(1000))));
        let chunk = body.next().await.unwrap().unwrap();
        assert!((64 * 1024..66 * 1024).contains(&chunk.len()), "{}", chunk.len());
    });
}

#[test]
fn where_nothing_comes_there_is_a_comment_at_each_interval() {
    run(async {
        let mut body = EventBody::new(stream::pending()).with_keepalive(Duration::from_secs(15));
        let started = Instant::now();
        for n in 1..4 {
            assert_eq!(body.next().await.unwrap().unwrap(), ":\n\n");
            assert_eq!(started.elapsed().as_secs(), 15 * n);
        }
    });
}

#[test]
fn what_cannot_be_sent_ends_the_body_behind_what_went_before() {
    run(async {
        let events = [Event::message("good"), Event::message("bad").with_id("a\nb"), Event::message("late")];
        let mut body = EventBody::new(stream::iter(events));
        assert_eq!(body.next().await.unwrap().unwrap(), "data: good\n\n");
        assert_eq!(body.next().await, Some(Err(SendError::InvalidId)));
        assert!(body.next().await.is_none());
    });
}

#[test]
fn what_one_encodes_the_other_decodes_in_any_chunks() {
    run(async {
        let events: Vec<_> = (0..20).map(|n| Event::message(format!("{n}\nzwölf")).with_id(n.to_string())).collect();
        let body = EventBody::new(stream::iter(events)).next().await.unwrap().unwrap();
        for len in 1..50 {
            let chunks = stream::iter(body.chunks(len).map(Ok::<_, ()>));
            let mut read = EventStream::new(chunks, Decoder::default());
            for n in 0..20 {
                let Some(Ok(Decoded::Message { data, id, .. })) = read.next().await else { panic!("{n} is there") };
                assert_eq!((data, id), (format!("{n}\nzwölf").into(), Some(n.to_string().into())));
            }
            assert!(read.next().await.is_none());
            assert_eq!(read.into_decoder().last_event_id(), "19");
        }
    });
}

#[test]
fn an_error_is_told_once_and_is_the_last() {
    run(async {
        let chunks = [Ok("data: 1\n\ndata: cut"), Err("the network"), Ok("data: 2\n\n")];
        let mut read = EventStream::new(stream::iter(chunks), Decoder::default());
        assert!(matches!(read.next().await, Some(Ok(Decoded::Message { .. }))));
        assert_eq!(read.next().await, Some(Err(EventStreamError::Body("the network"))));
        assert!(read.next().await.is_none());

        let mut limits = DecoderLimits::default();
        limits.data = 10;
        let chunks = [Ok::<_, ()>("data: 1234567"), Ok("8901\n\n"), Ok("data: 2\n\n")];
        let mut read = EventStream::new(stream::iter(chunks), Decoder::new(limits));
        assert_eq!(read.next().await, Some(Err(EventStreamError::Decode(DecodeError::DataTooLong))));
        assert!(read.next().await.is_none());
    });
}

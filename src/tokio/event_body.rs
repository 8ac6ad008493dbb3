//! Events in, a response's body out.

use super::clock::Timer;
use crate::sse::{Event, SendError};
use crate::step::later;
use ::tokio::time::Instant;
use alloc::boxed::Box;
use bytes::{Bytes, BytesMut};
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use futures_core::Stream;

/// A stream of [`Event`]s as the bytes of a `text/event-stream`: a stream of chunks, as axum's `Body::from_stream` and hyper's
/// `StreamBody` take it.
///
/// All events that are there go out as one chunk. An event that cannot be sent, with a line break in its name or ID, is an
/// error and ends the body.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use core::time::Duration;
/// use futures_util::{StreamExt, stream};
/// use tidings::sse::Event;
/// use tidings::tokio::EventBody;
///
/// let prices = stream::iter([Event::message("12").with_event("price"), Event::message("13").with_event("price")]);
/// let mut body = EventBody::new(prices).with_keepalive(Duration::from_secs(15));
/// let chunk = body.next().await.unwrap().unwrap();
/// assert_eq!(chunk, "event: price\ndata: 12\n\nevent: price\ndata: 13\n\n");
/// # assert!(body.next().await.is_none());
/// # }
/// ```
pub struct EventBody<S> {
    /// Nothing more comes.
    events: Option<Pin<Box<S>>>,
    output: BytesMut,
    /// An error behind what went before it.
    failure: Option<SendError>,
    keepalive: Option<(Duration, Timer)>,
    /// When it is time for a sign of life.
    due: Option<Instant>,
}

impl<S> EventBody<S> {
    /// A larger chunk saves no time.
    const MOST: usize = 64 * 1024;

    /// A body of these events.
    pub fn new(events: S) -> Self {
        Self { events: Some(Box::pin(events)), output: BytesMut::new(), failure: None, keepalive: None, due: None }
    }

    /// A comment goes out whenever there was nothing for so long, so that proxies keep the connection and a client that has gone
    /// is noticed (authoring notes: about every 15 s). It needs a runtime whose time is enabled.
    #[must_use]
    pub fn with_keepalive(self, interval: Duration) -> Self {
        let interval = interval.max(Duration::from_millis(1)); // so that it cannot spin
        Self { keepalive: Some((interval, Timer::default())), ..self }
    }
}

impl<'a, S: Stream<Item = Event<'a>>> EventBody<S> {
    /// Encodes what there is.
    fn take(&mut self, cx: &mut Context<'_>) {
        while let Some(events) = &mut self.events
            && self.output.len() < Self::MOST
        {
            match events.as_mut().poll_next(cx) {
                Poll::Ready(Some(event)) => {
                    if let Err(error) = event.encode(&mut self.output) {
                        self.failure = Some(error);
                        self.events = None;
                    }
                }
                Poll::Ready(None) => self.events = None,
                Poll::Pending => return,
            }
        }
    }

    fn poll_keepalive(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some((interval, timer)) = &mut self.keepalive else { return Poll::Pending };
        let due = *self.due.get_or_insert_with(|| later(Instant::now(), *interval));
        timer.poll(due, cx)
    }
}

impl<'a, S: Stream<Item = Event<'a>>> Stream for EventBody<S> {
    type Item = Result<Bytes, SendError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        this.take(cx);
        if this.output.is_empty() {
            if let Some(error) = this.failure.take() {
                return Poll::Ready(Some(Err(error)));
            }
            if this.events.is_none() {
                return Poll::Ready(None);
            }
            if this.poll_keepalive(cx).is_pending() {
                return Poll::Pending;
            }
            // A constant comment can be sent.
            let _ = Event::comment("").encode(&mut this.output);
        }
        this.due = None;
        Poll::Ready(Some(Ok(this.output.split().freeze())))
    }
}

impl<S> Unpin for EventBody<S> {}

impl<S> fmt::Debug for EventBody<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBody").field("is_over", &self.events.is_none()).finish_non_exhaustive()
    }
}

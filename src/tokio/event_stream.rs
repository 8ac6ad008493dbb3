//! A response's body in, events out.

use crate::Step;
use crate::sse::{DecodeError, Decoded, Decoder};
use alloc::boxed::Box;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use futures_core::Stream;

/// The chunks of a `text/event-stream`, as hyper's, axum's and other clients' bodies give them, as what they mean. For coming
/// back after the end see [`sse::EventSource`](crate::sse::EventSource).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use futures_util::{StreamExt, stream};
/// use tidings::sse::{Decoded, Decoder};
/// use tidings::tokio::EventStream;
///
/// let body = stream::iter([Ok::<_, std::io::Error>("id: 7\nda"), Ok("ta: Hello\n\n")]);
/// let mut events = EventStream::new(body, Decoder::default());
/// let Some(Ok(Decoded::Message { event, data, id })) = events.next().await else { panic!("a message was sent") };
/// assert_eq!((&*event, &*data, id.as_deref()), ("message", "Hello", Some("7")));
/// assert_eq!(events.decoder().last_event_id(), "7");
/// assert!(events.next().await.is_none());
/// # }
/// ```
pub struct EventStream<S, B> {
    /// Nothing more comes.
    body: Option<Pin<Box<S>>>,
    /// The chunk that is being decoded, and how far it is.
    chunk: Option<(B, usize)>,
    decoder: Decoder,
}

/// What ends an event stream before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventStreamError<E> {
    /// The body's.
    Body(E),
    /// An event over the decoder's limits.
    Decode(DecodeError),
}

impl<S, B> EventStream<S, B> {
    /// The events of this body. The decoder knows what an earlier one has left, and the limits.
    pub fn new(body: S, decoder: Decoder) -> Self {
        Self { body: Some(Box::pin(body)), chunk: None, decoder }
    }

    /// The decoder, for its last event ID.
    #[must_use]
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// The decoder, for the stream of the next connection.
    #[must_use]
    pub fn into_decoder(mut self) -> Decoder {
        self.decoder.receive_eof();
        self.decoder
    }
}

impl<S, B: AsRef<[u8]>> EventStream<S, B> {
    fn decode(&mut self) -> Result<Option<Decoded<'static>>, DecodeError> {
        while let Some((chunk, at)) = &mut self.chunk {
            let rest = chunk.as_ref().get(*at..).unwrap_or_default();
            let Step { consumed, event } = self.decoder.receive(rest)?;
            *at += consumed;
            if let Some(event) = event {
                return Ok(Some(event.into_owned()));
            }
            self.chunk = None;
        }
        Ok(None)
    }
}

impl<S: Stream<Item = Result<B, E>>, B: AsRef<[u8]>, E> Stream for EventStream<S, B> {
    type Item = Result<Decoded<'static>, EventStreamError<E>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            match this.decode() {
                Ok(Some(decoded)) => return Poll::Ready(Some(Ok(decoded))),
                Ok(None) => {}
                Err(error) => {
                    (this.body, this.chunk) = (None, None);
                    return Poll::Ready(Some(Err(EventStreamError::Decode(error))));
                }
            }
            let Some(body) = &mut this.body else { return Poll::Ready(None) };
            match ready!(body.as_mut().poll_next(cx)) {
                Some(Ok(chunk)) => this.chunk = Some((chunk, 0)),
                ended => {
                    this.body = None;
                    this.decoder.receive_eof();
                    return Poll::Ready(ended.and_then(Result::err).map(|error| Err(EventStreamError::Body(error))));
                }
            }
        }
    }
}

impl<S, B> Unpin for EventStream<S, B> {}

impl<S, B> fmt::Debug for EventStream<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").field("last_event_id", &self.decoder.last_event_id()).finish_non_exhaustive()
    }
}

impl<E: fmt::Display> fmt::Display for EventStreamError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(error) => error.fmt(f),
            Self::Decode(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for EventStreamError<E> {}

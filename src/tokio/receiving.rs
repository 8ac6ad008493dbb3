//! The methods that read, of a whole WebSocket and of a reading half.

/// For a type that has a `link`, a `reading` of it, and a `subprotocol`, the same methods, and a `Stream`.
macro_rules! receiving {
    ([$($bounds:tt)*] $name:ty) => {
        impl<$($bounds)*> $name {
            /// The next message. `None`: the connection was closed, in good order on both sides.
            ///
            /// # Errors
            /// Each comes once and is the last: [`Error::Protocol`](super::Error::Protocol) if the peer broke the protocol,
            /// which it has been told; [`Error::Cut`](super::Error::Cut) if it went without a Close,
            /// [`Error::Silent`](super::Error::Silent) if it gives no sign of life, [`Error::Io`](super::Error::Io).
            pub async fn next(&mut self) -> Option<Result<$crate::tokio::Message, $crate::tokio::Error>> {
                core::future::poll_fn(|cx| self.reading.poll_next(&mut self.link, cx)).await
            }

            /// What the peer's Close said, once [`next`](Self::next) gives nothing more; nothing if it said nothing.
            #[must_use]
            pub fn close_frame(&self) -> Option<($crate::ws::CloseCode, &str)> {
                self.reading.close_frame()
            }

            /// What was agreed on in the handshake.
            #[must_use]
            pub fn subprotocol(&self) -> Option<&str> {
                self.subprotocol.as_deref()
            }
        }

        impl<$($bounds)*> futures_core::Stream for $name {
            type Item = Result<$crate::tokio::Message, $crate::tokio::Error>;

            fn poll_next(
                self: core::pin::Pin<&mut Self>,
                cx: &mut core::task::Context<'_>,
            ) -> core::task::Poll<Option<Self::Item>> {
                let this = self.get_mut();
                this.reading.poll_next(&mut this.link, cx)
            }
        }

        impl<$($bounds)*> futures_core::FusedStream for $name {
            fn is_terminated(&self) -> bool {
                self.reading.is_told()
            }
        }
    };
}

pub(super) use receiving;

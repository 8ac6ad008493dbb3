//! The methods that send, of a whole WebSocket and of a writing half.

/// For a type that has methods `poll_room` and `poll_written` and `encode`, the same methods that send, and a
/// `Sink<Message>`.
macro_rules! sending {
    ([$($bounds:tt)*] $name:ty) => {
        impl<$($bounds)*> $name {
            /// Sends a message: it is with the stream when this is over.
            ///
            /// Dropped before, it has sent the whole message or will, or nothing of it if it still waited for room; never a
            /// part. That goes for everything here that sends.
            ///
            /// # Errors
            /// [`Error::Send`](super::Error::Send) after a Close, of either side; [`Error::Io`](super::Error::Io).
            pub async fn send(&mut self, message: &$crate::tokio::Message) -> Result<(), $crate::tokio::Error> {
                self.feed(message).await?;
                self.flush().await
            }

            /// Takes a message to be sent, once there is room for it. It is encoded here and now, and goes out together with
            /// others: see [`flush`](Self::flush).
            ///
            /// # Errors
            /// As [`send`](Self::send).
            pub async fn feed(&mut self, message: &$crate::tokio::Message) -> Result<(), $crate::tokio::Error> {
                self.ready().await?;
                self.encode_message(message)
            }

            /// Sends a text message, as [`send`](Self::send).
            ///
            /// # Errors
            /// As [`send`](Self::send).
            pub async fn send_text(&mut self, text: &str) -> Result<(), $crate::tokio::Error> {
                self.feed_text(text).await?;
                self.flush().await
            }

            /// Sends a binary message, as [`send`](Self::send).
            ///
            /// # Errors
            /// As [`send`](Self::send).
            pub async fn send_binary(&mut self, data: &[u8]) -> Result<(), $crate::tokio::Error> {
                self.feed_binary(data).await?;
                self.flush().await
            }

            /// Takes a text message to be sent, as [`feed`](Self::feed).
            ///
            /// # Errors
            /// As [`send`](Self::send).
            pub async fn feed_text(&mut self, text: &str) -> Result<(), $crate::tokio::Error> {
                self.ready().await?;
                self.encode(|machine, frames| machine.send_text(text, frames.end()))
            }

            /// Takes a binary message to be sent, as [`feed`](Self::feed).
            ///
            /// # Errors
            /// As [`send`](Self::send).
            pub async fn feed_binary(&mut self, data: &[u8]) -> Result<(), $crate::tokio::Error> {
                self.ready().await?;
                self.encode(|machine, frames| machine.send_binary(data, frames.end()))
            }

            /// Takes a part of a text message to be sent, as [`feed`](Self::feed); the message ends with the `last`. No other
            /// message can be sent in between (RFC 6455 §5.4).
            ///
            /// # Errors
            /// [`SendError::MessageOpen`](crate::ws::SendError::MessageOpen) within a binary message; else as
            /// [`send`](Self::send).
            pub async fn feed_text_fragment(&mut self, text: &str, last: bool) -> Result<(), $crate::tokio::Error> {
                self.ready().await?;
                self.encode(|machine, frames| machine.send_text_fragment(text, last, frames.end()))
            }

            /// Takes a part of a binary message to be sent, likewise.
            ///
            /// # Errors
            /// As [`feed_text_fragment`](Self::feed_text_fragment).
            pub async fn feed_binary_fragment(&mut self, data: &[u8], last: bool) -> Result<(), $crate::tokio::Error> {
                self.ready().await?;
                self.encode(|machine, frames| machine.send_binary_fragment(data, last, frames.end()))
            }

            /// Takes a message to be sent that was encoded once for many connections, as [`feed`](Self::feed).
            ///
            /// # Errors
            /// As [`send`](Self::send).
            pub async fn feed_prepared(
                &mut self,
                message: &$crate::ws::Prepared,
            ) -> Result<(), $crate::tokio::Error> {
                self.ready().await?;
                self.encode(|machine, frames| match machine.prepared_frame(message)? {
                    Some(frame) => {
                        frames.push(frame);
                        Ok(())
                    }
                    None => machine.send_prepared(message, frames.end()),
                })
            }

            /// Sends a Ping of at most 125 bytes. Its Pong is taken in by who reads.
            ///
            /// # Errors
            /// [`SendError::ControlTooLong`](crate::ws::SendError::ControlTooLong) for more; else as [`send`](Self::send).
            pub async fn ping(&mut self, payload: &[u8]) -> Result<(), $crate::tokio::Error> {
                self.ready().await?;
                self.encode(|machine, frames| machine.ping(payload, frames.end()))?;
                self.flush().await
            }

            /// Begins the closing handshake, behind all that was sent. `reason` has at most 123 bytes
            /// ([`MAX_REASON`](crate::ws::MAX_REASON)). Read on until there is nothing more: what the peer still sends comes,
            /// and the connection is over behind its Close.
            ///
            /// # Errors
            /// [`SendError::ControlTooLong`](crate::ws::SendError::ControlTooLong) for a longer reason; else as
            /// [`send`](Self::send).
            pub async fn close(
                &mut self,
                code: $crate::ws::CloseCode,
                reason: &str,
            ) -> Result<(), $crate::tokio::Error> {
                self.begin_close(code, reason)?;
                self.flush().await
            }

            /// Writes everything that was taken to be sent.
            ///
            /// # Errors
            /// [`Error::Io`](super::Error::Io).
            pub async fn flush(&mut self) -> Result<(), $crate::tokio::Error> {
                core::future::poll_fn(|cx| self.poll_written(cx)).await
            }

            /// Waits until there is room for another message, so that taking it waits for nothing.
            ///
            /// # Errors
            /// [`Error::Io`](super::Error::Io).
            pub async fn ready(&mut self) -> Result<(), $crate::tokio::Error> {
                core::future::poll_fn(|cx| self.poll_room(cx)).await
            }

            fn encode_message(&mut self, message: &$crate::tokio::Message) -> Result<(), $crate::tokio::Error> {
                self.encode(|machine, frames| match message {
                    $crate::tokio::Message::Text(text) => machine.send_text(text, frames.end()),
                    $crate::tokio::Message::Binary(data) => {
                        if frames.leaves(data) && machine.send_binary_header(data.len(), frames.end())? {
                            frames.push(data);
                            return Ok(());
                        }
                        machine.send_binary(data, frames.end())
                    }
                })
            }
        }

        /// Closing sends a Close with 1000, unless one has gone out, and does not wait for the peer's.
        impl<$($bounds)*> futures_sink::Sink<$crate::tokio::Message> for $name {
            type Error = $crate::tokio::Error;

            fn poll_ready(
                self: core::pin::Pin<&mut Self>,
                cx: &mut core::task::Context<'_>,
            ) -> core::task::Poll<Result<(), Self::Error>> {
                self.get_mut().poll_room(cx)
            }

            fn start_send(
                self: core::pin::Pin<&mut Self>,
                message: $crate::tokio::Message,
            ) -> Result<(), Self::Error> {
                self.get_mut().encode_message(&message)
            }

            fn poll_flush(
                self: core::pin::Pin<&mut Self>,
                cx: &mut core::task::Context<'_>,
            ) -> core::task::Poll<Result<(), Self::Error>> {
                self.get_mut().poll_written(cx)
            }

            fn poll_close(
                self: core::pin::Pin<&mut Self>,
                cx: &mut core::task::Context<'_>,
            ) -> core::task::Poll<Result<(), Self::Error>> {
                let this = self.get_mut();
                match this.begin_close($crate::ws::CloseCode::NORMAL, "") {
                    Ok(()) | Err($crate::tokio::Error::Send(_)) => this.poll_written(cx),
                    Err(error) => core::task::Poll::Ready(Err(error)),
                }
            }
        }
    };
}

pub(super) use sending;

//! The methods that send, of a whole WebSocket and of a writer, on both sides.

/// The same sending methods for each type that has a method `sending`, which takes what appends to the output, and a
/// method `closing`.
macro_rules! sending {
    ($self:ident: $receiver:ty, $result:ty, $closed:literal, $refused:literal) => {
        /// Sends a message.
        ///
        /// # Errors
        #[doc = $closed]
        pub fn send($self: $receiver, message: &$crate::blocking::Message) -> $result {
            match message {
                $crate::blocking::Message::Text(text) => $self.send_text(text),
                $crate::blocking::Message::Binary(data) => $self.send_binary(data),
            }
        }

        /// Sends a text message.
        ///
        /// # Errors
        #[doc = $closed]
        pub fn send_text($self: $receiver, text: &str) -> $result {
            $self.sending(|connection, output| connection.send_text(text, output))
        }

        /// Sends a binary message.
        ///
        /// # Errors
        #[doc = $closed]
        pub fn send_binary($self: $receiver, data: &[u8]) -> $result {
            $self.sending(|connection, output| connection.send_binary(data, output))
        }

        /// Sends a part of a text message, which ends with the `last`: for one that is not there as a whole yet. No other
        /// message can be sent in between (RFC 6455 §5.4).
        ///
        /// # Errors
        #[doc = $refused]
        /// within a binary message; else as [`send_text`](Self::send_text).
        pub fn send_text_fragment($self: $receiver, text: &str, last: bool) -> $result {
            $self.sending(|connection, output| connection.send_text_fragment(text, last, output))
        }

        /// Sends a part of a binary message, likewise.
        ///
        /// # Errors
        #[doc = $refused]
        /// within a text message; else as [`send_text`](Self::send_text).
        pub fn send_binary_fragment($self: $receiver, data: &[u8], last: bool) -> $result {
            $self.sending(|connection, output| connection.send_binary_fragment(data, last, output))
        }

        /// Sends a message that was encoded once for many connections.
        ///
        /// # Errors
        /// As [`send_text`](Self::send_text).
        pub fn send_prepared($self: $receiver, message: &$crate::ws::Prepared) -> $result {
            $self.sending(|connection, output| connection.send_prepared(message, output))
        }

        /// Sends a Ping of at most 125 bytes. Its Pong is taken in by who reads.
        ///
        /// # Errors
        #[doc = $refused]
        /// for more; else as [`send_text`](Self::send_text).
        pub fn ping($self: $receiver, payload: &[u8]) -> $result {
            $self.sending(|connection, output| connection.ping(payload, output))
        }

        /// Sends a Pong of at most 125 bytes that nobody asked for: a heartbeat in one direction (RFC 6455 §5.5.3).
        ///
        /// # Errors
        /// As [`ping`](Self::ping).
        pub fn pong($self: $receiver, payload: &[u8]) -> $result {
            $self.sending(|connection, output| connection.pong(payload, output))
        }

        /// Begins the closing handshake. What the peer still sends can be read until its own Close. `reason` has at most
        /// 123 bytes ([`MAX_REASON`](crate::ws::MAX_REASON)).
        ///
        /// # Errors
        #[doc = $refused]
        /// for a longer one; else as [`send_text`](Self::send_text).
        pub fn close($self: $receiver, code: $crate::ws::CloseCode, reason: &str) -> $result {
            $self.closing(code, reason)
        }
    };
}

pub(crate) use sending;

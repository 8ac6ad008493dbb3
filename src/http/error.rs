//! What can be wrong, whose fault it is, and the status that says so.

use super::{Status, respond};
use bytes::BytesMut;
use core::error::Error;
use core::fmt;

macro_rules! errors {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $type { $($(#[$variant_doc])* $variant,)* }

        impl $type {
            const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.text())
            }
        }

        impl Error for $type {}
    };
}

errors! {
    /// The peer's head is not one that this crate will guess about.
    HeadError {
        /// A line feed without its carriage return (§2.2).
        BareLf = "a line feed without a carriage return",
        /// A carriage return without its line feed (§2.2).
        BareCr = "a carriage return without a line feed",
        /// A control character, such as the first byte of a TLS connection.
        ControlCharacter = "a control character in the head",
        /// Not `method SP request-target SP version` (§3).
        RequestLine = "a malformed request line",
        /// Not `version SP status SP reason`, or a status outside 100 to 599 (§4).
        StatusLine = "a malformed status line",
        /// A version of HTTP other than 1.0 and 1.1 (§2.3).
        Version = "a version of HTTP other than 1.0 and 1.1",
        /// A malformed name: also a blank before the colon, a folded line or no colon at all (§5.1, §5.2).
        HeaderName = "a malformed header name, a blank before its colon or a folded line",
        /// A byte that no field value may contain (§5).
        HeaderValue = "a malformed header value",
        /// More than [`HeadLimits::bytes`](super::HeadLimits::bytes) without an end.
        TooLarge = "the head is too large",
        /// The request-target alone is more than [`HeadLimits::bytes`](super::HeadLimits::bytes) (§3).
        TargetTooLong = "the request target is too long",
        /// More than [`HeadLimits::headers`](super::HeadLimits::headers).
        TooManyHeaders = "too many headers",
        /// An HTTP/1.1 request without `Host` (§3.2).
        HostMissing = "no Host header",
        /// More than one `Host` (§3.2).
        HostRepeated = "more than one Host header",
        /// A `Host` that is no host and port (§3.2).
        HostInvalid = "a malformed Host header",
    }
}

impl HeadError {
    /// The status that a server answers with; 502 for what only a client can meet.
    #[must_use]
    pub const fn status(self) -> Status {
        match self {
            Self::TooLarge | Self::TooManyHeaders => Status::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::TargetTooLong => Status::URI_TOO_LONG,
            Self::Version => Status::HTTP_VERSION_NOT_SUPPORTED,
            Self::StatusLine => Status::BAD_GATEWAY,
            _ => Status::BAD_REQUEST,
        }
    }
}

errors! {
    /// The peer's body has no certain length, breaks its framing or is too long.
    BodyError {
        /// Both `Transfer-Encoding` and `Content-Length` (§6.3 rule 3).
        TwoFramings = "both Transfer-Encoding and Content-Length",
        /// `Transfer-Encoding` in HTTP/1.0 (§6.1).
        TransferEncodingInHttp10 = "Transfer-Encoding in HTTP/1.0",
        /// `chunked` missing, not last, repeated or with parameters (§6.1, §6.3 rule 4, §7.1).
        TransferEncoding = "a Transfer-Encoding that does not end in one plain chunked",
        /// A transfer coding other than `chunked` (§6.1).
        UnknownCoding = "an unknown transfer coding",
        /// A `Content-Length` that is not a number of at most 64 bits (§6.3 rule 5).
        ContentLength = "a malformed Content-Length",
        /// Two different `Content-Length`s (§6.3 rule 5).
        ContentLengths = "different Content-Lengths",
        /// More bytes than the limit of the [`BodyReader`](super::BodyReader).
        TooLarge = "the body is too large",
        /// A chunk's first line is not `size [; extension] CRLF`, or its size has more than 16 digits (§7.1).
        ChunkSize = "a malformed chunk size",
        /// More chunk extensions than any honest sender needs (§7.1.1).
        ChunkExtensions = "too many chunk extensions",
        /// No CRLF behind a chunk's data (§7.1).
        ChunkEnd = "no line end behind the data of a chunk",
        /// A malformed trailer field (§7.1.2).
        Trailer = "a malformed trailer",
        /// A trailer section larger than any honest sender needs (§7.1.2).
        TrailerTooLarge = "the trailer section is too large",
        /// The connection ended in mid-body (§8).
        Truncated = "the connection ended before the body did",
    }
}

impl BodyError {
    /// The status that a server answers with: 400, 413, 431 or 501.
    #[must_use]
    pub const fn status(self) -> Status {
        match self {
            Self::TooLarge => Status::CONTENT_TOO_LARGE,
            Self::TrailerTooLarge => Status::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::UnknownCoding => Status::NOT_IMPLEMENTED,
            _ => Status::BAD_REQUEST,
        }
    }

    /// Appends the answer that a server ends the connection with: [`status`](Self::status), `Connection: close`, and the
    /// fault in words.
    pub fn reject(self, output: &mut BytesMut) {
        reject(self.status(), self.text(), output);
    }
}

impl HeadError {
    /// Appends the answer that a server ends the connection with: [`status`](Self::status), `Connection: close`, and the
    /// fault in words. [`RequestReader::receive`](super::RequestReader::receive) has done it already.
    pub fn reject(self, output: &mut BytesMut) {
        reject(self.status(), self.text(), output);
    }
}

/// §9.6: the `close` option goes with the last answer.
fn reject(status: Status, text: &str, output: &mut BytesMut) {
    let headers = [("Connection", "close"), ("Content-Type", "text/plain")];
    // Constant headers are valid, so this cannot fail.
    let _ = respond(status, &headers, text.as_bytes(), output);
}

errors! {
    /// The caller asked for something that must not go onto the wire; nothing was written.
    SendError {
        /// The method is no token (§3.1).
        Method = "the method is not a token",
        /// The request-target is empty or contains a blank or a control character (§3.2).
        Target = "the request target is empty or contains a blank or control character",
        /// A header name is no token (§5).
        HeaderName = "a header name is not a token",
        /// A header value contains a control character: CR and LF would begin another header (§2.2, §11.1).
        HeaderValue = "a header value contains a control character",
        /// A request has no `Host` or more than one (§3.2).
        Host = "not exactly one Host header",
        /// The headers frame the body in two ways, or in one that this answer must not have (§6.1, §6.2,
        /// RFC 9110 §8.6).
        Framing = "the headers contradict the framing of the body",
    }
}

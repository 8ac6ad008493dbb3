//! HTTP/1.1 heads and bodies (RFC 9112), as far as push needs them: both sides, no I/O, no allocation but one `Vec`
//! of header references for each head.
//!
//! ```text
//!            ┌────────────────┐ RequestHead  ┌─────────────┐ Framing ┌────────────┐ Data … End
//!  bytes in ▶│ RequestReader  │─────────────▶│ Framing::of │────────▶│ BodyReader │───────────▶
//!            │ ResponseReader │ ResponseHead └─────────────┘         └────────────┘
//!            └────────────────┘
//!  bytes out ◀── encode_response · encode_request · respond · chunked::encode
//! ```
//!
//! Whatever two readers of one message could understand differently is refused rather than guessed at (§11.1, §11.2):
//! bare CR and LF, folded lines, blanks before a colon, a repeated `Host`, two framings at once, sloppy chunk sizes.
//! A refused request leaves the answer it deserves, with `Connection: close`, in the caller's output.
//!
//! ```
//! use bytes::BytesMut;
//! use tidings::http::{self, RequestReader, Status};
//!
//! let mut output = BytesMut::new();
//! let mut reader = RequestReader::default();
//! let request = b"GET /topics/news?wait=5 HTTP/1.1\r\nHost: localhost\r\n\r\n";
//! let step = reader.receive(request, &mut output)?;
//! let head = step.event.expect("the head is whole");
//! assert_eq!((head.method, head.path(), head.query()), ("GET", "/topics/news", Some("wait=5")));
//!
//! http::respond(Status::OK, &[("Content-Type", "text/plain")], b"hello", &mut output)?;
//! let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n";
//! assert_eq!(output, [&head[..], b"hello"].concat());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bearer;
mod body;
pub mod chunked;
mod encode;
mod error;
mod framing;
mod head;
mod headers;
mod reader;
mod scan;
mod status;
mod syntax;

pub use bearer::{BearerToken, BearerTokenError};
pub use body::{BodyEvent, BodyReader};
pub use encode::{encode_request, encode_response, respond};
pub use error::{BodyError, HeadError, SendError};
pub use framing::Framing;
pub use head::{RequestHead, ResponseHead, Version};
pub use headers::{Header, Headers};
pub(crate) use headers::{essence, overlay};
pub use reader::{HeadLimits, RequestReader, ResponseReader};
pub use status::Status;
pub(crate) use syntax::is_value;

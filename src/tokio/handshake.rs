//! The opening handshake over a stream, both sides (RFC 6455 §4).

use super::input::Input;
use super::options::Terms;
use super::{OpenError, Options, WebSocket};
use crate::Step;
use crate::http::{self, RequestHead, RequestReader, Status};
use crate::ws::Connection;
use crate::ws::handshake::{ClientHandshake, Extensions, Opening, Request, Response};
use ::tokio::io::{AsyncRead, AsyncWrite};
use ::tokio::time::timeout;
use alloc::borrow::ToOwned;
use alloc::string::String;
use bytes::BytesMut;
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::ready;
use core::time::Duration;
use std::io::{self, ErrorKind};

/// Accepts a WebSocket on a stream that a client has opened, whatever it asks for: for a server that speaks nothing else.
///
/// Any page can let its visitors' browsers connect. Who knows them by a cookie or by where they are looks at the request, with
/// [`accept_with`].
///
/// # Errors
/// See [`OpenError`]; the client has been told.
pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    terms: &Terms<'_>,
    options: &Options,
) -> Result<WebSocket<S>, OpenError> {
    accept_with(stream, terms, options, |_, _| Ok(())).await
}

/// As [`accept`], if `check` agrees, which sees path, headers and [origin](Request::origin) of the request and may refuse it
/// with any status. Who has to wait for the answer uses another HTTP server, and [`Upgrade`](super::Upgrade), or the
/// [handshake](crate::ws::handshake) by itself.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use tidings::http::Status;
/// use tidings::tokio::{Options, Terms, accept_with, connect};
/// use tidings::ws::handshake::Opening;
///
/// let (ours, theirs) = tokio::io::duplex(1024);
/// let options = Options::default();
/// let terms = Terms { subprotocols: &["chat"], ..Terms::default() };
/// let accepting = accept_with(ours, &terms, &options, |head, request| match request.origin() {
///     _ if head.path() != "/chat" => Err(Status::NOT_FOUND),
///     None | Some("https://example.org") => Ok(()),
///     Some(_) => Err(Status::FORBIDDEN),
/// });
/// let opening = Opening { host: "example.org", target: "/chat", subprotocols: &["chat"], ..Opening::default() };
/// let (server, client) = tokio::join!(accepting, connect(theirs, &opening, &options));
/// assert_eq!((server?.subprotocol(), client?.subprotocol()), (Some("chat"), Some("chat")));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// See [`OpenError`]; the client has been told.
pub async fn accept_with<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    terms: &Terms<'_>,
    options: &Options,
    check: impl FnOnce(&RequestHead<'_>, &Request<'_>) -> Result<(), Status>,
) -> Result<WebSocket<S>, OpenError> {
    let accepting = async {
        let (mut input, mut output) = (Input::new(&[]), BytesMut::new());
        let accepted = match request(&mut stream, &mut input, terms, check, &mut output).await {
            Ok(accepted) => accepted,
            Err(error) => {
                refuse(&mut stream, &output).await;
                return Err(error);
            }
        };
        write(&mut stream, &output).await?;
        Ok((input, accepted))
    };
    let (input, (extensions, subprotocol)) = within(options.handshake_within, accepting).await?;
    let connection = Connection::server(options.config()).with_extensions(&extensions);
    Ok(WebSocket::open(stream, connection, input, subprotocol, options))
}

/// Asks for a WebSocket on a stream to a server. [`Opening::subprotocols`] and [`Opening::deflate`] are what it is offered.
///
/// # Errors
/// [`OpenError::Refused`] if it does not accept, whatever else it answers; see there.
pub async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    opening: &Opening<'_>,
    options: &Options,
) -> Result<WebSocket<S>, OpenError> {
    let connecting = async {
        let (mut input, mut output) = (Input::new(&[]), BytesMut::new());
        let mut handshake = ClientHandshake::new(opening, crate::system_random, &mut output)?;
        write(&mut stream, &output).await?;
        loop {
            let Step { consumed, event } = handshake.receive(input.unread())?;
            let accepted = match event {
                Some(Response::Accepted { subprotocol, extensions, .. }) => {
                    Some((extensions, subprotocol.map(ToOwned::to_owned)))
                }
                Some(Response::Refused(head)) => return Err(OpenError::Refused(head.status)),
                None => None,
            };
            input.consume(consumed);
            if let Some(accepted) = accepted {
                return Ok((input, accepted));
            }
            read(&mut stream, &mut input).await?;
        }
    };
    let (input, (extensions, subprotocol)) = within(options.handshake_within, connecting).await?;
    let connection = Connection::client(options.config(), crate::system_random).with_extensions(&extensions);
    Ok(WebSocket::open(stream, connection, input, subprotocol, options))
}

/// Reads the request and puts the answer into the output, whatever it is.
async fn request<S: AsyncRead + Unpin>(
    stream: &mut S,
    input: &mut Input,
    terms: &Terms<'_>,
    check: impl FnOnce(&RequestHead<'_>, &Request<'_>) -> Result<(), Status>,
    output: &mut BytesMut,
) -> Result<(Extensions, Option<String>), OpenError> {
    let mut reader = RequestReader::default();
    loop {
        let Step { consumed, event } = reader.receive(input.unread(), output).map_err(OpenError::Head)?;
        if let Some(head) = event {
            let accepted = answer(&head, terms, check, output)?;
            input.consume(consumed);
            return Ok(accepted);
        }
        input.consume(consumed);
        read(stream, input).await?;
    }
}

fn answer(
    head: &RequestHead<'_>,
    terms: &Terms<'_>,
    check: impl FnOnce(&RequestHead<'_>, &Request<'_>) -> Result<(), Status>,
    output: &mut BytesMut,
) -> Result<(Extensions, Option<String>), OpenError> {
    let request = Request::from_head(head).map_err(|error| {
        error.reject(output);
        OpenError::Request(error)
    })?;
    // The bytes of a body would be taken for frames.
    let has_body = head.headers.get("transfer-encoding").is_some()
        || head.headers.get("content-length").is_some_and(|length| length != b"0");
    let checked = if has_body { Err(Status::BAD_REQUEST) } else { check(head, &request) };
    if let Err(status) = checked {
        http::respond(status, &[("Connection", "close")], b"", output)?;
        return Err(OpenError::Refused(status));
    }
    let answer = terms.answer(&request);
    let extensions = request.accept(&answer, output)?;
    Ok((extensions, answer.subprotocol.map(ToOwned::to_owned)))
}

/// The answer, as far as the client takes it; it has done wrong, or is not wanted.
async fn refuse<S: AsyncWrite + Unpin>(stream: &mut S, output: &[u8]) {
    if write(stream, output).await.is_ok() {
        let _ = poll_fn(|cx| Pin::new(&mut *stream).poll_shutdown(cx)).await;
    }
}

async fn read<S: AsyncRead + Unpin>(stream: &mut S, input: &mut Input) -> io::Result<()> {
    match poll_fn(|cx| input.poll_fill(stream, cx)).await? {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

async fn write<S: AsyncWrite + Unpin>(stream: &mut S, mut bytes: &[u8]) -> io::Result<()> {
    poll_fn(|cx| {
        while !bytes.is_empty() {
            let written = ready!(Pin::new(&mut *stream).poll_write(cx, bytes))?;
            if written == 0 {
                return Err(ErrorKind::WriteZero.into()).into();
            }
            bytes = bytes.get(written..).unwrap_or_default();
        }
        Pin::new(&mut *stream).poll_flush(cx)
    })
    .await
}

async fn within<T>(
    limit: Option<Duration>,
    future: impl Future<Output = Result<T, OpenError>>,
) -> Result<T, OpenError> {
    match limit {
        Some(limit) => {
            timeout(limit, future).await.unwrap_or_else(|_| Err(io::Error::from(ErrorKind::TimedOut).into()))
        }
        None => future.await,
    }
}

//! The client's half of the opening handshake (RFC 6455 §4.1), through redirects.

use super::error::Trouble;
use super::exchange::Answer;
use super::target::Target;
use super::websocket::WebSocketOptions;
use super::wire::{Filled, Wire};
use super::{Cut, Error, Stop, headers};
use crate::reconnect::{Redirects, Verdict};
use crate::ws::handshake::{ClientHandshake, Extensions, Opening, Response};
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::BytesMut;

/// A connection behind its handshake.
pub(super) struct Opened {
    /// What is unread in it belongs to the frames.
    pub(super) wire: Wire,
    pub(super) subprotocol: Option<String>,
    pub(super) extensions: Extensions,
}

/// Connects and shakes hands; `parameters` go into the query, also of where it is redirected to.
pub(super) fn open(
    target: &Target,
    parameters: &[(&str, &str)],
    options: &WebSocketOptions,
    stop: &Stop,
) -> Result<Opened, Trouble> {
    let mut target = target.clone();
    let mut redirects = Redirects::default();
    loop {
        // Credentials are for the origin that they were given for.
        let callers = if redirects.is_abroad() { &[] } else { options.common.headers.as_slice() };
        match handshake(&target, &target.request_target(parameters), callers, options, stop)? {
            Ok(opened) => return Ok(opened),
            Err(location) => {
                let next = target.join(&location)?;
                if !redirects.follow(target.origin_of(&next)) {
                    return Err(Error::Redirect.into());
                }
                target = next;
            }
        }
    }
}

/// One try: the connection, or where to try next.
fn handshake(
    target: &Target,
    request_target: &str,
    callers: &[(String, String)],
    options: &WebSocketOptions,
    stop: &Stop,
) -> Result<Result<Opened, String>, Trouble> {
    let mut wire = Wire::open(target, &options.common, stop)?;
    let mut output = BytesMut::new();
    let subprotocols: Vec<&str> = options.subprotocols.iter().map(String::as_str).collect();
    let host = target.host();
    let host = headers::host(&host, callers);
    let others = callers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("host"));
    let headers: Vec<(&str, &str)> = others.map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let opening = Opening {
        host,
        target: request_target,
        subprotocols: &subprotocols,
        deflate: options.deflate.as_ref(),
        headers: &headers,
    };
    let mut handshake = ClientHandshake::new(&opening, options.common.random, &mut output)?;
    wire.write(&output)?;
    output.clear();

    let deadline = wire.response_deadline();
    loop {
        let received = handshake.receive(wire.unread())?;
        let consumed = received.consumed;
        match received.event {
            Some(Response::Accepted { subprotocol, extensions, .. }) => {
                let subprotocol = subprotocol.map(ToOwned::to_owned);
                wire.consume(consumed);
                return Ok(Ok(Opened { wire, subprotocol, extensions }));
            }
            Some(Response::Refused(head)) => {
                let mut answer = Answer::of("GET", &head, u64::MAX)?;
                wire.consume(consumed);
                if Verdict::of(answer.status) == Verdict::Redirected {
                    return Ok(Err(answer.location));
                }
                return Err(answer.refusal(&mut wire));
            }
            None => {
                wire.consume(consumed);
                match wire.fill(Some(deadline))? {
                    Filled::Bytes => {}
                    Filled::Eof => return Err(Cut::Ended.into()),
                    Filled::TimedOut => return Err(Cut::Silent.into()),
                }
            }
        }
    }
}

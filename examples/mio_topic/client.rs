//! One client: its socket, what it is about, and what it is told.

use super::request::submit;
use super::topics::Topics;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};
use tidings::bytes::{Buf, BytesMut};
use tidings::envelope::{self, Envelope};
use tidings::http::{BodyEvent, BodyReader, RequestReader};
use tidings::longpoll::Held;
use tidings::topic::{Cursor, EventName, Filter, RESET_EVENT, TopicName};
use tidings::ws::{Connection, Keepalive, KeepaliveEvent, KeepaliveOptions};
use tidings::{Transport, sse};

/// A request has to be there after so long, and so has the client's end behind our last words.
pub(super) const REQUEST_TIME: Duration = Duration::from_secs(10);
/// What is taken from the log in one go: messages, and what they count. More than one write takes would only wait.
const BATCH: (usize, usize) = (500, 64 << 10);
/// So often a client that always has more to do may go round before others have their turn.
const TURNS: usize = 8;

pub(super) struct Client {
    socket: TcpStream,
    pub(super) stage: Stage,
    /// Whether there may be another request behind the one that is answered.
    pub(super) is_persistent: bool,
    /// What was read and is not whole: shown again with what comes behind it.
    rest: Vec<u8>,
    /// Nothing is taken from the log, and no further request, before all of it is written.
    pub(super) output: BytesMut,
    /// What it is registered for.
    interest: Interest,
    /// Where it stands in `Server::timers`.
    pub(super) timer: Instant,
    /// Where it stands in `Log::followers`.
    pub(super) followed: Option<TopicName>,
}

pub(super) enum Stage {
    /// A request is to come, until then.
    Head(RequestReader, Instant),
    /// And its body, which is published.
    Body { reader: BodyReader, name: TopicName, event: Option<EventName>, data: Vec<u8>, until: Instant },
    /// A poll that waits for news.
    Held(TopicName, Held<Instant>),
    /// A WebSocket or, without one, an event stream, and how far it has been told what is in the log.
    Stream { name: TopicName, cursor: Cursor, keepalive: Keepalive<Instant>, socket: Option<Box<Connection>> },
    /// All is said. Once it is written only the client's end is waited for, until then: see `mio_echo.rs`.
    Leaving(Instant),
}

/// What a client needs for its turn.
pub(super) struct Turn<'a> {
    pub(super) token: Token,
    pub(super) registry: &'a Registry,
    pub(super) keepalive: KeepaliveOptions,
    pub(super) topics: &'a mut Topics,
    pub(super) now: Instant,
}

impl Client {
    pub(super) fn new(socket: TcpStream, now: Instant) -> Self {
        let timer = now + REQUEST_TIME;
        let stage = Stage::Head(RequestReader::default(), timer);
        // Small messages are not to wait for more; where that cannot be had, they do.
        let _ = socket.set_nodelay(true);
        let (rest, output, interest) = (Vec::new(), BytesMut::new(), Interest::READABLE);
        Self { socket, stage, is_persistent: false, rest, output, interest, timer, followed: None }
    }

    /// The topic whose news it wants to hear.
    pub(super) fn follows(&self) -> Option<&TopicName> {
        match &self.stage {
            Stage::Held(name, _) | Stage::Stream { name, .. } => Some(name),
            Stage::Head(..) | Stage::Body { .. } | Stage::Leaving(_) => None,
        }
    }

    /// As in `mio_echo.rs`, and before each write comes what the log has. Whether the client stays.
    pub(super) fn turn(&mut self, turn: &mut Turn<'_>, buffer: &mut [u8]) -> io::Result<bool> {
        for _ in 0..TURNS {
            self.say(turn.topics, turn.now);
            let kept = self.rest.len();
            buffer[..kept].copy_from_slice(&self.rest);
            if !self.output.is_empty() {
                if !self.write(turn.now)? {
                    return self.wait_for(Interest::WRITABLE, turn);
                }
                // A Pong for which there was no room before, or the request behind one that is answered.
                self.take(&mut buffer[..kept], turn);
                continue;
            }
            if let Stage::Leaving(_) = self.stage {
                self.socket.shutdown(Shutdown::Write)?;
            }
            match self.socket.read(&mut buffer[kept..]) {
                Ok(0) => return Ok(false), // also where there is no room: of one who sends on while its poll is held
                Ok(read) => {
                    if let Stage::Stream { keepalive, socket: Some(_), .. } = &mut self.stage {
                        keepalive.received(turn.now);
                    }
                    self.take(&mut buffer[..kept + read], turn);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return self.wait_for(Interest::READABLE, turn);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // To register again is to be told again if it is ready still, and to be written to it is.
        self.interest = Interest::READABLE | Interest::WRITABLE;
        turn.registry.reregister(&mut self.socket, turn.token, self.interest)?;
        Ok(true)
    }

    fn wait_for(&mut self, interest: Interest, turn: &Turn<'_>) -> io::Result<bool> {
        if self.interest != interest {
            turn.registry.reregister(&mut self.socket, turn.token, interest)?;
            self.interest = interest;
        }
        Ok(true)
    }

    /// Whether all of the output could be written.
    fn write(&mut self, now: Instant) -> io::Result<bool> {
        while !self.output.is_empty() {
            match self.socket.write(&self.output) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.output.advance(written);
                    self.has_taken(now);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.output = BytesMut::new(); // one that is silent keeps nothing
        Ok(true)
    }

    /// Some of the output has gone.
    fn has_taken(&mut self, now: Instant) {
        match &mut self.stage {
            Stage::Head(_, until) | Stage::Leaving(until) => *until = now + REQUEST_TIME,
            // That is all that an event stream ever shows of its client.
            Stage::Stream { keepalive, socket: None, .. } => keepalive.received(now),
            // The socket was full, and the client has made room; else a Ping would be its own answer.
            Stage::Stream { keepalive, .. } if self.interest == Interest::WRITABLE => keepalive.received(now),
            Stage::Body { .. } | Stage::Held(..) | Stage::Stream { .. } => {}
        }
    }

    /// What the log has for it, as much as goes out in one go, once there is nothing else to be written.
    fn say(&mut self, topics: &mut Topics, now: Instant) {
        if !self.output.is_empty() {
            return;
        }
        match &mut self.stage {
            Stage::Held(name, held) => {
                let topic = &topics.log(name).topic;
                let news = held.handle_news(topic, now);
                if let Some(answer) = news.or_else(|| held.handle_timeout(topic, now)) {
                    self.answer_poll(&answer, now);
                }
            }
            // RFC 6455 §5.5.1: nothing behind a Close.
            Stage::Stream { socket: Some(socket), .. } if !socket.is_open() => {}
            Stage::Stream { name, cursor, socket, .. } => {
                match topics.log(name).topic.select(*cursor, &Filter::default(), BATCH.0, BATCH.1) {
                    Ok(found) => {
                        for message in found.messages {
                            tell(&message.into(), socket, &mut self.output);
                        }
                        *cursor = found.next;
                    }
                    Err(reset) => {
                        tell(&reset.into(), socket, &mut self.output);
                        *cursor = reset.oldest;
                    }
                }
            }
            Stage::Head(..) | Stage::Body { .. } | Stage::Leaving(_) => {}
        }
    }

    /// Takes what there is, and keeps what is not whole.
    fn take(&mut self, input: &mut [u8], turn: &mut Turn<'_>) {
        let mut used = 0;
        loop {
            let (consumed, is_more) = self.take_one(&mut input[used..], turn);
            used += consumed;
            if !is_more {
                break;
            }
        }
        self.rest = match self.stage {
            // Whatever they still say.
            Stage::Leaving(_) | Stage::Stream { socket: None, .. } => Vec::new(),
            _ => input[used..].to_vec(),
        };
    }

    /// Takes one thing: so many bytes of the input, and whether there may be another one.
    fn take_one(&mut self, input: &mut [u8], turn: &mut Turn<'_>) -> (usize, bool) {
        match &mut self.stage {
            Stage::Head(reader, _) if self.output.is_empty() => match reader.receive(input, &mut self.output) {
                Ok(step) => {
                    let is_whole = step.event.is_some();
                    if let Some(head) = step.event {
                        self.is_persistent = head.keep_alive();
                        if let Err(status) = self.open(&head, turn) {
                            self.refuse(status, turn.now);
                        }
                    }
                    (step.consumed, is_whole)
                }
                Err(_) => self.leave(turn.now), // the answer is in the output
            },
            Stage::Body { reader, data, .. } => match reader.receive(input) {
                Ok(step) => {
                    match step.event {
                        Some(BodyEvent::Data(piece)) => data.extend(piece),
                        Some(BodyEvent::End) => self.publish(turn),
                        None => {}
                    }
                    (step.consumed, step.event.is_some())
                }
                Err(error) => {
                    error.reject(&mut self.output);
                    self.leave(turn.now)
                }
            },
            Stage::Stream { name, keepalive, socket: Some(socket), .. } => {
                // An error ends the connection; the Close frame that names it is in the output.
                let (consumed, event) = match socket.receive(input, &mut self.output) {
                    Ok(step) => (step.consumed, step.event),
                    Err(_) => (0, None),
                };
                let is_more = event.is_some();
                if let Some(event) = event
                    && socket.is_open()
                    && let Err((code, why)) = submit(&event, name, turn)
                {
                    let _ = socket.close(code, why, &mut self.output); // it is open, and that is short
                }
                if socket.transport() != Transport::KeepOpen {
                    return self.leave(turn.now);
                }
                if !socket.is_open() {
                    keepalive.closing(turn.now);
                }
                (consumed, is_more)
            }
            Stage::Head(..) | Stage::Held(..) | Stage::Stream { socket: None, .. } | Stage::Leaving(_) => (0, false),
        }
    }

    pub(super) fn leave(&mut self, now: Instant) -> (usize, bool) {
        self.stage = Stage::Leaving(now + REQUEST_TIME);
        (0, false)
    }

    /// When something has to be done, whatever comes.
    pub(super) fn due(&self) -> Instant {
        match &self.stage {
            Stage::Head(_, until) | Stage::Body { until, .. } | Stage::Leaving(until) => *until,
            Stage::Held(_, held) => held.poll_timeout().unwrap_or(self.timer),
            Stage::Stream { keepalive, .. } => keepalive.poll_timeout().unwrap_or(self.timer),
        }
    }

    /// Whether the client stays.
    pub(super) fn time_out(&mut self, topics: &mut Topics, now: Instant) -> bool {
        match &mut self.stage {
            Stage::Head(_, until) | Stage::Body { until, .. } | Stage::Leaving(until) => now < *until,
            Stage::Held(..) => {
                self.say(topics, now); // which is the answer, now at the latest
                true
            }
            Stage::Stream { cursor, keepalive, socket, .. } => match keepalive.handle_timeout(now) {
                None => true,
                Some(KeepaliveEvent::Ping) => {
                    // Proxies see that the connection is in use, and the client where it stands.
                    tell(&Envelope::Bookmark { id: *cursor }, socket, &mut self.output);
                    socket.as_mut().is_none_or(|socket| socket.ping(b"", &mut self.output).is_ok())
                }
                Some(KeepaliveEvent::Gone) => false,
            },
        }
    }
}

/// The same for both: an envelope in a text frame, or the block of an event stream that means it.
pub(super) fn tell(what: &Envelope<'_>, socket: &mut Option<Box<Connection>>, output: &mut BytesMut) {
    let mut json = BytesMut::new();
    if let Some(socket) = socket {
        what.encode(&mut json);
        let _ = socket.send_text(&String::from_utf8_lossy(&json), output); // or it has closed
        return;
    }
    let block = match what {
        Envelope::Message { id, event, data } => sse::Event {
            id: Some(id.to_string().into()),
            event: event.as_deref().map(Into::into),
            data: Some((&**data).into()),
            ..sse::Event::default()
        },
        Envelope::Bookmark { id } => sse::Event::bookmark(id.to_string()),
        Envelope::Reset(reset) => {
            envelope::encode_reset(reset, &mut json);
            let data = String::from_utf8_lossy(&json).into_owned();
            sse::Event::message(data).with_event(RESET_EVENT).with_id(reset.oldest.to_string())
        }
        Envelope::Drain => return, // this server ends without a word
    };
    let _ = block.encode(output); // neither cursors nor names have line breaks
}

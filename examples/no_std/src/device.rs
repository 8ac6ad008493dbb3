//! A WebSocket client without `std`: it reports a temperature every ten seconds and does what it is told.
//!
//! ```text
//!   board                                     device
//!   ─────                                     ──────
//!   network stack, never blocks ◀── Socket ──▶ poll(socket, temperature, now) ──▶ when to call again, at the latest
//!   tick counter, 1 kHz         ──── Ticks ──▶   │
//!   random number generator     ── fn(&mut) ─▶   └─ input: 1 KiB in place; output: what the stack could not take yet
//! ```
//!
//! The board's main loop is then: sleep until an interrupt or the tick that `poll` gave, read the thermometer, `poll`. When
//! it says that the connection is [`Over`], the next one is to be made after a while that grows: that is what
//! `tidings::reconnect` is for.

use alloc::boxed::Box;
use alloc::format;
use core::ops::Add;
use core::time::Duration;
use tidings::bytes::{Buf, BytesMut};
use tidings::ws::handshake::{ClientHandshake, Opening, Response};
use tidings::ws::{Config, Connection, Event, Keepalive, KeepaliveEvent, KeepaliveOptions};

/// Bytes of the input buffer: the server's 101 must fit, and a frame, or else it is put together on the heap.
const INPUT: usize = 1024;
/// The longest command. So much heap a message in fragments can take, and no more.
const MAX_MESSAGE: usize = 256;
/// While more waits to be sent, nothing is added: a Pong or a report is late then, and memory stays.
const MAX_UNSENT: usize = 512;
const REPORT_EVERY: Duration = Duration::from_secs(10);
/// The whole of the opening handshake.
const OPEN_WITHIN: Duration = Duration::from_secs(20);

/// A socket of the network stack's.
pub trait Socket {
    /// How many bytes were there and are in `into` now; `Ok(0)` if none are.
    ///
    /// # Errors
    /// The stream has ended, whichever way.
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Lost>;

    /// How many of the bytes it could take, maybe none.
    ///
    /// # Errors
    /// The stream has ended, whichever way.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Lost>;
}

/// The stream has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost;

/// Milliseconds since the board was started. With `Copy`, `Ord` and this `Add` it is a `tidings::Instant`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticks(pub u64);

impl Add<Duration> for Ticks {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// Why there is no connection any more: drop the socket, and make a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// The stream has ended.
    Lost,
    /// The server's answer to the handshake was another one, or none.
    NotOpened,
    /// The server has closed the connection, or broken the protocol.
    Closed,
    /// The server gives no sign of life.
    Silent,
}

impl From<Lost> for Over {
    fn from(Lost: Lost) -> Self {
        Self::Lost
    }
}

/// The device, as long as one connection lasts.
pub struct Device {
    stage: Stage,
    random: fn(&mut [u8]),
    input: [u8; INPUT],
    filled: usize,
    output: BytesMut,
    report_at: Ticks,
    is_lit: bool,
}

enum Stage {
    Opening(ClientHandshake, Ticks),
    Open(Box<Connection>, Keepalive<Ticks>),
}

impl Device {
    /// For a socket that has just been connected. `random` fills masking keys, which the server must not be able to guess
    /// (RFC 6455 §5.3): a generator of the hardware's, or one that was seeded by it.
    #[must_use]
    pub fn new(host: &str, random: fn(&mut [u8]), now: Ticks) -> Option<Self> {
        let mut output = BytesMut::with_capacity(MAX_UNSENT);
        let opening = Opening { host, target: "/thermometer", ..Opening::default() };
        let handshake = ClientHandshake::new(&opening, random, &mut output).ok()?;
        let stage = Stage::Opening(handshake, now + OPEN_WITHIN);
        Some(Self { stage, random, input: [0; INPUT], filled: 0, output, report_at: now, is_lit: false })
    }

    /// Whether the lamp is to burn.
    #[must_use]
    pub fn is_lit(&self) -> bool {
        self.is_lit
    }

    /// Does all that can be done without waiting. Call it again when the socket has news or can take more, and at the tick
    /// that it gives, at the latest. `temperature`: in tenths of a degree.
    ///
    /// # Errors
    /// The connection is over.
    pub fn poll(&mut self, socket: &mut impl Socket, temperature: i16, now: Ticks) -> Result<Ticks, Over> {
        self.write(socket)?;
        // As long as nothing waits to be written: what the server does not take, it is not asked for more answers to.
        while self.output.is_empty() {
            let read = socket.read(&mut self.input[self.filled..])?;
            if read == 0 {
                break;
            }
            self.filled += read;
            let taken = self.take(now);
            self.write(socket)?; // after a violation, too: the Close that names it
            taken?;
        }
        let next = self.keep_time(temperature, now)?;
        self.write(socket)?;
        Ok(next)
    }

    /// What is due, and when the next thing will be.
    fn keep_time(&mut self, temperature: i16, now: Ticks) -> Result<Ticks, Over> {
        let (connection, keepalive) = match &mut self.stage {
            Stage::Opening(_, until) if *until <= now => return Err(Over::NotOpened),
            Stage::Opening(_, until) => return Ok(*until),
            Stage::Open(connection, keepalive) => (connection, keepalive),
        };
        match keepalive.handle_timeout(now) {
            Some(KeepaliveEvent::Gone) => return Err(Over::Silent),
            Some(KeepaliveEvent::Ping) => connection.ping(b"", &mut self.output).map_err(|_| Over::Closed)?,
            None => {}
        }
        if self.report_at <= now {
            // One that would have to wait is left out: the next one will be newer.
            if self.output.len() < MAX_UNSENT && connection.is_open() {
                let (sign, tenths) = (if temperature < 0 { "-" } else { "" }, temperature.unsigned_abs());
                let report = format!("{sign}{}.{}", tenths / 10, tenths % 10);
                connection.send_text(&report, &mut self.output).map_err(|_| Over::Closed)?;
            }
            self.report_at = now + REPORT_EVERY;
        }
        Ok(keepalive.poll_timeout().map_or(self.report_at, |due| due.min(self.report_at)))
    }

    /// All that the input has; what is not whole stays at its front.
    fn take(&mut self, now: Ticks) -> Result<(), Over> {
        let mut used = 0;
        if let Stage::Opening(handshake, _) = &mut self.stage {
            let step = handshake.receive(&self.input[..self.filled]).map_err(|_| Over::NotOpened)?;
            match step.event {
                Some(Response::Accepted { extensions, .. }) => {
                    let config = Config {
                        max_frame: MAX_MESSAGE,
                        max_message: MAX_MESSAGE,
                        input_buffer: INPUT,
                        max_unsent: MAX_UNSENT,
                        ..Config::default()
                    };
                    let connection = Connection::client(config, self.random).with_extensions(&extensions);
                    self.stage = Stage::Open(Box::new(connection), Keepalive::new(KeepaliveOptions::default(), now));
                }
                Some(_) => return Err(Over::NotOpened),
                None if self.filled == INPUT => return Err(Over::NotOpened), // an answer that is too large
                None => {}
            }
            used = step.consumed;
        }
        if let Stage::Open(connection, keepalive) = &mut self.stage {
            keepalive.received(now);
            loop {
                let step = connection
                    .receive(&mut self.input[used..self.filled], &mut self.output)
                    .map_err(|_| Over::Closed)?;
                used += step.consumed;
                match step.event {
                    Some(Event::Text(text)) => match &*text {
                        "on" => self.is_lit = true,
                        "off" => self.is_lit = false,
                        _ => {} // a later server may know more
                    },
                    Some(_) => {}
                    None => break,
                }
            }
            if !connection.is_open() {
                keepalive.closing(now); // our answer to its Close is in the output; the server ends the stream
            }
        }
        self.input.copy_within(used..self.filled, 0);
        self.filled -= used;
        Ok(())
    }

    fn write(&mut self, socket: &mut impl Socket) -> Result<(), Over> {
        while !self.output.is_empty() {
            match socket.write(&self.output)? {
                0 => return Ok(()),
                written => self.output.advance(written),
            }
        }
        Ok(())
    }
}

//! What the reader and the senders of a connection share.

use super::{Failure, Tap, Traffic};
use crate::Transport;
use crate::socket::{self, Socket};
use crate::step::later;
use crate::ws::{CloseCode, Connection, Keepalive, KeepaliveEvent, KeepaliveOptions, SendError};
use bytes::{Buf, BytesMut};
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A connection on its socket.
///
/// No output is lost between the threads. It is appended under the lock, and who appends sees under the same lock
/// whether a sender is writing. If so, that one looks again once its write is over, and holds the lock from the look
/// that finds nothing to the end of its `writing`: what was appended before is found, and who comes after finds nobody
/// writing. If not, a sender writes itself; and the reader, which must not wait for the peer to read, writes what goes at
/// once and waits, as long as something is left, for room as well as for input.
#[derive(Debug)]
pub(crate) struct Duplex {
    pub(super) socket: Arc<Socket>,
    /// How long the peer may take nothing of what is to be written.
    patience: Duration,
    /// How long it may take over a mebibyte of it, taking some of it now and then.
    send_time: Duration,
    /// How long a Close may be unanswered.
    pub(super) close_within: Duration,
    state: Mutex<State>,
    /// A sender has stopped writing.
    written: Condvar,
    /// Who looks on.
    pub(super) tap: Option<Tap>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) connection: Connection,
    /// What nobody writes yet. Bounded: by one message at a time of the senders', for a sender waits until no other one
    /// writes; by [`Config::max_unsent`](crate::ws::Config::max_unsent) and the newest Pong that is owed for the reader's
    /// answers, which do not wait; and by one Close.
    pub(super) output: BytesMut,
    pub(super) keepalive: Keepalive<Instant>,
    /// A sender has taken output and writes it, however long that takes.
    writing: bool,
    /// So many others wait for its end.
    senders_waiting: usize,
    /// Since when the peer has taken nothing of what the reader has to write.
    stuck: Option<Instant>,
    /// Why nothing can be written any more: a write has failed, maybe in the midst of a frame.
    broken: Option<ErrorKind>,
    /// What first ended the sending.
    pub(super) end: Option<End>,
    /// The reader has come to its end: messages are sent until then, and no longer.
    last_words: Option<Instant>,
}

/// Why nothing can be sent any more.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    /// A Close of our own.
    Own,
    /// The peer's, with this code.
    Peer(Option<CloseCode>),
    /// The stream has ended without one.
    Stream,
}

/// From so much on, what waits for the next read goes out without it: nothing is won by waiting.
const MAX_WAITING: usize = 64 * 1024;

impl Duplex {
    pub(crate) fn new(
        socket: Arc<Socket>,
        connection: Connection,
        keepalive: KeepaliveOptions,
        patience: Duration,
        send_time: Duration,
    ) -> io::Result<Self> {
        socket.tcp().set_write_timeout(Some(patience.min(send_time)))?;
        let close_within = keepalive.close_within;
        let keepalive = Keepalive::new(keepalive, Instant::now());
        let output = BytesMut::new();
        let state = State {
            connection,
            output,
            keepalive,
            writing: false,
            senders_waiting: 0,
            stuck: None,
            broken: None,
            end: None,
            last_words: None,
        };
        Ok(Self {
            socket,
            patience,
            send_time,
            close_within,
            state: Mutex::new(state),
            written: Condvar::new(),
            tap: None,
        })
    }

    /// The same with somebody who looks on.
    #[cfg(feature = "client")]
    pub(crate) fn with_tap(self, tap: Option<Tap>) -> Self {
        Self { tap, ..self }
    }

    fn sent(&self, bytes: &[u8]) {
        if let Some(tap) = &self.tap {
            tap.tell(Traffic::Sent(bytes));
        }
    }

    /// Sends what `encode` appends, at once. Where another sender writes, it waits for that.
    pub(crate) fn send(
        &self,
        encode: impl FnOnce(&mut Connection, &mut BytesMut) -> Result<(), SendError>,
    ) -> Result<(), Failure> {
        let mut state = self.lock();
        while state.writing {
            state.senders_waiting += 1;
            state = self.written.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.senders_waiting -= 1;
        }
        state.check_whole()?;
        state.check_last_words()?;
        state.append(encode)?;
        self.write(state)
    }

    /// Sends what `encode` appends when the next read has to wait, so that the answers to everything that was read at
    /// once go out at once.
    pub(crate) fn send_before_waiting(
        &mut self,
        encode: impl FnOnce(&mut Connection, &mut BytesMut) -> Result<(), SendError>,
    ) -> Result<(), Failure> {
        let state = self.state_mut();
        state.append(encode)?;
        if state.output.len() < MAX_WAITING { Ok(()) } else { self.flush() }
    }

    /// Begins the closing handshake. Where another sender writes, it does not wait: the Close goes out behind.
    pub(crate) fn close(&self, code: CloseCode, reason: &str) -> Result<(), Failure> {
        let mut state = self.lock();
        state.append(|connection, output| connection.close(code, reason, output))?;
        state.end.get_or_insert(End::Own);
        state.keepalive.closing(Instant::now());
        self.write(state)
    }

    /// Writes what there is, unless another sender does.
    pub(crate) fn flush(&self) -> Result<(), Failure> {
        self.write(self.lock())
    }

    /// A sender's write: it takes what there is, writes it without the lock, and looks again.
    fn write<'a>(&'a self, mut state: MutexGuard<'a, State>) -> Result<(), Failure> {
        while !state.writing && !state.output.is_empty() {
            state.check_whole()?;
            state.writing = true;
            let bytes = state.output.split();
            drop(state);
            let written = socket::write_all(&self.socket, &bytes, self.send_time);
            // Who looks on may panic: the others must not wait for ever for the end of this write.
            let told = match written {
                Ok(()) => catch_unwind(AssertUnwindSafe(|| self.sent(&bytes))),
                Err(_) => Ok(()),
            };
            drop(bytes);
            state = self.lock();
            state.writing = false;
            if state.senders_waiting > 0 {
                self.written.notify_all(); // which is a system call
            }
            match written {
                Ok(()) => self.after_write(&mut state),
                Err(error) => {
                    self.break_off(&mut state, error.kind());
                    return Err(error.into());
                }
            }
            if let Err(panic) = told {
                drop(state);
                resume_unwind(panic);
            }
        }
        state.check_whole()
    }

    /// The reader's write: as much as goes at once. What is left is not the reader's to wait for.
    pub(super) fn write_at_once(&self, state: &mut State) {
        while !state.writing && !state.output.is_empty() && state.broken.is_none() {
            match socket::write_at_once(&self.socket, &state.output) {
                Ok(written) if written == state.output.len() => {
                    self.sent(&state.output);
                    state.output.clear();
                    self.after_write(state);
                }
                Ok(written) => {
                    self.sent(state.output.get(..written).unwrap_or_default());
                    state.output.advance(written);
                    state.stuck = None;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let now = Instant::now();
                    if later(*state.stuck.get_or_insert(now), self.patience) <= now {
                        self.break_off(state, ErrorKind::TimedOut);
                    }
                    return;
                }
                Err(error) => self.break_off(state, error.kind()),
            }
        }
    }

    fn after_write(&self, state: &mut State) {
        state.stuck = None;
        // There is room again for a Pong that is owed (§5.5.3). A violation was told when it came.
        let _ = state.connection.receive(&mut [], &mut state.output);
        // §7.1.7: the Close that names a violation was the last word.
        if state.output.is_empty() && state.connection.transport() == Transport::HalfClose {
            self.socket.end_writing();
        }
    }

    /// A frame may have been cut in two: nothing must follow.
    fn break_off(&self, state: &mut State, why: ErrorKind) {
        state.broken = Some(why);
        state.output.clear();
        // Who takes nothing need not be listened to. Who has gone may have left something to read.
        if why == ErrorKind::TimedOut {
            self.socket.abort();
        }
    }

    /// Writes what goes, before the reader waits; when the wait has to end, and whether something is left to be written.
    pub(super) fn before_waiting(&self) -> Result<(Instant, bool), Failure> {
        let mut state = self.lock();
        self.write_at_once(&mut state);
        if state.broken == Some(ErrorKind::TimedOut) {
            return Err(io::Error::from(ErrorKind::TimedOut).into());
        }
        let Some(mut due) = state.keepalive.poll_timeout() else { return Err(Failure::Silent) };
        // A Close has its deadline, whatever else comes (§7.1.1).
        if !state.connection.is_open() && due <= Instant::now() {
            return Err(self.give_up(&state));
        }
        if let Some(since) = state.stuck {
            due = due.min(later(since, self.patience));
        }
        Ok((due, !state.writing && !state.output.is_empty() && state.broken.is_none()))
    }

    /// Nothing came in time. Whether a Ping is to go out.
    pub(super) fn timed_out(&self, now: Instant) -> Result<bool, Failure> {
        let mut state = self.lock();
        let shared = &mut *state;
        // A Ping would lie behind what is being written, maybe for long. Meanwhile `patience` decides who is there.
        if shared.writing || shared.stuck.is_some() {
            shared.keepalive.received(now);
        }
        match shared.keepalive.handle_timeout(now) {
            Some(KeepaliveEvent::Gone) => Err(self.give_up(&state)),
            Some(KeepaliveEvent::Ping) => {
                // Ten thousand silent connections keep nothing of what they were once sent.
                if shared.output.is_empty() {
                    shared.output = BytesMut::new();
                }
                // After a Close none may be sent, nor is one needed.
                let _ = shared.connection.ping(&[], &mut shared.output);
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// The peer is gone: a sender need not wait for it.
    fn give_up(&self, state: &State) -> Failure {
        if state.writing {
            self.socket.abort();
        }
        Failure::Silent
    }

    /// The stream has ended: why.
    pub(super) fn ended(&self) -> Failure {
        match self.lock().broken {
            Some(why) => Failure::Io(why.into()),
            None => Failure::Ended,
        }
    }

    /// Nothing is read any more: the connection is over, also for who writes.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.end.get_or_insert(End::Stream);
        state.connection.receive_eof();
        self.give_up(&state);
    }

    /// What made a send fail with [`SendError::Closed`].
    #[cfg(feature = "client")]
    pub(crate) fn end_of_sending(&self) -> Option<End> {
        self.lock().end
    }

    /// Nothing more will be read: from then on no [`send`](Self::send) goes, so that a thread that only sends finds out.
    /// A Close still does.
    pub(crate) fn stop_sending(&self, at: Instant) {
        self.lock().last_words.get_or_insert(at);
    }

    /// Says goodbye, if that needs no waiting (§7.3).
    pub(crate) fn leave(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if state.broken.is_none() && state.connection.close(CloseCode::NORMAL, "", &mut state.output).is_ok() {
            let written = socket::write_at_once(&self.socket, &state.output).unwrap_or(0);
            if let (Some(tap), 1..) = (&self.tap, written) {
                tap.tell(Traffic::Sent(state.output.get(..written).unwrap_or_default()));
            }
        }
        self.socket.say_end();
    }

    /// What is left to be written, with a Close behind it unless there was one.
    pub(crate) fn finish(self, code: CloseCode) -> BytesMut {
        let mut state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if state.broken.is_some() {
            return BytesMut::new();
        }
        // It was closed already, or not.
        let _ = state.connection.close(code, "", &mut state.output);
        state.output
    }

    /// The state without the lock, for who has it alone.
    pub(super) fn state_mut(&mut self) -> &mut State {
        self.state.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// A panic while it is held leaves nothing half done that would not be half done without the lock.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn append(
        &mut self,
        encode: impl FnOnce(&mut Connection, &mut BytesMut) -> Result<(), SendError>,
    ) -> Result<(), Failure> {
        self.check_whole()?;
        Ok(encode(&mut self.connection, &mut self.output)?)
    }

    fn check_last_words(&self) -> Result<(), Failure> {
        match self.last_words {
            Some(until) if until <= Instant::now() => Err(SendError::Closed.into()),
            _ => Ok(()),
        }
    }

    fn check_whole(&self) -> Result<(), Failure> {
        self.broken.map_or(Ok(()), |why| Err(Failure::Io(why.into())))
    }
}

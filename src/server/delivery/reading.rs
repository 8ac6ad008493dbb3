//! What a connection does when there is something to read from its socket.

use super::Role;
use super::connection::{Connection, Fate, Turn};
use crate::server::PublishError;
use bytes::BytesMut;
use std::io::{self, ErrorKind};

/// So often a connection is read in a turn at the most: it may give a byte at a time, and under TLS none.
pub(super) const READS: usize = 16;

impl Connection {
    /// The socket has something to read, or has ended. It must be read until it has no more, or it will not be heard of
    /// again.
    pub(super) fn readable(&mut self, turn: &mut Turn<'_>) -> Fate {
        match &mut self.role {
            Role::Idle | Role::Incoming(_) => self.read_head(turn),
            // A poll's client that has ended its stream is taken for gone. It could have shut down its sending side
            // only, but cannot be told from one that vanished, and that must not be held for a minute.
            Role::Held(_) | Role::Answered { .. } => self.read_ahead(turn),
            // Whoever listens to a stream has nothing more to say.
            Role::Stream(_) | Role::Closing => self.discard(turn),
            Role::WebSocket(_) => self.read_frames(turn),
        }
    }

    /// Keeps what a client sends while it waits for an answer: the next request.
    fn read_ahead(&mut self, turn: &mut Turn<'_>) -> Fate {
        // More than a head is not kept: the rest waits in the socket, and the client's end is seen when it is written to.
        let most = turn.shared.limits.head.bytes;
        for _ in 0..READS {
            if self.input.len() >= most {
                return Fate::Stay;
            }
            if let Some(fate) = self.read_more(most - self.input.len(), turn) {
                return fate;
            }
        }
        Fate::ReadMore
    }

    /// Reads up to so many bytes behind what is there already. `None`: there were some.
    pub(super) fn read_more(&mut self, room: usize, turn: &mut Turn<'_>) -> Option<Fate> {
        let room = room.min(turn.buffer.len());
        let buffer = turn.buffer.get_mut(..room).unwrap_or_default();
        for _ in 0..READS {
            match self.socket.read(buffer) {
                Ok(0) => return Some(Fate::Gone),
                Ok(got) => {
                    self.input.extend_from_slice(buffer.get(..got).unwrap_or_default());
                    return None;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_for_later(&error) => return Some(Fate::Stay),
                Err(_) => return Some(Fate::Gone),
            }
        }
        Some(Fate::ReadMore)
    }

    /// What has no meaning any more is read away all the same: to close over it would reset the connection, and the client
    /// could lose the last words (RFC 6455 §7.1.1, RFC 9112 §9.6).
    fn discard(&mut self, turn: &mut Turn<'_>) -> Fate {
        /// A last request and the end behind it: who has gone is seen to have gone in the same turn.
        const READS: usize = 2;
        for _ in 0..READS {
            match self.socket.read(turn.buffer) {
                // Who has ended their own stream may still read the last words.
                Ok(0) if matches!(self.role, Role::Closing) && !self.out.is_empty() => return Fate::Stay,
                Ok(0) => return Fate::Gone,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_for_later(&error) => return Fate::Stay,
                Err(_) => return Fate::Gone,
            }
        }
        Fate::ReadMore
    }

    /// One buffer full of frames: answered by one write.
    fn read_frames(&mut self, turn: &mut Turn<'_>) -> Fate {
        let Role::WebSocket(socket) = &mut self.role else { return Fate::Stay };
        // It is heard of again when that is done.
        if socket.is_publishing() {
            return Fate::Stay;
        }
        let kept = self.input.len();
        let Some((front, room)) = turn.buffer.split_at_mut_checked(kept) else { return Fate::Gone };
        // What was left over in the last turn comes first.
        let read = if socket.is_sated() { Ok(0) } else { self.socket.read(room) };
        let got = match read {
            Ok(0) if !socket.is_sated() => return Fate::Gone,
            Ok(got) => got,
            Err(error) if error.kind() == ErrorKind::Interrupted => return Fate::ReadMore,
            Err(error) if is_for_later(&error) => return Fate::Stay,
            Err(_) => return Fate::Gone,
        };
        front.copy_from_slice(&self.input);
        let read = turn.buffer.get_mut(..kept + got).unwrap_or_default();
        let used = socket.receive(read, self.out.own(turn.now), (turn.shared, turn.token), turn.now);
        self.input = BytesMut::from(read.get(used..).unwrap_or_default());
        // If this takes away what was in the way of the next batch, the socket will be heard of as writable, too.
        match self.flush(turn) {
            Fate::Gone => Fate::Gone,
            _ => Fate::ReadMore,
        }
    }

    /// What it had sent is published, or is not: on with what came since.
    pub(super) fn published(&mut self, result: Result<(), PublishError>, turn: &mut Turn<'_>) -> Fate {
        let Role::WebSocket(socket) = &mut self.role else { return Fate::Stay };
        socket.published(result, self.out.own(turn.now), turn.now);
        match self.flush(turn) {
            Fate::Gone => Fate::Gone,
            _ => Fate::ReadMore,
        }
    }

    /// Writes what a connection came with, once the frames are read that came with its handshake.
    pub(super) fn begin(&mut self, turn: &mut Turn<'_>) -> Fate {
        let socket = match &mut self.role {
            // Its thread has just looked whether it goes on with the handshake.
            Role::Idle if self.socket.shaking_hands_since().is_some() => return self.flush(turn),
            // The beginning of a head came with it.
            Role::Idle => return self.read_head(turn),
            Role::WebSocket(socket) => socket,
            _ => return self.flush(turn),
        };
        let mut input = std::mem::take(&mut self.input);
        let used = socket.receive(&mut input, self.out.own(turn.now), (turn.shared, turn.token), turn.now);
        self.input = BytesMut::from(input.get(used..).unwrap_or_default());
        let is_sated = socket.is_sated();
        match self.flush(turn) {
            Fate::Gone => Fate::Gone,
            _ if is_sated => Fate::ReadMore,
            fate => fate,
        }
    }
}

pub(super) fn is_for_later(error: &io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock
}

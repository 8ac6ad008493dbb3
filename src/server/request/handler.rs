//! Handing a connection to a handler of the embedder's, and taking it back.

use super::super::opening::Opening;
use super::super::routes::{EventStreamHandler, WebSocketHandler};
use super::super::{EventStream, WebSocket};
use super::{Client, STACK, Status, wire};
use crate::server::delivery::Role;
use crate::server::journal;
use crate::server::metrics::Present;
use crate::server::refusals::Reason;
use crate::server::response::Response;
use crate::ws::{CloseCode, Connection};
use bytes::BytesMut;
use std::boxed::Box;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::string::String;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;

/// A handler, and the connection in the state that it gets it in.
pub(super) struct Mounted {
    pub(super) handler: Mount,
    /// Counts its thread.
    pub(super) present: Present,
}

pub(super) enum Mount {
    WebSocket { handler: Arc<WebSocketHandler>, opening: Box<Opening>, connection: Box<Connection> },
    EventStream { handler: Arc<EventStreamHandler>, opening: Box<Opening>, last_event_id: String, chunked: bool },
}

impl Client {
    /// Runs the handler in a thread of its own: this one has others to answer, and used more of its stack than a silent
    /// handler should keep.
    pub(super) fn start_handler(self, mounted: Mounted, output: BytesMut, input: BytesMut) {
        // The client is given only once the thread is there: else it can be told.
        let (sender, receiver) = sync_channel::<(Self, Mounted, BytesMut, BytesMut)>(1);
        let thread = thread::Builder::new().name("tidings-handler".into()).stack_size(STACK);
        let started = thread.spawn(move || {
            if let Ok((client, mounted, output, input)) = receiver.recv() {
                client.handle(mounted, &output, &input);
            }
        });
        match started {
            // There is room for one, and the thread waits for it.
            Ok(_) => drop(sender.send((self, mounted, output, input))),
            Err(_) => self.refuse_handler(),
        }
    }

    fn refuse_handler(self) {
        self.shared.metrics.refusals.count(Reason::NoThread);
        let words = self.last_words(&Response::busy(Status::SERVICE_UNAVAILABLE, "there is no thread for this"));
        self.hand_over(Role::Closing, words, BytesMut::new());
    }

    /// Runs the handler in this thread. `output` goes out first; `input` was read already.
    fn handle(self, mounted: Mounted, output: &[u8], input: &[u8]) {
        if wire::write_all(&self.socket, output, &self.shared.limits).is_err() {
            return;
        }
        let Self { shared, socket, seat, busy } = self;
        let socket = Arc::new(socket);
        let interruptible = shared.interruptible(&socket);
        let rest = match mounted.handler {
            Mount::WebSocket { handler, opening, connection } => {
                let (shared_too, socket_too) = (Arc::clone(&shared), Arc::clone(&socket));
                let Ok(mut websocket) = WebSocket::new(shared_too, socket_too, opening, *connection, input) else {
                    return;
                };
                let code = match guarded(|| handler(&mut websocket)) {
                    Some(_) if shared.is_draining() => CloseCode::GOING_AWAY,
                    Some(Ok(())) => CloseCode::NORMAL,
                    Some(Err(_)) => CloseCode::INTERNAL_ERROR,
                    None => {
                        shared.metrics.panics.add(1);
                        journal::panicked("a handler", websocket.path());
                        CloseCode::INTERNAL_ERROR
                    }
                };
                websocket.finish(code)
            }
            Mount::EventStream { handler, opening, last_event_id, chunked } => {
                let (shared_too, socket_too) = (Arc::clone(&shared), Arc::clone(&socket));
                let mut events = EventStream::new(shared_too, socket_too, opening, last_event_id, chunked);
                let ended = guarded(|| handler(&mut events));
                if ended.is_none() {
                    shared.metrics.panics.add(1);
                    journal::panicked("a handler", events.path());
                }
                events.finish(matches!(ended, Some(Ok(()))))
            }
        };
        drop((interruptible, mounted.present));
        // Nobody else has it now. What is left to be written the loop writes, and closes the connection in good order.
        if let Some(socket) = Arc::into_inner(socket) {
            let client = Self { shared, socket, seat, busy };
            client.hand_over(Role::Closing, rest, BytesMut::new());
        }
    }
}

/// What the handler returned; `None`: it panicked. What it may have left half done is its own socket's, which is closed.
fn guarded(handler: impl FnOnce() -> io::Result<()>) -> Option<io::Result<()>> {
    panic::catch_unwind(AssertUnwindSafe(handler)).ok()
}

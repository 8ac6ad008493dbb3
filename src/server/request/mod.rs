//! A connection while a request is being answered, and its body read: plain blocking code, in a thread.
//!
//! ```text
//!   loop ──▶ head ──▶ route ──┬──▶ answer ──▶ another request within a second? ──no──▶ loop (idle)
//!              │              ├──▶ poll to be held, stream, WebSocket ────────────────▶ loop
//!              │              └──▶ handler of the embedder's, in a thread of its own
//!              └─ 408, 431 … ────▶ answer ────────────────────────────────────────────▶ loop (closing)
//! ```
//!
//! Under TLS a connection comes here first with its client's hello, and for as long as they shake hands.
//!
//! A thread is there only while its client has something to say: clients that wait are the loop's, and so is a head that
//! is slow to come. So the stacks can be small, and ten thousand subscribers cost no thread at all.

mod body;
mod handler;
mod mounted;
mod negotiate;
mod poll;
mod publish;
pub(super) mod query;
mod route;
mod stream;
mod threads;
mod upgrade;
mod wire_view;

use super::Limits;
use super::access::Origin;
use super::delivery::{Handed, Role};
use super::journal::{self, Asked};
use super::places::Place;
use super::refusals::Reason;
use super::response::{Persistence, Response};
use super::seat::Seat;
use super::shared::{Busy, Shared};
use super::wire;
use crate::blocking::SHORTEST;
use crate::http::{BodyReader, Framing, RequestHead, RequestReader, Status, Version};
use crate::socket::Socket;
use body::Body;
use bytes::{Buf, BytesMut};
use handler::Mounted;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
pub(super) use threads::{Job, Threads};

/// Stack of a request thread. What the server itself needs is a tenth of it; the rest is for hooks and handlers of the
/// embedder's. Only pages that were touched cost memory.
const STACK: usize = 256 * 1024;

/// What is longer is written by the loop: a client that takes its time to read it shall not keep a thread. In bytes; less
/// than a socket takes at once.
const MAX_WRITTEN_HERE: usize = 64 * 1024;

/// One client, connected.
#[derive(Debug)]
pub(super) struct Client {
    shared: Arc<Shared>,
    socket: Socket,
    seat: Seat,
    /// While it is in the midst of a request, and until the loop has it: draining waits for it.
    busy: Option<Busy>,
}

/// A request whose head has been read.
struct Request<'a> {
    shared: &'a Arc<Shared>,
    head: &'a RequestHead<'a>,
    peer_addr: SocketAddr,
    origin: Origin<'a>,
    persistence: Persistence,
    body: Body<'a>,
}

/// What becomes of a request.
enum Reply {
    /// It is answered; then maybe the next one.
    Answer(Response),
    /// The loop goes on with the connection, after it has written these bytes.
    Handed(Role, BytesMut),
    /// It is answered, and the connection ends.
    Last(Response),
    /// A handler of the embedder's goes on with the connection, after these bytes.
    Handler(Mounted, BytesMut),
    /// The client is gone.
    Gone,
}

impl Request<'_> {
    /// Who asks.
    fn client_addr(&self) -> IpAddr {
        self.shared.proxies.client_addr(self.head, self.peer_addr.ip())
    }

    /// A place to wait for the store.
    fn wait_for_store(&self) -> Result<Place<'_>, Response> {
        self.shared.waits.enter().ok_or_else(|| {
            self.shared.metrics.refusals.count(Reason::RequestThreads);
            Response::busy(Status::SERVICE_UNAVAILABLE, "too many wait for what keeps the topics")
        })
    }

    /// Its answer begins, and others go on with it.
    fn begun(&self, status: Status, via: &'static str) {
        self.shared.metrics.answered(status);
        journal::begun(asked(self.head), || self.client_addr(), status, via);
    }
}

/// What may be told of a request.
fn asked<'a>(head: &RequestHead<'a>) -> Asked<'a> {
    Asked { method: head.method, path: head.path() }
}

impl From<Result<Response, Response>> for Reply {
    fn from(answer: Result<Response, Response>) -> Self {
        Self::Answer(answer.unwrap_or_else(|refusal| refusal))
    }
}

/// What a thread does next.
enum Next {
    /// Another request; this much of it is there.
    Request(BytesMut),
    /// Nothing came: the connection waits in the loop.
    Idle,
    /// The loop goes on with it; bytes to write, and bytes that were read.
    Loop(Role, BytesMut, BytesMut),
    /// A handler goes on with it; likewise.
    Handler(Mounted, BytesMut, BytesMut),
    Gone,
}

impl Client {
    /// Serves the connection until it has nothing to say. `input`: what of it was read already.
    fn serve(mut self, mut input: BytesMut) {
        if let Some(tls) = &self.shared.tls
            && self.socket.shake_hands(tls).is_err()
        {
            return self.shared.metrics.refusals.count(Reason::Handshake);
        }
        loop {
            match self.next(input) {
                Next::Request(rest) => {
                    // Between two requests nobody is in the midst of anything.
                    if rest.is_empty() {
                        self.busy = None;
                    }
                    input = rest;
                }
                Next::Idle => return self.hand_over(Role::Idle, BytesMut::new(), BytesMut::new()),
                Next::Loop(role, output, input) => return self.hand_over(role, output, input),
                Next::Handler(mounted, output, input) => return self.start_handler(mounted, output, input),
                Next::Gone => return self.socket.say_end(),
            }
        }
    }

    /// Reads one request and answers it.
    fn next(&mut self, mut input: BytesMut) -> Next {
        let limits = &self.shared.limits;
        if input.is_empty() {
            let mut patience =
                if self.shared.workers.are_scarce(limits) { Duration::ZERO } else { limits.next_request_time };
            let is_shaking_hands = self.socket.shaking_hands_since().is_some();
            if is_shaking_hands {
                // What has come is read in any case: the loop does not.
                patience = patience.max(SHORTEST);
            }
            let until = Instant::now() + patience;
            match wire::read(&self.socket, &mut input, limits.head.bytes, until) {
                Ok(0) => return Next::Gone,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::TimedOut => return Next::Idle,
                Err(error) => {
                    if is_shaking_hands && error.kind() == io::ErrorKind::InvalidData {
                        self.shared.metrics.refusals.count(Reason::Handshake);
                    }
                    return Next::Gone;
                }
            }
        }
        self.busy.get_or_insert_with(|| self.shared.busy());
        let consumed = match RequestReader::new(limits.head).receive(&input, &mut BytesMut::new()) {
            // The reader's own answer knows no date.
            Err(error) => {
                self.shared.metrics.refusals.count(Reason::Head);
                return self.last(&Response::fault(error.status(), std::format!("{error}")));
            }
            Ok(step) => match step.event {
                Some(head) => return self.answer(&head, input.get(step.consumed..).unwrap_or_default()),
                None => step.consumed,
            },
        };
        // The rest may take its time to come: the loop's.
        input.advance(consumed);
        Next::Loop(Role::Idle, BytesMut::new(), input)
    }

    /// Answers a request; `rest` is what was read behind its head.
    fn answer(&self, head: &RequestHead<'_>, rest: &[u8]) -> Next {
        let framing = match Framing::of_request(head) {
            Ok(framing) => framing,
            Err(error) => {
                // RFC 9112 §6.3: where this message ends nobody knows, so nothing can follow it.
                return self.last(&Response::fault(error.status(), std::format!("{error}")));
            }
        };
        let persistence = Persistence { keep_alive: head.keep_alive(), is_http_1_0: head.version == Version::Http10 };
        let origin = self.shared.origins.judge(head);
        let mut request = Request {
            shared: &self.shared,
            head,
            peer_addr: self.seat.peer_addr,
            origin,
            persistence,
            body: Body::new(head, framing, &self.shared, &self.socket, rest),
        };
        let reply = request.reply();
        let body = request.body;
        match reply {
            Reply::Answer(response) => {
                let response = response.with_headers(self.shared.origins.headers(origin));
                self.write_answer(head, &response, persistence, body)
            }
            Reply::Handed(role, output) => Next::Loop(role, output, body.into_rest()),
            Reply::Last(response) => {
                let response = response.with_headers(self.shared.origins.headers(origin));
                self.write_answer(head, &response, persistence.close(), body)
            }
            Reply::Handler(mounted, output) => Next::Handler(mounted, output, body.into_rest()),
            Reply::Gone => Next::Gone,
        }
    }

    fn write_answer(
        &self,
        head: &RequestHead<'_>,
        response: &Response,
        persistence: Persistence,
        body: Body<'_>,
    ) -> Next {
        // RFC 9112 §9.3: what is left of the body would be taken for the next request.
        let stays = persistence.keep_alive && body.is_done() && !self.shared.is_draining();
        let persistence = if stays { persistence } else { persistence.close() };
        let mut output = BytesMut::new();
        response.encode_head(persistence, &mut output);
        // RFC 9110 §9.3.2: the same head, and no body.
        if head.method != "HEAD" {
            output.extend_from_slice(&response.body);
        }
        self.shared.metrics.answered(response.status);
        let client = || self.shared.proxies.client_addr(head, self.seat.peer_addr.ip());
        journal::answered(asked(head), client, response.status);
        if !stays {
            return Next::Loop(Role::Closing, output, BytesMut::new());
        }
        if output.len() > MAX_WRITTEN_HERE {
            return Next::Loop(Role::Answered { keep_alive: true }, output, body.into_rest());
        }
        match wire::write_at_once(&self.socket, &output) {
            Ok(written) if written == output.len() => Next::Request(body.into_rest()),
            // A client that asks and asks and does not read.
            Ok(written) => {
                output.advance(written);
                Next::Loop(Role::Answered { keep_alive: true }, output, body.into_rest())
            }
            Err(_) => Next::Gone,
        }
    }

    /// The connection ends with this answer.
    fn last(&self, response: &Response) -> Next {
        Next::Loop(Role::Closing, self.last_words(response), BytesMut::new())
    }

    /// That answer, counted and told.
    fn last_words(&self, response: &Response) -> BytesMut {
        let mut output = BytesMut::new();
        response.encode_last(&mut output);
        self.shared.metrics.answered(response.status);
        journal::turned_away(self.seat.peer_addr, response.status);
        output
    }

    fn hand_over(self, role: Role, output: BytesMut, input: BytesMut) {
        let Self { shared, socket, seat, busy } = self;
        // A socket that cannot be told not to block would block the loop.
        if socket.tcp().set_nonblocking(true).is_err() {
            return;
        }
        let refused = shared.signal.hand_over(Handed { socket, input, output, role, seat });
        drop(busy);
        // The server has drained: the client is told so from here.
        if let Err(handed) = refused
            && handed.socket.tcp().set_nonblocking(false).is_ok()
        {
            let limits = Limits { answer_time: shared.limits.close_time, ..shared.limits };
            let _ = wire::write_all(&handed.socket, &handed.output, &limits);
            handed.socket.say_end();
        }
    }
}

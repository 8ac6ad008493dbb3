//! Path and method → what answers.

use super::super::access::{Action, Origin};
use super::super::assets;
use super::super::refusals::Reason;
use super::super::response::Response;
use super::super::routes::{TOPICS, WIRE};
use super::negotiate::{self, Transport};
use super::{Reply, Request, Status};
use crate::topic::TopicName;
use std::string::String;

const PLAIN: &str = "text/plain; charset=utf-8";
/// The Prometheus text format by its version, without which a scraper has to guess.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

impl Request<'_> {
    pub(super) fn reply(&mut self) -> Reply {
        let path = self.head.path();
        let pages = self.shared.pages;
        let is_metrics = pages.metrics && path == "/metrics";
        if self.shared.is_draining() && !is_metrics {
            return Reply::Answer(Response::busy(Status::SERVICE_UNAVAILABLE, "draining"));
        }
        if let Some(name) = path.strip_prefix(TOPICS) {
            return match name.parse() {
                Ok(name) => self.topic(&name),
                Err(error) => Reply::Answer(Response::fault(Status::BAD_REQUEST, std::format!("{error}"))),
            };
        }
        if let Some(message) = path.strip_prefix(WIRE)
            && pages.live
        {
            return self.page(|request| request.wire_view(message));
        }
        if let Some(handler) = self.shared.routes.find(path) {
            return self.mounted(handler);
        }
        match path {
            "/healthz" => self.page(|_| text(PLAIN, "ok\n")),
            "/metrics" if is_metrics => {
                self.page(|request| text(METRICS, &request.shared.metrics.render(request.shared)))
            }
            "" if self.head.method == "OPTIONS" => Reply::Answer(options("GET, HEAD, POST, OPTIONS", self.origin)),
            _ => match pages.live.then(|| assets::find(path, self.head.authority())).flatten() {
                Some(asset) => self.page(|_| asset),
                None => Reply::Answer(Response::fault(Status::NOT_FOUND, "nothing is here")),
            },
        }
    }

    /// One resource, every transport.
    fn topic(&mut self, name: &TopicName) -> Reply {
        const METHODS: &str = "GET, HEAD, POST, OPTIONS";
        match self.head.method {
            "GET" | "HEAD" => match negotiate::transport(self.head) {
                Transport::WebSocket => self.upgrade(name),
                Transport::Sse => self.sse(name),
                Transport::Ndjson => self.ndjson(name),
                Transport::Poll => self.poll(name),
            },
            "POST" => self.publish(name),
            "OPTIONS" => Reply::Answer(self.acknowledge_key(options(METHODS, self.origin))),
            _ => Reply::Answer(not_allowed(METHODS)),
        }
    }

    /// What is read only.
    pub(super) fn page(&self, answer: impl FnOnce(&Self) -> Response) -> Reply {
        const METHODS: &str = "GET, HEAD, OPTIONS";
        match self.head.method {
            "GET" | "HEAD" => Reply::Answer(answer(self)),
            "OPTIONS" => Reply::Answer(options(METHODS, self.origin)),
            _ => Reply::Answer(not_allowed(METHODS)),
        }
    }

    /// Asks the embedder's hook; a refusal is counted.
    pub(super) fn authorize(&self, action: Action<'_>) -> Result<(), Response> {
        self.ask(action).inspect_err(|refusal| {
            if refusal.status != Status::INTERNAL_SERVER_ERROR {
                self.shared.metrics.refusals.count(Reason::Access);
            }
        })
    }

    /// Asks the hook what it would say.
    pub(super) fn ask(&self, action: Action<'_>) -> Result<(), Response> {
        self.shared.gate.ask(self.head, self.peer_addr, action, self.shared)
    }
}

fn text(content_type: &'static str, body: &str) -> Response {
    Response::new(Status::OK).with_body(content_type, String::from(body)).with_header("Cache-Control", "no-store")
}

/// RFC 9110 §15.5.6: 405 says what is allowed.
pub(super) fn not_allowed(methods: &'static str) -> Response {
    Response::fault(Status::METHOD_NOT_ALLOWED, "this method is not for this resource").with_header("Allow", methods)
}

/// What pages of allowed origins may send beside what every page may.
const ALLOWED_HEADERS: &str = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Prefer";

/// RFC 9110 §9.3.7, and what a browser asks before it lets a page of another origin send a request.
pub(super) fn options(methods: &'static str, origin: Origin<'_>) -> Response {
    let response = Response::new(Status::NO_CONTENT).with_header("Allow", methods);
    match origin {
        Origin::Allowed(_) => response
            .with_header("Access-Control-Allow-Methods", methods)
            .with_header("Access-Control-Allow-Headers", ALLOWED_HEADERS)
            .with_header("Access-Control-Max-Age", "600"),
        Origin::Own | Origin::Foreign => response,
    }
}

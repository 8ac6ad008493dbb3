//! A server on axum whose WebSocket and event stream are this crate's:
//! `cargo run --features tokio --example axum -- --addr 127.0.0.1:8081`, then
//!
//! ```text
//! tidings subscribe http://127.0.0.1:8081/clock --via sse       the seconds, as events
//! cargo run --example ws_client -- --url ws://127.0.0.1:8081/echo    what you say
//! ```

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, Version, header};
use axum::response::Response;
use axum::routing::get;
use futures_util::stream;
use std::io;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tidings::sse::Event;
use tidings::tokio::{Error, EventBody, OpenError, Options, Terms, Upgrade, WebSocket};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let addr = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => "127.0.0.1:8081",
        ["--addr", addr] => addr,
        _ => {
            eprintln!("usage: axum [--addr HOST:PORT]");
            return ExitCode::from(2);
        }
    };
    let served = async {
        let listener = TcpListener::bind(addr).await?;
        println!("listening on http://{}/", listener.local_addr()?);
        serve(listener).await
    };
    match served.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("axum: {addr}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves for ever.
pub async fn serve(listener: TcpListener) -> io::Result<()> {
    let app = Router::new().route("/echo", get(websocket)).route("/clock", get(events));
    axum::serve(listener, app).await
}

/// Any page may connect: there is nothing here that is only for some. Else look at `Origin` first.
async fn websocket(mut request: Request) -> Response {
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let is_http_1_1 = request.version() == Version::HTTP_11;
    let upgrade = match Upgrade::check(request.method().as_str(), is_http_1_1, headers, &Terms::default()) {
        Ok(upgrade) => upgrade,
        Err(error) => return refusal(&error),
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    for (name, value) in upgrade.headers() {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        if let Ok(stream) = upgraded.await {
            let socket = upgrade.websocket(hyper_util::rt::TokioIo::new(stream), &Options::default());
            if let Err(error) = echo(socket).await {
                eprintln!("axum: {error}");
            }
        }
    });
    response
}

fn refusal(error: &OpenError) -> Response {
    let mut response = Response::new(Body::from(error.to_string()));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR; // unless it is the client's fault
    if let OpenError::Request(error) = error {
        *response.status_mut() = StatusCode::from_u16(error.status().as_u16()).unwrap_or(StatusCode::BAD_REQUEST);
        for (name, value) in error.headers() {
            response.headers_mut().insert(*name, HeaderValue::from_static(value));
        }
    }
    response
}

async fn echo<S: AsyncRead + AsyncWrite + Unpin>(mut socket: WebSocket<S>) -> Result<(), Error> {
    while let Some(message) = socket.next().await {
        socket.feed(&message?).await?;
    }
    Ok(())
}

/// How long this client has been here, each second.
async fn events() -> Response {
    let start = Instant::now();
    let seconds = stream::unfold(0_u64, move |n| async move {
        tokio::time::sleep(Duration::from_secs(u64::from(n > 0))).await;
        let event = Event::message(format!("{} s", start.elapsed().as_secs())).with_id(n.to_string());
        Some((event, n + 1))
    });
    let body = EventBody::new(seconds).with_keepalive(Duration::from_secs(15));
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

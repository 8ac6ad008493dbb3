//! `tidings serve`.

use crate::args::Serve;
use crate::{Failure, logger, output, say, service, signals, tls};
use std::sync::mpsc::sync_channel;
use std::time::Duration;
use tidings::server::{Builder, Limits, Server};

/// For so long the end waits for the last words, which somebody may have to read first.
const LAST_WORDS: Duration = Duration::from_secs(1);

pub fn run(mut arguments: Serve) -> Result<(), Failure> {
    logger::start(arguments.log)?;
    let (mut builder, mut reload, mut scheme) = (builder(&arguments), None, "http");
    if let Some(files) = arguments.tls.take() {
        let (secured, again) = tls::secure(builder, files)?;
        (builder, reload, scheme) = (secured, Some(again), "https");
    }
    let bound = builder.bind(arguments.addr.as_str());
    let server = bound.map_err(|error| match error.kind() {
        // It says itself which origin is none.
        std::io::ErrorKind::InvalidInput => Failure::Usage(error.to_string()),
        // It says itself which Redis is not there.
        std::io::ErrorKind::NotConnected => Failure::Failed(error.to_string()),
        _ => Failure::Failed(format!("cannot listen on {}: {error}", arguments.addr)),
    })?;
    let handle = server.handle();
    let (say_so, said) = sync_channel(1);
    let end = move || {
        // First of all: the words after it may have to wait for somebody who reads them.
        handle.drain();
        service::stopping();
        // The log says so itself.
        if !log::log_enabled!(log::Level::Info) {
            say("draining");
        }
        // Full only if it was told before.
        let _ = say_so.try_send(());
    };
    signals::watch(end, reload).map_err(|error| Failure::Failed(format!("signals: {error}")))?;
    service::ready();

    // Whoever waits for this line may connect when it is there. That nobody reads it is no reason not to serve.
    match output::print(&format!("listening on {scheme}://{}/\n", server.local_addr())) {
        Ok(()) | Err(Failure::OutputClosed) => {}
        Err(failure) => return Err(failure),
    }
    let ended = server.run();
    if ended.is_ok() {
        // Where nobody was there to be told, it is over before that was said.
        let _ = said.recv_timeout(LAST_WORDS);
    }
    log::logger().flush();
    ended.map_err(|error| Failure::Failed(format!("the server failed: {error}")))
}

fn builder(arguments: &Serve) -> Builder {
    let mut builder = Server::builder().limits(Limits {
        topic: arguments.keep,
        drain_time: arguments.drain_time,
        connections_per_address: arguments.connections_per_address,
        ..Limits::default()
    });
    if !arguments.tokens.is_empty() {
        let tokens = arguments.tokens.clone();
        builder = builder.authorize(move |request| tokens.check(request));
    }
    for origin in &arguments.allow_origin {
        builder = builder.allow_origin(origin);
    }
    for proxies in &arguments.trust_proxy {
        builder = builder.trust_proxy(*proxies);
    }
    #[cfg(feature = "redis")]
    if let Some(url) = &arguments.redis {
        builder = builder.redis(url.clone());
    }
    builder.proxy_header(arguments.proxy_header)
}

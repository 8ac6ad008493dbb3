//! `tidings serve`.

use crate::args::Serve;
use crate::output;
use crate::{Failure, say};
use tidings::server::{Limits, Server};

pub fn run(arguments: &Serve) -> Result<(), Failure> {
    let limits = Limits { topic: arguments.keep, ..Limits::default() };
    let mut builder = Server::builder().limits(limits);
    if !arguments.tokens.is_empty() {
        let tokens = arguments.tokens.clone();
        builder = builder.authorize(move |request| tokens.check(request));
    }
    for origin in &arguments.allow_origin {
        builder = builder.allow_origin(origin);
    }
    let bound = builder.bind(arguments.addr.as_str());
    let server = bound.map_err(|error| match error.kind() {
        // It says itself which origin is none.
        std::io::ErrorKind::InvalidInput => Failure::Usage(error.to_string()),
        _ => Failure::Failed(format!("cannot listen on {}: {error}", arguments.addr)),
    })?;
    let handle = server.handle();
    ctrlc::set_handler(move || {
        say("draining");
        handle.drain();
    })
    .map_err(|error| Failure::Failed(format!("signals: {error}")))?;

    // Whoever waits for this line may connect when it is there. That nobody reads it is no reason not to serve.
    match output::print(&format!("listening on http://{}/\n", server.local_addr())) {
        Ok(()) | Err(Failure::OutputClosed) => {}
        Err(failure) => return Err(failure),
    }
    server.run().map_err(|error| Failure::Failed(format!("the server failed: {error}")))
}

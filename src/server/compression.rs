//! How the messages of topics are compressed for those WebSocket clients that offer it (RFC 7692).
//!
//! Each is compressed once for all of them, and no side keeps a context: a pair of them for each client would take more
//! memory than all else that it costs.

use crate::ws::deflate::Options;

#[cfg(feature = "deflate")]
mod terms {
    use super::Options;

    #[allow(clippy::unnecessary_wraps)] // the shape of its twin below
    pub(in super::super) fn by_default() -> Option<Options> {
        Some(without_contexts(Options::default()))
    }

    pub(in super::super) fn without_contexts(mut options: Options) -> Options {
        options.server_no_context_takeover = true;
        options.client_no_context_takeover = true;
        options
    }
}

#[cfg(not(feature = "deflate"))]
mod terms {
    use super::Options;

    pub(in super::super) fn by_default() -> Option<Options> {
        None
    }

    #[allow(clippy::needless_pass_by_value)] // the shape of its twin above
    pub(in super::super) fn without_contexts(options: Options) -> Options {
        match options {}
    }
}

pub(super) use terms::{by_default, without_contexts};

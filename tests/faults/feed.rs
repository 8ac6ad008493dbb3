//! The five clients as one.

use crate::random::for_client;
use std::time::Duration;
use tidings::client::{Error, EventSource, Options, Poller, Received, Stop, Stream, WebSocketSource};

/// The transports, by the names that `subscribe --via` has for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Via {
    Sse,
    Ws,
    Stream,
    Long,
    Short,
}

impl Via {
    pub const ALL: [Self; 5] = [Self::Sse, Self::Ws, Self::Stream, Self::Long, Self::Short];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Sse => "sse",
            Self::Ws => "ws",
            Self::Stream => "stream",
            Self::Long => "long",
            Self::Short => "short",
        }
    }
}

pub type Feed = Box<dyn Iterator<Item = Result<Received, Error>> + Send>;

/// A client of little patience, so that what it waits for in vain is over soon.
pub fn open(via: Via, url: &str) -> (Feed, Stop) {
    let options = Options {
        after: Some("oldest".into()),
        silence: Duration::from_millis(400),
        response_timeout: Duration::from_millis(400),
        wait: Duration::from_secs(1),
        interval: Duration::from_millis(1),
        random: for_client,
        ..Options::default()
    };
    open_with(via, url, options)
}

pub fn open_with(via: Via, url: &str, options: Options) -> (Feed, Stop) {
    macro_rules! opened {
        ($made:expr) => {{
            let feed = $made.unwrap();
            let stop = feed.stop_handle();
            (Box::new(feed) as Feed, stop)
        }};
    }
    match via {
        Via::Sse => opened!(EventSource::new(url, options)),
        Via::Ws => opened!(WebSocketSource::new(url, options)),
        Via::Stream => opened!(Stream::new(url, options)),
        Via::Long => opened!(Poller::long(url, options)),
        Via::Short => opened!(Poller::short(url, options)),
    }
}

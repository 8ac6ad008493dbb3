//! Looking on.

use core::fmt;
use std::sync::Arc;

/// What happens to the connections of a client, which has one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Traffic<'a> {
    /// A new one has been made; the one before, if there was any, has ended.
    Opened {
        /// Its host.
        host: &'a str,
        /// Its port.
        port: u16,
    },
    /// These bytes went out.
    Sent(&'a [u8]),
    /// These bytes came in.
    Received(&'a [u8]),
}

/// A function that is told of all [`Traffic`], as it is on the wire: credentials too. It is called by whichever thread
/// reads or writes, before anything is made of what came in, and the connection waits for it: it must not use that
/// connection itself.
#[derive(Clone)]
pub struct Tap(Arc<dyn Fn(Traffic<'_>) + Send + Sync>);

impl Tap {
    /// Tells this function.
    pub fn new(told: impl Fn(Traffic<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(told))
    }

    pub(crate) fn tell(&self, traffic: Traffic<'_>) {
        (self.0)(traffic);
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tap").finish_non_exhaustive()
    }
}

//! The program from end to end: the binary that was built, real sockets and pipes, no waiting by the clock.
#![cfg(feature = "cli")]

#[cfg(feature = "tls")]
#[path = "../support/certificates.rs"]
mod certificates;
mod command_line;
#[cfg(unix)]
mod descriptors;
mod ending;
mod inspect;
mod log;
mod publish;
mod run;
mod save;
#[cfg(unix)]
mod save_without_ids;
#[cfg(unix)]
mod service;
#[cfg(all(unix, feature = "tls"))]
mod tls;
mod tokens;
mod transports;
mod wire;

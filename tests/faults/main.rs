//! Exactly once through faults: a proxy between server and client cuts, truncates, resets, delays, stalls and answers
//! 502, as a seed tells it; the server comes back without its log; the program is killed. Each message has to arrive
//! once and in order, or be covered by a reset that says so.
//!
//! ```text
//!   publisher ──▶ server ◀── proxy ◀── client ──▶ Received, checked one by one
//!      ▲                    (faults)               │
//!      └───────── goes on when that has arrived ◀──┘
//! ```
//!
//! As many messages as `TIDINGS_FAULTS_MESSAGES` says go over each transport, 2,000 by default; `TIDINGS_FAULTS_SEED`
//! repeats the faults of a run that failed, which printed it. The long run:
//!
//! ```sh
//! TIDINGS_FAULTS_MESSAGES=100000 cargo test --release --test faults
//! ```
#![cfg(feature = "cli")]

mod check;
mod fault;
mod feed;
mod killed;
mod live;
mod position;
mod proxy;
mod random;
mod run;

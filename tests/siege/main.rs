//! The program under attack, and for long: `tidings serve` as a process of its own, so that its memory, its threads,
//! descriptors and CPU time can be read without those of its clients.
//!
//! ```text
//!   attackers ──────▶ ┌────────────────┐ ──▶ honest subscribers: each message once, in order, how late?
//!   publishers ─────▶ │ tidings serve  │
//!   visitors ◀──────▶ └────────────────┘ ◀── /proc/PID, /metrics: what it takes, and gives back
//! ```
//!
//! Short by default, long by variables, in seconds; all attacks at once go twice as long:
//!
//! ```sh
//! TIDINGS_SIEGE_SECONDS=300 cargo test --release --test siege attacks
//! TIDINGS_SOAK_SECONDS=3600 cargo test --release --test siege soak
//! ```
#![cfg(all(feature = "cli", feature = "deflate", target_os = "linux"))] // /proc

mod at_once;
mod attacks;
mod check;
#[path = "../server/client.rs"]
#[allow(dead_code)] // its other users need the rest
mod client;
#[path = "../faults/feed.rs"]
#[allow(dead_code)]
mod feed;
mod honest;
mod panics;
mod peer;
#[path = "../faults/position.rs"]
mod position;
mod process;
#[path = "../faults/random.rs"]
#[allow(dead_code)]
mod random;
#[path = "../program/run.rs"]
#[allow(dead_code)]
mod run;
#[path = "../server/running.rs"]
#[allow(dead_code)]
mod running;
mod soak;
mod visitors;

use std::io::Write;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

/// How long a test shall take, and whether somebody has asked for that.
#[derive(Debug, Clone, Copy)]
struct Length {
    time: Duration,
    is_asked: bool,
}

impl Length {
    fn of(variable: &str, default: Duration) -> Self {
        let asked = std::env::var(variable).ok().map(|text| {
            let seconds = text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number of seconds"));
            Duration::from_secs(seconds)
        });
        Self { time: asked.unwrap_or(default), is_asked: asked.is_some() }
    }

    /// Tells what was measured. Who waits for a long run sees it at once; else it is seen where the test fails.
    fn say(self, line: &str) {
        if self.is_asked {
            let _ = writeln!(std::io::stderr(), "{line}");
        } else {
            println!("{line}");
        }
    }
}

/// By itself glibc keeps what was freed where something that is still used lies above it, in each of its arenas, and once
/// a large piece was freed it takes the next ones from there, too: after some 300 MiB of unfinished messages that was
/// anything from 50 to 150 MiB, and in a soak 15 MiB where 5 are used. That would hide a leak. So there is one arena, and
/// large pieces go back to the system.
const ALLOCATOR: [(&str, &str); 2] = [("MALLOC_ARENA_MAX", "1"), ("MALLOC_MMAP_THRESHOLD_", "131072")];

/// What is measured here must be measured one at a time.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

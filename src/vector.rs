//! Which vector instructions this machine has.

use fearless_simd::Level;
use std::sync::LazyLock;

/// Asked once: the answers are many, and putting them together takes as long as masking half a kilobyte.
pub(crate) static LEVEL: LazyLock<Level> = LazyLock::new(Level::new);

/// [`LEVEL`] with vectors of at most 32 bytes: what begins anywhere in memory and is short, wider ones are slower for, as
/// each of them touches two cache lines.
pub(crate) static NARROW: LazyLock<Level> = LazyLock::new(|| narrow(*LEVEL));

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn narrow(level: Level) -> Level {
    level.as_avx2().map_or(level, Level::Avx2)
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
fn narrow(level: Level) -> Level {
    level
}

//! Which vector instructions this machine has.

use fearless_simd::Level;
use std::sync::LazyLock;

/// Asked once: the answers are many, and putting them together takes as long as masking half a kilobyte.
pub(crate) static LEVEL: LazyLock<Level> = LazyLock::new(Level::new);

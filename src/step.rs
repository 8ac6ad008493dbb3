//! The few types that every state machine of the core shares.

use core::ops::Add;
use core::time::Duration;

/// What one call of a machine's `receive` made of its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<E> {
    /// How many bytes from the front of the input the caller must not show again.
    pub consumed: usize,
    /// What they meant. `None`: nothing more can be made of this input, read more.
    pub event: Option<E>,
}

impl<E> Step<E> {
    /// `consumed` bytes made one event.
    #[inline]
    pub(crate) const fn event(consumed: usize, event: E) -> Self {
        Self { consumed, event: Some(event) }
    }

    /// `consumed` bytes were taken in, and the next event needs bytes that are not there yet.
    #[inline]
    pub(crate) const fn incomplete(consumed: usize) -> Self {
        Self { consumed, event: None }
    }
}

/// What the owner of the socket shall do with it once all output is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Go on reading and writing.
    KeepOpen,
    /// Shut down the writing side, and read on until the peer's end of stream or a deadline: closing a socket over
    /// unread input would reset the connection, and the peer could lose the last bytes written (RFC 9112 §9.6).
    HalfClose,
    /// Close it.
    Close,
}

/// A point on a clock of the caller's: `std::time::Instant`, an embedded tick counter, or in a test a plain
/// [`Duration`].
pub trait Instant: Copy + Ord + Add<Duration, Output = Self> {}

impl<T: Copy + Ord + Add<Duration, Output = T>> Instant for T {}

/// Durations from here on mean "never": most clocks cannot add them to a point in time without an overflow.
pub(crate) const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// The point in time `wait` after `now`, as far as clocks reach.
pub(crate) fn later<I: Instant>(now: I, wait: Duration) -> I {
    now + wait.min(NEVER)
}

/// How much of `most` lies between two points in time, to the millisecond: clocks here can add, not subtract.
pub(crate) fn elapsed<I: Instant>(since: I, now: I, most: Duration) -> Duration {
    let (mut least, mut beyond) = (0, u64::try_from(most.min(NEVER).as_millis()).unwrap_or(u64::MAX));
    if later(since, most) <= now {
        return most;
    }
    while least + 1 < beyond {
        let middle = least + (beyond - least) / 2;
        if later(since, Duration::from_millis(middle)) <= now {
            least = middle;
        } else {
            beyond = middle;
        }
    }
    Duration::from_millis(least)
}

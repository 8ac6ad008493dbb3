//! How long to wait.

use core::time::Duration;

/// How long to wait before the next try: exponential, with full jitter.
///
/// ```text
///             the server's word        the draw
///   wait  =  ├──────────────────┼┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┤  cap: base, 2 × base, 4 × base … ceiling
///             Retry-After, retry:   anywhere in here
/// ```
///
/// Who has no word of the server's waits for the draw alone.
///
/// ```
/// use std::time::Duration;
/// use tidings::reconnect::Backoff;
///
/// let second = Duration::from_secs(1);
/// let mut backoff = Backoff::new(second, 30 * second, tidings::system_random);
/// assert!(backoff.next_wait(None) <= second);
/// assert!(backoff.next_wait(None) <= 2 * second);
/// assert!(backoff.next_wait(Some(5 * second)) >= 5 * second);
/// ```
#[derive(Debug, Clone)]
pub struct Backoff {
    base: Duration,
    ceiling: Duration,
    /// What an event stream's `retry` asks for.
    floor: Duration,
    failures: u32,
    random: fn(&mut [u8]),
}

impl Backoff {
    /// No base is shorter: `retry: 0` must not make a busy loop.
    pub const MIN: Duration = Duration::from_millis(100);
    /// No time that a server asks for counts as longer, and no draw is.
    pub const MAX: Duration = Duration::from_secs(3600);
    /// No wait is shorter, even where the draw is nothing: time has to go on between two tries.
    pub const SHORTEST: Duration = Duration::from_millis(10);

    /// Waits of up to `base` after the first failure, twice that after the second, up to `ceiling`.
    #[must_use]
    pub fn new(base: Duration, ceiling: Duration, random: fn(&mut [u8])) -> Self {
        let base = base.clamp(Self::MIN, Self::MAX);
        Self { base, ceiling: ceiling.min(Self::MAX), floor: Duration::ZERO, failures: 0, random }
    }

    /// The server would like all of its clients to wait so long before they come back, as by an event stream's `retry`:
    /// no wait is shorter from now on, and the base is the same again, so that those who were cut together are spread
    /// over as much time.
    pub fn set_retry(&mut self, retry: Duration) {
        self.floor = retry.min(Self::MAX);
        self.base = retry.clamp(Self::MIN, Self::MAX);
    }

    /// Something worked: the next wait is a first one.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Something failed: how long to wait. A `Retry-After` wins; up to one base comes on top, so that those who were
    /// sent away together do not come back together.
    pub fn next_wait(&mut self, retry_after: Option<Duration>) -> Duration {
        let factor = 2_u32.saturating_pow(self.failures);
        self.failures = self.failures.saturating_add(1);
        let wait = match retry_after {
            Some(asked) => asked.min(Self::MAX) + self.draw(self.base),
            None => self.floor + self.draw(self.base.saturating_mul(factor).min(self.ceiling.max(self.base))),
        };
        wait.max(Self::SHORTEST)
    }

    /// A random time between zero and `cap`; of a cap above [`MAX`](Self::MAX), between zero and that.
    pub(crate) fn draw(&self, cap: Duration) -> Duration {
        let mut bytes = [0; 4];
        (self.random)(&mut bytes);
        // At most an hour in microseconds, times 32 bits: no overflow.
        let cap = u64::try_from(cap.min(Self::MAX).as_micros()).unwrap_or_default();
        Duration::from_micros((cap * u64::from(u32::from_be_bytes(bytes))) >> 32)
    }
}

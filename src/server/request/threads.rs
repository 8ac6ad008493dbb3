//! The threads that answer requests. One that has nothing to do rests a while: to wake it costs a system call, and a new
//! one ten times as much, and memory that the allocator keeps for each.

use super::super::seat::Seat;
use super::super::shared::lock;
use super::super::workers::Worker;
use super::{Client, STACK, Shared};
use crate::socket::Socket;
use bytes::BytesMut;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a thread rests before it goes: longer than most pauses between the requests of a page.
const REST: Duration = Duration::from_secs(10);

/// A connection with a request, and the right to a thread.
#[derive(Debug)]
pub(in super::super) struct Job {
    pub(super) client: Client,
    /// What was read of it already.
    pub(super) input: BytesMut,
    pub(super) worker: Worker,
}

impl Job {
    /// The thread that waits for it counts as busy from now on.
    pub(in super::super) fn new(
        shared: &Arc<Shared>,
        socket: Socket,
        input: BytesMut,
        seat: Seat,
        worker: Worker,
    ) -> Self {
        let busy = Some(shared.busy());
        Self { client: Client { shared: Arc::clone(shared), socket, seat, busy }, input, worker }
    }
}

/// Those who rest go when it is dropped. How many there are at the most, those say who give a [`Worker`].
#[derive(Debug, Default)]
pub(in super::super) struct Threads(Arc<Common>);

#[derive(Debug, Default)]
struct Common {
    state: Mutex<State>,
    given: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Given, and not taken yet. There is a thread for each: one that rests, or has just been started.
    jobs: VecDeque<Job>,
    /// Threads that rest, beside those for the jobs that are there or promised.
    free: usize,
    is_closed: bool,
    surplus: Surplus,
}

/// Threads that a burst has left. Jobs go round among those that rest, so that none of them rests for long; but if some
/// were free all the time, so many are too many.
#[derive(Debug)]
struct Surplus {
    since: Instant,
    /// So many were free at the least, since then.
    least_free: usize,
    /// So many are to go.
    leaving: usize,
}

impl Default for Surplus {
    fn default() -> Self {
        Self { since: Instant::now(), least_free: 0, leaving: 0 }
    }
}

impl Surplus {
    /// Whether one of those that are free is too many.
    fn take_one(&mut self, free: usize) -> bool {
        if self.since.elapsed() >= REST {
            *self = Self { since: Instant::now(), least_free: free, leaving: self.least_free };
        }
        let is_one = self.leaving > 0 && free > 0;
        self.leaving -= usize::from(is_one);
        is_one
    }
}

/// A thread that waits for its job.
#[derive(Debug)]
pub(in super::super) struct Promise(Arc<Common>);

impl Threads {
    /// A thread, if the system has one. Only then a connection is taken for it, so that where there is none its client can
    /// be told.
    pub(in super::super) fn promise(&self) -> io::Result<Promise> {
        let promise = Promise(Arc::clone(&self.0));
        if !self.0.take_free() {
            let common = Arc::clone(&self.0);
            let thread = thread::Builder::new().name("tidings-request".into()).stack_size(STACK);
            thread.spawn(move || common.work())?;
        }
        Ok(promise)
    }
}

impl Promise {
    pub(in super::super) fn give(self, job: Job) {
        lock(&self.0.state).jobs.push_back(job);
        self.0.given.notify_one();
    }

    /// There is no job after all.
    pub(in super::super) fn release(self) {
        lock(&self.0.state).free += 1;
    }
}

impl Common {
    fn take_free(&self) -> bool {
        let mut state = lock(&self.state);
        let is_free = state.free > 0;
        state.free -= usize::from(is_free);
        state.surplus.least_free = state.surplus.least_free.min(state.free);
        is_free
    }

    fn work(&self) {
        while let Some(Job { client, input, worker }) = self.next() {
            client.serve(input);
            lock(&self.state).free += 1;
            // Behind that: the loop, which may be woken by this for a request that waits, finds the thread free.
            drop(worker);
        }
    }

    /// No job is missed: it is put there under the lock, under which a thread looks before it waits. And none is left
    /// behind: a thread goes only if one is free, that is, there are more than were promised.
    fn next(&self) -> Option<Job> {
        let mut state = lock(&self.state);
        let free = state.free;
        if state.jobs.is_empty() && state.surplus.take_one(free) {
            state.free -= 1;
            return None;
        }
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.is_closed {
                return None;
            }
            let (next, waited) = self.given.wait_timeout(state, REST).unwrap_or_else(PoisonError::into_inner);
            state = next;
            if waited.timed_out() && state.jobs.is_empty() && state.free > 0 {
                state.free -= 1;
                return None;
            }
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        lock(&self.0.state).is_closed = true;
        self.0.given.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::{REST, Surplus};
    use std::time::Instant;

    #[test]
    fn as_many_go_as_were_free_all_the_time() {
        let since = Instant::now().checked_sub(REST).expect("the machine has run for so long");
        let mut surplus = Surplus { since, least_free: 2, leaving: 0 };
        assert!(surplus.take_one(3));
        assert!(surplus.take_one(2));
        assert!(!surplus.take_one(1));
        let mut busy = Surplus { since, least_free: 0, leaving: 0 };
        assert!(!busy.take_one(3));
        let mut early = Surplus { least_free: 2, ..Surplus::default() };
        assert!(!early.take_one(3));
    }
}

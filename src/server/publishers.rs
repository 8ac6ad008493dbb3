//! Threads that publish what came in WebSocket frames, where that may take its time: the loop does not wait for it.

use super::PublishError;
use super::lock;
use super::memory::Share;
use super::shared::{Publishing, Shared};
use super::store::NewMessage;
use super::topics::TopicCell;
use mio::Token;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// As many as there may be connections to what keeps the topics.
const MOST: usize = 32;

/// A thread that has had nothing to do for so long ends.
const REST: Duration = Duration::from_secs(10);

/// A message on its way, and whose it is: of each connection one at a time, so that there are no more than those, and what
/// a client sends stays in order.
pub(super) struct Job {
    pub(super) publishing: Publishing<Arc<Shared>>,
    pub(super) token: Token,
    pub(super) cell: Arc<TopicCell>,
    pub(super) message: NewMessage,
    /// What it takes meanwhile, of what all may.
    pub(super) share: Share,
}

#[derive(Debug, Default)]
pub(super) struct Publishers(Arc<Line>);

#[derive(Debug, Default)]
struct Line {
    inside: Mutex<Inside>,
    /// There is a job.
    wanted: Condvar,
}

#[derive(Default)]
struct Inside {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
}

impl Publishers {
    /// Publishes it in another thread. Its result goes to the loop.
    ///
    /// # Errors
    /// The system has no thread for it.
    pub(super) fn give(&self, job: Job) -> Result<(), PublishError> {
        let mut inside = lock(&self.0.inside);
        if inside.idle <= inside.jobs.len() && inside.threads < MOST {
            let line = Arc::clone(&self.0);
            let started = thread::Builder::new().name("tidings-publish".into()).spawn(move || line.work());
            inside.threads += usize::from(started.is_ok());
        }
        if inside.threads == 0 {
            return Err(PublishError::Unavailable);
        }
        inside.jobs.push_back(job);
        drop(inside);
        self.0.wanted.notify_one();
        Ok(())
    }
}

impl Line {
    fn work(&self) {
        let mut inside = lock(&self.inside);
        loop {
            if let Some(job) = inside.jobs.pop_front() {
                drop(inside);
                job.run();
                inside = lock(&self.inside);
                continue;
            }
            inside.idle += 1;
            let (woken, rest) = self.wanted.wait_timeout(inside, REST).unwrap_or_else(PoisonError::into_inner);
            inside = woken;
            inside.idle -= 1;
            if rest.timed_out() && inside.jobs.is_empty() {
                inside.threads -= 1;
                return;
            }
        }
    }
}

impl Job {
    fn run(self) {
        let Self { publishing, token, cell, message, share } = self;
        let result = publishing.put(cell.name(), Some(&cell), message);
        drop(share);
        // Told before it counts as done: draining waits for both.
        publishing.shared().signal.published(token, result.map(|_| ()));
    }
}

impl std::fmt::Debug for Inside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { jobs, threads, idle } = self;
        f.debug_struct("Inside").field("jobs", &jobs.len()).field("threads", threads).field("idle", idle).finish()
    }
}

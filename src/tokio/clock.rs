//! Time: one timer that is set anew only when it must be, and the keepalive that it serves.

use crate::ws::{Keepalive, KeepaliveEvent, KeepaliveOptions};
use ::tokio::time::{Instant, Sleep, sleep_until};
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use std::sync::{Mutex, PoisonError};
use std::task::Wake;

/// Made when it is first waited for. A deadline that moves away, as one does with every read, costs nothing: the timer goes
/// off at the old one and is set again then. Nor does it to wait for it again and again: it is asked only once it has called.
#[derive(Debug, Default)]
pub(super) struct Timer(Option<Armed>);

#[derive(Debug)]
struct Armed {
    sleep: Pin<Box<Sleep>>,
    bell: Arc<Bell>,
    /// The same for the timer.
    waker: Waker,
    /// Whom the bell wakes.
    owner: Waker,
}

/// What the timer calls.
#[derive(Debug)]
struct Bell {
    has_rung: AtomicBool,
    owner: Mutex<Waker>,
}

impl Timer {
    pub(super) fn poll(&mut self, due: Instant, cx: &Context<'_>) -> Poll<()> {
        let armed = self.0.get_or_insert_with(|| Armed::new(due, cx.waker()));
        armed.listen(cx.waker());
        if due < armed.sleep.deadline() {
            armed.sleep.as_mut().reset(due);
        } else if !armed.bell.has_rung.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        let mut cx = Context::from_waker(&armed.waker);
        while armed.sleep.as_mut().poll(&mut cx).is_ready() {
            if armed.sleep.deadline() >= due {
                // Who asks once more, for the same or for later, gets an answer.
                armed.bell.has_rung.store(true, Ordering::Release);
                return Poll::Ready(());
            }
            armed.sleep.as_mut().reset(due);
        }
        Poll::Pending
    }
}

impl Armed {
    fn new(due: Instant, owner: &Waker) -> Self {
        let bell = Arc::new(Bell { has_rung: AtomicBool::new(true), owner: Mutex::new(owner.clone()) });
        Self { sleep: Box::pin(sleep_until(due)), waker: Arc::clone(&bell).into(), bell, owner: owner.clone() }
    }

    /// From now on this one is woken.
    fn listen(&mut self, owner: &Waker) {
        if !self.owner.will_wake(owner) {
            self.owner.clone_from(owner);
            self.bell.owner.lock().unwrap_or_else(PoisonError::into_inner).clone_from(owner);
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.has_rung.store(true, Ordering::Release);
        let owner = self.owner.lock().unwrap_or_else(PoisonError::into_inner).clone();
        owner.wake();
    }
}

/// The keepalive of a connection, if it has one.
#[derive(Debug)]
pub(super) struct Clock(Option<(Keepalive<Instant>, Timer)>);

impl Clock {
    pub(super) fn new(options: Option<KeepaliveOptions>) -> Self {
        Self(options.map(|options| (Keepalive::new(options, Instant::now()), Timer::default())))
    }

    /// Something was read.
    pub(super) fn received(&mut self) {
        if let Some((keepalive, _)) = &mut self.0 {
            keepalive.received(Instant::now());
        }
    }

    /// A Close has been sent, or the connection has failed.
    pub(super) fn closing(&mut self) {
        if let Some((keepalive, _)) = &mut self.0 {
            keepalive.closing(Instant::now());
        }
    }

    /// What is due; `Pending` is woken up for it.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<KeepaliveEvent> {
        let Some((keepalive, timer)) = &mut self.0 else { return Poll::Pending };
        while let Some(due) = keepalive.poll_timeout() {
            if timer.poll(due, cx).is_pending() {
                return Poll::Pending;
            }
            if let Some(event) = keepalive.handle_timeout(Instant::now()) {
                return Poll::Ready(event);
            }
        }
        Poll::Ready(KeepaliveEvent::Gone)
    }
}
